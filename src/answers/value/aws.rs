//! Names and identifiers that AWS defines.

use super::{ValueError, all, is_lower_or_digit, not_a, text_value};

/// The words between the area and the number of a region.
const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

text_value! {
    /// A region of AWS. Whether the account may use it is asked later; the form is checked here.
    Region, "a region", "^[a-z]{2,4}(-gov|-iso[a-z]?)?-[a-z]+-[1-9]$", "us-west-2",
    |text| {
        if is_region(text) {
            return Ok(text.to_owned());
        }
        let zone = text.char_indices().next_back().filter(|(_, c)| c.is_ascii_lowercase());
        match zone {
            Some((at, _)) if is_region(&text[..at]) => {
                Err(format!("`{text}` is a zone: the region is `{}`", &text[..at]))
            }
            _ => Err(not_a(text, "a region", "us-west-2")),
        }
    }
}

impl Region {
    /// The partition that the region belongs to, as ARNs name it.
    pub fn partition(&self) -> &'static str {
        match self.as_str() {
            name if name.starts_with("us-gov-") => "aws-us-gov",
            name if name.starts_with("cn-") => "aws-cn",
            name if name.starts_with("eusc-") => "aws-eusc",
            _ => "aws",
        }
    }
}

fn is_region(text: &str) -> bool {
    let mut parts: Vec<&str> = text.split('-').collect();
    if parts.len() == 4 && (parts[1] == "gov" || parts[1].starts_with("iso")) {
        parts.remove(1);
    }
    matches!(parts[..], [area, direction, number]
        if (2..=4).contains(&area.len())
            && all(area, |b| b.is_ascii_lowercase())
            && DIRECTIONS.contains(&direction.strip_prefix("de-").unwrap_or(direction))
            && number.len() == 1
            && all(number, |b| (b'1'..=b'9').contains(&b)))
}

text_value! {
    /// An availability zone by its name.
    ///
    /// Names, not ids: Terraform and the load balancer controller speak names. Which id a name
    /// stands for differs between accounts.
    ZoneName, "a zone name", "^[a-z]{2,4}(-gov|-iso[a-z]?)?-[a-z]+-[1-9][a-z]$", "us-west-2c",
    |text| {
        let is_id = text.rsplit_once("-az").is_some_and(|(_, n)| all(n, |b| b.is_ascii_digit()));
        if is_id {
            return Err(format!(
                "`{text}` is a zone id, which stands for another zone in each account: write the \
                 zone's name, such as `us-west-2c`"
            ));
        }
        let region = text.strip_suffix(|c: char| c.is_ascii_lowercase());
        match region {
            Some(region) if is_region(region) => Ok(text.to_owned()),
            _ => Err(not_a(text, "a zone name", "us-west-2c")),
        }
    }
}

impl ZoneName {
    /// The region that the zone is in.
    pub fn region(&self) -> &str {
        &self.as_str()[..self.as_str().len() - 1]
    }
}

text_value! {
    /// An EC2 instance type.
    InstanceType, "an instance type", r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$", "m5.4xlarge",
    |text| match text.split_once('.') {
        Some(("db", _)) => Err(format!("`{text}` is a database class, not an instance type")),
        Some((family, size)) if is_family(family) && is_size(size) => Ok(text.to_owned()),
        _ => Err(not_a(text, "an instance type", "m5.4xlarge")),
    }
}

text_value! {
    /// An RDS instance class.
    DbInstanceClass, "a database class", r"^db\.[a-z][a-z0-9]*\.[a-z0-9]+$", "db.m7g.xlarge",
    |text| {
        let plain = Some(text).filter(|text| !text.contains('-'));
        let class = plain.and_then(|t| t.strip_prefix("db.")).and_then(|rest| rest.split_once('.'));
        match class {
            Some((family, size)) if is_family(family) && is_size(size) => Ok(text.to_owned()),
            _ => Err(not_a(text, "a database class", "db.m7g.xlarge")),
        }
    }
}

fn is_family(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && all(text, |b| is_lower_or_digit(b) || b == b'-')
        && text.bytes().any(|b| b.is_ascii_digit())
}

fn is_size(text: &str) -> bool {
    all(text, |b| is_lower_or_digit(b) || b == b'-')
        && ["nano", "micro", "small", "medium", "large"].iter().any(|size| text.ends_with(size))
        || text.starts_with("metal") && all(text, |b| is_lower_or_digit(b) || b == b'-')
}

text_value! {
    /// A capacity reservation or a Capacity Block.
    ReservationId, "a capacity reservation", "^cr-[0-9a-f]{17}$", "cr-0123456789abcdef0",
    |text| if is_id(text, "cr-", &[17]) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not a capacity reservation such as `cr-0123456789abcdef0`: `cr-` and 17 \
             hexadecimal digits"
        ))
    }
}

