//! The public host name: its certificate and its zone.

use jiff::{SignedDuration, Timestamp};

use super::super::finding::{Finding, Unable, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject};
use crate::cloud::{Certificate, CertificateStatus, Cloud, HostedZone};

/// The certificate can be used.
pub(super) const CERTIFICATE: Check = Check {
    id: "certificate",
    sentence: "the certificate is in this region and issued",
    subject: Subject::Hostname,
    ask: |context| {
        Box::pin(async {
            let arn = wanted(context)?;
            let region = context.demand.region.known().map_err(waits)?;
            let all = context.account.certificates().await?;
            let found = all.iter().find(|certificate| certificate.arn == arn);
            Ok(judge_status(arn, region, context.demand.site.certificate.key, found))
        })
    },
};

/// The certificate covers the host name.
pub(super) const NAMES: Check = Check {
    id: "certificate-names",
    sentence: "the certificate covers the host name",
    subject: Subject::Hostname,
    ask: |context| {
        Box::pin(async {
            let host = context.demand.site.hostname.known().map_err(waits)?;
            let found = there(context).await?;
            Ok(judge_names(found, host, context.demand.site.certificate.key))
        })
    },
};

/// The certificate lasts.
pub(super) const END: Check = Check {
    id: "certificate-end",
    sentence: "the certificate is renewed by itself, or does not end soon",
    subject: Subject::Hostname,
    ask: |context| Box::pin(async { Ok(judge_end(there(context).await?, context.host.now())) }),
};

/// The hosted zone.
pub(super) const ZONE: Check = Check {
    id: "hosted-zone",
    sentence: "the hosted zone is there and holds the host name",
    subject: Subject::Hostname,
    ask: |context| Box::pin(zone(context)),
};

fn wanted(context: &Context) -> Result<&str, Unable> {
    let site = &context.demand.site;
    if !site.needs_certificate {
        return not_needed("TLS ends inside the cluster, so no certificate of ACM is needed");
    }
    site.certificate.known().map(String::as_str).map_err(waits)
}

async fn there(context: &Context) -> Result<&Certificate, Unable> {
    let arn = wanted(context)?;
    let all = context.account.certificates().await?;
    match all.iter().find(|certificate| certificate.arn == arn) {
        Some(found) => Ok(found),
        None => not_needed("there is no such certificate"),
    }
}

fn judge_status(arn: &str, region: &str, key: &str, found: Option<&Certificate>) -> Finding {
    let why = "the load balancer takes only an issued certificate of its own region";
    if arn.split(':').nth(3) != Some(region) {
        return Finding::fail(format!("{arn} is not in {region}"))
            .because(why)
            .mend(format!("answer `{key}` with a certificate of {region}"));
    }
    let Some(found) = found else {
        return Finding::fail(format!("there is no certificate {arn}"))
            .because(why)
            .mend(format!("answer `{key}` with one of `aws acm list-certificates`"));
    };
    match found.status {
        CertificateStatus::Issued => Finding::pass("it is issued"),
        CertificateStatus::PendingValidation => Finding::fail(
            "the certificate waits for its validation",
        )
        .because(why)
        .mend(format!(
            "make the DNS records that `aws acm describe-certificate --certificate-arn {arn}` names"
        )),
        CertificateStatus::Expired => Finding::fail("the certificate has ended")
            .because(why)
            .mend(format!("answer `{key}` with a new one")),
        CertificateStatus::Revoked | CertificateStatus::Unusable => {
            Finding::fail("the certificate cannot be used")
                .because(why)
                .mend(format!("answer `{key}` with another one"))
        }
    }
}

fn judge_names(found: &Certificate, host: &str, key: &str) -> Finding {
    let names = found.names.join(", ");
    if found.covers(host) {
        return Finding::pass(format!("{names} covers {host}"));
    }
    Finding::fail(format!("the certificate is for {names}, not for {host}"))
        .because("browsers and clients refuse a site whose certificate is for another name")
        .mend(format!("answer `{key}` with a certificate that covers {host}"))
}

/// ACM renews what it has issued 60 days before the end; what was brought in has to be replaced.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

fn judge_end(found: &Certificate, now: Timestamp) -> Finding {
    let Some(end) = found.not_after else {
        return Finding::unknown("when the certificate ends is not told");
    };
    let left = end.duration_since(now);
    let day = end.strftime("%e %b %Y").to_string().trim_start().to_owned();
    if left.is_negative() {
        Finding::fail(format!("the certificate ended on {day}")).mend("answer with a new one")
    } else if left < SOON && !found.is_renewed {
        Finding::warn(format!("the certificate ends on {day} and is not renewed by itself"))
            .because("the site cannot be opened from that day on")
            .mend("import a new certificate under the same ARN before that")
    } else {
        Finding::pass(format!("it lasts until {day}"))
    }
}

