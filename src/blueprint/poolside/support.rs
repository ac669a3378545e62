//! How long EKS supports which version of Kubernetes.
//!
//! The calendar as it was published on 2026-08-22. EKS itself is asked before an install; this is
//! what holds without an account.

use jiff::civil::{Date, date};

/// What a version of Kubernetes is to EKS on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Supported at the usual price.
    Standard,
    /// Supported at extra cost.
    Extended,
    /// Not offered any more.
    Ended,
}

/// Version, last day before the end of standard support comes, and of extended support.
const CALENDAR: [(&str, Date, Date); 8] = [
    ("1.29", date(2025, 3, 23), date(2026, 3, 23)),
    ("1.30", date(2025, 7, 23), date(2026, 7, 23)),
    ("1.31", date(2025, 11, 26), date(2026, 11, 26)),
    ("1.32", date(2026, 3, 23), date(2027, 3, 23)),
    ("1.33", date(2026, 7, 29), date(2027, 7, 29)),
    ("1.34", date(2026, 12, 2), date(2027, 12, 2)),
    ("1.35", date(2027, 3, 27), date(2028, 3, 27)),
    ("1.36", date(2027, 8, 2), date(2028, 8, 2)),
];

/// The days on which standard and extended support of `version` end; none where the calendar does
/// not know the version.
pub fn support_of(version: &str) -> Option<(Date, Date)> {
    let known = CALENDAR.iter().find(|(known, ..)| *known == version);
    known.map(|(_, standard, extended)| (*standard, *extended))
}

/// The support of `version` on `day`; none where the calendar does not know the version.
pub fn support_on(version: &str, day: Date) -> Option<Support> {
    let (standard, extended) = support_of(version)?;
    // Extended support is billed from the first moment of the day that ends standard support.
    Some(match day {
        day if day < standard => Support::Standard,
        day if day < extended => Support::Extended,
        _ => Support::Ended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_ends_on_its_day() {
        assert_eq!(support_on("1.34", date(2026, 12, 1)), Some(Support::Standard));
        assert_eq!(support_on("1.34", date(2026, 12, 2)), Some(Support::Extended));
        assert_eq!(support_on("1.34", date(2027, 12, 2)), Some(Support::Ended));
        assert_eq!(support_on("1.37", date(2026, 12, 2)), None);
    }
}
