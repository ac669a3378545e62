//! How AWS and the provider say no: the texts of errors.
//!
//! Texts are as found in public logs of provider 6 (AWS SDK for Go, version 2); placeholders are
//! filled from the object. Knows nothing of the world. Start at [`Refusal::diagnostic`].

use super::durations::Action;
use super::operations::{self, Calls, Operation};
use super::wire::Diagnostic;
use crate::rehearsal::scenario::Denial;

/// A call that AWS answered with an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refusal {
    /// The error code of the API; empty for a text of somebody's own.
    pub(super) code: String,
    pub(super) status: u16,
    pub(super) message: String,
    /// Told minutes later by the state of the object, not by the call.
    pub(super) late: bool,
    /// The provider's own words, said as they are.
    pub(super) bare: bool,
    /// What the scaling group says of it at once, long before the object fails; mostly empty.
    pub(super) activity: String,
    /// How often the provider has asked before it gave up; 0 where it asks once only.
    pub(super) attempts: u32,
}

/// In place of a code, where AWS was not asked.
const UNSIGNED: &str = "unsigned";

/// What is said around a refusal.
pub(super) struct Telling<'a> {
    pub(super) action: Action,
    /// As in "EKS Cluster".
    pub(super) title: &'a str,
    /// As in "acme"; empty where AWS names the object.
    pub(super) name: &'a str,
    pub(super) operation: Operation,
    pub(super) request_id: String,
}

impl Refusal {
    pub(super) fn new(code: &str, status: u16, message: impl Into<String>) -> Self {
        Self { code: code.into(), status, message: message.into(), ..Self::default() }
    }

    /// A text that is not made of a code.
    pub(super) fn text(message: &str) -> Self {
        Self::new("", 0, message)
    }

    /// A text that stands for itself, without what was being done.
    pub(super) fn bare(message: impl Into<String>) -> Self {
        Self { bare: true, ..Self::new("", 0, message) }
    }

    /// A call that could not even be signed: what the SDK says of it.
    pub(super) fn unsigned(words: &str) -> Self {
        Self::new(UNSIGNED, 0, words)
    }

    fn late(code: &str, message: impl Into<String>) -> Self {
        Self { late: true, ..Self::new(code, 0, message) }
    }

    /// Instances that are not launched: the scaling group says so at once, EKS after half an hour.
    /// That the sentences about reservations reach the health of a node group as they are is not
    /// confirmed.
    pub(super) fn launch(code: &str, sentence: &str, s: &Subject) -> Self {
        let coded = if code.is_empty() { String::new() } else { format!("{code} - ") };
        let cause = format!("{coded}{sentence} Launching EC2 instance failed.");
        let message = format!(
            "{}: AsgInstanceLaunchFailures: Could not launch On-Demand Instances. {cause}",
            s.scaling_group
        );
        Self { activity: cause, ..Self::late("AsgInstanceLaunchFailures", message) }
    }

    /// Whether the SDK asks again when it hears this.
    pub(super) fn is_retried(&self) -> bool {
        !self.late
            && (self.status >= 500 || self.code.starts_with("Throttling"))
            && self.code != "InsufficientInstanceCapacity"
    }

    /// The refusal as the provider reports it to Terraform.
    pub(super) fn diagnostic(&self, told: &Telling) -> Diagnostic {
        let whom = match told.name {
            "" => told.title.to_owned(),
            name => format!("{} ({name})", told.title),
        };
        let doing = told.action.doing();
        if self.late {
            let verb = told.action.name();
            return Diagnostic::error(
                format!(
                    "waiting for {whom} {verb}: unexpected state '{}_FAILED', wanted target \
                     'ACTIVE'. last error: {}",
                    verb.to_uppercase(),
                    self.message
                ),
                "",
            );
        }
        if self.bare {
            return Diagnostic::error(self.message.clone(), "");
        }
        if self.code.is_empty() {
            return Diagnostic::error(format!("{doing} {whom}: {}", self.message), "");
        }
        let Operation { service, name, .. } = &told.operation;
        if self.code == UNSIGNED {
            let text = format!("get identity: get credentials: {}", self.message);
            let summary = format!("{doing} {whom}: operation error {service}: {name}, {text}");
            return Diagnostic::error(summary, "");
        }
        let coded = if is_modelled(&self.code, service) {
            format!("{}: {}", self.code, self.message)
        } else {
            format!("api error {}: {}", self.code, self.message)
        };
        let attempts = match self.attempts {
            0 => String::new(),
            count => format!("exceeded maximum number of attempts, {count}, "),
        };
        Diagnostic::error(
            format!(
                "{doing} {whom}: operation error {service}: {name}, {attempts}https response error \
                 StatusCode: {}, RequestID: {}, {coded}",
                self.status, told.request_id
            ),
            "",
        )
    }
}

/// The sentence about a vCPU quota.
pub(super) fn vcpu_limit(limit: f64) -> String {
    format!(
        "You have requested more vCPU capacity than your current vCPU limit of {limit:.0} allows for the \
         instance bucket that the specified instance type belongs to. Please visit \
         http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
    )
}

