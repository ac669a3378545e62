//! What follows from answers, to stand beside the questions: the subnets of a range, what a folder
//! holds, what has to be set elsewhere.
//!
//! Only what the answers and the folders that they name decide; what the account says stands beside
//! its questions by itself.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use ipnet::Ipv4Net;
use jiff::civil::Date;

use super::checks::gigabytes;
use super::cost;
use super::questions::account::STATE_BUCKET;
use super::questions::advanced::cluster::KUBERNETES_VERSION;
use super::questions::authentication::ENABLE_COGNITO;
use super::questions::bundle::{CHARTS_DIR, CHECKPOINTS_DIR, uploads_checkpoints};
use super::questions::hostname::PUBLIC_HOSTNAME;
use super::questions::network::{AVAILABILITY_ZONE_COUNT, AVAILABILITY_ZONES, VPC_CIDR};
use super::questions::profile::{DEPLOYMENT_NAME, PROFILE};
use super::support::support_of;
use super::time::stage_times;
use super::values::models::{default_gpus, model_of};
use crate::answers::Answers;
use crate::answers::value::Cidr;
use crate::blueprint::{Consequences, Facts};
use crate::bundle::{BundleError, charts, checkpoints};

/// More files than this are counted and not named.
const NAMED: usize = 6;

/// What follows from the answers, by the key of the question that it stands beside.
pub(super) fn consequences(answers: &Answers, today: Date) -> Consequences {
    let mut all = BTreeMap::new();
    let mut add = |key: &'static str, facts: Facts| {
        if !facts.is_empty() {
            all.insert(key, facts);
        }
    };
    add(PROFILE.key, size(answers, today));
    add(STATE_BUCKET.key, state_bucket(answers));
    add(VPC_CIDR.key, subnets(answers));
    add(ENABLE_COGNITO.key, provider(answers));
    add(KUBERNETES_VERSION.key, support(answers, today));
    add(CHARTS_DIR.key, charts_of(answers));
    add(CHECKPOINTS_DIR.key, checkpoints_of(answers));
    all
}

fn fact(what: &str, how: impl Into<String>) -> (String, String) {
    (what.to_owned(), how.into())
}

fn size(answers: &Answers, today: Date) -> Facts {
    let cost = cost::estimate(answers, today);
    let unknown = match cost.unknown().count() {
        0 => String::new(),
        1 => ", and 1 part of unknown price".to_owned(),
        number => format!(", and {number} parts of unknown price"),
    };
    let known: u64 = stage_times(answers).iter().filter_map(|time| time.seconds).sum();
    vec![
        fact("it costs", format!("about {} $/h{unknown}", cost.per_hour())),
        fact("it takes", format!("{} min for the cluster, more after it", known.div_ceil(60))),
    ]
}

fn state_bucket(answers: &Answers) -> Facts {
    let is_asked = answers.applies(&STATE_BUCKET) && answers.text(&STATE_BUCKET).is_none();
    match answers.text(&DEPLOYMENT_NAME) {
        Some(name) if is_asked => vec![fact("bucket to make", format!("{name}-tfstate-ACCOUNT"))],
        _ => Vec::new(),
    }
}

