//! The scenario: what the account looks like, how long things take, what goes wrong.
//!
//! A TOML file, every key optional. Unknown keys are refused with the nearest known one, and what
//! can never have an effect is refused with the reason. Times are written as people do: `55m`,
//! `-1h`, `+13d`, relative to the start of the world; those ahead are scaled as all time is.
//!
//! ```toml
//! seed = 7
//! answers = "sample-full"              # sample answers to start from, or a path
//!
//! [answer]                             # answers that are not as in those
//! gpu_desired_size = 2
//!
//! [quotas]                             # service/code = value
//! "ec2/L-417A185B" = 0
//!
//! [[reservation]]                      # another list than that of an ordinary account
//! id = "cr-0123456789abcdef0"
//! type = "capacity-block"              # or "default"
//! instance_type = "p5e.48xlarge"
//! zone_id = "usw2-az3"
//! total = 2
//! available = 1
//! start = "+1d"
//!
//! [[certificate]]                      # another list than that of an ordinary account
//! id = "01234567-89ab-cdef-0123-456789abcdef"
//! names = ["acme.example", "*.acme.example"]
//! status = "ISSUED"                    # PENDING_VALIDATION, EXPIRED, REVOKED
//! end = "+20d"
//!
//! [[hosted_zone]]                      # another list than that of an ordinary account
//! id = "Z0123456789ABCDEFGHIJ"
//! name = "acme.example"
//!
//! [[offering]]                         # a type that only these zones have
//! instance_type = "p5e.48xlarge"
//! zone_ids = ["usw2-az3"]
//!
//! [[deny]]
//! action = "iam:CreateRole"
//! layer = "permissions boundary"       # identity policy, organisation, session policy, …
//! unless_boundary = "arn:aws:iam::123456789012:policy/Boundary"
//!
//! [[existing]]                         # there before anything is made
//! type = "aws_s3_bucket"
//! owner = "999988887777"               # of another account
//! attributes = { bucket = "acme-data" }
//!
//! [[drift]]                            # when a stage begins, once
//! at = "gpu"
//! object = "module.database.aws_db_instance.this"
//! set = { backup_retention_period = 1 }
//!
//! [durations]
//! aws_db_instance = "45m"              # a resource type, or
//! image-pull = "5m"                    # a wait of the world itself
//!
//! [[fault]]                            # as in `Fault`
//! at = "aws_eks_node_group.gpu"
//! when = "create"
//! times = 1
//! error = "InsufficientInstanceCapacity"
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::estate::{Certificate, HostedZone, Offering, Reservation, ReservationKind};
pub use super::fault::Fault;
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
    /// Answers that are not as in those.
    #[serde(rename = "answer")]
    pub adjusted: toml::Table,
    /// Who asks.
    pub account: Account,
    /// The host that springboard runs on, as the account sees it.
    pub host: HostFacts,
    /// `service/code` to value, where it is not what an ordinary account has ([`Scenario::quota`]).
    pub quotas: BTreeMap<String, f64>,
    /// Instance types that not every zone has.
    #[serde(rename = "offering")]
    pub offerings: Vec<Offering>,
    /// Capacity reservations and Capacity Blocks.
    #[serde(rename = "reservation")]
    pub reservations: Vec<Reservation>,
    /// Certificates of ACM.
    #[serde(rename = "certificate")]
    pub certificates: Vec<Certificate>,
    /// Hosted zones of Route 53.
    #[serde(rename = "hosted_zone")]
    pub hosted_zones: Vec<HostedZone>,
    /// API actions that are denied.
    #[serde(rename = "deny")]
    pub denials: Vec<Denial>,
    /// Resource type, or a name like `image-pull`, to how long it takes.
    pub durations: BTreeMap<String, Span>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
    /// What is there before anything is made.
    pub existing: Vec<Existing>,
    /// What somebody changes or deletes behind Terraform's back.
    #[serde(rename = "drift")]
    pub drifts: Vec<Drift>,
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
    /// Hosts of the internet that do not answer; `*` stands for all.
    pub unreachable: Vec<String>,
    /// Who signs the certificates that hosts of the internet present.
    pub tls_issuer: String,
    /// How far its clock is behind that of the account; ahead where it is negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_behind: Option<Span>,
}

/// An API action that is denied.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// For example `iam:CreateRole`.
    pub action: String,
    /// Which policy denies.
    #[serde(default)]
    pub layer: Layer,
    /// Whether it says so itself instead of not allowing it; absent: as that layer mostly does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit: Option<bool>,
    /// ARN of the permissions boundary with which a role or user may be made all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless_boundary: Option<String>,
}