/// Errors that the SDK has a type for are printed without `api error`.
fn is_modelled(code: &str, service: &str) -> bool {
    let generic = [
        "AccessDenied",
        "Throttling",
        "ExpiredToken",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "RequestLimitExceeded",
        "RequestExpired",
        "UnauthorizedOperation",
        "ValidationError",
        "ValidationException",
    ];
    !matches!(service, "EC2" | "STS" | "Auto Scaling")
        && !generic.iter().any(|g| code.starts_with(g))
}

/// What a fault or a refusal is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    /// The name, identifier or id of the object.
    pub(super) name: String,
    /// The cluster or VPC that it lives in.
    pub(super) within: String,
    pub(super) instance_type: String,
    pub(super) region: String,
    pub(super) zone: String,
    pub(super) account: String,
    pub(super) scaling_group: String,
    pub(super) node_group: bool,
    /// Instances that a node group wants.
    pub(super) instances: u32,
    /// Its ARN, empty where it has none.
    pub(super) arn: String,
}

/// The refusal that AWS gives under that code; `None` for a code that we have no text of.
#[rustfmt::skip]
pub(super) fn by_code(code: &str, s: &Subject) -> Option<Refusal> {
    let launch = |code: &str, sentence: &str| Refusal::launch(code, sentence, s);
    let capacity = format!(
        "We currently do not have sufficient {t} capacity in the Availability Zone you requested ({z}). \
         Our system will be working on provisioning additional capacity. You can currently get {t} capacity by \
         not specifying an Availability Zone in your request or choosing {others}.",
        t = s.instance_type, z = s.zone, others = other_zones(&s.region, &s.zone));
    Some(match code {
        "InsufficientInstanceCapacity" if s.node_group => {
            launch(code, &capacity)
        }
        "InsufficientInstanceCapacity" => Refusal::new(code, 500, capacity),
        "VcpuLimitExceeded" if s.node_group => launch(code, &vcpu_limit(0.0)),
        "VcpuLimitExceeded" => Refusal::new(code, 400, vcpu_limit(0.0)),
        "ReservationCapacityExceeded" if s.node_group => launch(code,
            "The requested reservation does not have sufficient compatible and available capacity for this request."),
        "AsgInstanceLaunchFailures" => launch("Unsupported",
            "The requested configuration is currently not supported. Please check the documentation for supported \
             configurations."),
        "NodeCreationFailure" => Refusal::late(code, format!(
            "{}: NodeCreationFailure: Instances failed to join the kubernetes cluster", s.instance_ids())),
        "Ec2LaunchTemplateInvalidConfiguration" => Refusal::late(code, format!(
            "{}: {code}: User data was not in the MIME multipart format.", s.name)),
        "ConfigurationConflict" => Refusal::late(code, format!(
            "{}: ConfigurationConflict: Conflicts found when trying to apply. Will not continue due to resolve \
             conflicts mode.", s.name)),
        "EntityAlreadyExists" => Refusal::new(code, 409, format!("Role with name {} already exists.", s.name)),
        "BucketAlreadyExists" => Refusal::new(code, 409,
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             Please select a different name and try again."),
        "BucketAlreadyOwnedByYou" => Refusal::new(code, 409,
            "Your previous request to create the named bucket succeeded and you already own it."),
        "ResourceInUseException" if s.node_group => Refusal::new(code, 409, format!(
            "NodeGroup already exists with name {} and cluster name {}", s.name, s.within)),
        "ResourceInUseException" => Refusal::new(code, 409, format!("Cluster already exists with name: {}", s.name)),
        "UnsupportedAvailabilityZoneException" => Refusal::new(code, 400, format!(
            "Cannot create cluster '{}' because EKS does not support creating control plane instances in {}, the targeted \
             availability zone. Retry cluster creation using control plane subnets that span at least two of these \
             availability zones: {}. Note, post cluster creation, you can run worker nodes in separate subnets/availability \
             zones from control plane subnets/availability zones passed during cluster creation",
            s.name, s.zone, other_zones(&s.region, &s.zone))),
        "VpcLimitExceeded" => Refusal::new(code, 400, "The maximum number of VPCs has been reached."),
        "AddressLimitExceeded" => Refusal::new(code, 400, "The maximum number of addresses has been reached."),
        "InstanceLimitExceeded" => Refusal::new(code, 400, "You have requested more instances than your current instance limit allows for the specified instance type."),
        "RequestLimitExceeded" => Refusal::new(code, 503, "Request limit exceeded."),
        "Throttling" | "ThrottlingException" => Refusal::new(code, 400, "Rate exceeded"),
        "ExpiredToken" | "ExpiredTokenException" => {
            Refusal::new(code, 403, "The security token included in the request is expired")
        }
        "RequestExpired" => Refusal::new(code, 400, "Request has expired."),
        "DBInstanceAlreadyExists" => Refusal::new(code, 400, "DB instance already exists"),
        "InsufficientDBInstanceCapacity" => Refusal::new(code, 400,
            "The specified DB instance class isn't available in the specified Availability Zone."),
        "DBSubnetGroupAlreadyExists" => Refusal::new(code, 400, format!("The DB subnet group '{}' already exists.", s.name)),
        "AlreadyExistsException" => Refusal::new(code, 400, format!(
            "An alias with the name arn:aws:kms:{}:{}:{} already exists", s.region, s.account, s.name)),
        "ResourceAlreadyExistsException" => Refusal::new(code, 400, "The specified log group already exists"),
        "RepositoryAlreadyExistsException" => Refusal::new(code, 400, format!(
            "The repository with name '{}' already exists in the registry with id '{}'", s.name, s.account)),
        "MalformedPolicyDocumentException" => Refusal::new(code, 400,
            "Policy contains a statement with one or more invalid principals."),
        "InternalFailure" | "InternalError" | "ServiceUnavailable" => Refusal::new(code, 500,
            "The request processing has failed because of an unknown error, exception or failure."),
        _ => return None,
    })
}

fn other_zones(region: &str, zone: &str) -> String {
    let names = super::places::zones(region).into_iter().map(|(name, _)| name);
    names.filter(|n| n != zone).collect::<Vec<_>>().join(", ")
}

impl Subject {
    /// Made-up ids of the instances of a node group, as EKS lists them.
    fn instance_ids(&self) -> String {
        let digits: Vec<char> =
            self.scaling_group.chars().rev().filter(char::is_ascii_hexdigit).take(16).collect();
        let id = |turn: usize| {
            let turned = digits.iter().cycle().skip(turn).take(digits.len());
            format!("i-0{}", turned.collect::<String>())
        };
        let count = usize::try_from(self.instances.max(1)).unwrap_or(1);
        (0..count).map(id).collect::<Vec<_>>().join(", ")
    }
}

/// A denial by one of the layers that may deny.
pub(super) fn denial(principal: &str, denial: &Denial, arn: &str) -> Refusal {
    let (action, reason) = (&denial.action, denial.reason());
    let on = if arn.is_empty() { String::new() } else { format!(" on resource: {arn}") };
    let user = format!("User: {principal} is not authorized to perform: {action}{on}");
    let prefix = action.split(':').next().unwrap_or_default();
    match prefix {
        "ec2" => Refusal::new(
            "UnauthorizedOperation",
            403,
            format!("You are not authorized to perform this operation. {user} {reason}"),
        ),
        "iam"
        | "rds"
        | "s3"
        | "elasticloadbalancing"
        | "autoscaling"
        | "sts"
        | "sns"
        | "cloudwatch"
        | "elasticache" => Refusal::new("AccessDenied", 403, format!("{user} {reason}")),
        _ => Refusal::new("AccessDeniedException", 403, format!("{user} {reason}")),
    }
}

/// The call that a refusal comes from: a denial names its own.
pub(super) fn operation_of(refusal: &Refusal, calls: &Calls, action: Action) -> Operation {
    let denied = refusal.message.split("is not authorized to perform: ").nth(1);
    match denied.and_then(|rest| rest.split(' ').next()) {
        Some(call) => operations::operation(call),
        None => operations::main_call(calls, action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::provider::conflict;
    use crate::rehearsal::provider::value::Value;

    fn telling(
        service: &str,
        name: &str,
        title: &'static str,
        whom: &'static str,
    ) -> Telling<'static> {
        Telling {
            action: Action::Create,
            title,
            name: whom,
            operation: Operation { service: service.into(), name: name.into() },
            request_id: "3f2a".into(),
        }
    }

    #[test]
    fn a_conflict_reads_as_the_provider_prints_it() {
        let subject = Subject { name: "acme".into(), ..Subject::default() };
        let taken = conflict::taken;
        let refusal = taken("aws_eks_cluster", "EKS Cluster", &subject, &Value::Null);
        let told = telling("EKS", "CreateCluster", "EKS Cluster", "acme");
        assert_eq!(
            refusal.diagnostic(&told).summary,
            "creating EKS Cluster (acme): operation error EKS: CreateCluster, https response error \
             StatusCode: 409, RequestID: 3f2a, ResourceInUseException: Cluster already exists with name: acme"
        );
    }

    #[test]
    fn a_denial_names_the_layer_that_denies() {
        let scenario = "[[deny]]\naction = \"iam:CreateRole\"\nlayer = \"permissions boundary\"\n";
        let scenario = crate::rehearsal::Scenario::parse(scenario).unwrap();
        let refusal = denial("arn:x", &scenario.denials[0], "arn:aws:iam::1:role/r");
        let told = telling("IAM", "CreateRole", "IAM Role", "r");
        assert!(refusal.diagnostic(&told).summary.ends_with(
            "api error AccessDenied: User: arn:x is not authorized to perform: iam:CreateRole on \
             resource: arn:aws:iam::1:role/r because no permissions boundary allows the iam:CreateRole action"
        ));
    }
}
