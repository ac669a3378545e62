//! The scenario: what the account looks like, how long things take, what goes wrong.
//!
//! A TOML file, every key optional. Unknown keys are refused with the nearest known one. Times
//! are written as people do: `55m`, `-1h`, `+13d`, relative to the start of the world.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::span::Span;
use crate::error::Hint;

/// A scenario; [`Scenario::default`] is a good day in an ordinary account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Everything that varies is drawn from it.
    pub seed: u64,
    /// Sample answers to start from (`sample-full`, `sample-platform-only`), or a path.
    pub answers: String,
    /// Who asks.
    pub account: Account,
    /// The host that springboard runs on, as the account sees it.
    pub host: HostFacts,
    /// `service/code` to value.
    pub quotas: BTreeMap<String, f64>,
    /// Capacity reservations and Capacity Blocks.
    #[serde(rename = "reservation")]
    pub reservations: Vec<Reservation>,
    /// API actions that are denied.
    #[serde(rename = "deny")]
    pub denials: Vec<Denial>,
    /// Resource type, or a name like `image-pull`, to how long it takes.
    pub durations: BTreeMap<String, Span>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
}

/// The account and the principal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// ARN of the caller.
    pub principal: String,
    /// What the caller's credentials are.
    pub credentials: Keys,
    /// When the caller's credentials end; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_expire_in: Option<Span>,
    /// How long a renewed login lasts; absent: eight hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_lasts: Option<Span>,
}

/// What credentials are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// Those of a login, which can be renewed in another terminal while something runs.
    #[default]
    Session,
    /// Keys that were given once; new ones need a new run.
    Static,
}

/// What the account sees of this host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostFacts {
    /// The address that requests come from.
    pub egress_ip: std::net::Ipv4Addr,
}

/// A capacity reservation or Capacity Block.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// `cr-…`
    pub id: String,
    /// `capacity-block` or `default`.
    #[serde(rename = "type", default = "default_reservation_type")]
    pub kind: String,
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// For example `usw2-az3`.
    pub zone_id: String,
    /// Instances in all.
    pub total: u32,
    /// Instances that are free.
    pub available: u32,
    /// When it begins, relative to the start of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Span>,
    /// When it ends, relative to the start of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Span>,
}

/// An API action that is denied.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// For example `iam:CreateRole`.
    pub action: String,
    /// `identity policy`, `permissions boundary` or `organisation`.
    #[serde(default = "default_layer")]
    pub layer: String,
}

/// Something that goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// A resource address (with or without modules and index), a type, a Helm release, a stage,
    /// an API action.
    pub at: String,
    /// `create`, `read`, `update`, `delete`, `push`, `upload`, …; absent: whenever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How often; 0 is always.
    #[serde(default = "once")]
    pub times: u32,
    /// An error code of AWS, or a whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It does not answer for that long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hang: Option<Span>,
    /// A process that is killed: `engine` or `world`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<String>,
    /// What is dropped: `connection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<String>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 7,
            answers: "sample-full".into(),
            account: Account::default(),
            host: HostFacts::default(),
            quotas: BTreeMap::from([
                ("ec2/L-417A185B".into(), 384.0),
                ("ec2/L-1216C47A".into(), 512.0),
                ("ec2/L-0263D0A3".into(), 5.0),
            ]),
            reservations: vec![Reservation {
                id: "cr-0123456789abcdef0".into(),
                kind: default_reservation_type(),
                instance_type: "p5e.48xlarge".into(),
                zone_id: "usw2-az3".into(),
                total: 2,
                available: 2,
                start: None,
                end: None,
            }],
            denials: Vec::new(),
            durations: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: "123456789012".into(),
            principal: "arn:aws:sts::123456789012:assumed-role/Installer/op".into(),
            credentials: Keys::Session,
            credentials_expire_in: None,
            login_lasts: None,
        }
    }
}

impl Default for HostFacts {
    fn default() -> Self {
        Self { egress_ip: std::net::Ipv4Addr::new(8, 8, 4, 4) }
    }
}

fn default_reservation_type() -> String {
    "default".into()
}

fn default_layer() -> String {
    "identity policy".into()
}

fn once() -> u32 {
    1
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// When it is not TOML, a key is unknown (the text says the nearest known one) or a value has
    /// the wrong form.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|source| ScenarioError::from_toml(text, &source))
    }

    /// The scenario's own duration for a type or name.
    pub fn duration(&self, what: &str) -> Option<Duration> {
        self.durations.get(what).map(|span| span.as_duration())
    }
}

impl Fault {
    /// Whether this fault is meant at one of `places`, at the moment `when`.
    pub fn applies(&self, places: &[&str], when: &str) -> bool {
        self.when.as_deref().is_none_or(|w| w == when) && places.iter().any(|p| self.meant_at(p))
    }

    fn meant_at(&self, place: &str) -> bool {
        // `aws_eks_node_group.gpu` means `module.nodes.aws_eks_node_group.gpu[0]` as well.
        let bare = place.split('[').next().unwrap_or(place);
        [place, bare].iter().any(|p| *p == self.at || p.ends_with(&format!(".{}", self.at)))
    }
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It is not right, with the place and, for an unknown key, the nearest known one.
    #[error("the scenario is not right: {message}")]
    Wrong {
        /// The message with its place.
        message: String,
    },
}

impl Hint for ScenarioError {}

impl ScenarioError {
    fn from_toml(text: &str, source: &toml::de::Error) -> Self {
        let line = source.span().map(|s| text[..s.start.min(text.len())].lines().count().max(1));
        let place = line.map(|l| format!("line {l}: ")).unwrap_or_default();
        let message = source.message();
        Self::Wrong {
            message: format!("{place}{}{}", message.replace('\n', " "), nearest(message)),
        }
    }
}

/// Serde names the known keys in its message; the nearest one is what was probably meant.
fn nearest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next().filter(|_| message.starts_with("unknown field")) else {
        return String::new();
    };
    names
        .min_by_key(|known| strsim::damerau_levenshtein(unknown, known))
        .map(|known| format!("; nearest known key: `{known}`"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = Scenario::parse("sead = 7\n").unwrap_err().to_string();
        assert!(
            error.contains("line 1") && error.ends_with("nearest known key: `seed`"),
            "{error}"
        );
    }
}