/// The policies that can deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// A policy of the caller.
    #[default]
    #[serde(rename = "identity policy")]
    Identity,
    /// The permissions boundary of the caller.
    #[serde(rename = "permissions boundary")]
    Boundary,
    /// A service control policy of the organisation.
    #[serde(alias = "organization", alias = "service control policy", alias = "scp")]
    Organisation,
    /// The policy of the caller's session.
    #[serde(rename = "session policy")]
    Session,
    /// The policy of what is asked for.
    #[serde(rename = "resource policy")]
    Resource,
    /// The policy of a VPC endpoint on the way.
    #[serde(rename = "VPC endpoint policy")]
    Endpoint,
}

/// Something that exists before anything is made: a leftover, or somebody else's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// Resource type as Terraform calls it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is.
    #[serde(default = "default_region")]
    pub region: String,
    /// Another account that it belongs to; absent: the account of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whether it is deleted already, but not for good: its name is not free yet.
    #[serde(default)]
    pub scheduled_for_deletion: bool,
    /// What Terraform would be told to make it; the rest is filled in.
    pub attributes: toml::Table,
}

/// A change that Terraform did not make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// The stage at whose beginning it happens, once.
    pub at: String,
    /// As in [`Alteration`].
    pub object: String,
    /// As in [`Alteration`].
    #[serde(default)]
    pub delete: bool,
    /// As in [`Alteration`].
    #[serde(default)]
    pub set: toml::Table,
}

/// What is done to one object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alteration {
    /// A resource address, `TYPE/ID`, `image/REPOSITORY[:TAG]` or `s3/BUCKET/KEY`.
    pub object: String,
    /// It is deleted.
    pub delete: bool,
    /// Attributes with their new values: `backup_retention_period`, `tags.Owner`.
    pub set: toml::Table,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 7,
            answers: "sample-full".into(),
            adjusted: toml::Table::new(),
            account: Account::default(),
            host: HostFacts::default(),
            quotas: BTreeMap::new(),
            offerings: Vec::new(),
            reservations: vec![Reservation::usual()],
            certificates: vec![Certificate::usual()],
            hosted_zones: vec![HostedZone::usual()],
            denials: Vec::new(),
            durations: BTreeMap::new(),
            faults: Vec::new(),
            existing: Vec::new(),
            drifts: Vec::new(),
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
        Self {
            egress_ip: std::net::Ipv4Addr::new(8, 8, 4, 4),
            unreachable: Vec::new(),
            tls_issuer: "Amazon".into(),
            clock_behind: None,
        }
    }
}

pub(super) fn default_region() -> String {
    "us-west-2".into()
}

/// What an account has that has asked for enough: the quotas that are counted when something is
/// made, and what the data source says of them.
const QUOTAS: &[(&str, f64)] = &[
    ("ec2/L-417A185B", 768.0), // vCPUs of running On-Demand P instances
    ("ec2/L-1216C47A", 512.0), // … of A, C, D, H, I, M, R, T and Z instances
    ("ec2/L-DB2E81BA", 256.0), // … of G and VT instances
    ("ec2/L-0263D0A3", 5.0),   // Elastic IPs
    ("vpc/L-F678F1CE", 5.0),   // VPCs
    ("vpc/L-A4707A72", 5.0),   // internet gateways
    ("vpc/L-FE5A380F", 5.0),   // NAT gateways in one zone
    ("eks/L-1194D53C", 100.0), // EKS clusters
    ("eks/L-6D54EA21", 30.0),  // managed node groups of one cluster
    ("elasticloadbalancing/L-53DA6B97", 50.0), // application load balancers
    // Not counted when something is made, because no install comes near them.
    ("elasticloadbalancing/L-69A177A2", 50.0), // network load balancers
    ("rds/L-7B6409FD", 40.0),                  // database instances
    ("kms/L-C2F1777E", 100_000.0),             // keys
    ("s3/L-DC2B2D3D", 10_000.0),               // buckets
    ("iam/L-FE177D64", 1000.0),                // roles
];

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// When it is not TOML, a key is unknown (the text says the nearest known one), a value has
    /// the wrong form, or something in it could never have an effect.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self =
            toml::from_str(text).map_err(|source| ScenarioError::from_toml(text, &source))?;
        scenario.check().map_err(|message| ScenarioError::Wrong { message })?;
        Ok(scenario)
    }

    /// The scenario's own duration for a type or name.
    pub fn duration(&self, what: &str) -> Option<Duration> {
        self.durations.get(what).map(|span| span.as_duration())
    }

    /// A quota by `service/code`; `None` where nothing is counted.
    pub fn quota(&self, code: &str) -> Option<f64> {
        let usual = || QUOTAS.iter().find(|(known, _)| *known == code).map(|(_, value)| *value);
        self.quotas.get(code).copied().or_else(usual)
    }

    /// Whether a zone has an instance type. In an ordinary account every zone has every type, but
    /// no zone of us-east-1 has p5e.
    pub fn offers(&self, instance_type: &str, zone_id: &str) -> bool {
        match self.offerings.iter().find(|offer| offer.instance_type == instance_type) {
            Some(offer) => offer.zone_ids.iter().any(|id| id == zone_id),
            None => !(instance_type.starts_with("p5e.") && zone_id.starts_with("use1-")),
        }
    }

    /// What can never have an effect is a mistake.
    fn check(&self) -> Result<(), String> {
        self.durations.keys().try_for_each(|name| super::waits::check(name))?;
        self.faults.iter().try_for_each(Fault::check)?;
        self.denials.iter().try_for_each(Denial::check)?;
        self.existing.iter().try_for_each(Existing::check)?;
        self.drifts.iter().try_for_each(|drift| drift.alteration().check())
    }
}