text_value! {
    /// An Amazon machine image.
    AmiId, "an image id", "^ami-([0-9a-f]{8}|[0-9a-f]{17})$", "ami-0123456789abcdef0",
    |text| if is_id(text, "ami-", &[8, 17]) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not an image id such as `ami-0123456789abcdef0`: `ami-` and 8 or 17 \
             hexadecimal digits"
        ))
    }
}

fn is_id(text: &str, prefix: &str, lengths: &[usize]) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        lengths.contains(&rest.len()) && all(rest, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

text_value! {
    /// A hosted zone of Route 53.
    HostedZoneId, "a hosted zone", "^Z[0-9A-Z]{1,31}$", "Z0123456789ABCDEFGHIJ",
    |text| {
        // The console and the API write it both with and without this.
        let id = text.strip_prefix("/hostedzone/").unwrap_or(text);
        let right = id.len() <= 32
            && id.strip_prefix('Z').is_some_and(|rest| {
                all(rest, |b| b.is_ascii_uppercase() || b.is_ascii_digit())
            });
        if right { Ok(id.to_owned()) } else { Err(not_a(text, "a hosted zone", "Z0123456789ABCDEFGHIJ")) }
    }
}

text_value! {
    /// An S3 bucket.
    BucketName, "a bucket name", r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "acme-models",
    |text| {
        if let Some(rest) = text.strip_prefix("s3://") {
            let name = rest.split('/').next().unwrap_or(rest);
            return Err(format!("`{text}` is a URI: write the name of the bucket alone, `{name}`"));
        }
        if is_bucket(text) {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "`{text}` is not a bucket name: 3 to 63 characters, a to z, 0 to 9, dots and \
                 hyphens, a letter or digit at both ends, not an IP address"
            ))
        }
    }
}

fn is_bucket(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&text.len())
        && all(text, |b| is_lower_or_digit(b) || b == b'.' || b == b'-')
        && text.starts_with(edge)
        && text.ends_with(edge)
        && !text.contains("..")
        && text.parse::<std::net::Ipv4Addr>().is_err()
}

text_value! {
    /// An object or prefix in S3.
    S3Uri, "an S3 URI", r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$",
    "s3://acme-models/models/checkpoints/laguna-xs-2/",
    |text| {
        let parts = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        match parts {
            Some((bucket, key)) if is_bucket(bucket) && !key.is_empty() => Ok(text.to_owned()),
            _ => Err(not_a(text, "an S3 URI", "s3://acme-models/models/checkpoints/laguna-xs-2/")),
        }
    }
}

text_value! {
    /// An IAM role.
    RoleArn, "the ARN of a role", r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
    "arn:aws:iam::123456789012:role/Installer",
    |text| match Arn::split(text) {
        Some(arn) if arn.is_iam("role/") => Ok(text.to_owned()),
        Some(arn) if arn.service == "sts" => Err(arn.is_a_session(text)),
        _ => Err(not_a(text, "the ARN of a role", "arn:aws:iam::123456789012:role/Installer")),
    }
}

text_value! {
    /// An IAM policy, of the account or of AWS.
    PolicyArn, "the ARN of a policy", r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$",
    "arn:aws:iam::123456789012:policy/Boundary",
    |text| match Arn::split(text) {
        Some(arn) if arn.is_iam("policy/") => Ok(text.to_owned()),
        Some(arn) if arn.service == "iam" && arn.account == "aws" && arn.names("policy/") => {
            Ok(text.to_owned())
        }
        _ => Err(not_a(text, "the ARN of a policy", "arn:aws:iam::123456789012:policy/Boundary")),
    }
}

text_value! {
    /// A role or user of IAM that may be given access.
    PrincipalArn, "the ARN of a role or user", r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$",
    "arn:aws:iam::123456789012:role/Admins",
    |text| match Arn::split(text) {
        Some(arn) if arn.is_iam("role/aws-service-role/") => Err(format!(
            "`{text}` is a service-linked role, which EKS refuses as a principal"
        )),
        Some(arn) if arn.is_iam("role/") || arn.is_iam("user/") => Ok(text.to_owned()),
        Some(arn) if arn.service == "sts" => Err(arn.is_a_session(text)),
        Some(arn) if arn.resource == "root" => Err(format!(
            "`{text}` is the whole account: name the roles or users one by one"
        )),
        _ => Err(not_a(text, "the ARN of a role or user", "arn:aws:iam::123456789012:role/Admins")),
    }
}

