//! Selectors: by label and by field in requests, and the selectors inside objects.

use serde_json::Value;

use super::value::{entries, items, label, text};

/// Selects objects by label and field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, Comparison, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Different,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`; the error is the sentence for the client.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, String> {
        let labels = split_outside_parentheses(labels)
            .into_iter()
            .map(Requirement::parse)
            .collect::<Result<_, _>>()?;
        let fields = fields
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (comparison, (key, value)) = match part.split_once("!=") {
                    Some(both) => (Comparison::Different, both),
                    None => (
                        Comparison::Equal,
                        part.split_once('=')
                            .ok_or_else(|| format!("invalid field selector {part:?}"))?,
                    ),
                };
                let value = value.trim_start_matches('=');
                Ok((key.trim().to_owned(), comparison, value.trim().to_owned()))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { labels, fields })
    }

    /// Selects the one object with that name as well.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.fields.push(("metadata.name".into(), Comparison::Equal, name.to_owned()));
        self
    }

    /// Whether an object is selected.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|requirement| requirement.holds(label(object, &requirement.key)))
            && self.fields.iter().all(|(key, comparison, wanted)| {
                let pointer = format!("/{}", key.replace('.', "/"));
                let is_equal = match object.pointer(&pointer) {
                    Some(Value::String(found)) => found == wanted,
                    Some(Value::Bool(found)) => found.to_string() == *wanted,
                    _ => wanted.is_empty() || (key == "spec.unschedulable" && wanted == "false"),
                };
                is_equal == (*comparison == Comparison::Equal)
            })
    }
}

impl Requirement {
    fn parse(part: &str) -> Result<Self, String> {
        let part = part.trim();
        let of = |key: &str, rule| Ok(Self { key: key.trim().to_owned(), rule });
        let set = |text: &str| {
            let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
            Some(inner.split(',').map(|v| v.trim().to_owned()).collect::<Vec<_>>())
        };
        let wrong = || format!("unable to parse requirement: found '{part}'");
        if let Some(key) = part.strip_prefix('!') {
            of(key, Rule::Missing)
        } else if let Some((key, values)) = part.split_once(" notin ") {
            of(key, Rule::NotIn(set(values).ok_or_else(wrong)?))
        } else if let Some((key, values)) = part.split_once(" in ") {
            of(key, Rule::In(set(values).ok_or_else(wrong)?))
        } else if let Some((key, value)) = part.split_once("!=") {
            of(key, Rule::NotIn(vec![value.trim().to_owned()]))
        } else if let Some((key, value)) = part.split_once('=') {
            of(key, Rule::In(vec![value.trim_start_matches('=').trim().to_owned()]))
        } else if part.contains([' ', '(', ')']) {
            Err(wrong())
        } else {
            of(part, Rule::Exists)
        }
    }

    fn holds(&self, value: Option<&str>) -> bool {
        match &self.rule {
            Rule::In(values) => value.is_some_and(|v| values.iter().any(|w| w == v)),
            Rule::NotIn(values) => value.is_none_or(|v| !values.iter().any(|w| w == v)),
            Rule::Exists => value.is_some(),
            Rule::Missing => value.is_none(),
        }
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '(' => inside = true,
            ')' => inside = false,
            ',' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Whether a `LabelSelector` inside an object (`matchLabels`, `matchExpressions`) selects an
/// object. An empty one selects everything, a missing one nothing.
pub(crate) fn label_selector_matches(selector: &Value, object: &Value) -> bool {
    selector.is_object()
        && entries(selector, "/matchLabels")
            .all(|(key, value)| label(object, key) == value.as_str())
        && items(selector, "/matchExpressions")
            .all(|expression| expression_holds(expression, label(object, text(expression, "/key"))))
}

/// Whether an expression with `operator` and `values` holds for a value.
pub(crate) fn expression_holds(expression: &Value, value: Option<&str>) -> bool {
    let has = |v: &str| items(expression, "/values").any(|w| w == v);
    let compared = |larger: bool| {
        let limit: Option<i64> =
            items(expression, "/values").next().and_then(|v| v.as_str()?.parse().ok());
        let found: Option<i64> = value.and_then(|v| v.parse().ok());
        matches!((found, limit), (Some(f), Some(l)) if (f > l) == larger && f != l)
    };
    match text(expression, "/operator") {
        "In" => value.is_some_and(has),
        "NotIn" => !value.is_some_and(has),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared(true),
        "Lt" => compared(false),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(labels: &str, fields: &str) -> bool {
        let object = json!({
            "metadata": {"name": "web-1", "labels": {"app": "web", "tier": "front"}},
            "status": {"phase": "Running"},
        });
        Selector::parse(labels, fields).unwrap().matches(&object)
    }

    #[test]
    fn labels_select_by_every_operator() {
        for holds in [
            "app=web",
            "app==web,tier!=back",
            "app in (web, api)",
            "tier",
            "!gone",
            "app notin (api)",
            "gone!=x",
        ] {
            assert!(selects(holds, ""), "{holds}");
        }
        for fails in ["app=api", "app in (api)", "gone", "!app", "tier notin (front,back)"] {
            assert!(!selects(fails, ""), "{fails}");
        }
        assert!(Selector::parse("app web", "").is_err());
    }

    #[test]
    fn fields_select_by_value_and_a_missing_field_is_empty() {
        assert!(selects("", "metadata.name=web-1,status.phase!=Failed"));
        assert!(selects("", "spec.nodeName="));
        assert!(!selects("", "status.phase=Pending"));
    }
}
