//! The paths by which definitions name what their columns show: `JSONPath`, as far as columns use
//! it.

use serde_json::Value;

/// The first value at a path such as `.status.conditions[?(@.type=="Ready")].status`.
pub(super) fn first<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut found = vec![object];
    let mut rest = path.trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        found = found.into_iter().flat_map(|value| taken(value, &step)).collect();
        rest = after;
    }
    found.into_iter().find(|value| !value.is_null())
}

#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Field(&'a str),
    Index(i64),
    All,
    /// Items whose field has that value.
    Where(&'a str, &'a str),
}

fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest
            .char_indices()
            .find(|(at, c)| matches!(c, '.' | '[') && !rest[..*at].ends_with('\\'))
            .map_or(rest.len(), |(at, _)| at);
        return Some((Step::Field(&rest[..end]), &rest[end..]));
    }
    let rest = path.strip_prefix('[')?;
    if let Some(filter) = rest.strip_prefix("?(") {
        let (filter, after) = filter.split_once(")]")?;
        let (field, value) = filter.split_once("==")?;
        let field = field.trim().strip_prefix("@.")?;
        return Some((Step::Where(field, value.trim().trim_matches(['"', '\''])), after));
    }
    let (inside, after) = rest.split_once(']')?;
    let step = match inside {
        "*" => Step::All,
        _ => match inside.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Field(inside.trim_matches(['"', '\''])),
        },
    };
    Some((step, after))
}

fn taken<'a>(value: &'a Value, step: &Step<'_>) -> Vec<&'a Value> {
    let items = || value.as_array().into_iter().flatten();
    match step {
        Step::Field(name) => value.get(name.replace('\\', "")).into_iter().collect(),
        Step::All => items().collect(),
        Step::Where(field, wanted) => items()
            .filter(|item| {
                let there = &item[*field];
                match there {
                    Value::String(text) => text == wanted,
                    other => other.to_string().as_str() == *wanted,
                }
            })
            .collect(),
        Step::Index(index) => {
            let length = value.as_array().map_or(0, Vec::len);
            let from_end = || length.checked_sub(usize::try_from(-index).ok()?);
            let at = usize::try_from(*index).ok().or_else(from_end);
            at.and_then(|at| value.get(at)).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_indexes_and_filters_are_followed() {
        let object = json!({"metadata": {"annotations": {"a.b/c": "x"}}, "status": {
            "conditions": [{"type": "Synced", "status": "False"}, {"type": "Ready", "status": "True"}],
            "hosts": ["one", "two"]}});
        let at = |path: &str| first(&object, path).cloned();
        assert_eq!(at(".status.conditions[?(@.type==\"Ready\")].status"), Some(json!("True")));
        assert_eq!(at(".status.hosts[0]"), Some(json!("one")));
        assert_eq!(at(".status.hosts[-1]"), Some(json!("two")));
        assert_eq!(at(".status.hosts[*]"), Some(json!("one")));
        assert_eq!(at(".metadata.annotations.a\\.b/c"), Some(json!("x")));
        assert_eq!(at(".status.none.of"), None);
    }
}
