//! Host names: certificates and zones.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A certificate of ACM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// All names that it covers, the main one first; one may begin with `*.`.
    pub names: Vec<String>,
    /// How it stands.
    pub status: CertificateStatus,
    /// When it ends; `None` before it is issued.
    pub not_after: Option<Timestamp>,
    /// Whether ACM renews it: not where it was brought in from elsewhere.
    pub is_renewed: bool,
}

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateStatus {
    /// It can be used.
    Issued,
    /// Whose the names are has still to be shown.
    PendingValidation,
    /// It has ended.
    Expired,
    /// It was called back.
    Revoked,
    /// Anything else: failed, inactive, timed out.
    #[serde(other)]
    Unusable,
}

impl Certificate {
    /// Whether it covers a host name: literally, or by a star that stands for one label.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            match name.strip_prefix("*.") {
                Some(domain) => parent == Some(domain),
                None => name == host,
            }
        })
    }
}

/// A hosted zone of Route 53.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedZone {
    /// `Z…`
    pub id: String,
    /// Its domain, without a dot at the end.
    pub name: String,
    /// Whether only VPCs see it.
    pub is_private: bool,
}

impl HostedZone {
    /// Whether a host name belongs in it.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        let (host, name) = (host.to_ascii_lowercase(), self.name.to_ascii_lowercase());
        host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        let certificate = Certificate {
            arn: "arn".into(),
            names: vec!["acme.example".into(), "*.Acme.example".into()],
            status: CertificateStatus::Issued,
            not_after: None,
            is_renewed: true,
        };
        for (host, covered) in [
            ("acme.example", true),
            ("models.ACME.example", true),
            ("a.models.acme.example", false),
            ("xacme.example", false),
            ("example", false),
        ] {
            assert_eq!(certificate.covers(host), covered, "{host}");
        }
    }

    #[test]
    fn a_zone_holds_the_names_below_it() {
        let zone = HostedZone { id: "Z1".into(), name: "acme.example".into(), is_private: false };
        for (host, held) in
            [("acme.example", true), ("a.b.acme.example", true), ("bacme.example", false)]
        {
            assert_eq!(zone.holds(host), held, "{host}");
        }
    }
}
