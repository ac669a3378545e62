//! Decoding what typed clients send in protobuf: helm's release Secrets, namespaces, options.
//!
//! Only the kinds that such clients write are known, by field number as in the API's published
//! `generated.proto` files. Everything else is answered with 415.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// What every protobuf body of the API begins with.
pub(crate) const MAGIC: &[u8] = b"k8s\0";

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Decodes a body; `None` when it is malformed or of a kind that is not known here.
pub(crate) fn decode(body: &[u8]) -> Option<Value> {
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, field) in fields(body.strip_prefix(MAGIC)?)? {
        match (number, field) {
            (1, Field::Bytes(meta)) => {
                for (number, field) in fields(meta)? {
                    match (number, field) {
                        (1, Field::Bytes(text)) => api_version = string(text),
                        (2, Field::Bytes(text)) => kind = string(text),
                        _ => {}
                    }
                }
            }
            (2, Field::Bytes(message)) => raw = message,
            _ => {}
        }
    }
    let mut object = json!({"apiVersion": api_version, "kind": kind});
    match kind.as_str() {
        "Secret" => secret(raw, &mut object)?,
        "ConfigMap" => config_map(raw, &mut object)?,
        "Namespace" | "ServiceAccount" => only_metadata(raw, &mut object)?,
        // What they ask is not looked at: the answer is the same for all.
        "SelfSubjectReview" | "TokenReview" => {}
        "SelfSubjectAccessReview"
        | "SelfSubjectRulesReview"
        | "SubjectAccessReview"
        | "LocalSubjectAccessReview" => access_review(raw, &mut object)?,
        "Eviction" => eviction(raw, &mut object)?,
        "DeleteOptions" => delete_options(raw, &mut object)?,
        _ => return None,
    }
    Some(object)
}

fn secret(message: &[u8], object: &mut Value) -> Option<()> {
    for (number, field) in fields(message)? {
        match (number, field) {
            (1, Field::Bytes(meta)) => object["metadata"] = metadata(meta)?,
            (2, Field::Bytes(entry)) => {
                let (key, value) = map_entry(entry)?;
                object["data"][key] = json!(STANDARD.encode(value));
            }
            (3, Field::Bytes(text)) => object["type"] = json!(string(text)),
            (4, Field::Bytes(entry)) => {
                let (key, value) = map_entry(entry)?;
                object["stringData"][key] = json!(string(value));
            }
            (5, Field::Number(flag)) => object["immutable"] = json!(flag == 1),
            _ => {}
        }
    }
    Some(())
}

fn config_map(message: &[u8], object: &mut Value) -> Option<()> {
    for (number, field) in fields(message)? {
        match (number, field) {
            (1, Field::Bytes(meta)) => object["metadata"] = metadata(meta)?,
            (2, Field::Bytes(entry)) => {
                let (key, value) = map_entry(entry)?;
                object["data"][key] = json!(string(value));
            }
            (3, Field::Bytes(entry)) => {
                let (key, value) = map_entry(entry)?;
                object["binaryData"][key] = json!(STANDARD.encode(value));
            }
            (4, Field::Number(flag)) => object["immutable"] = json!(flag == 1),
            _ => {}
        }
    }
    Some(())
}

/// `ResourceAttributes` are in the first field of the specification.
fn access_review(message: &[u8], object: &mut Value) -> Option<()> {
    object["spec"] = json!({});
    for (number, field) in fields(message)? {
        let (2, Field::Bytes(specification)) = (number, field) else { continue };
        for (number, field) in fields(specification)? {
            let (1, Field::Bytes(attributes)) = (number, field) else { continue };
            for (number, field) in fields(attributes)? {
                let names =
                    ["namespace", "verb", "group", "version", "resource", "subresource", "name"];
                let name = usize::try_from(number).ok().and_then(|n| names.get(n.checked_sub(1)?));
                if let (Some(name), Field::Bytes(text)) = (name, field) {
                    object["spec"]["resourceAttributes"][*name] = json!(string(text));
                }
            }
        }
    }
    Some(())
}

fn eviction(message: &[u8], object: &mut Value) -> Option<()> {
    for (number, field) in fields(message)? {
        match (number, field) {
            (1, Field::Bytes(meta)) => object["metadata"] = metadata(meta)?,
            (2, Field::Bytes(options)) => {
                let mut wanted = json!({});
                delete_options(options, &mut wanted)?;
                object["deleteOptions"] = wanted;
            }
            _ => {}
        }
    }
    Some(())
}

fn only_metadata(message: &[u8], object: &mut Value) -> Option<()> {
    for (number, field) in fields(message)? {
        if let (1, Field::Bytes(meta)) = (number, field) {
            object["metadata"] = metadata(meta)?;
        }
    }
    Some(())
}

