//! The saved plan as a document: what gates look at before anything is applied.
//!
//! Owns the reading of `show -json PLAN`, and which kinds of objects are guarded. Holds secrets in
//! clear: stays in memory. Decides nothing: the gates are the engine's. Start at
//! [`PlanJson::read`].

use serde::Deserialize;
use serde_json::Value;

use super::document::{self, DocumentError, secrets_in};
use crate::run::{Action, Secret};

/// Types whose objects hold what cannot be made again, or take everything else with them.
pub const GUARDED: [&str; 8] = [
    "aws_eks_cluster",
    "aws_db_instance",
    "aws_rds_cluster",
    "aws_kms_key",
    "aws_kms_replica_key",
    "aws_s3_bucket",
    "aws_ecr_repository",
    "aws_vpc",
];

/// A plan.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct PlanJson {
    /// What will be done, one entry an object; those left as they are included.
    pub resource_changes: Vec<ResourceChange>,
    /// What was found changed behind our back.
    pub resource_drift: Vec<ResourceChange>,
    /// Whether planning failed.
    pub errored: bool,
}

/// What will be done to one object.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct ResourceChange {
    /// Its address with all keys.
    pub address: String,
    /// `managed` or `data`.
    pub mode: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Set where an old object is removed after its successor was made.
    pub deposed: Option<String>,
    /// What and how.
    pub change: Detail,
    /// Why, as terraform abbreviates it.
    pub action_reason: Option<String>,
}

/// How an object changes.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct Detail {
    /// One action, or two for a replacement.
    pub actions: Vec<String>,
    /// The object as it is; null when there is none.
    pub before: Value,
    /// The object as it will be, as far as known; null when there will be none.
    pub after: Value,
    /// Which parts of `after` will be known later.
    pub after_unknown: Value,
    /// Which parts of `before` are secret.
    pub before_sensitive: Value,
    /// Which parts of `after` are secret.
    pub after_sensitive: Value,
    /// What makes a replacement necessary.
    pub replace_paths: Vec<Value>,
    /// Set where the object is taken in.
    pub importing: Option<Value>,
}

/// The capacity that a launch template asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Address of the launch template.
    pub address: String,
    /// Id of the reservation it is bound to.
    pub reservation_id: Option<String>,
    /// `open`, `none` or `capacity-reservations-only`.
    pub preference: Option<String>,
    /// `capacity-block` or `spot`, where it is not On-Demand.
    pub market_type: Option<String>,
}

impl PlanJson {
    /// Reads the document.
    ///
    /// # Errors
    /// When it is not one, or of a format that is not known here.
    pub fn read(json: &[u8]) -> Result<Self, DocumentError> {
        document::read("plan", json)
    }

    /// What is not left as it is, reads of data apart.
    pub fn changes(&self) -> impl Iterator<Item = &ResourceChange> {
        self.resource_changes.iter().filter(|change| change.action().is_some())
    }

    /// Whether nothing would be done to any object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// Guarded objects that it would delete or replace.
    #[must_use]
    pub fn guarded_losses(&self) -> Vec<&ResourceChange> {
        self.changes()
            .filter(|change| change.deletes() && GUARDED.contains(&change.kind.as_str()))
            .collect()
    }

    /// Addresses of roles that would be made or changed without a permissions boundary.
    #[must_use]
    pub fn roles_without_boundary(&self) -> Vec<&str> {
        self.changes()
            .filter(|change| change.kind == "aws_iam_role" && change.change.after.is_object())
            .filter(|role| !role.will_have("permissions_boundary"))
            .map(|role| role.address.as_str())
            .collect()
    }

    /// What each launch template asks for, those left as they are included.
    #[must_use]
    pub fn capacity(&self) -> Vec<Capacity> {
        self.resource_changes
            .iter()
            .filter(|change| {
                change.kind == "aws_launch_template" && change.change.after.is_object()
            })
            .map(ResourceChange::capacity)
            .collect()
    }

    /// Every secret that the plan holds, for the redactor.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for Detail { before, before_sensitive, after, after_sensitive, .. } in
            self.resource_changes.iter().map(|change| &change.change)
        {
            secrets_in(before, before_sensitive, &mut secrets);
            secrets_in(after, after_sensitive, &mut secrets);
        }
        secrets
    }
}

