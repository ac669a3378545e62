//! Ways: whether hosts answer, who opens TLS on the way, proxies and further CA certificates.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::context::Shown;
use super::super::finding::{Finding, not_needed, waits};
use super::super::reach::{Exceptions, Proxies};
use super::super::{Check, Context, Subject};

/// Every host that is called.
pub(super) const ENDPOINTS: Check = Check {
    id: "endpoints",
    sentence: "every host that this install calls answers",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let probed = probe(context).await?;
            Ok(judge_endpoints(probed))
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
            Ok(judge_issuers(probed, context.demand.custom_ca.as_deref()))
        })
    },
};

/// The proxy.
pub(super) const PROXY: Check = Check {
    id: "proxy",
    sentence: "a proxy is set in a form that can be used",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let inside = !context.demand.endpoint.public;
            let services = context.demand.hosts.iter().filter_map(|reached| reached.service);
            let endpoints = services.filter_map(|service| context.account.endpoint(service));
            let exceptions = Exceptions::of(&context.host, inside).and(endpoints);
            Ok(judge_proxy(&Proxies::of(&context.host), &exceptions))
        })
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

async fn probe(context: &Context) -> Result<&[Shown], super::super::Unable> {
    if context.demand.hosts.is_empty() {
        context.demand.region.known().map_err(waits)?;
        return not_needed("this plan calls no host");
    }
    Ok(context.shown().await)
}

fn judge_endpoints(probed: &[Shown]) -> Finding {
    let lost = probed.iter().filter_map(|shown| Some((shown, shown.outcome.as_ref().err()?)));
    let lost: Vec<_> = lost.collect();
    let Some((first, error)) = lost.first() else {
        return Finding::pass(format!("all of {} hosts answer", probed.len()));
    };
    let mut names: Vec<String> = lost.iter().map(|(shown, _)| shown.target.to_string()).collect();
    names.dedup();
    let found = if lost.len() == probed.len() && names.len() > 1 {
        format!("none of {} hosts answers; {}: {error}", probed.len(), first.target)
    } else {
        format!("no answer from {}: {error}", names.join(", "))
    };
    let mut purposes: Vec<&str> = lost.iter().map(|(shown, _)| shown.purpose).collect();
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

fn judge_issuers(probed: &[Shown], custom_ca: Option<&str>) -> Finding {
    let mut strange: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut distrust = None;
    let mut seen = 0;
    for Shown { target, outcome, .. } in probed {
        let Ok(Some(signed)) = outcome else { continue };
        seen += 1;
        let is_public = PUBLIC.iter().any(|known| signed.issuer.starts_with(known));
        if !is_public || signed.distrust.is_some() {
            strange.entry(&signed.issuer).or_default().push(&target.host);
            distrust = distrust.or(signed.distrust.as_ref().map(|why| (&target.host, why)));
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

fn judge_proxy(proxies: &Proxies, exceptions: &Exceptions) -> Finding {
    if let Some((name, text)) = proxies.unusable() {
        return Finding::fail(format!("{name} is `{text}`, which is no address of a proxy"))
            .because("terraform and helm take it as it is, and reach nothing")
            .mend(format!("export {name}=http://HOST:PORT"));
    }
    let Some(proxy) = proxies.proxy() else { return Finding::pass("no proxy is set") };
    let name = proxy.host_str().unwrap_or_default();
    Finding::pass(match exceptions.added().as_str() {
        "" => format!("HTTPS_PROXY is {name}; NO_PROXY has what it needs"),
        added => format!("HTTPS_PROXY is {name}; the tools are told NO_PROXY with {added} added"),
    })
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

    use super::super::super::reach::{ReachError, Signed, Target};
    use super::*;
    use crate::host::Host;
    use crate::run::event::Outcome;

    fn shown(host: &str, outcome: Result<Option<Signed>, ReachError>) -> Shown {
        Shown { target: Target::https(host), purpose: "images", outcome }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a probe may have failed")]
    fn signed(issuer: &str, distrust: Option<&str>) -> Result<Option<Signed>, ReachError> {
        Ok(Some(Signed { issuer: issuer.into(), distrust: distrust.map(str::to_owned) }))
    }

    #[test]
    fn hosts_that_do_not_answer_are_named_with_their_purpose() {
        let lost = |host| shown(host, Err(ReachError("connection refused".into())));
        let all = judge_endpoints(&[lost("a.example"), lost("b.example")]);
        assert!(all.found.starts_with("none of 2 hosts answers"), "{}", all.found);
        let good = || shown("a.example", signed("Amazon", None));
        let some = judge_endpoints(&[good(), lost("b.example")]);
        assert_eq!(some.found, "no answer from b.example: connection refused");
        assert_eq!(some.why.unwrap(), "needed for images");
        assert_eq!(judge_endpoints(&[good()]).outcome, Outcome::Pass);
        let mut elsewhere = lost("10.0.0.5");
        elsewhere.target = Target { host: "10.0.0.5".into(), port: 4566, is_tls: false };
        let both = judge_endpoints(&[elsewhere.clone(), elsewhere]);
        assert_eq!(both.found, "no answer from 10.0.0.5:4566: connection refused");
    }

    #[test]
    fn who_opens_tls_is_named() {
        let public = judge_issuers(&[shown("a.example", signed("Amazon", None))], None);
        assert_eq!(public.outcome, Outcome::Pass);
        let strange = [
            shown("a.example", signed("Acme Root CA", None)),
            shown("b.example", signed("Amazon", None)),
        ];
        let trusted = judge_issuers(&strange, None);
        assert_eq!(trusted.outcome, Outcome::Warn);
        assert_eq!(trusted.found, "Acme Root CA signs a.example");
        let unknown = [shown("a.example", signed("Acme Root CA", Some("UnknownIssuer")))];
        assert_eq!(judge_issuers(&unknown, None).outcome, Outcome::Fail);
        assert_eq!(judge_issuers(&unknown, Some("/ca.pem")).outcome, Outcome::Warn);
        let plain = judge_issuers(&[shown("a.example", Ok(None))], None);
        assert_eq!(plain.outcome, Outcome::Unknown);
    }

    #[test]
    fn what_is_added_to_the_exceptions_is_told_and_a_proxy_that_is_none_fails() {
        let judged = |proxy: &str, exceptions: &str| {
            let vars = BTreeMap::from([
                ("HTTPS_PROXY".to_owned(), proxy.to_owned()),
                ("NO_PROXY".to_owned(), exceptions.to_owned()),
            ]);
            let host = Host::fixed(vars, PathBuf::new(), PathBuf::new());
            judge_proxy(&Proxies::of(&host), &Exceptions::of(&host, true))
        };
        let added = judged("http://proxy.acme.example:8080", "localhost,127.0.0.1,::1").found;
        let expected = "HTTPS_PROXY is proxy.acme.example; the tools are told NO_PROXY with \
                        169.254.169.254,169.254.170.2,169.254.170.23,.eks.amazonaws.com added";
        assert_eq!(added, expected);
        assert_eq!(judged("http://proxy.acme.example:8080", "*").outcome, Outcome::Pass);
        assert_eq!(judged("http://[", "").outcome, Outcome::Fail);
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
