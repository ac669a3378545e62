//! Spans of time as scenarios write them: with a sign, relative to the start of the world.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A span of time with a sign, written `90s`, `-1h`, `+13d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    seconds: i64,
}

impl Span {
    /// A span of whole days.
    #[must_use]
    pub fn days(days: i64) -> Self {
        Self { seconds: days * 86_400 }
    }

    /// The span in seconds; negative ones lie in the past.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The span as a duration; negative ones are zero.
    pub fn as_duration(self) -> Duration {
        Duration::from_secs(u64::try_from(self.seconds).unwrap_or(0))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a span of time such as `90s`, `55m`, `-1h` or `+13d`");
        let (sign, rest) = match text.as_bytes().first() {
            Some(b'-') => (-1, &text[1..]),
            Some(b'+') => (1, &text[1..]),
            _ => (1, text),
        };
        let mut seconds: i64 = 0;
        let mut digits = String::new();
        for c in rest.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let unit = match c {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                _ => return Err(wrong()),
            };
            let count: i64 = digits.parse().map_err(|_not_a_number| wrong())?;
            seconds = count
                .checked_mul(unit)
                .and_then(|part| seconds.checked_add(part))
                .ok_or_else(wrong)?;
            digits.clear();
        }
        if rest.is_empty() || !digits.is_empty() {
            return Err(wrong());
        }
        Ok(Self { seconds: sign * seconds })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.seconds)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_sign_and_units() {
        assert_eq!("1h30m".parse::<Span>().unwrap().seconds(), 5400);
        assert_eq!("-1h".parse::<Span>().unwrap().seconds(), -3600);
        assert!("13".parse::<Span>().is_err());
        assert!("99999999999999999999d".parse::<Span>().is_err());
    }
}
