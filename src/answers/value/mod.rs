//! The values that answers are made of: each exists only through its [`FromStr`].
//!
//! The form, the answer file, `--set`, the environment and the JSON schema use the same types,
//! so a value that was accepted once is right everywhere. Owns the sentences that say why a
//! value is refused. Knows no question and asks no account. Start at [`TextValue`].

mod aws;
mod name;
mod network;
mod path;

use std::fmt::Display;
use std::str::FromStr;

pub use aws::{
    AmiId, BucketName, CertificateArn, DbInstanceClass, HostedZoneId, InstanceType, KmsKeyArn,
    PolicyArn, PrincipalArn, Region, ReservationId, RoleArn, S3Uri, ZoneName, same_partition,
};
pub use name::{
    AwsProfile, DeploymentName, DomainPrefix, KubernetesVersion, ModelKey, PostgresVersion,
    Sentence, Slug, Tag, Word,
};
pub use network::{Cidr, Hostname, IssuerUrl};
pub use path::{ExistingFolder, FolderPath, PemBundle};

/// Why a text is not a value: one sentence that names the text and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

impl ValueError {
    /// An error with a sentence of its own.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// A value that is written as text, with what the template, the schema and `explain` say of it.
pub trait TextValue: FromStr<Err = ValueError> + Display {
    /// What it is, with its article: `a CIDR range`.
    const WHAT: &'static str;
    /// The form as a regular expression, for the JSON schema. It may allow more than the
    /// parser does, never less.
    const PATTERN: &'static str;
    /// One that is right.
    const EXAMPLE: &'static str;
    /// Whether it is a path, which is taken from where it was written.
    const IS_PATH: bool = false;
}

/// Defines newtypes around `String` with everything a [`TextValue`] needs. The check gets the
/// text and gives the canonical form, or the sentence that refuses it.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $example:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::answers::value::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> Result<String, String> = $check;
                check(text).map(Self).map_err($crate::answers::value::ValueError::new)
            }
        }

        impl $crate::answers::value::TextValue for $name {
            const WHAT: &'static str = $what;
            const PATTERN: &'static str = $pattern;
            const EXAMPLE: &'static str = $example;
        }
    };
}
use text_value;

/// The sentence for a text of the wrong form.
fn not_a(text: &str, what: &str, example: &str) -> String {
    format!("`{text}` is not {what} such as `{example}`")
}

fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence that refuses `text`.
    pub(super) fn refusal<T: TextValue>(text: &str) -> String {
        text.parse::<T>().err().map_or_else(|| format!("accepted `{text}`"), |e| e.to_string())
    }

    fn example_is_right<T: TextValue>() {
        assert_eq!(T::EXAMPLE.parse::<T>().map(|v| v.to_string()), Ok(T::EXAMPLE.to_owned()));
        let schema = serde_json::json!({ "type": "string", "pattern": T::PATTERN });
        assert!(jsonschema::is_valid(&schema, &T::EXAMPLE.into()), "{} {}", T::EXAMPLE, T::PATTERN);
    }

    #[test]
    fn every_example_is_accepted_and_fits_its_pattern() {
        example_is_right::<AmiId>();
        example_is_right::<AwsProfile>();
        example_is_right::<BucketName>();
        example_is_right::<CertificateArn>();
        example_is_right::<Cidr>();
        example_is_right::<DbInstanceClass>();
        example_is_right::<DeploymentName>();
        example_is_right::<DomainPrefix>();
        example_is_right::<HostedZoneId>();
        example_is_right::<Hostname>();
        example_is_right::<InstanceType>();
        example_is_right::<IssuerUrl>();
        example_is_right::<KubernetesVersion>();
        example_is_right::<KmsKeyArn>();
        example_is_right::<ModelKey>();
        example_is_right::<PolicyArn>();
        example_is_right::<PostgresVersion>();
        example_is_right::<PrincipalArn>();
        example_is_right::<Region>();
        example_is_right::<ReservationId>();
        example_is_right::<RoleArn>();
        example_is_right::<S3Uri>();
        example_is_right::<Sentence>();
        example_is_right::<Slug>();
        example_is_right::<Tag>();
        example_is_right::<Word>();
        example_is_right::<ZoneName>();
    }
}
