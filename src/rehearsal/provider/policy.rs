//! `aws_iam_policy_document`: the same JSON as the real provider renders.
//!
//! Statements of source documents come first, then the own ones, then override documents replace
//! what has the same `Sid`. Lists are sorted from the last to the first letter, a list of one is a
//! lone string, principals and conditions are in the order of their keys, and `<`, `>`, `&` are
//! escaped as Go escapes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::value::Value;

/// The rendered document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) json: String,
    pub(super) minified: String,
    pub(super) id: String,
}

#[derive(Debug, Default)]
struct Document {
    version: String,
    id: String,
    statements: Vec<Statement>,
}

#[derive(Debug, Clone)]
struct Statement {
    sid: String,
    /// In the order in which it is written.
    fields: Map<String, Json>,
}

/// Renders the configuration of the data source.
pub(super) fn render(config: &Value) -> Result<Rendered, String> {
    let mut merged = Document::default();
    let mut sids: Vec<String> = Vec::new();
    for (index, source) in config.texts("source_policy_documents").iter().enumerate() {
        let document = Document::parse(source)
            .map_err(|e| wrong(&format!("merging source document {index}: {e}")))?;
        for (at, statement) in document.statements.iter().enumerate() {
            if !statement.sid.is_empty() && sids.contains(&statement.sid) {
                return Err(wrong(&format!(
                    "merging source document {index}: duplicate Sid ({}) in source_policy_documents \
                     (statement {at}). Remove the Sid or ensure Sids are unique.",
                    statement.sid
                )));
            }
            sids.push(statement.sid.clone());
        }
        merged.merge(document);
    }
    merged.merge(own(config)?);
    for (index, over) in config.texts("override_policy_documents").iter().enumerate() {
        let document = Document::parse(over)
            .map_err(|e| wrong(&format!("merging override document {index}: {e}")))?;
        merged.merge(document);
    }
    let json = merged.to_json();
    let pretty = escape(&serde_json::to_string_pretty(&json).map_err(|e| e.to_string())?);
    let minified = escape(&json.to_string());
    let mut crc = flate2::Crc::new();
    crc.update(pretty.as_bytes());
    Ok(Rendered { id: crc.sum().to_string(), json: pretty, minified })
}

fn wrong(text: &str) -> String {
    format!("writing IAM Policy Document: {text}")
}

