//! Objects of an account: whose they are and how they stand.

use serde::{Deserialize, Serialize};

/// An object with the tag of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// Resource type as Terraform calls it.
    pub kind: String,
    /// Its address tag.
    pub address: String,
    /// The id by which Terraform takes it in.
    pub import_id: String,
    /// Whether it is still being made.
    pub is_creating: bool,
}

/// An object that carries no tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untagged {
    /// The id by which Terraform takes it in.
    pub import_id: String,
    /// Whether it is still being made.
    pub is_creating: bool,
}

/// How an object stands in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It is there and works.
    Healthy,
    /// It is being made.
    Creating,
    /// It is there and does not work.
    Broken,
    /// It is not there.
    Absent,
}

/// A database instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its identifier.
    pub identifier: String,
    /// `creating`, `available`, …
    pub status: String,
}
