//! Ways: whether hosts answer, who opens TLS on the way, proxies and further CA certificates.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::finding::{Finding, not_needed, waits};
use super::super::reach::{Proxies, ReachError, Signed};
use super::super::{Check, Context, Subject};
use crate::plan::demand::{Demand, Reached};

/// Every host that is called.
pub(super) const ENDPOINTS: Check = Check {
    id: "endpoints",
    sentence: "every host that this install calls answers",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let probed = probe(context).await?;
            Ok(judge_endpoints(&probed))
        })
    },
};

/// Interception.
pub(super) const INTERCEPTION: Check = Check {
    id: "tls-interception",
    sentence: "nobody on the way opens TLS, or this host trusts who does",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let probed = probe(context).await?;
            Ok(judge_issuers(&probed, context.demand.custom_ca.as_deref()))
        })
    },
};

/// The proxy.
pub(super) const PROXY: Check = Check {
    id: "proxy",
    sentence: "what must not go through the proxy is excepted from it",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async { Ok(judge_proxy(&Proxies::of(&context.host), &context.demand)) })
    },
};

/// Further CA certificates.
pub(super) const CUSTOM_CA: Check = Check {
    id: "custom-ca",
    sentence: "the file of CA certificates can be read and holds certificates that have not ended",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let Some(path) = &context.demand.custom_ca else {
                return not_needed("no further CA certificates are answered");
            };
            Ok(match std::fs::read(path) {
                Ok(text) => judge_authorities(path, &text, context.host.now()),
                Err(error) => Finding::fail(format!("`{path}`: {error}"))
                    .because("the tools and the workloads are to trust what is in it"),
            })
        })
    },
};

/// A host and what was seen of it.
type Probed<'a> = (&'a Reached, &'a Result<Signed, ReachError>);

async fn probe(context: &Context) -> Result<Vec<Probed<'_>>, super::super::Unable> {
    let hosts = &context.demand.hosts;
    if hosts.is_empty() {
        context.demand.region.known().map_err(waits)?;
        return not_needed("this plan calls no host");
    }
    Ok(hosts.iter().zip(context.shown().await).collect())
}

