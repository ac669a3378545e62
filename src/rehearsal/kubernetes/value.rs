//! Reading and writing JSON objects by path, and the small formats that Kubernetes uses.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The text at a JSON pointer, empty when there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer.
pub(crate) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The items of the array at a JSON pointer, none when there is no array.
pub(crate) fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The entries of the object at a JSON pointer, none when there is no object.
pub(crate) fn entries<'a>(
    object: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

/// `metadata.name`.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty for cluster-scoped objects.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// A label's value.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// An annotation's value.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// Whether the object is on its way out.
pub(crate) fn is_deleting(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// The object below `key`, made when there is none.
pub(crate) fn object_at<'a>(parent: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !parent.is_object() {
        *parent = json!({});
    }
    let slot = &mut parent[key];
    if !slot.is_object() {
        *slot = json!({});
    }
    slot.as_object_mut().expect("it was made an object above")
}

/// Sets `key` of the object at `pointer` unless it is set.
pub(crate) fn default_at(object: &mut Value, pointer: &str, key: &str, value: Value) {
    if let Some(Value::Object(map)) = object.pointer_mut(pointer)
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.to_owned(), value);
    }
}

/// A moment as Kubernetes writes it, whole seconds in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether a condition of `status.conditions` is `True`.
pub(crate) fn condition_holds(object: &Value, kind: &str) -> bool {
    items(object, "/status/conditions").any(|c| c["type"] == kind && c["status"] == "True")
}

/// A condition, keeping the transition time of `before` when its status is the same.
pub(crate) fn condition(
    before: &Value,
    kind: &str,
    holds: bool,
    reason: &str,
    message: &str,
    now: &str,
) -> Value {
    let status = if holds { "True" } else { "False" };
    let since = items(before, "/status/conditions")
        .find(|c| c["type"] == kind && c["status"] == status)
        .and_then(|c| c["lastTransitionTime"].as_str())
        .unwrap_or(now);
    let mut condition = json!({"type": kind, "status": status, "lastTransitionTime": since});
    if !reason.is_empty() {
        condition["reason"] = json!(reason);
    }
    if !message.is_empty() {
        condition["message"] = json!(message);
    }
    condition
}

/// A reference that makes `owner` the controller of another object.
pub(crate) fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name(owner),
        "uid": uid(owner), "controller": true, "blockOwnerDeletion": true,
    })
}

/// Whether `object` is controlled by the owner with this uid.
pub(crate) fn is_controlled_by(object: &Value, owner_uid: &str) -> bool {
    items(object, "/metadata/ownerReferences")
        .any(|o| o["uid"] == owner_uid && o["controller"] == true)
}

/// The reference to the controller of `object`.
pub(crate) fn controller_of(object: &Value) -> Option<&Value> {
    items(object, "/metadata/ownerReferences").find(|o| o["controller"] == true)
}
