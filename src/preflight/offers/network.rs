//! Places and addresses that can be chosen.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::{Offer, Offered};
use crate::answers::Value;
use crate::cloud::{Region, Vpc};

/// The regions of the account; `usual` is taken where the account has it.
pub(super) fn regions(regions: &[Region], usual: Option<&str>) -> Offered {
    let row = |region: &Region| Offer {
        value: region.name.clone(),
        columns: vec![region.name.clone()],
        refused: (!region.enabled).then(|| "not enabled for this account".to_owned()),
    };
    let usual = usual.filter(|name| regions.iter().any(|r| r.enabled && r.name == *name));
    Offered::rows(&["region"], regions.iter().map(row).collect()).taking(usual)
}

/// The first range of the usual size that no network of the region overlaps.
pub(super) fn free_range(vpcs: &[Vpc]) -> Offered {
    let taken: Vec<&IpNet> = vpcs.iter().flat_map(|vpc| &vpc.cidrs).collect();
    let is_free = |range: &Ipv4Net| {
        let overlaps = |other: &&IpNet| match other {
            IpNet::V4(other) => other.contains(range) || range.contains(other),
            IpNet::V6(_) => false,
        };
        !taken.iter().any(overlaps)
    };
    let ranges = (0..=255).filter_map(|at| Ipv4Net::new(Ipv4Addr::new(10, at, 0, 0), 16).ok());
    let free = ranges.clone().find(is_free);
    let note = match (vpcs.len(), free) {
        (0, _) => "there is no VPC in the region yet".to_owned(),
        (number, Some(free)) => format!("none of the {number} VPCs of the region overlaps {free}"),
        (number, None) => {
            format!("the {number} VPCs of the region overlap every /16 of 10.0.0.0/8")
        }
    };
    Offered::value(free.map(|range| Value::Text(range.to_string()))).noting(note)
}

/// The address that this host has outside, as a range of one.
pub(super) fn own_address(address: Ipv4Addr) -> Offered {
    let range = format!("{address}/32");
    let row = Offer {
        value: range.clone(),
        columns: vec![range.clone(), "this host, as AWS sees it".into()],
        refused: None,
    };
    // Offered, and taken only by whoever chooses it: an allowlist is nothing to guess.
    Offered::rows(&["range", ""], vec![row]).noting(format!("this host leaves through {address}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn vpc(ranges: &[&str]) -> Vpc {
        Vpc {
            id: "vpc-1".into(),
            name: None,
            cidrs: ranges.iter().map(|range| range.parse().unwrap()).collect(),
            is_default: false,
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn a_free_range_overlaps_no_network() {
        for (taken, free) in [
            (vec![], "10.0.0.0/16"),
            (vec![vpc(&["10.0.4.0/22", "fd00::/56"])], "10.1.0.0/16"),
            (vec![vpc(&["10.0.0.0/12"]), vpc(&["10.16.0.0/16"])], "10.17.0.0/16"),
        ] {
            assert_eq!(free_range(&taken).value, Some(Value::Text(free.into())));
        }
        assert_eq!(free_range(&[vpc(&["10.0.0.0/8"])]).value, None);
    }

    #[test]
    fn a_region_that_is_not_enabled_comes_last_and_says_so() {
        let region = |name: &str, enabled| Region { name: name.into(), enabled };
        let all = [region("af-south-1", false), region("us-west-2", true)];
        let offered = regions(&all, Some("af-south-1"));
        assert_eq!(offered.rows[0].value, "us-west-2");
        assert!(offered.rows[1].refused.is_some());
        // What cannot be chosen is never taken by itself.
        assert_eq!(offered.value, None);
        assert_eq!(regions(&all, Some("us-west-2")).value, Some(Value::Text("us-west-2".into())));
    }
}
