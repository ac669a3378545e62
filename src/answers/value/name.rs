//! Names and versions that are ours or Kubernetes' to define.

use super::{all, is_lower_or_digit, not_a, text_value};

text_value! {
    /// The name of a deployment; it begins the name of everything made.
    ///
    /// At most 24 characters, so that the longest role and bucket names stay within what AWS
    /// allows; no doubled hyphen, which RDS refuses.
    DeploymentName, "a deployment name", "^[a-z][a-z0-9-]{1,22}[a-z0-9]$", "acme-prod",
    |text| {
        let right = (3..=24).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && is_hyphenated(text);
        if right {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "`{text}` is not a deployment name: 3 to 24 characters, a to z, 0 to 9 and single \
                 hyphens, beginning with a letter and not ending with a hyphen"
            ))
        }
    }
}

text_value! {
    /// A profile of the AWS configuration.
    AwsProfile, "an AWS profile", r"^[^\s\]][^\]\r\n]*$", "acme-installer",
    |text| {
        let right = !text.is_empty()
            && text.trim() == text
            && !text.chars().any(|c| c.is_control() || c == ']');
        if right {
            Ok(text.to_owned())
        } else {
            Err(format!("`{}` is not the name of an AWS profile", text.escape_debug()))
        }
    }
}

text_value! {
    /// The prefix of a Cognito hosted domain, unique in a region.
    DomainPrefix, "a domain prefix", "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "acme-prod-login",
    |text| {
        if text.len() > 63 || !is_hyphenated_loosely(text) {
            return Err(format!(
                "`{text}` is not a domain prefix: 1 to 63 characters, a to z, 0 to 9 and hyphens, \
                 no hyphen at either end"
            ));
        }
        // Cognito refuses these words anywhere in the prefix.
        match ["aws", "amazon", "cognito"].iter().find(|word| text.contains(**word)) {
            Some(word) => Err(format!("`{text}` contains `{word}`, which Cognito reserves")),
            None => Ok(text.to_owned()),
        }
    }
}

text_value! {
    /// A tag of AWS, written `KEY=VALUE`.
    Tag, "a tag", "^[^=]{1,128}=.{0,256}$", "cost-centre=4711",
    |text| {
        let Some((key, value)) = text.split_once('=') else {
            return Err(format!("`{text}` is not a tag such as `cost-centre=4711`: KEY=VALUE"));
        };
        let lower = key.to_ascii_lowercase();
        if lower.starts_with("aws:") || lower.starts_with("springboard:") {
            return Err(format!("the tag `{key}` begins with a prefix that is reserved"));
        }
        // The characters that all services allow.
        let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
        let right = (1..=128).contains(&key.chars().count())
            && value.chars().count() <= 256
            && text.chars().all(allowed)
            && key.trim() == key;
        if right {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "`{}` is not a tag such as `cost-centre=4711`: a key of 1 to 128 and a value of \
                 up to 256 letters, digits, spaces and any of _ . : / = + - @",
                text.escape_debug()
            ))
        }
    }
}

impl Tag {
    /// Key and value.
    pub fn parts(&self) -> (&str, &str) {
        self.as_str().split_once('=').unwrap_or((self.as_str(), ""))
    }
}

text_value! {
    /// A minor version of Kubernetes, as EKS names them.
    KubernetesVersion, "a Kubernetes version", r"^1\.[1-9][0-9]$", "1.35",
    |text| {
        let minor = text.strip_prefix("1.").filter(|m| m.len() == 2 && !m.starts_with('0'));
        match minor {
            Some(m) if all(m, |b| b.is_ascii_digit()) => Ok(text.to_owned()),
            _ => Err(format!(
                "`{text}` is not a Kubernetes version such as `1.35`: major and minor only"
            )),
        }
    }
}

impl KubernetesVersion {
    /// The minor version: 35 of `1.35`.
    pub fn minor(&self) -> u32 {
        self.as_str().bytes().skip(2).fold(0, |minor, digit| minor * 10 + u32::from(digit - b'0'))
    }
}

text_value! {
    /// A version of `PostgreSQL`: a major one, or major and minor.
    PostgresVersion, "a PostgreSQL version", r"^[1-9][0-9](\.[0-9]{1,2})?$", "17",
    |text| {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| all(part, |b| b.is_ascii_digit());
        let right = major.len() == 2 && !major.starts_with('0') && minor.len() <= 2;
        if right && digits(major) && digits(minor) {
            Ok(text.to_owned())
        } else {
            Err(not_a(text, "a PostgreSQL version", "17` or `17.6"))
        }
    }
}