impl Denial {
    /// How AWS ends the sentence: which policy it is, and whether it denies or does not allow.
    pub fn reason(&self) -> String {
        let (article, layer) = match self.layer {
            Layer::Identity => ("an", "identity-based policy"),
            Layer::Boundary => ("a", "permissions boundary"),
            Layer::Organisation => ("a", "service control policy"),
            Layer::Session => ("a", "session policy"),
            Layer::Resource => ("a", "resource-based policy"),
            Layer::Endpoint => ("a", "VPC endpoint policy"),
        };
        if self.is_explicit() {
            format!("with an explicit deny in {article} {layer}")
        } else {
            format!("because no {layer} allows the {} action", self.action)
        }
    }

    /// Whether a statement denies it, instead of none allowing it.
    pub fn is_explicit(&self) -> bool {
        self.explicit.unwrap_or(self.layer == Layer::Organisation)
    }

    fn check(&self) -> Result<(), String> {
        let Self { action, unless_boundary, .. } = self;
        let made = ["iam:CreateRole", "iam:CreateUser"];
        if unless_boundary.is_some() && !made.contains(&action.as_str()) {
            return Err(format!(
                "`unless_boundary` has no effect on `{action}`: only {} name a boundary",
                made.join(" and ")
            ));
        }
        Ok(())
    }
}

impl Existing {
    fn check(&self) -> Result<(), String> {
        let Self { kind, owner, scheduled_for_deletion, .. } = self;
        let shared = ["aws_s3_bucket", "aws_cognito_user_pool_domain"];
        if owner.is_some() && !shared.contains(&kind.as_str()) {
            return Err(format!(
                "`owner` has no effect on `{kind}`: accounts share the names of {} only",
                shared.join(" and ")
            ));
        }
        if *scheduled_for_deletion && kind != "aws_secretsmanager_secret" {
            return Err(format!(
                "`scheduled_for_deletion` has no effect on `{kind}`: only aws_secretsmanager_secret \
                 keeps its name for a while"
            ));
        }
        Ok(())
    }
}

impl Drift {
    /// What is done.
    pub fn alteration(&self) -> Alteration {
        Alteration { object: self.object.clone(), delete: self.delete, set: self.set.clone() }
    }
}

impl Alteration {
    /// Whether it says one thing.
    ///
    /// # Errors
    /// When it says nothing, or two things.
    pub fn check(&self) -> Result<(), String> {
        let Self { object, delete, set } = self;
        match (object.as_str(), *delete, set.is_empty()) {
            ("", ..) => Err("a change behind the back needs an `object`".into()),
            (_, true, true) | (_, false, false) => Ok(()),
            _ => Err(format!("`{object}` is either deleted or given attributes by `set`")),
        }
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
    fn what_can_have_no_effect_is_refused() {
        for (text, why) in [
            (
                "[[deny]]\naction = \"eks:CreateCluster\"\nunless_boundary = \"arn:b\"\n",
                "`unless_boundary` has no effect on `eks:CreateCluster`",
            ),
            (
                "[[existing]]\ntype = \"aws_iam_role\"\nowner = \"1\"\nattributes = {}\n",
                "`owner` has no effect on `aws_iam_role`",
            ),
            ("[[drift]]\nat = \"gpu\"\nobject = \"aws_vpc.this\"\n", "either deleted or given"),
            ("[[deny]]\naction = \"a:B\"\nlayer = \"boundary\"\n", "unknown variant `boundary`"),
            ("[durations]\naws_db = \"5m\"\n", "no resource type `aws_db`"),
            ("[durations]\nimage-pulls = \"5m\"\n", "the nearest of which is `image-pull`"),
        ] {
            let said = Scenario::parse(text).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_quota_is_that_of_an_ordinary_account_unless_the_scenario_says_another() {
        let scenario = Scenario::parse("[quotas]\n\"ec2/L-417A185B\" = 0\n").unwrap();
        assert_eq!(scenario.quota("ec2/L-417A185B"), Some(0.0));
        assert_eq!(scenario.quota("ec2/L-0263D0A3"), Some(5.0));
        assert_eq!(scenario.quota("ec2/L-00000000"), None);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = Scenario::parse("sead = 7\n").unwrap_err().to_string();
        assert!(
            error.contains("line 1") && error.ends_with("nearest known key: `seed`"),
            "{error}"
        );
    }
}