async fn zone(context: &Context) -> Verdict {
    let site = &context.demand.site;
    let Some(id) = &site.hosted_zone else { return not_needed("no hosted zone is answered") };
    let host = site.hostname.known().map_err(waits)?;
    let zones = context.account.ask("the hosted zones", Cloud::hosted_zones).await?;
    Ok(judge_zone(id, site.hosted_zone_key, host, &zones))
}

fn judge_zone(id: &str, key: &str, host: &str, zones: &[HostedZone]) -> Finding {
    let why = "the record for the host name is to be made there";
    let Some(found) = zones.iter().find(|zone| zone.id == id) else {
        let fitting: Vec<&str> =
            zones.iter().filter(|zone| zone.holds(host)).map(|zone| zone.id.as_str()).collect();
        let mend = match fitting[..] {
            [] => format!("leave `{key}` out where your DNS is kept elsewhere"),
            _ => format!("answer `{key}` with {}", fitting.join(" or ")),
        };
        return Finding::fail(format!("there is no hosted zone {id} in this account"))
            .because(why)
            .mend(mend);
    };
    if !found.holds(host) {
        return Finding::fail(format!("{id} is for {}, which does not hold {host}", found.name))
            .because(why)
            .mend(format!("answer `{key}` with the zone of the host name, or leave it out"));
    }
    if found.is_private {
        return Finding::warn(format!("{id} ({}) is private", found.name))
            .because("only VPCs that it is connected to find the host name")
            .mend("name the public zone where users come over the internet");
    }
    Finding::pass(format!("{id} ({}) holds {host}", found.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Outcome;

    const ARN: &str = "arn:aws:acm:us-west-2:123456789012:certificate/1";

    fn certificate() -> Certificate {
        Certificate {
            arn: ARN.into(),
            names: vec!["*.acme.example".into()],
            status: CertificateStatus::Issued,
            not_after: Some(Timestamp::from_second(40 * 86_400).unwrap()),
            is_renewed: false,
        }
    }

    #[test]
    fn only_an_issued_certificate_of_the_region_will_do() {
        let judged = |region, found: Option<&Certificate>| judge_status(ARN, region, "k", found);
        assert_eq!(judged("us-west-2", Some(&certificate())).outcome, Outcome::Pass);
        assert_eq!(judged("us-east-1", Some(&certificate())).outcome, Outcome::Fail);
        assert_eq!(judged("us-west-2", None).outcome, Outcome::Fail);
        let waiting = Certificate { status: CertificateStatus::PendingValidation, ..certificate() };
        let finding = judged("us-west-2", Some(&waiting));
        assert!(finding.remedy.unwrap().contains("describe-certificate"));
    }

    #[test]
    fn a_certificate_has_to_cover_the_host_and_to_last() {
        assert_eq!(judge_names(&certificate(), "x.acme.example", "k").outcome, Outcome::Pass);
        assert_eq!(judge_names(&certificate(), "acme.example", "k").outcome, Outcome::Fail);
        let outcome = |day: i64, is_renewed| {
            let now = Timestamp::from_second(day * 86_400).unwrap();
            judge_end(&Certificate { is_renewed, ..certificate() }, now).outcome
        };
        assert_eq!(outcome(5, false), Outcome::Pass);
        assert_eq!(outcome(15, false), Outcome::Warn);
        assert_eq!(outcome(15, true), Outcome::Pass);
        assert_eq!(outcome(41, true), Outcome::Fail);
    }

    #[test]
    fn a_zone_has_to_hold_the_host() {
        let zone =
            |name: &str, is_private| HostedZone { id: "Z1".into(), name: name.into(), is_private };
        let outcome = |id, zone| judge_zone(id, "k", "x.acme.example", &[zone]).outcome;
        assert_eq!(outcome("Z1", zone("acme.example", false)), Outcome::Pass);
        assert_eq!(outcome("Z1", zone("acme.example", true)), Outcome::Warn);
        assert_eq!(outcome("Z1", zone("other.example", false)), Outcome::Fail);
        let absent = judge_zone("Z2", "k", "x.acme.example", &[zone("acme.example", false)]);
        assert_eq!(absent.remedy.unwrap(), "answer `k` with Z1");
    }
}
