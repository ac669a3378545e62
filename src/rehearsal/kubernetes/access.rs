//! Who may talk to the API: which clusters there are, from where they answer, and to whom.
//!
//! A public endpoint answers where the host's address, as the account sees it, lies within
//! `public_access_cidrs`. An endpoint that is only private answers a host that is inside the
//! network: one whose address is itself private (as in a scenario with `egress_ip = "10.0.3.4"`).
//! To everybody else the connection goes nowhere.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ipnet::IpNet;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use super::value::{items, text};
use crate::rehearsal::{World, login};

/// The prefix of the tokens that EKS accepts.
const TOKEN_PREFIX: &str = "k8s-aws-v1.";

/// EKS takes a token for fifteen minutes after it was signed, whatever its own expiry says.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// A live cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Its name.
    pub(crate) name: String,
    /// The host name of its endpoint.
    pub(crate) host: String,
    /// For example `1.35`.
    pub(crate) version: String,
    /// For example `us-west-2`.
    pub(crate) region: String,
    /// Whether EKS put its own add-ons there, which no `aws_eks_addon` names.
    pub(crate) self_managed_addons: bool,
    /// Whether whoever made it may do everything in it without an entry of his own.
    creator_is_admin: bool,
    public_from: Option<Vec<IpNet>>,
}

impl Cluster {
    /// The live clusters of the world.
    pub(crate) fn all(world: &World) -> Vec<Self> {
        live(world, "aws_eks_cluster").iter().map(Self::from_attributes).collect()
    }

    fn from_attributes(attributes: &Value) -> Self {
        let host = text(attributes, "/endpoint").trim_start_matches("https://").to_owned();
        let region = match text(attributes, "/arn").split(':').nth(3) {
            Some(region) if !region.is_empty() => region.to_owned(),
            _ => host.split('.').rev().nth(3).unwrap_or("us-west-2").to_owned(),
        };
        let network = &attributes["vpc_config"][0];
        let public = network["endpoint_public_access"].as_bool().unwrap_or(true);
        let public_from = public.then(|| {
            items(network, "/public_access_cidrs")
                .filter_map(|cidr| cidr.as_str()?.parse().ok())
                .collect()
        });
        Self {
            name: text(attributes, "/name").to_owned(),
            host,
            version: text(attributes, "/version").to_owned(),
            region,
            self_managed_addons: attributes["bootstrap_self_managed_addons"] != false,
            creator_is_admin: attributes
                .pointer("/access_config/0/bootstrap_cluster_creator_admin_permissions")
                .is_none_or(|says| *says != false),
            public_from,
        }
    }

    /// Whether a host with that address gets an answer.
    pub(crate) fn answers(&self, from: Ipv4Addr) -> bool {
        match &self.public_from {
            Some(allowed) => allowed.iter().any(|net| net.contains(&std::net::IpAddr::V4(from))),
            None => from.is_private(),
        }
    }

    /// The names that its certificate is for.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = vec![
            format!("*.gr7.{}.eks.amazonaws.com", self.region),
            "localhost".into(),
            "127.0.0.1".into(),
            "kubernetes.default.svc".into(),
        ];
        if !self.host.is_empty() && !self.host.contains(':') {
            names.push(self.host.clone());
        }
        names
    }
}

/// The attributes of the live AWS objects of one type, in key order.
pub(crate) fn live(world: &World, kind: &str) -> Vec<Value> {
    let prefix = format!("{kind}/");
    world.store.with_table("aws", |objects| {
        objects
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix))
            .filter(|(_, object)| object["status"] != "creating")
            .map(|(_, object)| object["attributes"].clone())
            .collect()
    })
}

/// A token for programs that cannot sign: accepted by this world's API as long as it exists.
pub fn token(world: &World) -> String {
    format!("rehearsal-{}", world.hex("kubernetes token", 40))
}

/// Whether an `Authorization` header names a caller that the cluster lets in: one whose token is
/// good, and who made the cluster or has an access entry.
pub(crate) fn is_authentic(world: &World, cluster: &Cluster, header: &str) -> bool {
    let Some(bearer) = header.strip_prefix("Bearer ") else { return false };
    let signer = || signer_of(bearer, world.now());
    let admitted = |signer: Signer| {
        login::admit(world, &signer.access_key_id, signer.session_token.as_deref()).is_ok()
    };
    bearer == token(world)
        || signer().is_some_and(admitted) && (cluster.creator_is_admin || has_entry(world, cluster))
}

/// Whether the cluster has an access entry for the principal that the world's credentials are of.
fn has_entry(world: &World, cluster: &Cluster) -> bool {
    let who = identity(&world.scenario.account.principal);
    live(world, "aws_eks_access_entry").iter().any(|entry| {
        text(entry, "/cluster_name") == cluster.name
            && identity(text(entry, "/principal_arn")) == who
    })
}

/// Account, kind and name of a principal. A session is of its role; the path of a role, which its
/// sessions do not name, does not count.
fn identity(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':').skip(4);
    let (account, resource) = (parts.next()?, parts.next()?);
    let mut names = resource.split('/');
    match names.next()? {
        "assumed-role" => Some((account, "role", names.next()?)),
        kind => Some((account, kind, names.next_back().unwrap_or_default())),
    }
}

/// Whose keys a token was signed with.
#[derive(Debug, PartialEq, Eq)]
struct Signer {
    access_key_id: String,
    session_token: Option<String>,
}

