//! The embedded scenarios, each with one line of what it teaches.

/// An embedded scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its name for `--scenario`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The scenario of a rehearsal that names none.
pub const DEFAULT: &str = "good-day";

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(Named {
            name: $name,
            text: include_str!(concat!("../../assets/rehearsal/scenarios/", $name, ".toml")),
        }),*]
    };
}

/// All embedded scenarios, in the order in which they are listed.
pub const ALL: &[Named] = embedded![
    "good-day",
    "good-day-platform-only",
    "gpu-capacity-missing",
    "reservation-wrong-zone",
    "capacity-block-tomorrow",
    "gpu-quota-zero",
    "gpu-quota-zero-reserved",
    "permissions-boundary",
    "scp-denial",
    "throttling",
    "throttling-gives-up",
    "slow-database",
    "nodes-never-join",
    "image-push-fails",
    "credentials-end",
    "image-never-pushed",
    "pod-fits-nowhere",
    "webhook-not-ready",
    "helm-killed",
    "leftovers",
    "drift-before-resume",
    "cluster-stopped",
    "state-lock-stale",
    "state-unwritable",
];

impl Named {
    /// What it teaches: the first line of its text, which is a comment.
    pub fn lesson(&self) -> &'static str {
        self.text.lines().next().unwrap_or("").trim_start_matches('#').trim()
    }
}

/// The text of the embedded scenario of that name.
pub fn embedded(name: &str) -> Option<&'static str> {
    ALL.iter().find(|s| s.name == name).map(|s| s.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Scenario;

    #[test]
    fn every_embedded_scenario_is_right_and_says_what_it_teaches() {
        for named in ALL {
            Scenario::parse(named.text).unwrap();
            assert!(named.text.starts_with("# ") && named.lesson().len() > 20, "{}", named.name);
        }
    }
}
