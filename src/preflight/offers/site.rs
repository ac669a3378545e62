//! Certificates, hosted zones, permissions boundaries and Kubernetes versions that can be chosen.

use super::{Offer, Offered};
use crate::cloud::{
    Certificate, CertificateStatus, ClusterVersion, HostedZone, ListedPolicy, Support,
};

/// Certificates; the issued one that covers the host name and ends last is taken.
pub(super) fn certificates(certificates: &[Certificate], host: Option<&str>) -> Offered {
    let status = |certificate: &Certificate| match certificate.status {
        CertificateStatus::Issued => "issued",
        CertificateStatus::PendingValidation => "pending",
        CertificateStatus::Expired => "expired",
        CertificateStatus::Revoked => "revoked",
        CertificateStatus::Unusable => "cannot be used",
    };
    let row = |certificate: &Certificate| {
        let covers = host.map(|host| certificate.covers(host));
        let ends = certificate
            .not_after
            .map_or("not issued yet".to_owned(), |at| at.strftime("%Y-%m-%d").to_string());
        let refused = match (certificate.status, covers) {
            (CertificateStatus::Issued, Some(false)) => {
                Some(format!("it does not cover {}", host.unwrap_or_default()))
            }
            (CertificateStatus::Issued, _) => None,
            _ => Some(format!("it is {}", status(certificate))),
        };
        Offer {
            value: certificate.arn.clone(),
            columns: vec![
                certificate.names.first().cloned().unwrap_or_default(),
                status(certificate).to_owned(),
                ends,
            ],
            refused,
        }
    };
    let usable = |certificate: &&Certificate| {
        certificate.status == CertificateStatus::Issued
            && host.is_some_and(|host| certificate.covers(host))
    };
    let best = certificates.iter().filter(usable).max_by_key(|certificate| certificate.not_after);
    let rows: Vec<Offer> = certificates.iter().map(row).collect();
    let able = rows.iter().filter(|row| row.refused.is_none()).count();
    let note = match (rows.len(), able) {
        (0, _) => "the account has no certificate in this region".to_owned(),
        (all, able) => format!("{able} of {all} can be used"),
    };
    Offered::rows(&["name", "state", "ends"], rows)
        .taking(best.map(|certificate| certificate.arn.as_str()))
        .noting(note)
}

/// Hosted zones; the public one that is nearest to the host name is taken.
pub(super) fn hosted_zones(zones: &[HostedZone], host: Option<&str>) -> Offered {
    let holds = |zone: &HostedZone| host.is_none_or(|host| zone.holds(host));
    let row = |zone: &HostedZone| Offer {
        value: zone.id.clone(),
        columns: vec![
            zone.name.clone(),
            zone.id.clone(),
            if zone.is_private { "private" } else { "public" }.to_owned(),
        ],
        refused: (!holds(zone)).then(|| format!("it does not hold {}", host.unwrap_or_default())),
    };
    let fits = |zone: &&HostedZone| host.is_some() && holds(zone) && !zone.is_private;
    let nearest = zones.iter().filter(fits).max_by_key(|zone| zone.name.len());
    Offered::rows(&["domain", "zone", ""], zones.iter().map(row).collect())
        .taking(nearest.map(|zone| zone.id.as_str()))
}

/// Policies of the account that can bound roles: that of the caller's own role first, then those
/// that bound most. None is taken unasked, because nobody but the organisation knows which is meant.
pub(super) fn boundaries(policies: &[ListedPolicy], own: Option<&str>) -> Offered {
    let is_own = |policy: &ListedPolicy| Some(policy.arn.as_str()) == own;
    let mut sorted: Vec<&ListedPolicy> = policies.iter().collect();
    sorted.sort_by_key(|policy| {
        (!is_own(policy), std::cmp::Reverse(policy.bounds), policy.name.clone())
    });
    let row = |policy: &&ListedPolicy| Offer {
        value: policy.arn.clone(),
        columns: vec![
            policy.name.clone(),
            match policy.bounds {
                _ if is_own(policy) => "bounds the role that you are".to_owned(),
                0 => "bounds nobody yet".to_owned(),
                1 => "bounds 1 role or user".to_owned(),
                more => format!("bounds {more} roles and users"),
            },
        ],
        refused: None,
    };
    let note = match (own, policies.len()) {
        (Some(own), _) => format!("the role that you are is bounded by {own}"),
        (None, 0) => "the account has no policies of its own".to_owned(),
        // A user may have one, and who may not read his role may be bounded all the same.
        (None, _) => String::new(),
    };
    Offered::rows(&["policy", "use"], sorted.iter().map(row).collect()).noting(note)
}