/// Who signed a token that is a presigned `GetCallerIdentity`, meant for a cluster and still good.
/// The signature itself is not verified.
fn signer_of(bearer: &str, now: Timestamp) -> Option<Signer> {
    let encoded = bearer.strip_prefix(TOKEN_PREFIX)?;
    let decoded = URL_SAFE_NO_PAD.decode(encoded).or_else(|_padded| URL_SAFE.decode(encoded));
    let url = Url::parse(&String::from_utf8(decoded.ok()?).ok()?).ok()?;
    let parameter = |name: &str| {
        url.query_pairs().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.into_owned())
    };
    let names_cluster = parameter("X-Amz-SignedHeaders")
        .is_some_and(|headers| headers.split(';').any(|h| h == "x-k8s-aws-id"));
    let is_identity_call = parameter("Action").as_deref() == Some("GetCallerIdentity");
    let is_sts = url.host_str().is_some_and(|host| host.starts_with("sts."));
    let is_signed = parameter("X-Amz-Signature").is_some_and(|s| !s.is_empty());
    let is_fresh = parameter("X-Amz-Date")
        .and_then(|date| DateTime::strptime("%Y%m%dT%H%M%SZ", &date).ok())
        .and_then(|at| at.to_zoned(TimeZone::UTC).ok())
        .is_some_and(|at| now.duration_since(at.timestamp()) < TOKEN_LIFE);
    let is_good = names_cluster && is_identity_call && is_sts && is_signed && is_fresh;
    let credential = parameter("X-Amz-Credential").unwrap_or_default();
    is_good.then(|| Signer {
        access_key_id: credential.split('/').next().unwrap_or_default().to_owned(),
        session_token: parameter("X-Amz-Security-Token"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cluster(network: &Value) -> Cluster {
        Cluster::from_attributes(&json!({
            "name": "acme", "endpoint": "https://AB12.gr7.us-west-2.eks.amazonaws.com",
            "version": "1.35", "vpc_config": [network],
        }))
    }

    #[test]
    fn a_public_endpoint_answers_from_its_allowlist_only() {
        let cluster = cluster(&json!({"public_access_cidrs": ["203.0.113.0/24"]}));
        assert!(cluster.answers(Ipv4Addr::new(203, 0, 113, 7)));
        assert!(!cluster.answers(Ipv4Addr::new(8, 8, 4, 4)));
        assert_eq!(cluster.region, "us-west-2");
    }

    #[test]
    fn a_private_endpoint_answers_a_host_inside_the_network() {
        let cluster = cluster(&json!({"endpoint_public_access": false}));
        assert!(cluster.answers(Ipv4Addr::new(10, 0, 3, 4)));
        assert!(!cluster.answers(Ipv4Addr::new(203, 0, 113, 7)));
    }

    #[test]
    fn without_the_rights_of_a_creator_a_principal_needs_an_entry_of_its_role() {
        use crate::rehearsal::Scenario;
        let dir = tempfile::tempdir().unwrap();
        let world = World::open(dir.path(), Scenario::default(), 0.0).unwrap();
        let cluster = cluster(&json!({}));
        assert!(cluster.creator_is_admin);
        assert!(!has_entry(&world, &cluster));
        let enter = |arn: &str| {
            let attributes = json!({"cluster_name": "acme", "principal_arn": arn});
            let value = json!({"attributes": attributes});
            world.store.put("aws", "aws_eks_access_entry/acme:x", value).unwrap();
            has_entry(&world, &cluster)
        };
        assert!(!enter("arn:aws:iam::123456789012:role/Other"));
        assert!(!enter("arn:aws:iam::999999999999:role/Installer"));
        assert!(enter("arn:aws:iam::123456789012:role/teams/Installer"));
    }

    #[test]
    fn a_token_is_good_for_fifteen_minutes_and_must_name_the_cluster() {
        let at = "2026-11-21T08:00:00Z".parse::<Timestamp>().unwrap();
        let token = |headers: &str| {
            let url = format!(
                "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
                 &X-Amz-Credential=ASIAEXAMPLE%2F20261121%2Fus-west-2%2Fsts%2Faws4_request\
                 &X-Amz-Date=20261121T080000Z&X-Amz-Expires=60&X-Amz-SignedHeaders={headers}\
                 &X-Amz-Signature=ab"
            );
            format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
        };
        let named = token("host%3Bx-k8s-aws-id");
        let signer = Signer { access_key_id: "ASIAEXAMPLE".into(), session_token: None };
        assert_eq!(signer_of(&named, at + SignedDuration::from_mins(14)), Some(signer));
        assert_eq!(signer_of(&named, at + SignedDuration::from_mins(16)), None);
        assert_eq!(signer_of(&token("host"), at), None);
        assert_eq!(signer_of("k8s-aws-v1.!!", at), None);
    }

    #[test]
    fn a_token_of_a_login_that_has_ended_lets_nobody_in() {
        use crate::cloud::sign::cluster_token;
        use crate::rehearsal::Scenario;
        use crate::rehearsal::login::Login;

        let dir = tempfile::tempdir().unwrap();
        let ended = Scenario::parse("[account]\ncredentials_expire_in = \"-1s\"\n").unwrap();
        let world = World::open(dir.path(), ended, 1.0).unwrap();
        let lets_in = |login: Login| {
            let token = cluster_token(&login.keys(&world), "us-west-2", "acme", world.now());
            is_authentic(
                &world,
                &cluster(&json!({})),
                &format!("Bearer {}", token.unwrap().expose()),
            )
        };
        let old = Login::current(&world);
        assert!(!lets_in(old));
        assert!(lets_in(Login::renew(&world).unwrap()));
        assert!(!lets_in(old));
    }
}
