//! The JSON schema of the answer file, made from the catalogue.

use serde_json::{Map, Value, json};

use super::catalogue::Catalogue;
use super::load::SCHEMA_VERSION;
use super::question::{Choice, ColumnKind, Default, Kind, Question, Table, Text};

/// The schema, draft 2020-12. It tells less than `answers validate`: rules between keys and keys
/// that must be there only in some cases stand in the descriptions.
pub fn schema(catalogue: &Catalogue) -> Value {
    let mut properties = Map::new();
    properties.insert(
        "schema_version".into(),
        json!({ "const": SCHEMA_VERSION, "description": "The form of this file." }),
    );
    properties.insert(
        "blueprint".into(),
        json!({ "const": catalogue.blueprint, "description": "What is installed." }),
    );
    let mut required = vec!["schema_version", "blueprint"];
    for question in catalogue.questions() {
        properties.insert(question.key.into(), property(question));
        if question.is_required() && question.when.is_empty() {
            required.push(question.key);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Answers for the blueprint {}", catalogue.blueprint),
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn property(question: &Question) -> Value {
    let mut schema = match &question.kind {
        // Empty says that nothing shall be.
        Kind::Text(text) if matches!(question.default, Default::Optional(_)) => {
            json!({ "anyOf": [text_schema(*text), { "const": "" }] })
        }
        Kind::Text(text) => text_schema(*text),
        Kind::Choice(choices) => json!({ "oneOf": constants(choices) }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number { min, max, .. } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Kind::List { item, min, max } => json!({
            "type": "array",
            "items": text_schema(*item),
            "minItems": min,
            "maxItems": max,
            "uniqueItems": true,
        }),
        Kind::Choices(choices) => {
            json!({ "type": "array", "items": { "oneOf": constants(choices) }, "uniqueItems": true })
        }
        Kind::Table(table) => table_schema(table),
    };
    schema["title"] = question.label.into();
    schema["description"] = description(question).into();
    if let Some(default) = fixed_default(&question.default) {
        schema["default"] = default;
    }
    schema
}

fn description(question: &Question) -> String {
    let mut text = format!("{} {}", question.why, question.consequence);
    if !question.when.is_empty() {
        let must = if question.is_required() { "Required" } else { "Asked" };
        text = format!("{text} {must} only {}.", question.when);
    }
    if let Default::Optional(meaning) = question.default {
        text = format!("{text} Where it is left out: {meaning}.");
    }
    if let Default::Derived { how, .. } = question.default {
        text = format!("{text} By default {how}.");
    }
    text
}

fn fixed_default(default: &Default) -> Option<Value> {
    match default {
        Default::Text(text) => Some((*text).into()),
        Default::Flag(flag) => Some((*flag).into()),
        Default::Number(number) => Some((*number).into()),
        Default::List(items) => Some(items.iter().copied().collect()),
        Default::Required | Default::Optional(_) | Default::Derived { .. } => None,
    }
}

fn text_schema(text: Text) -> Value {
    json!({ "type": "string", "pattern": text.pattern })
}

fn constants(choices: &[Choice]) -> Vec<Value> {
    choices.iter().map(|c| json!({ "const": c.value, "description": c.meaning })).collect()
}

fn table_schema(table: &Table) -> Value {
    let columns: Map<String, Value> = table
        .columns
        .iter()
        .map(|column| {
            let mut schema = match &column.kind {
                ColumnKind::Text(text) => text_schema(*text),
                ColumnKind::Number { min, max } => {
                    json!({ "type": "integer", "minimum": min, "maximum": max })
                }
            };
            schema["description"] = column.meaning.into();
            (column.name.to_owned(), schema)
        })
        .collect();
    json!({
        "type": "object",
        "propertyNames": { "pattern": table.key.pattern },
        "additionalProperties": { "type": "object", "properties": columns },
    })
}