/// Versions of Kubernetes, the newest first.
pub(super) fn versions(versions: &[ClusterVersion]) -> Offered {
    let number = |version: &ClusterVersion| {
        version.version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>()
    };
    let mut sorted: Vec<&ClusterVersion> = versions.iter().collect();
    sorted.sort_by_key(|version| std::cmp::Reverse(number(version)));
    let row = |version: &&ClusterVersion| Offer {
        value: version.version.clone(),
        columns: vec![
            version.version.clone(),
            match (version.support, version.end_of_standard) {
                (Support::Standard, Some(end)) => format!("standard support to {end}"),
                (Support::Standard, None) => "standard support".to_owned(),
                (Support::Extended, _) => "extended support, at a higher price".to_owned(),
                (Support::Ended, _) => "no support".to_owned(),
            },
        ],
        refused: (version.support == Support::Ended).then(|| "not supported any more".to_owned()),
    };
    Offered::rows(&["version", "support"], sorted.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Value;

    fn certificate(name: &str, status: CertificateStatus, ends: Option<&str>) -> Certificate {
        Certificate {
            arn: format!("arn:{name}"),
            names: vec![name.into()],
            status,
            not_after: ends.map(|at| at.parse().unwrap()),
            is_renewed: true,
        }
    }

    #[test]
    fn the_issued_certificate_that_covers_the_name_and_ends_last_is_taken() {
        use CertificateStatus::{Issued, PendingValidation};
        let all = [
            certificate("ai.acme.example", PendingValidation, None),
            certificate("ai.acme.example", Issued, Some("2026-11-30T00:00:00Z")),
            certificate("*.acme.example", Issued, Some("2027-03-02T00:00:00Z")),
            certificate("*.dev.acme.example", Issued, Some("2028-01-01T00:00:00Z")),
        ];
        let offered = certificates(&all, Some("ai.acme.example"));
        assert_eq!(offered.value, Some(Value::Text("arn:*.acme.example".into())));
        assert_eq!(offered.note, "2 of 4 can be used");
        assert!(offered.rows[..2].iter().all(|row| row.refused.is_none()));
        let other = certificates(&all, Some("ai.acme.dev"));
        assert_eq!(other.value, None);
        let refused = other.rows.iter().find(|row| row.value == "arn:*.acme.example").unwrap();
        assert_eq!(refused.refused.as_deref(), Some("it does not cover ai.acme.dev"));
    }

    #[test]
    fn the_nearest_public_zone_is_taken() {
        let zone = |id: &str, name: &str, is_private| HostedZone {
            id: id.into(),
            name: name.into(),
            is_private,
        };
        let all = [
            zone("Z1", "acme.example", false),
            zone("Z2", "dev.acme.example", false),
            zone("Z3", "ai.dev.acme.example", true),
            zone("Z4", "other.example", false),
        ];
        let offered = hosted_zones(&all, Some("x.ai.dev.acme.example"));
        assert_eq!(offered.value, Some(Value::Text("Z2".into())));
        assert_eq!(offered.rows.last().unwrap().value, "Z4");
    }

    #[test]
    fn the_boundary_of_the_caller_comes_first_and_none_is_taken_unasked() {
        let policy = |name: &str, bounds| ListedPolicy {
            arn: format!("arn:aws:iam::1:policy/{name}"),
            name: name.into(),
            bounds,
        };
        let all = [policy("Readers", 0), policy("Teams", 12), policy("Installers", 1)];
        let offered = boundaries(&all, Some(&all[2].arn));
        let names: Vec<_> = offered.rows.iter().map(|row| row.columns[0].as_str()).collect();
        assert_eq!(names, ["Installers", "Teams", "Readers"]);
        assert_eq!(offered.rows[0].columns[1], "bounds the role that you are");
        assert_eq!(offered.value, None);
        assert!(boundaries(&[], None).note.contains("no policies"));
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |version: &str, support| ClusterVersion {
            version: version.into(),
            is_default: false,
            support,
            end_of_standard: None,
            end_of_extended: None,
        };
        let all = [
            version("1.9", Support::Ended),
            version("1.35", Support::Standard),
            version("1.36", Support::Standard),
        ];
        let rows: Vec<_> = versions(&all).rows.iter().map(|row| row.value.clone()).collect();
        assert_eq!(rows, ["1.36", "1.35", "1.9"]);
    }
}
