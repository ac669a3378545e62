//! Regions, zones and partitions as the provider's answers need them.

/// The partition that a region belongs to.
pub(in crate::rehearsal) fn partition(region: &str) -> &'static str {
    match region {
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("cn-") => "aws-cn",
        _ => "aws",
    }
}

/// The domain that a partition's services live in.
pub(super) fn dns_suffix(region: &str) -> &'static str {
    if partition(region) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Names and ids of a region's zones (`us-west-2a`, `usw2-az1`), in order.
pub(in crate::rehearsal) fn zones(region: &str) -> Vec<(String, String)> {
    let letters = match region {
        "us-east-1" => "abcdef",
        "us-west-2" | "ap-northeast-2" => "abcd",
        _ => "abc",
    };
    let short = short_name(region);
    letters
        .chars()
        .enumerate()
        .map(|(index, letter)| (format!("{region}{letter}"), format!("{short}-az{}", index + 1)))
        .collect()
}

/// The id of a zone, by its name.
pub(in crate::rehearsal) fn zone_id(region: &str, name: &str) -> Option<String> {
    zones(region).into_iter().find(|(n, _)| n == name).map(|(_, id)| id)
}

/// The name of a zone, by its id.
pub(in crate::rehearsal) fn zone_name(region: &str, id: &str) -> Option<String> {
    zones(region).into_iter().find(|(_, i)| i == id).map(|(name, _)| name)
}

/// `us-west-2` is `usw2`, `ap-southeast-1` is `apse1`.
fn short_name(region: &str) -> String {
    region
        .split('-')
        .enumerate()
        .map(|(index, part)| match part {
            _ if index == 0 => part.to_owned(),
            "northeast" => "ne".into(),
            "northwest" => "nw".into(),
            "southeast" => "se".into(),
            "southwest" => "sw".into(),
            digits if digits.starts_with(|c: char| c.is_ascii_digit()) => digits.to_owned(),
            word => word.chars().take(1).collect(),
        })
        .collect()
}

/// All regions that an ordinary account has.
pub(in crate::rehearsal) const REGIONS: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_the_ids_that_aws_gives_them() {
        assert_eq!(zone_id("us-west-2", "us-west-2c").unwrap(), "usw2-az3");
        assert_eq!(zone_name("us-west-2", "usw2-az1").unwrap(), "us-west-2a");
        assert_eq!(zones("ap-southeast-1")[0].1, "apse1-az1");
        assert_eq!(zones("eu-central-1").len(), 3);
    }
}
