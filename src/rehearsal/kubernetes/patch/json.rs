//! RFC 6902.

use serde_json::Value;

/// Applies every operation, or says which one cannot be applied.
pub(crate) fn apply(object: &mut Value, patch: &Value) -> Result<(), String> {
    let operations = patch.as_array().ok_or("a JSON patch is a list of operations")?;
    for operation in operations {
        one(object, operation)?;
    }
    Ok(())
}

fn one(object: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |key: &str| operation[key].as_str().unwrap_or_default();
    let path = text("path");
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match text("op") {
        "add" => add(object, path, value()),
        "remove" => remove(object, path).map(drop),
        "replace" => {
            *object.pointer_mut(path).ok_or_else(|| missing("replace", path))? = value();
            Ok(())
        }
        "move" => {
            let value = remove(object, text("from"))?;
            add(object, path, value)
        }
        "copy" => {
            let from = text("from");
            let value = object.pointer(from).cloned().ok_or_else(|| missing("copy", from))?;
            add(object, path, value)
        }
        "test" => {
            if object.pointer(path).unwrap_or(&Value::Null) == &value() {
                Ok(())
            } else {
                Err(format!("testing path {path} failed"))
            }
        }
        other => Err(format!("unexpected kind of JSON patch operation: {other:?}")),
    }
}

fn missing(operation: &str, path: &str) -> String {
    format!(
        "the server rejected our request due to an error in our request: {operation} operation \
         does not apply: doc is missing path: {path}"
    )
}

/// Parent and last step of a path.
fn split<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Some((object.pointer_mut(parent)?, last))
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    match split(object, path) {
        Some((Value::Object(map), key)) => {
            map.insert(key, value);
            Ok(())
        }
        Some((Value::Array(list), key)) => {
            let at = if key == "-" { Some(list.len()) } else { key.parse().ok() };
            let at = at.filter(|&at| at <= list.len()).ok_or_else(|| missing("add", path))?;
            list.insert(at, value);
            Ok(())
        }
        _ => Err(missing("add", path)),
    }
}

fn remove(object: &mut Value, path: &str) -> Result<Value, String> {
    let removed = match split(object, path) {
        Some((Value::Object(map), key)) => map.shift_remove(&key),
        Some((Value::Array(list), key)) => {
            key.parse().ok().filter(|&at: &usize| at < list.len()).map(|at| list.remove(at))
        }
        _ => None,
    };
    removed.ok_or_else(|| missing("remove", path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_does_what_the_rfc_says() {
        let mut object = json!({"a": {"x/y": 1}, "l": [1, 3]});
        let patch = json!([
            {"op": "test", "path": "/a/x~1y", "value": 1},
            {"op": "add", "path": "/l/1", "value": 2},
            {"op": "add", "path": "/l/-", "value": 4},
            {"op": "copy", "from": "/l/0", "path": "/b"},
            {"op": "move", "from": "/a/x~1y", "path": "/c"},
            {"op": "replace", "path": "/b", "value": 9},
            {"op": "remove", "path": "/l/0"},
        ]);
        apply(&mut object, &patch).unwrap();
        assert_eq!(object, json!({"a": {}, "l": [2, 3, 4], "b": 9, "c": 1}));
        assert!(apply(&mut object, &json!([{"op": "remove", "path": "/l/7"}])).is_err());
    }
}