impl ResourceChange {
    /// What will be done to the object; `None` when it is left as it is or only read.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        let actions: Vec<&str> = self.change.actions.iter().map(String::as_str).collect();
        match actions[..] {
            ["no-op"] if self.change.importing.is_some() => Some(Action::Import),
            ["no-op" | "read"] | [] => None,
            ["create"] => Some(Action::Create),
            ["update"] => Some(Action::Update),
            ["delete"] => Some(Action::Delete),
            ["delete", "create"] | ["create", "delete"] => Some(Action::Replace),
            _ => Some(Action::Other),
        }
    }

    /// Whether an object is gone afterwards, with or without a successor.
    #[must_use]
    pub fn deletes(&self) -> bool {
        self.change.actions.iter().any(|action| action == "delete")
    }

    /// Whether the attribute will have a value, known now or later.
    #[must_use]
    pub fn will_have(&self, attribute: &str) -> bool {
        let is_later = self.change.after_unknown.get(attribute) == Some(&Value::Bool(true));
        let value = self.change.after.get(attribute);
        is_later || value.is_some_and(|value| !value.is_null() && value != "")
    }

    /// A tag of the object, all tags merged, as it will be.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        let after = &self.change.after;
        after.get("tags_all").or_else(|| after.get("tags"))?.get(name)?.as_str()
    }

    fn capacity(&self) -> Capacity {
        let text = |pointer: &str| {
            let value = self.change.after.pointer(pointer).and_then(Value::as_str);
            value.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let target = "/capacity_reservation_specification/0/capacity_reservation_target/0";
        Capacity {
            address: self.address.clone(),
            reservation_id: text(&format!("{target}/capacity_reservation_id")),
            preference: text(
                "/capacity_reservation_specification/0/capacity_reservation_preference",
            ),
            market_type: text("/instance_market_options/0/market_type"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORDED: [&str; 2] = [
        include_str!("../../../tests/fixtures/terraform/terraform-1.11.4/change-show-plan.json"),
        include_str!("../../../tests/fixtures/terraform/tofu-1.12.6/change-show-plan.json"),
    ];

    fn plan(changes: &Value) -> PlanJson {
        let json = json!({"format_version": "1.2", "resource_changes": changes});
        PlanJson::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn recorded_plans_of_both_programs_are_read_alike() {
        for json in RECORDED {
            let plan = PlanJson::read(json.as_bytes()).unwrap();
            let mut changes: Vec<_> =
                plan.changes().map(|c| (c.address.as_str(), c.action().unwrap())).collect();
            changes.sort_by_key(|(address, _)| *address);
            assert_eq!(
                changes,
                [
                    ("module.part[\"b\"].terraform_data.this", Action::Delete),
                    ("terraform_data.changed", Action::Update),
                    ("terraform_data.replaced", Action::Replace),
                    ("terraform_data.taken_in", Action::Import),
                ]
            );
            assert!(plan.secrets().contains(&Secret::new("planted-secret")));
        }
    }

    #[test]
    fn deleting_or_replacing_a_guarded_object_is_seen() {
        let change = |kind: &str, actions: &[&str]| {
            json!({"address": format!("{kind}.this"), "mode": "managed", "type": kind,
                   "change": {"actions": actions}})
        };
        let plan = plan(&json!([
            change("aws_vpc", &["delete"]),
            change("aws_kms_key", &["delete", "create"]),
            change("aws_db_instance", &["create", "delete"]),
            change("aws_eks_cluster", &["update"]),
            change("aws_s3_bucket", &["no-op"]),
            change("aws_ecr_repository", &["forget"]),
            change("aws_subnet", &["delete"]),
        ]));
        let lost: Vec<_> = plan.guarded_losses().iter().map(|c| c.kind.as_str()).collect();
        assert_eq!(lost, ["aws_vpc", "aws_kms_key", "aws_db_instance"]);
    }

    #[test]
    fn a_role_needs_a_boundary_known_now_or_later() {
        let role = |name: &str, after: Value, unknown: Value| {
            json!({"address": name, "type": "aws_iam_role",
                   "change": {"actions": ["create"], "after": after, "after_unknown": unknown}})
        };
        let plan = plan(&json!([
            role("bounded", json!({"permissions_boundary": "arn:x"}), json!({})),
            role("later", json!({}), json!({"permissions_boundary": true})),
            role("none", json!({"permissions_boundary": null}), json!({})),
            role("empty", json!({"permissions_boundary": ""}), json!({})),
        ]));
        assert_eq!(plan.roles_without_boundary(), ["none", "empty"]);
    }

    #[test]
    fn the_reservation_of_a_launch_template_is_found() {
        let after = json!({
            "capacity_reservation_specification": [{
                "capacity_reservation_preference": "",
                "capacity_reservation_target": [{"capacity_reservation_id": "cr-1"}],
            }],
            "instance_market_options": [{"market_type": "capacity-block"}],
        });
        let plan = plan(&json!([
            {"address": "gpu", "type": "aws_launch_template",
             "change": {"actions": ["create"], "after": after}},
            {"address": "cpu", "type": "aws_launch_template",
             "change": {"actions": ["no-op"], "after": {"instance_market_options": []}}},
        ]));
        let capacity = |address: &str, id: Option<&str>, market: Option<&str>| Capacity {
            address: address.into(),
            reservation_id: id.map(str::to_owned),
            preference: None,
            market_type: market.map(str::to_owned),
        };
        assert_eq!(
            plan.capacity(),
            [capacity("gpu", Some("cr-1"), Some("capacity-block")), capacity("cpu", None, None),]
        );
    }

    #[test]
    fn tags_are_read_merged() {
        let plan = plan(&json!([{"address": "a", "type": "aws_vpc", "change": {
            "actions": ["create"], "after": {"tags": {"a": "1"}, "tags_all": {"a": "1", "b": "2"}}}}]));
        assert_eq!(plan.resource_changes[0].tag("b"), Some("2"));
        assert_eq!(plan.resource_changes[0].tag("c"), None);
    }
}