/// Go's JSON escapes what HTML would take for its own.
pub(super) fn escape(text: &str) -> String {
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// JSON with the keys of all objects in order.
pub(super) fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(_) => {
            Json::Object(sorted_fields(json).iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Inline policies are kept with their version at the head.
pub(super) fn version_first(policy: &str) -> String {
    let Ok(Json::Object(mut fields)) = serde_json::from_str::<Json>(policy) else {
        return policy.to_owned();
    };
    let Some(version) = fields.remove("Version") else { return policy.to_owned() };
    let mut ordered = Map::from_iter([("Version".to_owned(), version)]);
    if let Json::Object(rest) = sorted(&Json::Object(fields)) {
        ordered.extend(rest);
    }
    escape(&Json::Object(ordered).to_string())
}

fn own(config: &Value) -> Result<Document, String> {
    let version = match config.text("version") {
        "" => "2012-10-17",
        version => version,
    };
    let mut document = Document {
        version: version.to_owned(),
        id: config.text("policy_id").to_owned(),
        statements: Vec::new(),
    };
    for statement in config.field("statement").as_list() {
        let sid = statement.text("sid");
        if !sid.is_empty() && document.statements.iter().any(|s| s.sid == sid) {
            return Err(wrong(&format!(
                "duplicate Sid ({sid}). Remove the Sid or ensure the Sid is unique."
            )));
        }
        document.statements.push(Statement::own(statement));
    }
    Ok(document)
}

impl Statement {
    fn own(config: &Value) -> Self {
        let sid = config.text("sid").to_owned();
        let mut fields = Map::new();
        if !sid.is_empty() {
            fields.insert("Sid".into(), sid.as_str().into());
        }
        let effect = match config.text("effect") {
            "" => "Allow",
            effect => effect,
        };
        fields.insert("Effect".into(), effect.into());
        for (field, name) in [
            ("Action", "actions"),
            ("NotAction", "not_actions"),
            ("Resource", "resources"),
            ("NotResource", "not_resources"),
        ] {
            let list = config.texts(name);
            if !list.is_empty() {
                fields.insert(field.into(), lone_or_sorted(list));
            }
        }
        for (field, name) in [("Principal", "principals"), ("NotPrincipal", "not_principals")] {
            let blocks = config.field(name).as_list();
            if !blocks.is_empty() {
                fields.insert(field.into(), principals(blocks));
            }
        }
        let conditions = config.field("condition").as_list();
        if !conditions.is_empty() {
            fields.insert("Condition".into(), condition(conditions));
        }
        Self { sid, fields }
    }

    /// A statement of a document that was given as JSON, in the order of the provider.
    fn parse(json: &Json) -> Result<Self, String> {
        let given = json.as_object().ok_or("a statement is not an object")?;
        let mut fields = Map::new();
        for name in [
            "Sid",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "NotPrincipal",
            "Condition",
        ] {
            let Some(value) = given.get(name) else { continue };
            let value = match name {
                "Principal" | "NotPrincipal" => given_principals(value),
                "Condition" => given_condition(value),
                _ => value.clone(),
            };
            fields.insert(name.into(), value);
        }
        let sid = fields.get("Sid").and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(Self { sid, fields })
    }
}

impl Document {
    fn parse(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let statements = match &json["Statement"] {
            Json::Null => Vec::new(),
            Json::Array(list) => list.iter().map(Statement::parse).collect::<Result<_, _>>()?,
            one => vec![Statement::parse(one)?],
        };
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { version: text("Version"), id: text("Id"), statements })
    }

    fn merge(&mut self, other: Document) {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        if other.version > self.version {
            self.version = other.version;
        }
        for statement in other.statements {
            let same =
                self.statements.iter_mut().find(|s| !s.sid.is_empty() && s.sid == statement.sid);
            match same {
                Some(there) => *there = statement,
                None => self.statements.push(statement),
            }
        }
    }

    fn to_json(&self) -> Json {
        let mut json = Map::new();
        for (name, text) in [("Version", &self.version), ("Id", &self.id)] {
            if !text.is_empty() {
                json.insert(name.into(), text.as_str().into());
            }
        }
        if !self.statements.is_empty() {
            let list = self.statements.iter().map(|s| Json::Object(s.fields.clone())).collect();
            json.insert("Statement".into(), list);
        }
        Json::Object(json)
    }
}

/// `&{` stands for `${`, which Terraform would take for its own.
fn lone_or_sorted(mut list: Vec<&str>) -> Json {
    list.sort_unstable();
    list.reverse();
    let list: Vec<Json> = list.into_iter().map(|text| text.replace("&{", "${").into()).collect();
    match <[Json; 1]>::try_from(list) {
        Ok([lone]) => lone,
        Err(list) => list.into(),
    }
}

fn principals(blocks: &[Value]) -> Json {
    if let [block] = blocks
        && block.text("type") == "*"
        && block.texts("identifiers") == ["*"]
    {
        return "*".into();
    }
    let mut by_type: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    let mut lone: BTreeMap<&str, bool> = BTreeMap::new();
    for block in blocks {
        let entry = by_type.entry(block.text("type")).or_default();
        match lone_or_sorted(block.texts("identifiers")) {
            Json::Array(list) => {
                lone.insert(block.text("type"), false);
                entry.extend(list);
            }
            one => {
                let first = entry.is_empty();
                lone.insert(block.text("type"), first);
                entry.push(one);
            }
        }
    }
    let fields = by_type.into_iter().map(|(kind, mut list)| {
        let value = if lone[kind] { list.remove(0) } else { list.into() };
        (kind.to_owned(), value)
    });
    Json::Object(fields.collect())
}

fn condition(blocks: &[Value]) -> Json {
    let mut tests: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for block in blocks {
        let values =
            tests.entry(block.text("test")).or_default().entry(block.text("variable")).or_default();
        values.extend(block.texts("values").into_iter().map(|v| v.replace("&{", "${")));
    }
    let flatten = |values: Vec<String>| match <[String; 1]>::try_from(values) {
        Ok([lone]) => Json::String(lone),
        Err(list) => list.into(),
    };
    let test = |(name, variables): (&str, BTreeMap<&str, Vec<String>>)| {
        let fields: Map<String, Json> =
            variables.into_iter().map(|(k, v)| (k.to_owned(), flatten(v))).collect();
        (name.to_owned(), Json::Object(fields))
    };
    Json::Object(tests.into_iter().map(test).collect())
}

fn sorted_fields(json: &Json) -> BTreeMap<String, Json> {
    json.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn given_principals(json: &Json) -> Json {
    if json.is_string() {
        return "*".into();
    }
    let fields = sorted_fields(json).into_iter().map(|(kind, value)| {
        let value = match value {
            Json::Array(list) => {
                let mut texts: Vec<String> =
                    list.iter().filter_map(Json::as_str).map(str::to_owned).collect();
                texts.sort_unstable();
                texts.reverse();
                texts.into()
            }
            other => other,
        };
        (kind, value)
    });
    Json::Object(fields.collect())
}

fn given_condition(json: &Json) -> Json {
    let text = |value: &Json| match value {
        Json::Bool(b) => Json::String(b.to_string()),
        Json::Array(list) if list.len() == 1 => list[0].clone(),
        other => other.clone(),
    };
    let tests = sorted_fields(json).into_iter().map(|(test, variables)| {
        let fields: Map<String, Json> =
            sorted_fields(&variables).iter().map(|(k, v)| (k.clone(), text(v))).collect();
        (test, Json::Object(fields))
    });
    Json::Object(tests.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(config: &Json) -> String {
        render(&Value::from_json(config)).unwrap().json
    }

    #[test]
    fn a_document_is_rendered_as_the_real_provider_does() {
        let config = json!({"statement": [{
            "sid": "Read", "actions": ["s3:GetObject", "s3:ListBucket"], "resources": ["arn:aws:s3:::b/&{aws:username}"],
            "principals": [{"type": "AWS", "identifiers": ["arn:b", "arn:a"]}, {"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
            "condition": [{"test": "StringEquals", "variable": "b", "values": ["1"]},
                          {"test": "StringEquals", "variable": "a", "values": ["2", "3"]}],
        }]});
        assert_eq!(
            rendered(&config),
            r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket",
        "s3:GetObject"
      ],
      "Resource": "arn:aws:s3:::b/${aws:username}",
      "Principal": {
        "AWS": [
          "arn:b",
          "arn:a"
        ],
        "Service": "ec2.amazonaws.com"
      },
      "Condition": {
        "StringEquals": {
          "a": [
            "2",
            "3"
          ],
          "b": "1"
        }
      }
    }
  ]
}"#
        );
    }

    #[test]
    fn override_documents_replace_statements_of_the_same_sid() {
        let over =
            json!({"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"}]});
        let config = json!({
            "override_policy_documents": [over.to_string()],
            "statement": [{"sid": "A", "actions": ["a:b"], "resources": ["*"]}, {"actions": ["c:d"], "resources": ["*"]}],
        });
        let document: Json = serde_json::from_str(&rendered(&config)).unwrap();
        assert_eq!(document["Statement"][0]["Effect"], "Deny");
        assert_eq!(document["Statement"][1]["Action"], "c:d");
        assert_eq!(document["Statement"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_sid_that_occurs_twice_is_refused() {
        let config = json!({"statement": [{"sid": "A", "actions": ["a:b"]}, {"sid": "A", "actions": ["c:d"]}]});
        assert!(render(&Value::from_json(&config)).unwrap_err().contains("duplicate Sid (A)"));
    }
}
