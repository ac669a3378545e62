//! Faults: what goes wrong, where, when and how often.
//!
//! A fault says one thing: an error, a wait, a process that ends, a connection that is lost. Where
//! something can go wrong is a [`Point`]; each server says for its own points what can happen there.

use serde::{Deserialize, Serialize};

use super::span::Span;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// A resource address (with or without modules and index), a type, a Helm release, a stage,
    /// an API action, an image repository, a bucket.
    pub at: String,
    /// One of [`MOMENTS`]; absent: whenever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How often; 0 is always.
    #[serde(default = "once")]
    pub times: u32,
    /// An error code of AWS, or a whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It does not answer for that long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hang: Option<Span>,
    /// A process that is killed as by SIGKILL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<Victim>,
    /// Who is told to stop, as by Ctrl-C; what was asked for is being made until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// What is lost before the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<Loss>,
}

/// A process that can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Victim {
    /// The simulated world itself.
    World,
    /// The process that carries the deployment out.
    Engine,
    /// The terraform or tofu that asks.
    Terraform,
    /// The helm that asks; found on Linux only.
    Helm,
}

/// Who can be told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// The process that carries the deployment out.
    Engine,
}

/// What can be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// The connection that the request came on.
    Connection,
}

/// When something can go wrong.
pub const MOMENTS: &[&str] = &[
    "begin",      // a stage: before anything of it is asked
    "create",     // a resource, an object of the cluster
    "read",       // a resource, a data source
    "update",     // a resource, an object of the cluster
    "delete",     // a resource, an object of the cluster
    "push",       // an image
    "upload",     // an object of S3
    "image-pull", // a pod
    "ready",      // a pod
];

/// A point at which something can go wrong: what it is called, and what can happen there.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    /// The names under which it may be meant.
    pub places: &'a [&'a str],
    /// One of [`MOMENTS`].
    pub when: &'a str,
    /// Who can be reached from it.
    pub reach: Reach,
}

/// Who can be reached from a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The beginning of a stage: nobody has asked for anything yet.
    Stage,
    /// A call of terraform or tofu.
    Terraform,
    /// A call to the Kubernetes API.
    Cluster,
    /// The cluster at work by itself.
    Pod,
    /// A call to the registry or to S3.
    Transfer,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// Whether this fault is meant at that point.
    pub fn applies(&self, point: &Point<'_>) -> bool {
        let in_time = match self.when.as_deref() {
            Some(when) => when == point.when,
            // A stage alone means what is asked for in it.
            None => point.reach != Reach::Stage,
        };
        in_time && self.can_happen(point.reach) && point.places.iter().any(|p| self.meant_at(p))
    }

    fn can_happen(&self, reach: Reach) -> bool {
        let kills = match self.kill {
            None | Some(Victim::World | Victim::Engine) => true,
            Some(Victim::Terraform) => reach == Reach::Terraform,
            Some(Victim::Helm) => reach == Reach::Cluster,
        };
        let drops = self.drop.is_none() || !matches!(reach, Reach::Stage | Reach::Pod);
        kills && drops
    }

    fn meant_at(&self, place: &str) -> bool {
        // `aws_eks_node_group.gpu` means `module.nodes.aws_eks_node_group.gpu[0]` as well.
        let bare = place.split('[').next().unwrap_or(place);
        [place, bare].iter().any(|p| *p == self.at || p.ends_with(&format!(".{}", self.at)))
    }

    /// Whether it can have an effect.
    pub(super) fn check(&self) -> Result<(), String> {
        let at = &self.at;
        let said =
            [self.error.is_some(), self.kill.is_some(), self.stop.is_some(), self.drop.is_some()];
        match said.iter().filter(|said| **said).count() {
            0 if self.hang.is_none() => {
                return Err(format!(
                    "the fault at `{at}` does nothing: give it `error`, `hang`, `kill`, `stop` or `drop`"
                ));
            }
            0 | 1 => {}
            _ => {
                return Err(format!(
                    "the fault at `{at}` does two things at once: write two faults"
                ));
            }
        }
        let Some(when) = self.when.as_deref() else { return Ok(()) };
        if !MOMENTS.contains(&when) {
            let nearest = MOMENTS
                .iter()
                .min_by_key(|known| strsim::damerau_levenshtein(when, known))
                .unwrap_or(&"create");
            return Err(format!(
                "nothing goes wrong at the moment `{when}` (fault at `{at}`); nearest known moment: `{nearest}`"
            ));
        }
        self.check_reach(when)
    }

    fn check_reach(&self, when: &str) -> Result<(), String> {
        let reached: &[Reach] = match when {
            "begin" => &[Reach::Stage],
            "push" | "upload" => &[Reach::Transfer],
            "image-pull" | "ready" => &[Reach::Pod],
            "read" => &[Reach::Terraform],
            _ => &[Reach::Terraform, Reach::Cluster],
        };
        let at = &self.at;
        if when == "begin" && self.kill.is_none() && self.stop.is_none() {
            return Err(format!(
                "when stage `{at}` begins nothing is asked for yet that could fail: give the fault `kill` or `stop`"
            ));
        }
        if reached.iter().any(|reach| self.can_happen(*reach)) {
            return Ok(());
        }
        Err(format!(
            "the fault at `{at}` has no effect at the moment `{when}`: nobody it means is there"
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::rehearsal::Scenario;

    fn refusal(text: &str) -> String {
        Scenario::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_that_can_have_no_effect_is_refused() {
        for (fault, why) in [
            ("", "does nothing"),
            ("error = \"x\"\nkill = \"world\"", "two things at once"),
            ("error = \"x\"\nwhen = \"craete\"", "nearest known moment: `create`"),
            ("kill = \"helm\"\nwhen = \"push\"", "nobody it means is there"),
            ("error = \"x\"\nwhen = \"begin\"", "give the fault `kill` or `stop`"),
            ("kill = \"docker\"", "unknown variant `docker`"),
        ] {
            let said = refusal(&format!("[[fault]]\nat = \"platform\"\n{fault}\n"));
            assert!(said.contains(why), "{fault}: {said}");
        }
    }
}
