//! Who asks, and what they may do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Account id, twelve digits.
    pub account: String,
    /// ARN of the principal.
    pub arn: String,
    /// When the credentials end; `None` when they do not.
    pub expires: Option<Timestamp>,
    /// Where the credentials come from; `None` when that cannot be told.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Keys in environment variables.
    Environment,
    /// Keys in a file.
    File,
    /// A login by IAM Identity Center.
    Sso,
    /// A role that a profile assumes.
    Role,
    /// A role that a token of another identity provider opens.
    WebIdentity,
    /// The role of the EC2 instance.
    Instance,
    /// The role of the container.
    Container,
    /// A program that the profile names.
    Process,
    /// The login of a simulated world.
    Rehearsal,
}

impl Caller {
    /// ARN of the role or user behind the caller: that of the role where a session of it asks.
    ///
    /// The ARN of a session does not say the path of its role; [`crate::cloud::Cloud::role`] knows it.
    pub fn principal(&self) -> String {
        let session = self.arn.split_once(":assumed-role/");
        let role = session.and_then(|(head, tail)| {
            let role = tail.split('/').next()?;
            Some(format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)))
        });
        role.unwrap_or_else(|| self.arn.clone())
    }

    /// The partition of the account: `aws`, `aws-us-gov`, `aws-cn`, …
    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws")
    }

    /// Whether the root user of the account asks, who is never simulated.
    pub fn is_root(&self) -> bool {
        self.arn.ends_with(":root")
    }
}

/// Whether two ARNs are of one role or user. The ARN of a session does not say the path of its
/// role, and names are unique in an account whatever their path.
pub fn is_same_principal(one: &str, other: &str) -> bool {
    let parts = |arn: &str| {
        let (head, path) = arn.split_once('/')?;
        Some((head.to_owned(), path.rsplit('/').next()?.to_owned()))
    };
    one == other || (parts(one).is_some() && parts(one) == parts(other))
}

/// A question to the policy simulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// Whose policies count.
    pub asker: Asker,
    /// API actions: `iam:CreateRole`.
    pub actions: Vec<String>,
    /// ARNs that they are done to; none means all (`*`).
    #[serde(default)]
    pub resources: Vec<String>,
    /// Condition keys with their values: `aws:RequestedRegion`.
    #[serde(default)]
    pub context: BTreeMap<String, Vec<String>>,
    /// The document of a permissions boundary that stands in for the one of the asker.
    #[serde(default)]
    pub boundary: Option<String>,
}

/// Whose policies a simulation goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// ARN of a user or role (not of a session).
    Principal(String),
    /// Policy documents, of whomever.
    Policies(Vec<String>),
}

/// What the simulator says of one action on one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The action.
    pub action: String,
    /// The resource; `*` for all.
    pub resource: String,
    /// Whether it would be allowed.
    pub decision: Decision,
    /// Condition keys that a policy asks for and the question did not have; with some missing, a
    /// denial may be one of the question only.
    pub missing: Vec<String>,
}

/// Whether an action would be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It would.
    Allowed,
    /// It would not.
    Denied {
        /// Which layer.
        by: Layer,
        /// Whether a statement denies it, instead of none allowing it.
        explicit: bool,
    },
    /// Nobody can tell.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The layers of policies that can deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The policies of the user or role.
    Identity,
    /// The permissions boundary of the user or role.
    Boundary,
    /// A service control policy of the organisation.
    Organisation,
    /// The policy of the session.
    Session,
    /// The policy of what is asked for.
    Resource,
    /// The policy of a VPC endpoint on the way.
    Endpoint,
}

impl Layer {
    /// As one says it in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Identity => "a policy of the caller",
            Self::Boundary => "the permissions boundary of the caller",
            Self::Organisation => "a service control policy of the organisation",
            Self::Session => "the policy of the session",
            Self::Resource => "the policy of the resource",
            Self::Endpoint => "the policy of a VPC endpoint",
        }
    }
}

/// A call that EC2 only checks, and does not carry out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DryRun {
    /// `ec2:CreateVpc`
    CreateVpc {
        /// Its range.
        cidr: String,
    },
    /// `ec2:AllocateAddress`
    AllocateAddress,
    /// `ec2:CreateInternetGateway`
    CreateInternetGateway,
    /// `ec2:CreateLaunchTemplate`
    CreateLaunchTemplate {
        /// Its name.
        name: String,
    },
    /// `ec2:RunInstances`, of the newest image of Amazon Linux.
    RunInstances {
        /// For example `p5e.48xlarge`.
        instance_type: String,
        /// A reservation that is named.
        reservation: Option<String>,
        /// Whether that is a Capacity Block.
        block: bool,
    },
}

impl DryRun {
    /// The action that is checked.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateVpc { .. } => "ec2:CreateVpc",
            Self::AllocateAddress => "ec2:AllocateAddress",
            Self::CreateInternetGateway => "ec2:CreateInternetGateway",
            Self::CreateLaunchTemplate { .. } => "ec2:CreateLaunchTemplate",
            Self::RunInstances { .. } => "ec2:RunInstances",
        }
    }
}

/// What came of a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DryRunOutcome {
    /// It would have been done.
    Allowed,
    /// It is not permitted.
    Denied {
        /// The words of AWS.
        message: String,
    },
    /// It was turned down for another reason, which says nothing about permissions.
    Unknown {
        /// The words of AWS.
        why: String,
    },
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its ARN, with its path.
    pub arn: String,
    /// ARN of its permissions boundary.
    pub boundary: Option<String>,
}

/// A managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its ARN.
    pub arn: String,
    /// The document of its default version; `None` where it may not be read.
    pub document: Option<String>,
}

/// A managed policy of the account itself, as it stands in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPolicy {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// How many users and roles it bounds.
    pub bounds: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(arn: &str) -> Caller {
        Caller { account: "1".into(), arn: arn.into(), expires: None, origin: None }
    }

    #[test]
    fn the_principal_of_a_session_is_its_role() {
        let session = caller("arn:aws-us-gov:sts::123456789012:assumed-role/Installer/op");
        assert_eq!(session.principal(), "arn:aws-us-gov:iam::123456789012:role/Installer");
        assert_eq!(session.partition(), "aws-us-gov");
        let whole = "arn:aws-us-gov:iam::123456789012:role/aws-reserved/sso/Installer";
        assert!(is_same_principal(&session.principal(), whole));
        assert!(!is_same_principal(&session.principal(), &whole.replace(":role/", ":user/")));
        assert!(!is_same_principal(&session.principal(), &whole.replace("Installer", "Other")));
        let user = caller("arn:aws:iam::123456789012:user/op");
        assert_eq!(user.principal(), user.arn);
        assert!(caller("arn:aws:iam::123456789012:root").is_root() && !user.is_root());
    }
}
