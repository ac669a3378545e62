//! What is in a state, and what must hold of all of it.

use std::collections::BTreeSet;

use serde_json::Value;

/// A managed object of a state.
pub(super) struct Object {
    pub(super) address: String,
    pub(super) kind: String,
    pub(super) values: Value,
    /// What had to be there before it, without indices.
    pub(super) after: Vec<String>,
}

/// The managed objects of `show -json`, sorted by address.
pub(super) fn of_state(state: &Value) -> Vec<Object> {
    let mut objects = Vec::new();
    let mut open = vec![&state["values"]["root_module"]];
    while let Some(module) = open.pop() {
        open.extend(list(&module["child_modules"]));
        let managed = list(&module["resources"]).filter(|r| r["mode"] == "managed");
        objects.extend(managed.map(|resource| Object {
            address: resource["address"].as_str().unwrap().to_owned(),
            kind: resource["type"].as_str().unwrap().to_owned(),
            values: resource["values"].clone(),
            after: texts(&resource["depends_on"]).into_iter().map(str::to_owned).collect(),
        }));
    }
    objects.sort_by(|a, b| a.address.cmp(&b.address));
    objects
}

/// An address as the tag `springboard:address` spells it: a tag holds no brackets and no quotes.
pub(super) fn spelled(address: &str) -> String {
    address.replace("[\"", "/").replace("\"]", "").replace('[', "/").replace(']', "")
}

/// The taggable objects without the tag of the deployment or without their own address.
pub(super) fn untagged(objects: &[Object], deployment: &str) -> Vec<String> {
    let taggable = objects.iter().filter(|object| object.values.get("tags_all").is_some());
    let wrong = taggable.filter(|object| {
        let tags = &object.values["tags_all"];
        tags["springboard:deployment"] != deployment
            || tags["springboard:address"] != spelled(&object.address)
    });
    wrong.map(|object| object.address.clone()).collect()
}

/// Whether the object at `later` was made only when the one at `first` was there.
pub(super) fn comes_after(objects: &[Object], later: &str, first: &str) -> bool {
    let object = objects.iter().find(|object| object.address == later);
    object.is_some_and(|object| object.after.iter().any(|address| address == first))
}

/// The roles without the permissions boundary. A service-linked role is no `aws_iam_role`, and
/// cannot have one.
pub(super) fn unbounded(objects: &[Object], boundary: &str) -> Vec<String> {
    let roles = objects.iter().filter(|object| object.kind == "aws_iam_role");
    let wrong = roles.filter(|role| role.values["permissions_boundary"] != boundary);
    wrong.map(|role| role.address.clone()).collect()
}

/// The objects with a policy that allows something to anybody.
pub(super) fn open_to_anybody(objects: &[Object]) -> Vec<String> {
    let mut open = Vec::new();
    for object in objects {
        // Endpoint policies narrow what callers may do anyway; this one is the default of AWS.
        if object.kind == "aws_vpc_endpoint" {
            continue;
        }
        for attribute in ["policy", "assume_role_policy"] {
            // A bucket repeats the policy that stands beside it, or nothing.
            let policy = object.values[attribute].as_str().filter(|text| !text.is_empty());
            let Some(text) = policy else { continue };
            let policy: Value = serde_json::from_str(text).unwrap();
            if list(&policy["Statement"]).any(allows_anybody) {
                open.push(format!("{}: {attribute}", object.address));
            }
        }
    }
    open
}

fn allows_anybody(statement: &Value) -> bool {
    statement["Effect"] == "Allow" && texts(&statement["Principal"]).contains(&"*")
}

/// Where an object could be encrypted with a key of ours and is not: address and attribute.
pub(super) fn not_encrypted_with_our_keys(objects: &[Object]) -> Vec<String> {
    let keys: BTreeSet<_> = objects
        .iter()
        .filter(|object| object.kind == "aws_kms_key")
        .filter_map(|key| key.values["arn"].as_str())
        .collect();
    assert_eq!(keys.len(), 5, "there must be five keys");
    let mut wrong = Vec::new();
    for object in objects {
        let places = key_places(&object.kind);
        let mut found = Vec::new();
        find_keys(&object.values, places, &mut found);
        let strange = found.iter().filter(|(_, key)| !key.is_some_and(|key| keys.contains(key)));
        wrong.extend(strange.map(|(place, _)| format!("{}: {place}", object.address)));
        assert!(
            !must_have_a_key(&object.kind) || !found.is_empty(),
            "{} has no place for a key",
            object.address
        );
    }
    wrong
}

/// Types that hold data, each with as many keys as it has kinds of it.
fn must_have_a_key(kind: &str) -> bool {
    [
        "aws_cloudwatch_log_group",
        "aws_db_instance",
        "aws_ecr_repository",
        "aws_eks_cluster",
        "aws_launch_template",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_ssm_parameter",
    ]
    .contains(&kind)
}

/// The attributes that name the key of an object of this type.
fn key_places(kind: &str) -> &'static [&'static str] {
    match kind {
        // A bucket repeats what its encryption configuration says; an alias points to a key.
        "aws_s3_bucket" | "aws_kms_key" | "aws_kms_alias" => &[],
        "aws_ssm_parameter" => &["key_id"],
        _ => &[
            "kms_key_id",
            "kms_key",
            "key_arn",
            "kms_master_key_id",
            "performance_insights_kms_key_id",
            "master_user_secret_kms_key_id",
        ],
    }
}

fn find_keys<'a>(
    value: &'a Value,
    places: &[&'static str],
    found: &mut Vec<(&'static str, Option<&'a str>)>,
) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match places.iter().find(|place| *place == name) {
                    Some(place) => found.push((place, field.as_str())),
                    None => find_keys(field, places, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find_keys(item, places, found)),
        _ => {}
    }
}

/// All texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
