//! Addresses and names on the network.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::{TextValue, ValueError, all, not_a, text_value};

/// A range of IPv4 addresses, written as its network address and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(Ipv4Net);

impl Cidr {
    /// The range of every address.
    pub fn is_everything(self) -> bool {
        self.0.prefix_len() == 0
    }

    /// The first address.
    pub fn first(self) -> Ipv4Addr {
        self.0.network()
    }

    /// The length of the prefix: 16 of `10.40.0.0/16`.
    pub fn prefix_len(self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether `address` lies in the range.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        self.0.contains(&address)
    }

    /// Whether all of `other` lies in the range.
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the two have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether all of it is private in the sense of RFC 1918.
    pub fn is_private(self) -> bool {
        PRIVATE.iter().any(|range| within(self.0, range))
    }

    /// Why this range cannot be in the allowlist of a public EKS endpoint, if so: AWS refuses
    /// private and reserved ranges there.
    pub fn reserved_for(self) -> Option<&'static str> {
        RESERVED.iter().find(|(range, _)| within(self.0, range)).map(|(_, what)| *what)
    }
}

const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

const RESERVED: [(&str, &str); 13] = [
    ("10.0.0.0/8", "private networks"),
    ("172.16.0.0/12", "private networks"),
    ("192.168.0.0/16", "private networks"),
    ("100.64.0.0/10", "carrier networks"),
    ("127.0.0.0/8", "this host"),
    ("169.254.0.0/16", "this link"),
    ("192.0.0.0/24", "protocols"),
    ("192.0.2.0/24", "documentation"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "future use"),
];