text_value! {
    /// A customer-managed key of KMS; an alias is none, because policies name keys.
    KmsKeyArn, "the ARN of a key", r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+$",
    "arn:aws:kms:us-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
    |text| {
        let Some(arn) = Arn::split(text).filter(|arn| arn.service == "kms") else {
            return Err(not_a(text, "the ARN of a key", "arn:aws:kms:us-west-2:123456789012:key/…"));
        };
        if arn.resource.starts_with("alias/") {
            return Err(format!("`{text}` is an alias: write the ARN of the key that it stands for"));
        }
        let id = arn.resource.strip_prefix("key/");
        if is_region(arn.region)
            && arn.has_account()
            && id.is_some_and(|id| all(id, |b| b == b'-' || b.is_ascii_alphanumeric()))
        {
            Ok(text.to_owned())
        } else {
            Err(not_a(text, "the ARN of a key", "arn:aws:kms:us-west-2:123456789012:key/…"))
        }
    }
}

text_value! {
    /// A certificate of ACM.
    CertificateArn, "the ARN of a certificate",
    r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+$",
    "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
    |text| {
        let right = Arn::split(text).is_some_and(|arn| {
            arn.service == "acm"
                && is_region(arn.region)
                && arn.has_account()
                && arn.resource.strip_prefix("certificate/").is_some_and(|id| {
                    all(id, |b| b == b'-' || matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                })
        });
        if right {
            Ok(text.to_owned())
        } else {
            Err(not_a(
                text,
                "the ARN of a certificate",
                "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
            ))
        }
    }
}

/// Implements `region` for ARNs that name one.
macro_rules! region {
    ($($name:ident),*) => { $(
        impl $name {
            /// The region in the ARN.
            pub fn region(&self) -> &str {
                self.as_str().split(':').nth(3).unwrap_or_default()
            }
        }
    )* };
}
region!(CertificateArn, KmsKeyArn);

/// Implements `account` for ARNs that name one.
macro_rules! account {
    ($($name:ident),*) => { $(
        impl $name {
            /// The account in the ARN: twelve digits, or `aws`.
            pub fn account(&self) -> &str {
                self.as_str().split(':').nth(4).unwrap_or_default()
            }
        }
    )* };
}
account!(CertificateArn, KmsKeyArn, PolicyArn, PrincipalArn, RoleArn);

/// The parts of an ARN.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [prefix, partition, service, region, account, resource] = parts[..] else {
            return None;
        };
        let right = prefix == "arn"
            && partition.starts_with("aws")
            && all(partition, |b| b.is_ascii_lowercase() || b == b'-')
            // Without wildcards, which name no one, and what comes with a careless paste.
            && all(resource, |b| b.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&b));
        right.then_some(Self { service, region, account, resource })
    }

    fn has_account(&self) -> bool {
        self.account.len() == 12 && all(self.account, |b| b.is_ascii_digit())
    }

    fn names(&self, kind: &str) -> bool {
        self.resource.strip_prefix(kind).is_some_and(|rest| !rest.is_empty())
    }

    fn is_iam(&self, kind: &str) -> bool {
        self.service == "iam" && self.region.is_empty() && self.has_account() && self.names(kind)
    }

    /// What `aws sts get-caller-identity` prints is often pasted where a role is wanted.
    fn is_a_session(&self, text: &str) -> String {
        let role = self.resource.split('/').nth(1).unwrap_or("NAME");
        format!(
            "`{text}` is a session of a role: write the role, `arn:aws:iam::{}:role/{role}` (with \
             its path, if it has one)",
            self.account
        )
    }
}