fn delete_options(message: &[u8], object: &mut Value) -> Option<()> {
    for (number, field) in fields(message)? {
        match (number, field) {
            (1, Field::Number(seconds)) => object["gracePeriodSeconds"] = json!(seconds),
            (2, Field::Bytes(preconditions)) => {
                for (number, field) in fields(preconditions)? {
                    match (number, field) {
                        (1, Field::Bytes(t)) => object["preconditions"]["uid"] = json!(string(t)),
                        (2, Field::Bytes(t)) => {
                            object["preconditions"]["resourceVersion"] = json!(string(t));
                        }
                        _ => {}
                    }
                }
            }
            (3, Field::Number(flag)) => object["orphanDependents"] = json!(flag == 1),
            (4, Field::Bytes(text)) => object["propagationPolicy"] = json!(string(text)),
            (5, Field::Bytes(text)) => object["dryRun"] = json!([string(text)]),
            _ => {}
        }
    }
    Some(())
}

fn metadata(message: &[u8]) -> Option<Value> {
    let mut meta = Map::new();
    let mut finalizers = Vec::new();
    let mut owners = Vec::new();
    for (number, field) in fields(message)? {
        let Field::Bytes(bytes) = field else { continue };
        match number {
            1 => drop(meta.insert("name".into(), json!(string(bytes)))),
            2 => drop(meta.insert("generateName".into(), json!(string(bytes)))),
            3 => drop(meta.insert("namespace".into(), json!(string(bytes)))),
            5 => drop(meta.insert("uid".into(), json!(string(bytes)))),
            6 => drop(meta.insert("resourceVersion".into(), json!(string(bytes)))),
            11 | 12 => {
                let (key, value) = map_entry(bytes)?;
                let field = if number == 11 { "labels" } else { "annotations" };
                meta.entry(field).or_insert_with(|| json!({}))[key] = json!(string(value));
            }
            13 => owners.push(owner(bytes)?),
            14 => finalizers.push(string(bytes)),
            _ => {}
        }
    }
    // An empty text is how protobuf says that there is none.
    meta.retain(|_, value| value.as_str() != Some(""));
    if !finalizers.is_empty() {
        meta.insert("finalizers".into(), json!(finalizers));
    }
    if !owners.is_empty() {
        meta.insert("ownerReferences".into(), json!(owners));
    }
    Some(Value::Object(meta))
}

fn owner(message: &[u8]) -> Option<Value> {
    let mut owner = json!({});
    for (number, field) in fields(message)? {
        match (number, field) {
            (1, Field::Bytes(t)) => owner["kind"] = json!(string(t)),
            (3, Field::Bytes(t)) => owner["name"] = json!(string(t)),
            (4, Field::Bytes(t)) => owner["uid"] = json!(string(t)),
            (5, Field::Bytes(t)) => owner["apiVersion"] = json!(string(t)),
            (6, Field::Number(flag)) => owner["controller"] = json!(flag == 1),
            (7, Field::Number(flag)) => owner["blockOwnerDeletion"] = json!(flag == 1),
            _ => {}
        }
    }
    Some(owner)
}

/// Key and value of a map entry; either may be left out when it is empty.
fn map_entry(message: &[u8]) -> Option<(String, &[u8])> {
    let (mut key, mut value) = (String::new(), &[][..]);
    for (number, field) in fields(message)? {
        match (number, field) {
            (1, Field::Bytes(bytes)) => key = string(bytes),
            (2, Field::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Some((key, value))
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of a message; `None` when it is malformed.
fn fields(mut rest: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut rest)?),
            1 => Field::Bytes(take(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Field::Bytes(take(&mut rest, length)?)
            }
            5 => Field::Bytes(take(&mut rest, 4)?),
            _ => return None,
        };
        fields.push((tag >> 3, field));
    }
    Some(fields)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (bytes, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(bytes)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![(number << 3) | 2, u8::try_from(content.len()).unwrap()];
        out.extend_from_slice(content);
        out
    }

    #[test]
    fn a_secret_is_decoded_with_its_labels_and_data() {
        let type_meta = [bytes(1, b"v1"), bytes(2, b"Secret")].concat();
        let entry = [bytes(1, b"release"), bytes(2, b"H4sI")].concat();
        let owner = [bytes(1, b"owner"), bytes(2, b"helm")].concat();
        let meta = [bytes(1, b"a.v1"), bytes(2, b""), bytes(11, &owner)].concat();
        let secret = [bytes(1, &meta), bytes(2, &entry), bytes(3, b"helm.sh/release.v1")].concat();
        let body = [MAGIC.to_vec(), bytes(1, &type_meta), bytes(2, &secret)].concat();
        assert_eq!(
            decode(&body).unwrap(),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
                "metadata": {"name": "a.v1", "labels": {"owner": "helm"}},
                "data": {"release": "SDRzSQ=="}})
        );
    }

    #[test]
    fn a_cut_off_body_is_refused_and_not_guessed() {
        assert_eq!(decode(b"k8s\0\x0a\x7f\x01"), None);
        assert_eq!(decode(b"{}"), None);
    }
}
