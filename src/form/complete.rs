//! Completing a path that is being typed.

use std::path::Path;

/// The letters by which a path can be made longer: as far as all names agree that begin like it.
///
/// # Errors
/// With a sentence, where nothing or more than one thing begins like it.
pub fn completed(text: &str) -> Result<String, String> {
    let (folder, begun) = match text.rsplit_once('/') {
        Some((folder, begun)) => (if folder.is_empty() { "/" } else { folder }, begun),
        None => (".", text),
    };
    let entries = std::fs::read_dir(Path::new(folder))
        .map_err(|error| format!("{folder} cannot be read: {error}"))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // What is hidden is meant only by whoever begins with a dot.
            let is_meant =
                name.starts_with(begun) && (begun.starts_with('.') || !name.starts_with('.'));
            is_meant.then(|| if entry.path().is_dir() { format!("{name}/") } else { name })
        })
        .collect();
    names.sort();
    let Some(first) = names.first() else {
        return Err(format!("nothing in {folder} begins with `{begun}`"));
    };
    let agreed = names.iter().fold(first.as_str(), |agreed, name| common(agreed, name));
    if agreed.len() > begun.len() {
        return Ok(agreed[begun.len()..].to_owned());
    }
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", ..." } else { "" };
    Err(format!("{} in {folder}: {}{more}", names.len(), shown.join(", ")))
}

fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    let length = same.map(|(letter, _)| letter.len_utf8()).sum();
    &one[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_grows_as_far_as_all_names_agree() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["bundle/containers", "bundle/charts", "bundle-old"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("bundle/.hidden"), "").unwrap();
        let at = |rest: &str| format!("{}/{rest}", dir.path().display());
        assert_eq!(completed(&at("bu")).as_deref(), Ok("ndle"));
        assert_eq!(completed(&at("bundle/co")).as_deref(), Ok("ntainers/"));
        assert_eq!(completed(&at("bundle/c")).unwrap_err().split(' ').next(), Some("2"));
        assert_eq!(completed(&at("bundle/.")).as_deref(), Ok("hidden"));
        assert!(completed(&at("none")).unwrap_err().starts_with("nothing in "));
        assert!(completed(&at("none/x")).unwrap_err().contains("cannot be read"));
    }
}
