//! Which IAM actions a resource type needs: the table, and what a set of types adds up to.
//!
//! The table is `assets/aws/actions-5.46.json`, which says where it is from. Two lists a type:
//! what every successful creation calls, and what arguments, changes and removals may call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::bundle::embedded;

const TABLE: &str = "assets/aws/actions-5.46.json";

/// What types need: actions in the spelling of IAM, `ec2:CreateVpc`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// Without these nothing of it can be made: each with a type that needs it.
    pub needed: BTreeMap<String, String>,
    /// These may be called as well.
    pub possible: BTreeSet<String>,
    /// Types that the table does not know.
    pub unknown: BTreeSet<String>,
}

impl Actions {
    /// Of all of `types`.
    pub fn of<'a>(types: impl IntoIterator<Item = &'a str>) -> Self {
        let table = table();
        let mut actions = Self::default();
        for kind in types {
            let Some(row) = table.get(kind) else {
                actions.unknown.insert(kind.to_owned());
                continue;
            };
            for action in unpacked(&row.needs) {
                actions.needed.entry(action).or_insert_with(|| kind.to_owned());
            }
            actions.possible.extend(unpacked(&row.may));
        }
        actions.possible.retain(|action| !actions.needed.contains_key(action));
        actions
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<&str> {
        self.needed.keys().chain(&self.possible).map(String::as_str).collect()
    }
}

#[derive(Debug, Deserialize)]
struct Row {
    needs: String,
    may: String,
}

fn table() -> &'static BTreeMap<String, Row> {
    #[derive(Deserialize)]
    struct Table {
        types: BTreeMap<String, Row>,
    }
    static ROWS: OnceLock<BTreeMap<String, Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let text = embedded::file(TABLE).expect("the table is embedded");
        serde_json::from_slice::<Table>(text).expect("the embedded table is right").types
    })
}

/// `ec2: CreateVpc DescribeVpcs; iam: PassRole` as single actions.
fn unpacked(packed: &str) -> impl Iterator<Item = String> {
    packed
        .split("; ")
        .filter_map(|part| part.split_once(": "))
        .flat_map(|(service, names)| names.split(' ').map(move |name| format!("{service}:{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_types_need_is_told_from_what_they_may_call() {
        let actions = Actions::of(["aws_vpc", "aws_eks_cluster", "aws_nothing"]);
        assert_eq!(actions.needed["ec2:CreateVpc"], "aws_vpc");
        assert_eq!(actions.needed["iam:PassRole"], "aws_eks_cluster");
        assert!(actions.possible.contains("ec2:DeleteVpc"));
        assert!(!actions.possible.contains("ec2:CreateVpc"));
        assert_eq!(actions.unknown, BTreeSet::from(["aws_nothing".to_owned()]));
        assert!(actions.all().contains("ec2:DeleteVpc") && actions.all().contains("iam:PassRole"));
    }

    #[test]
    fn every_action_of_the_table_has_a_service_and_a_name() {
        for (kind, row) in table() {
            for action in unpacked(&row.needs).chain(unpacked(&row.may)) {
                let (service, name) = action.split_once(':').unwrap();
                let starts_large = name.starts_with(|c: char| c.is_ascii_uppercase());
                assert!(!service.is_empty() && starts_large, "{kind}: {action}");
            }
        }
    }
}