fn judge_endpoints(probed: &[Probed<'_>]) -> Finding {
    let lost = probed.iter().filter_map(|(reached, seen)| Some((reached, seen.as_ref().err()?)));
    let lost: Vec<_> = lost.collect();
    let Some((first, error)) = lost.first() else {
        return Finding::pass(format!("all of {} hosts answer", probed.len()));
    };
    let names: Vec<&str> = lost.iter().map(|(reached, _)| reached.host.as_str()).collect();
    let found = if lost.len() == probed.len() && probed.len() > 1 {
        format!("none of {} hosts answers; {}: {error}", probed.len(), first.host)
    } else {
        format!("no answer from {}: {error}", names.join(", "))
    };
    let mut purposes: Vec<&str> = lost.iter().map(|(reached, _)| reached.purpose).collect();
    purposes.dedup();
    Finding::fail(found)
        .because(format!("needed for {}", purposes.join(", ")))
        .mend("open the way, or set `HTTPS_PROXY` to the proxy that has to be taken")
}

/// Organisations that sign what the public internet shows; any other has opened TLS on the way.
const PUBLIC: &[&str] = &[
    "Amazon",
    "Cloudflare",
    "DigiCert",
    "Entrust",
    "Fastly",
    "GlobalSign",
    "GoDaddy",
    "Google Trust Services",
    "ISRG",
    "Internet Security Research Group",
    "Let's Encrypt",
    "Microsoft",
    "SSL Corporation",
    "Sectigo",
    "Starfield",
    "ZeroSSL",
];

fn judge_issuers(probed: &[Probed<'_>], custom_ca: Option<&str>) -> Finding {
    let mut strange: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut distrust = None;
    let mut seen = 0;
    for (reached, signed) in probed {
        let Ok(signed) = signed else { continue };
        seen += 1;
        let is_public = PUBLIC.iter().any(|known| signed.issuer.starts_with(known));
        if !is_public || signed.distrust.is_some() {
            strange.entry(&signed.issuer).or_default().push(&reached.host);
            distrust = distrust.or(signed.distrust.as_ref().map(|why| (&reached.host, why)));
        }
    }
    if seen == 0 {
        return Finding::unknown("no host has shown a certificate");
    }
    if strange.is_empty() {
        return Finding::pass(format!("{seen} certificates are signed by public authorities"));
    }
    let said = strange.iter().map(|(issuer, hosts)| match hosts[..] {
        [one] => format!("{issuer} signs {one}"),
        [first, ..] => format!("{issuer} signs {first} and {} more", hosts.len() - 1),
        [] => String::new(),
    });
    let found = said.collect::<Vec<_>>().join("; ");
    let why = "a proxy that opens TLS has to be trusted by terraform, helm and the pods as well";
    let mend = "answer `custom_ca_bundle` with the certificates of that authority";
    match (distrust, custom_ca) {
        (Some((host, reason)), None) => {
            Finding::fail(format!("{found}; this host does not trust {host}: {reason}"))
                .because(why)
                .mend(mend)
        }
        (_, Some(path)) => Finding::warn(found)
            .because(why)
            .mend(format!("see that `{path}` holds its certificate")),
        (None, None) => Finding::warn(found).because(why).mend(mend),
    }
}

fn judge_proxy(proxies: &Proxies, demand: &Demand) -> Finding {
    let Some(proxy) = proxies.proxy() else { return Finding::pass("no proxy is set") };
    let name = proxy.host_str().unwrap_or_default();
    let mut lacking = Vec::new();
    if !proxies.excepts("169.254.169.254") {
        lacking.push("169.254.169.254".to_owned());
    }
    if !proxies.excepts("localhost") {
        lacking.push("localhost".to_owned());
    }
    // Without a public endpoint the cluster is reached inside the VPC, which the proxy is not in.
    if !demand.endpoint.public && !proxies.excepts("x.eks.amazonaws.com") {
        lacking.push(".eks.amazonaws.com".to_owned());
    }
    if lacking.is_empty() {
        return Finding::pass(format!("HTTPS_PROXY is {name}; NO_PROXY has what it needs"));
    }
    Finding::warn(format!("HTTPS_PROXY is {name}; NO_PROXY lacks {}", lacking.join(", ")))
        .because("credentials of the instance and servers of this host are asked through the proxy")
        .mend(format!("export NO_PROXY=\"$NO_PROXY,{}\"", lacking.join(",")))
}

fn judge_authorities(path: &str, text: &[u8], now: Timestamp) -> Finding {
    let mut names = Vec::new();
    let mut ended = Vec::new();
    for pem in x509_parser::pem::Pem::iter_from_buffer(text).flatten() {
        let Ok(certificate) = pem.parse_x509() else { continue };
        let name = certificate.subject().to_string();
        if certificate.validity().not_after.timestamp() < now.as_second() {
            ended.push(name.clone());
        }
        names.push((name, certificate.is_ca()));
    }
    let why = "the tools and the workloads are to trust what is in it";
    if !names.iter().any(|(_, is_ca)| *is_ca) {
        return Finding::fail(format!("`{path}` holds no CA certificate"))
            .because(why)
            .mend("put the certificates of the authority into it, PEM");
    }
    if !ended.is_empty() {
        return Finding::warn(format!("in `{path}` have ended: {}", ended.join("; ")))
            .because(why)
            .mend("put the new certificates into it");
    }
    Finding::pass(format!("`{path}` holds {} certificates", names.len()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::host::Host;
    use crate::run::event::Outcome;

    fn reached(host: &str) -> Reached {
        Reached { host: host.into(), purpose: "images" }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a probe may have failed")]
    fn signed(issuer: &str, distrust: Option<&str>) -> Result<Signed, ReachError> {
        Ok(Signed { issuer: issuer.into(), distrust: distrust.map(str::to_owned) })
    }

    #[test]
    fn hosts_that_do_not_answer_are_named_with_their_purpose() {
        let (one, other) = (reached("a.example"), reached("b.example"));
        let lost = || Err(ReachError("connection refused".into()));
        let all = judge_endpoints(&[(&one, &lost()), (&other, &lost())]);
        assert!(all.found.starts_with("none of 2 hosts answers"), "{}", all.found);
        let some = judge_endpoints(&[(&one, &signed("Amazon", None)), (&other, &lost())]);
        assert_eq!(some.found, "no answer from b.example: connection refused");
        assert_eq!(some.why.unwrap(), "needed for images");
        assert_eq!(judge_endpoints(&[(&one, &signed("Amazon", None))]).outcome, Outcome::Pass);
    }

    #[test]
    fn who_opens_tls_is_named() {
        let (one, other) = (reached("a.example"), reached("b.example"));
        let public = judge_issuers(&[(&one, &signed("Amazon", None))], None);
        assert_eq!(public.outcome, Outcome::Pass);
        let (acme, amazon) = (signed("Acme Root CA", None), signed("Amazon", None));
        let strange = [(&one, &acme), (&other, &amazon)];
        let trusted = judge_issuers(&strange, None);
        assert_eq!(trusted.outcome, Outcome::Warn);
        assert_eq!(trusted.found, "Acme Root CA signs a.example");
        let distrusted = signed("Acme Root CA", Some("UnknownIssuer"));
        let unknown = [(&one, &distrusted)];
        assert_eq!(judge_issuers(&unknown, None).outcome, Outcome::Fail);
        assert_eq!(judge_issuers(&unknown, Some("/ca.pem")).outcome, Outcome::Warn);
    }

    #[test]
    fn a_proxy_without_its_exceptions_is_warned_of() {
        let judged = |exceptions: &str| {
            let vars = BTreeMap::from([
                ("HTTPS_PROXY".to_owned(), "http://proxy.acme.example:8080".to_owned()),
                ("NO_PROXY".to_owned(), exceptions.to_owned()),
            ]);
            let host = Host::fixed(vars, PathBuf::new(), PathBuf::new());
            let mut demand = Demand::default();
            demand.endpoint.public = true;
            judge_proxy(&Proxies::of(&host), &demand)
        };
        assert!(judged("localhost").found.ends_with("NO_PROXY lacks 169.254.169.254"));
        assert_eq!(judged("localhost,169.254.169.254").outcome, Outcome::Pass);
    }

    #[test]
    fn a_file_without_a_ca_certificate_fails_and_one_with_an_ended_is_warned_of() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let outcome = |text: &str| judge_authorities("/ca.pem", text.as_bytes(), now).outcome;
        assert_eq!(outcome("nothing"), Outcome::Fail);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = |is_ca: bool, until: i32| {
            let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
            if is_ca {
                parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }
            parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
            parameters.self_signed(&key).unwrap().pem()
        };
        assert_eq!(outcome(&made(false, 4000)), Outcome::Fail);
        assert_eq!(outcome(&made(true, 4000)), Outcome::Pass);
        assert_eq!(outcome(&made(true, 2020)), Outcome::Warn);
    }
}