/// As the module `network` of the Terraform root cuts them.
fn subnets(answers: &Answers) -> Facts {
    let range =
        answers.parsed::<Cidr>(&VPC_CIDR).filter(|cidr| (16..=20).contains(&cidr.prefix_len()));
    let Some(range) = range else { return Vec::new() };
    let named = answers.list(&AVAILABILITY_ZONES);
    let count = match named.len() {
        0 => answers.number(&AVAILABILITY_ZONE_COUNT).and_then(|number| number.try_into().ok()),
        number => Some(number),
    };
    let zones = count.unwrap_or(2).min(ZONES);
    let cut = cut(range);
    let tier = |at: usize| {
        let ranges = cut.iter().skip(at * ZONES).take(zones);
        ranges.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    vec![fact("workers", tier(0)), fact("public", tier(1)), fact("control plane", tier(2))]
}

/// Room is set aside for so many zones, whatever their number.
const ZONES: usize = 3;

/// Workers, public subnets and those of the control plane, for three zones each, one after another.
fn cut(range: Cidr) -> Vec<Ipv4Net> {
    let prefix = range.prefix_len();
    let tiers = [prefix + 3, prefix + 8.min(27 - prefix), 27];
    let mut next = u32::from(range.first());
    let mut blocks = Vec::new();
    for length in tiers.into_iter().flat_map(|length| [length; ZONES]) {
        blocks.extend(Ipv4Net::new(Ipv4Addr::from(next), length));
        // The tiers become smaller, so that each block begins where the one before it ends.
        next += 1_u32 << (32 - length);
    }
    blocks
}

fn provider(answers: &Answers) -> Facts {
    let Some(host) = answers.text(&PUBLIC_HOSTNAME) else { return Vec::new() };
    if answers.flag(&ENABLE_COGNITO) {
        return vec![fact("made here", "a user pool, a client and a domain for the login")];
    }
    vec![
        fact("at your provider", format!("redirect URI https://{host}/auth/callback")),
        fact("tokens", "access tokens and ID tokens on"),
        fact("client secret", "not asked here; the Console asks at first login"),
    ]
}

fn support(answers: &Answers, today: Date) -> Facts {
    let version = answers.text(&KUBERNETES_VERSION).unwrap_or_default();
    match support_of(version) {
        Some((standard, _)) if today < standard => {
            vec![fact("support", format!("standard until {standard}"))]
        }
        Some((_, extended)) if today < extended => {
            vec![fact("support", format!("extended, at a higher price, until {extended}"))]
        }
        Some((_, extended)) => vec![fact("support", format!("ended on {extended}"))],
        None => Vec::new(),
    }
}

fn charts_of(answers: &Answers) -> Facts {
    let Some(folder) = answers.text(&CHARTS_DIR) else { return Vec::new() };
    match charts::read(Path::new(folder)) {
        Ok(found) => {
            let named = found
                .iter()
                .map(|chart| fact("chart", format!("{} {}", chart.name, chart.version)));
            short(named.collect(), "charts")
        }
        Err(error) => unreadable(&error),
    }
}

fn checkpoints_of(answers: &Answers) -> Facts {
    let folder = answers.text(&CHECKPOINTS_DIR).filter(|_| uploads_checkpoints(answers));
    let Some(folder) = folder else { return Vec::new() };
    match checkpoints::read(Path::new(folder)) {
        Ok(found) => {
            let all: u64 = found.iter().map(|checkpoint| checkpoint.size).sum();
            let mut facts: Facts = found
                .iter()
                .map(|checkpoint| {
                    let gpus = match default_gpus(model_of(&checkpoint.stem)) {
                        Some(1) => ", 1 GPU".to_owned(),
                        Some(gpus) => format!(", {gpus} GPUs"),
                        None => ", GPUs as `inference_models` says".to_owned(),
                    };
                    let size = gigabytes(checkpoint.size);
                    fact("model", format!("{}, {size}{gpus}", checkpoint.stem))
                })
                .collect();
            facts = short(facts, "models");
            facts.push(fact("to upload", gigabytes(all)));
            facts
        }
        Err(error) => unreadable(&error),
    }
}

fn short(facts: Facts, what: &str) -> Facts {
    if facts.len() > NAMED { vec![fact("holds", format!("{} {what}", facts.len()))] } else { facts }
}

fn unreadable(error: &BundleError) -> Facts {
    vec![fact("not read", error.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Value;
    use crate::blueprint::{Blueprint as _, poolside::Poolside};

    fn follows(sets: &[(&str, Value)], key: &str) -> Facts {
        let chosen = sets.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let answers = Answers::presumed(Poolside.catalogue(), &chosen);
        let today = "2026-11-21".parse().unwrap();
        consequences(&answers, today).remove(key).unwrap_or_default()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn subnets_follow_the_range_and_the_zones() {
        let zones = Value::List(vec!["us-west-2a".into(), "us-west-2b".into()]);
        let sets = [("vpc_cidr", text("10.40.0.0/16")), ("availability_zones", zones)];
        assert_eq!(
            follows(&sets, "vpc_cidr"),
            [
                fact("workers", "10.40.0.0/19, 10.40.32.0/19"),
                fact("public", "10.40.96.0/24, 10.40.97.0/24"),
                fact("control plane", "10.40.99.0/27, 10.40.99.32/27"),
            ]
        );
        // Of a /20 nothing is wasted either: 27 is the longest that EKS takes.
        let small = follows(&[("vpc_cidr", text("10.40.16.0/20"))], "vpc_cidr");
        assert_eq!(small[2].1.split(", ").next(), Some("10.40.22.96/27"), "{small:?}");
    }

    #[test]
    fn who_brings_a_provider_sees_what_to_set_there() {
        let host = ("public_hostname", text("ai.acme.example"));
        let own = follows(std::slice::from_ref(&host), "enable_cognito");
        assert_eq!(own[0].1, "redirect URI https://ai.acme.example/auth/callback");
        let made = follows(&[host, ("enable_cognito", Value::Flag(true))], "enable_cognito");
        assert_eq!(made.len(), 1, "{made:?}");
    }

    #[test]
    fn checkpoints_are_named_with_their_gpus() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["malibu-2.2.tar", "own-1.tar", "notes.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let path = folder.path().display().to_string();
        let sets = [("profile", text("full")), ("checkpoints_dir", Value::Text(path))];
        let facts = follows(&sets, "checkpoints_dir");
        let said: Vec<&str> = facts.iter().map(|(_, how)| how.as_str()).collect();
        assert_eq!(
            said,
            [
                "malibu-2.2, 0.0 GB, 4 GPUs",
                "own-1, 0.0 GB, GPUs as `inference_models` says",
                "0.0 GB"
            ]
        );
    }
}
