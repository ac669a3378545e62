//! Rules about ranges, zones and the ways in and out.

use super::super::account::REGION;
use super::super::hostname::{ACM_CERTIFICATE_ARN, enters_by_alb};
use super::super::network::{
    AVAILABILITY_ZONES, ENABLE_NAT_GATEWAY, SERVICE_CIDR, SINGLE_NAT_GATEWAY, VPC_CIDR,
};
use super::super::security::{
    ALLOW_OPEN_ENDPOINT, CLUSTER_ENDPOINT_PUBLIC_ACCESS, CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
};
use super::conflict;
use crate::answers::value::{CertificateArn, Cidr, ZoneName};
use crate::answers::{Answers, Conflict};

pub(super) fn vpc_range(answers: &Answers) -> Option<Conflict> {
    let range: Cidr = answers.parsed(&VPC_CIDR)?;
    let bridge: Cidr = "172.17.0.0/16".parse().ok()?;
    let text = if !range.is_private() {
        "is not private: must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
    } else if !(16..=20).contains(&range.prefix_len()) {
        "must have a length from /16 to /20: three tiers of subnets over three zones do not fit \
         into less, and AWS allows no more"
    } else if range.overlaps(bridge) {
        "overlaps 172.17.0.0/16, which the nodes use for their container bridge"
    } else {
        return None;
    };
    Some(Conflict::new(&[&VPC_CIDR], format!("`{range}` {text}")))
}

pub(super) fn service_range(answers: &Answers) -> Option<Conflict> {
    let range: Cidr = answers.parsed(&SERVICE_CIDR)?;
    let right = range.is_private() && (12..=24).contains(&range.prefix_len());
    conflict(!right, &[&SERVICE_CIDR], || {
        format!(
            "`{range}` must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 and have a length \
             from /12 to /24"
        )
    })
}

pub(super) fn ranges_apart(answers: &Answers) -> Option<Conflict> {
    let vpc: Cidr = answers.parsed(&VPC_CIDR)?;
    let services: Cidr = answers.parsed(&SERVICE_CIDR)?;
    conflict(vpc.overlaps(services), &[&SERVICE_CIDR, &VPC_CIDR], || {
        format!("the service range `{services}` overlaps the VPC range `{vpc}`")
    })
}

pub(super) fn zones(answers: &Answers) -> Option<Conflict> {
    let zones = answers.list(&AVAILABILITY_ZONES);
    conflict(zones.len() == 1, &[&AVAILABILITY_ZONES], || {
        "one zone is not enough: name two or three, or none to have them chosen".to_owned()
    })
}

pub(super) fn zones_in_region(answers: &Answers) -> Option<Conflict> {
    let region = answers.text(&REGION)?;
    let zones: Vec<ZoneName> = answers.parsed_list(&AVAILABILITY_ZONES);
    let stranger = zones.iter().find(|zone| zone.region() != region)?;
    let text = format!("`{stranger}` is a zone of `{}`, not of `{region}`", stranger.region());
    Some(Conflict::new(&[&AVAILABILITY_ZONES, &REGION], text))
}

pub(super) fn one_nat_needs_nat(answers: &Answers) -> Option<Conflict> {
    let wrong = answers.flag(&SINGLE_NAT_GATEWAY) && !answers.flag(&ENABLE_NAT_GATEWAY);
    conflict(wrong, &[&SINGLE_NAT_GATEWAY, &ENABLE_NAT_GATEWAY], || {
        "one NAT gateway and none are both wanted: choose one".to_owned()
    })
}

pub(super) fn certificate_in_region(answers: &Answers) -> Option<Conflict> {
    let certificate: CertificateArn =
        answers.parsed(&ACM_CERTIFICATE_ARN).filter(|_| enters_by_alb(answers))?;
    let region = answers.text(&REGION)?;
    conflict(certificate.region() != region, &[&ACM_CERTIFICATE_ARN, &REGION], || {
        format!(
            "the certificate is in `{}`; the load balancer can use one in `{region}` only",
            certificate.region()
        )
    })
}

pub(super) fn closed_endpoint(answers: &Answers) -> Option<Conflict> {
    let ranges = allowed(answers)?;
    let wrong = ranges.iter().any(|r| r.is_everything()) && !answers.flag(&ALLOW_OPEN_ENDPOINT);
    let keys = [&CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS, &ALLOW_OPEN_ENDPOINT];
    conflict(wrong, &keys, || {
        "`0.0.0.0/0` would let the whole internet reach the Kubernetes API: name the ranges that \
         need it, or set `allow_open_endpoint = true`"
            .to_owned()
    })
}

pub(super) fn public_ranges(answers: &Answers) -> Option<Conflict> {
    let (range, purpose) =
        allowed(answers)?.into_iter().find_map(|range| Some((range, range.reserved_for()?)))?;
    let text = format!(
        "`{range}` is reserved for {purpose}, and AWS refuses it here; name the address that AWS \
         sees"
    );
    Some(Conflict::new(&[&CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS], text))
}

/// The allowlist, where there is a public endpoint.
fn allowed(answers: &Answers) -> Option<Vec<Cidr>> {
    let is_public = answers.flag(&CLUSTER_ENDPOINT_PUBLIC_ACCESS);
    is_public.then(|| answers.parsed_list(&CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS))
}