text_value! {
    /// The key of a model; it becomes the name of a Kubernetes Deployment as it stands.
    ModelKey, "a model key", "^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$", "laguna-xs",
    |text| {
        // `inference-` stands before it in names that have at most 63 characters.
        if text.len() <= 52 && is_hyphenated_loosely(text) {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "`{text}` is not a model key: 1 to 52 characters, a to z, 0 to 9 and hyphens, no \
                 hyphen at either end"
            ))
        }
    }
}

text_value! {
    /// Any text in one line.
    Word, "a text", r"^[^\r\n]+$", "laguna",
    |text| {
        if text.is_empty() || text.chars().any(char::is_control) {
            Err(format!("`{}` is not a text in one line", text.escape_debug()))
        } else {
            Ok(text.to_owned())
        }
    }
}

text_value! {
    /// A short name of several words: `one-nat-gateway`.
    Slug, "a short name", "^[a-z0-9]+(-[a-z0-9]+)*$", "one-nat-gateway",
    |text| {
        if is_hyphenated(text) { Ok(text.to_owned()) } else { Err(not_a(text, "a short name", "one-nat-gateway")) }
    }
}

text_value! {
    /// A sentence of somebody, in one line.
    Sentence, "a sentence", r"^[^\r\n]*[^\s][^\r\n]*$", "a trial, which needs no standby",
    |text| {
        if text.trim().is_empty() {
            Err("is empty: one sentence is wanted".to_owned())
        } else if text.chars().any(char::is_control) || text.chars().count() > 300 {
            Err(format!("`{}` is not a sentence in one line of up to 300 letters", text.escape_debug()))
        } else {
            Ok(text.to_owned())
        }
    }
}

/// Words of lower-case letters and digits with one hyphen between them.
fn is_hyphenated(text: &str) -> bool {
    text.split('-').all(|word| all(word, is_lower_or_digit))
}

fn is_hyphenated_loosely(text: &str) -> bool {
    all(text, |b| is_lower_or_digit(b) || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;
    use super::*;

    #[test]
    fn a_deployment_name_fits_every_name_that_is_made_from_it() {
        for right in ["acme", "a12", "acme-prod-2", "a23456789012345678901234"] {
            assert_eq!(right.parse::<DeploymentName>().unwrap().as_str(), right);
        }
        let rule = "is not a deployment name: 3 to 24 characters, a to z, 0 to 9 and single \
                    hyphens, beginning with a letter and not ending with a hyphen";
        let too_long = "a".repeat(25);
        for wrong in ["", "a1", "1acme", "Acme", "acme--prod", "acme-", "acme_x", &too_long] {
            assert_eq!(refusal::<DeploymentName>(wrong), format!("`{wrong}` {rule}"));
        }
    }

    #[test]
    fn a_tag_has_a_key_of_its_own() {
        assert_eq!("team=a=b".parse::<Tag>().unwrap().parts(), ("team", "a=b"));
        assert_eq!(
            refusal::<Tag>("springboard:deployment=x"),
            "the tag `springboard:deployment` begins with a prefix that is reserved"
        );
        assert_eq!(
            refusal::<Tag>("owner"),
            "`owner` is not a tag such as `cost-centre=4711`: KEY=VALUE"
        );
        assert!(refusal::<Tag>("a;b=c").starts_with("`a;b=c` is not a tag such as"));
    }

    #[test]
    fn a_kubernetes_version_is_major_and_minor() {
        assert_eq!("1.35".parse::<KubernetesVersion>().unwrap().minor(), 35);
        for wrong in ["1.35.2", "v1.35", "1.9", "2.0", "1.3x", ""] {
            assert_eq!(
                refusal::<KubernetesVersion>(wrong),
                format!(
                    "`{wrong}` is not a Kubernetes version such as `1.35`: major and minor only"
                )
            );
        }
    }

    #[test]
    fn words_that_cognito_reserves_are_named() {
        assert_eq!(
            refusal::<DomainPrefix>("my-aws-login"),
            "`my-aws-login` contains `aws`, which Cognito reserves"
        );
        assert!("acme".parse::<DomainPrefix>().is_ok());
    }

    #[test]
    fn a_postgresql_version_may_leave_the_minor_open() {
        assert!(
            "17".parse::<PostgresVersion>().is_ok() && "16.10".parse::<PostgresVersion>().is_ok()
        );
        assert_eq!(
            refusal::<PostgresVersion>("9.6"),
            "`9.6` is not a PostgreSQL version such as `17` or `17.6`"
        );
    }

    #[test]
    fn a_profile_name_is_one_line_without_brackets() {
        assert!("acme installer".parse::<AwsProfile>().is_ok());
        assert_eq!(refusal::<AwsProfile>("a\nb"), "`a\\nb` is not the name of an AWS profile");
        assert_eq!(refusal::<AwsProfile>(" a"), "` a` is not the name of an AWS profile");
    }
}