/// Whether a certificate, policy or role lies in `region`'s partition; the sentence if not.
///
/// # Errors
/// When the partitions differ.
pub fn same_partition(arn: &str, region: &Region) -> Result<(), ValueError> {
    let partition = arn.split(':').nth(1).unwrap_or_default();
    if partition == region.partition() {
        return Ok(());
    }
    Err(ValueError::new(format!(
        "`{arn}` is in the partition `{partition}`, and the region `{region}` in `{}`",
        region.partition()
    )))
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;
    use super::*;

    #[test]
    fn regions_are_known_by_their_form() {
        for right in
            ["us-west-2", "ap-southeast-3", "us-gov-east-1", "us-isob-east-1", "mx-central-1"]
        {
            assert_eq!(right.parse::<Region>().unwrap().as_str(), right);
        }
        for wrong in ["us-wset-2", "US-WEST-2", "us-west", "uswest2", "us-west-20", "us--2", ""] {
            assert_eq!(
                refusal::<Region>(wrong),
                format!("`{wrong}` is not a region such as `us-west-2`")
            );
        }
        assert_eq!(
            refusal::<Region>("us-west-2c"),
            "`us-west-2c` is a zone: the region is `us-west-2`"
        );
        assert_eq!("us-gov-east-1".parse::<Region>().unwrap().partition(), "aws-us-gov");
    }

    #[test]
    fn a_zone_is_a_name_and_not_an_id() {
        assert_eq!("us-west-2c".parse::<ZoneName>().unwrap().region(), "us-west-2");
        assert_eq!(
            refusal::<ZoneName>("usw2-az3"),
            "`usw2-az3` is a zone id, which stands for another zone in each account: write the \
             zone's name, such as `us-west-2c`"
        );
        assert_eq!(
            refusal::<ZoneName>("us-west-2"),
            "`us-west-2` is not a zone name such as `us-west-2c`"
        );
    }

    #[test]
    fn types_and_classes_are_told_apart() {
        for right in
            ["m5.4xlarge", "p5e.48xlarge", "u-6tb1.metal", "m7i.metal-24xl", "p6-b200.48xlarge"]
        {
            assert!(right.parse::<InstanceType>().is_ok(), "{right}");
        }
        assert_eq!(
            refusal::<InstanceType>("db.m7g.xlarge"),
            "`db.m7g.xlarge` is a database class, not an instance type"
        );
        for wrong in ["m5", "m5.", "m5.4xlrge", "M5.4xlarge", "large.m5"] {
            assert_eq!(
                refusal::<InstanceType>(wrong),
                format!("`{wrong}` is not an instance type such as `m5.4xlarge`")
            );
        }
        assert!("db.m7g.xlarge".parse::<DbInstanceClass>().is_ok());
        assert_eq!(
            refusal::<DbInstanceClass>("m7g.xlarge"),
            "`m7g.xlarge` is not a database class such as `db.m7g.xlarge`"
        );
    }

    #[test]
    fn ids_have_their_prefix_and_length() {
        assert_eq!(
            refusal::<ReservationId>("cr-123"),
            "`cr-123` is not a capacity reservation such as `cr-0123456789abcdef0`: `cr-` and 17 \
             hexadecimal digits"
        );
        assert!("ami-01234567".parse::<AmiId>().is_ok());
        assert!("ami-012345678".parse::<AmiId>().is_err());
        assert_eq!("/hostedzone/Z123".parse::<HostedZoneId>().unwrap().as_str(), "Z123");
        assert_eq!(
            refusal::<HostedZoneId>("acme.example"),
            "`acme.example` is not a hosted zone such as `Z0123456789ABCDEFGHIJ`"
        );
    }

    #[test]
    fn a_bucket_is_a_name_and_not_a_uri() {
        assert_eq!(
            refusal::<BucketName>("s3://acme-models/x"),
            "`s3://acme-models/x` is a URI: write the name of the bucket alone, `acme-models`"
        );
        for wrong in ["ab", "Acme", "acme..models", "-acme", "10.0.0.1", "acme_models"] {
            assert!(
                refusal::<BucketName>(wrong)
                    .starts_with(&format!("`{wrong}` is not a bucket name"))
            );
        }
        assert!("s3://acme-models/a/b".parse::<S3Uri>().is_ok());
        assert!("s3://acme-models".parse::<S3Uri>().is_err());
    }

    #[test]
    fn an_arn_is_of_the_kind_that_is_wanted() {
        assert_eq!(
            refusal::<PrincipalArn>("arn:aws:sts::123456789012:assumed-role/Installer/op"),
            "`arn:aws:sts::123456789012:assumed-role/Installer/op` is a session of a role: write \
             the role, `arn:aws:iam::123456789012:role/Installer` (with its path, if it has one)"
        );
        assert_eq!(
            refusal::<PrincipalArn>("arn:aws:iam::123456789012:root"),
            "`arn:aws:iam::123456789012:root` is the whole account: name the roles or users one by one"
        );
        assert!(refusal::<PrincipalArn>(
            "arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
        ).ends_with("is a service-linked role, which EKS refuses as a principal"));
        for wrong in
            ["*", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::1234:role/x", "Installer"]
        {
            assert_eq!(
                refusal::<PrincipalArn>(wrong),
                format!(
                    "`{wrong}` is not the ARN of a role or user such as `arn:aws:iam::123456789012:role/Admins`"
                )
            );
        }
        assert!("arn:aws:iam::aws:policy/PowerUserAccess".parse::<PolicyArn>().is_ok());
        assert!("arn:aws:iam::123456789012:role/x".parse::<PolicyArn>().is_err());
        assert!("arn:aws-us-gov:iam::123456789012:role/path/x".parse::<RoleArn>().is_ok());
        let certificate: CertificateArn =
            "arn:aws:acm:us-east-1:123456789012:certificate/0a-1b".parse().unwrap();
        assert_eq!((certificate.region(), certificate.account()), ("us-east-1", "123456789012"));
    }

    #[test]
    fn partitions_must_agree() {
        let region: Region = "us-gov-east-1".parse().unwrap();
        assert_eq!(
            same_partition("arn:aws:iam::123456789012:role/x", &region).unwrap_err().to_string(),
            "`arn:aws:iam::123456789012:role/x` is in the partition `aws`, and the region \
             `us-gov-east-1` in `aws-us-gov`"
        );
    }
}
