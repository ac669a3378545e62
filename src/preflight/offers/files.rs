//! What the files and variables of this host offer: profiles of the AWS command line, a usual
//! region, a file of CA certificates.

use std::path::PathBuf;

use super::{Offer, Offered};
use crate::host::Host;

/// The profiles that the files of the AWS command line have.
pub(super) fn profiles(host: &Host) -> Offered {
    let mut rows: Vec<Offer> = Vec::new();
    for profile in sections(host) {
        let known = rows.iter_mut().find(|row| row.value == profile.name);
        let region = profile.region.unwrap_or_default();
        match known {
            Some(row) if row.columns[1].is_empty() => row.columns[1] = region,
            Some(_) => {}
            None => rows.push(Offer {
                columns: vec![profile.name.clone(), region],
                value: profile.name,
                refused: None,
            }),
        }
    }
    let usual = host.var("AWS_PROFILE").or(host.var("AWS_DEFAULT_PROFILE"));
    let usual = usual.filter(|name| !name.is_empty());
    let note = match (usual, rows.len()) {
        (Some(name), _) => format!("AWS_PROFILE names {name}"),
        (None, 0) => "no profile is configured on this host".to_owned(),
        (None, number) => format!("{number} profiles on this host"),
    };
    Offered::rows(&["profile", "region"], rows).taking(usual).noting(note)
}

/// The region that variables or the profile name.
pub(super) fn usual_region(host: &Host, profile: Option<&str>) -> Option<String> {
    let of_variables = || host.var("AWS_REGION").or(host.var("AWS_DEFAULT_REGION"));
    let usual = host.var("AWS_PROFILE").or(host.var("AWS_DEFAULT_PROFILE")).unwrap_or("default");
    let wanted = profile.unwrap_or(usual);
    let of_profile = || sections(host).into_iter().find(|p| p.name == wanted)?.region;
    // A profile that was chosen comes before variables, as for the AWS command line.
    match profile {
        Some(_) => of_profile().or_else(|| of_variables().map(str::to_owned)),
        None => of_variables().map(str::to_owned).or_else(of_profile),
    }
}

/// The file of CA certificates that variables name.
pub(super) fn certificates(host: &Host) -> Offered {
    let named = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].into_iter();
    let found: Vec<(&str, &str)> = named
        .filter_map(|name| host.var(name).filter(|v| !v.is_empty()).map(|v| (name, v)))
        .collect();
    let rows = found.iter().map(|(name, path)| Offer {
        value: (*path).to_owned(),
        columns: vec![(*path).to_owned(), (*name).to_owned()],
        refused: None,
    });
    Offered::rows(&["file", "named by"], rows.collect())
        .taking(found.first().map(|(_, path)| *path))
}

struct Profile {
    name: String,
    region: Option<String>,
}

/// The profiles of both files, in their order. Only names and regions are read.
fn sections(host: &Host) -> Vec<Profile> {
    let folder = host.home().join(".aws");
    let file = |variable: &str, usual: &str| {
        host.var(variable).map_or_else(|| folder.join(usual), PathBuf::from)
    };
    let mut found: Vec<Profile> = Vec::new();
    for (path, is_config) in [
        (file("AWS_CONFIG_FILE", "config"), true),
        (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), false),
    ] {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // Lines outside of a profile, those of `[sso-session …]` among them, belong to none.
        let mut is_inside = false;
        for line in text.lines().map(str::trim) {
            if let Some(head) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
                let name = match head.trim().strip_prefix("profile ") {
                    Some(name) => Some(name.trim()),
                    None if !is_config || head.trim() == "default" => Some(head.trim()),
                    None => None,
                };
                is_inside = name.is_some();
                found.extend(name.map(|name| Profile { name: name.to_owned(), region: None }));
            } else if let (true, Some(("region", value))) =
                (is_inside, line.split_once('=').map(|(k, v)| (k.trim(), v.trim())))
                && let Some(last) = found.last_mut()
            {
                last.region = Some(value.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::answers::Value;

    fn host(dir: &std::path::Path, vars: &[(&str, &str)]) -> Host {
        let mut all: BTreeMap<String, String> =
            vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        all.insert("HOME".into(), dir.display().to_string());
        Host::fixed(all, PathBuf::from("/"), PathBuf::from("sb"))
    }

    fn files() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".aws")).unwrap();
        let config = "[default]\nregion = eu-west-1\n[sso-session corp]\nregion = us-east-1\n\
                      [profile acme]\nregion=us-west-2\nsso_session = corp\n";
        std::fs::write(dir.path().join(".aws/config"), config).unwrap();
        let keys = "[acme]\naws_secret_access_key = never-shown\n[other]\n";
        std::fs::write(dir.path().join(".aws/credentials"), keys).unwrap();
        dir
    }

    #[test]
    fn profiles_of_both_files_are_offered_once_with_their_regions() {
        let dir = files();
        let offered = profiles(&host(dir.path(), &[]));
        let rows: Vec<_> = offered.rows.iter().map(|row| row.columns.join(" ")).collect();
        assert_eq!(rows, ["default eu-west-1", "acme us-west-2", "other "]);
        assert_eq!(offered.value, None);
        assert!(!format!("{offered:?}").contains("never-shown"));
        let named = profiles(&host(dir.path(), &[("AWS_PROFILE", "acme")]));
        assert_eq!(named.value, Some(Value::Text("acme".into())));
    }

    #[test]
    fn the_region_of_a_chosen_profile_comes_before_a_variable() {
        let dir = files();
        let host = host(dir.path(), &[("AWS_REGION", "ap-south-1")]);
        assert_eq!(usual_region(&host, Some("acme")).as_deref(), Some("us-west-2"));
        assert_eq!(usual_region(&host, Some("other")).as_deref(), Some("ap-south-1"));
        assert_eq!(usual_region(&host, None).as_deref(), Some("ap-south-1"));
    }
}