fn within(inner: Ipv4Net, outer: &str) -> bool {
    outer.parse::<Ipv4Net>().expect("the tables hold ranges").contains(&inner)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cidr {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refuse = |sentence: String| Err(ValueError::new(sentence));
        if text.parse::<Ipv4Addr>().is_ok() {
            return refuse(format!(
                "`{text}` is an address without a length: write `{text}/32` for this one address"
            ));
        }
        let (address, length) = text.split_once('/').unwrap_or((text, ""));
        if address.parse::<Ipv6Addr>().is_ok() {
            return refuse(format!("`{text}` is IPv6; only IPv4 ranges work here"));
        }
        // A leading zero or a plus is read differently by different programs.
        let plain =
            all(length, |b| b.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
        match text.parse::<Ipv4Net>() {
            Ok(net) if plain && net.trunc() == net => Ok(Self(net)),
            Ok(net) if plain => refuse(format!(
                "`{text}` names an address inside a range: the range is `{}`",
                net.trunc()
            )),
            _ => refuse(not_a(text, Self::WHAT, Self::EXAMPLE)),
        }
    }
}

impl TextValue for Cidr {
    const WHAT: &'static str = "a CIDR range";
    const PATTERN: &'static str = r"^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$";
    const EXAMPLE: &'static str = "10.40.0.0/16";
}

text_value! {
    /// A host name in the public DNS, in lower case.
    Hostname, "a host name", r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\.?$",
    "poolside.acme.example",
    |text| {
        if let Some((_, rest)) = text.split_once("://") {
            let host = rest.split(['/', ':']).next().unwrap_or(rest);
            return Err(format!("`{text}` is a URL: write the host name alone, `{host}`"));
        }
        if text.contains('*') {
            return Err(format!("`{text}` is a wildcard: write the one name that users open"));
        }
        if text.parse::<IpAddr>().is_ok() {
            return Err(format!("`{text}` is an address: a certificate needs a host name"));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        // No top-level domain begins with a digit or has one letter only.
        let has_domain = name.rsplit_once('.').is_some_and(|(_, last)| {
            last.len() >= 2 && last.starts_with(|c: char| c.is_ascii_lowercase())
        });
        if name.len() <= 253 && has_domain && name.split('.').all(is_label) {
            Ok(name)
        } else {
            Err(not_a(text, "a host name", "poolside.acme.example"))
        }
    }
}

impl Hostname {
    /// Whether a certificate for `pattern` (a name, or `*.` and a domain) covers this name.
    pub fn is_covered_by(&self, pattern: &str) -> bool {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_prefix("*.") {
            Some(domain) => self.as_str().split_once('.').is_some_and(|(_, rest)| rest == domain),
            None => self.as_str() == pattern,
        }
    }
}

text_value! {
    /// The issuer of an `OpenID` Connect provider.
    IssuerUrl, "an issuer URL", "^https://[^?#]+$", "https://idp.acme.example/realms/main",
    |text| {
        let parsed = url::Url::parse(text).ok().filter(url::Url::has_host);
        match parsed {
            Some(url) if url.scheme() != "https" => {
                Err(format!("`{text}` is not https, which OpenID Connect demands of an issuer"))
            }
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                Err("the issuer URL holds a user name or a password: leave them out".to_owned())
            }
            Some(url) if url.query().is_none() && url.fragment().is_none() => Ok(text.to_owned()),
            _ => Err(not_a(text, "an issuer URL", "https://idp.acme.example/realms/main")),
        }
    }
}

fn is_label(label: &str) -> bool {
    label.len() <= 63
        && all(label, |b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;
    use super::*;

    #[test]
    fn a_range_is_refused_with_what_was_meant() {
        for (wrong, sentence) in [
            (
                "8.8.4.4",
                "`8.8.4.4` is an address without a length: write `8.8.4.4/32` for this one address",
            ),
            (
                "10.40.1.0/16",
                "`10.40.1.0/16` names an address inside a range: the range is `10.40.0.0/16`",
            ),
            ("2001:db8::/32", "`2001:db8::/32` is IPv6; only IPv4 ranges work here"),
            ("10.0.0.0/33", "`10.0.0.0/33` is not a CIDR range such as `10.40.0.0/16`"),
            ("10.0.0/8", "`10.0.0/8` is not a CIDR range such as `10.40.0.0/16`"),
            ("10.0.0.0/08", "`10.0.0.0/08` is not a CIDR range such as `10.40.0.0/16`"),
            ("", "`` is not a CIDR range such as `10.40.0.0/16`"),
        ] {
            assert_eq!(refusal::<Cidr>(wrong), sentence);
        }
    }

    #[test]
    fn ranges_know_overlap_privacy_and_reservation() {
        let range = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(range("10.0.0.0/8").overlaps(range("10.40.0.0/16")));
        assert!(range("10.40.0.0/16").overlaps(range("10.0.0.0/8")));
        assert!(!range("10.40.0.0/16").overlaps(range("10.41.0.0/16")));
        assert!(range("172.31.0.0/16").is_private() && !range("172.32.0.0/16").is_private());
        assert_eq!(range("203.0.113.7/32").reserved_for(), Some("documentation"));
        assert_eq!(range("8.8.4.0/24").reserved_for(), None);
        assert!(range("0.0.0.0/0").is_everything());
        assert!(range("8.8.4.0/24").contains(Ipv4Addr::new(8, 8, 4, 4)));
    }

    #[test]
    fn a_host_name_is_a_name_and_nothing_around_it() {
        assert_eq!(
            "Poolside.Acme.Example.".parse::<Hostname>().unwrap().as_str(),
            "poolside.acme.example"
        );
        for (wrong, sentence) in [
            (
                "https://p.acme.example/x",
                "`https://p.acme.example/x` is a URL: write the host name alone, `p.acme.example`",
            ),
            (
                "*.acme.example",
                "`*.acme.example` is a wildcard: write the one name that users open",
            ),
            ("10.0.0.1", "`10.0.0.1` is an address: a certificate needs a host name"),
            ("poolside", "`poolside` is not a host name such as `poolside.acme.example`"),
            (
                "poolside.acme.1",
                "`poolside.acme.1` is not a host name such as `poolside.acme.example`",
            ),
            ("a_b.example", "`a_b.example` is not a host name such as `poolside.acme.example`"),
            ("-a.example", "`-a.example` is not a host name such as `poolside.acme.example`"),
        ] {
            assert_eq!(refusal::<Hostname>(wrong), sentence);
        }
    }

    #[test]
    fn a_wildcard_covers_one_label_only() {
        let name: Hostname = "poolside.acme.example".parse().unwrap();
        assert!(
            name.is_covered_by("*.acme.example") && name.is_covered_by("Poolside.acme.example")
        );
        assert!(!name.is_covered_by("*.example") && !name.is_covered_by("*.dev.acme.example"));
    }

    #[test]
    fn an_issuer_is_https_and_holds_no_credentials() {
        assert_eq!(
            refusal::<IssuerUrl>("http://idp.example/"),
            "`http://idp.example/` is not https, which OpenID Connect demands of an issuer"
        );
        assert_eq!(
            refusal::<IssuerUrl>("https://me:hunter2@idp.example/"),
            "the issuer URL holds a user name or a password: leave them out"
        );
        assert_eq!(
            refusal::<IssuerUrl>("idp.example"),
            "`idp.example` is not an issuer URL such as `https://idp.acme.example/realms/main`"
        );
    }
}
