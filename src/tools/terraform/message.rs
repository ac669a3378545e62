//! What terraform and tofu say with `-json`: one message a line.
//!
//! Owns the shape of every message type that any version from Terraform 1.10 and OpenTofu 1.10 on
//! prints. A type that is not known is kept with its text, a line that is no message is a line of
//! text, and nothing that a tool can print makes this panic. Gives no meaning to messages
//! ([`translate`](super::translate) does). Start at [`parse`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A line of standard output.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A message.
    Message(Message),
    /// Anything else: kept as text.
    Text(String),
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The sentence for people.
    pub text: String,
    /// What it means.
    pub body: Body,
}

/// What a message means, by its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// The first line: which tool speaks.
    Version {
        /// `terraform` or `tofu`.
        tool: String,
        /// Its version.
        version: String,
        /// The version of the message format.
        ui: String,
    },
    /// Free text.
    Log,
    /// Something is wrong, or may be.
    Diagnostic(Diagnostic),
    /// A resource is not as the state remembers it.
    ResourceDrift(Change),
    /// What will be done to a resource.
    PlannedChange(Change),
    /// How much will be, or was, done.
    ChangeSummary(Summary),
    /// The outputs of the root.
    Outputs(BTreeMap<String, Output>),
    /// Work on a resource goes on.
    Apply(Phase, Hook),
    /// A provisioner goes on.
    Provision(Phase, Hook),
    /// A resource is looked at again.
    Refresh(Phase, Hook),
    /// An ephemeral resource is opened, renewed or closed.
    Ephemeral(Phase, Hook),
    /// An action of a resource goes on (Terraform 1.13 and later).
    Action(Phase, Hook),
    /// A line of `init`.
    Init {
        /// Its code; OpenTofu has none.
        code: Option<String>,
    },
    /// Locking takes long enough to be mentioned.
    StateLock(Phase),
    /// A type that is not known here.
    Unknown(String),
}

/// Where in its course something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It begins.
    Start,
    /// It goes on.
    Progress,
    /// It is done.
    Complete,
    /// It failed.
    Errored,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verb {
    /// Nothing.
    Noop,
    /// It is made.
    Create,
    /// It is looked up.
    Read,
    /// It is changed in place.
    Update,
    /// It is removed and made again.
    Replace,
    /// It is removed.
    Delete,
    /// It gets another address.
    Move,
    /// It is taken in.
    Import,
    /// It is forgotten, not removed.
    Forget,
    /// Anything else.
    #[default]
    Other,
}

/// A resource as messages name it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Resource {
    /// Address with all keys.
    #[serde(rename = "addr", deserialize_with = "text_or_nothing")]
    pub address: String,
    /// Type, for example `aws_eks_cluster`.
    #[serde(rename = "resource_type", deserialize_with = "text_or_nothing")]
    pub kind: String,
}

/// What will be done, or was done behind our back, to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Change {
    /// Which.
    pub resource: Resource,
    /// What it was called before a move.
    pub previous_resource: Option<Resource>,
    /// What.
    pub action: Verb,
    /// Why, as the tool abbreviates it.
    pub reason: Option<String>,
    /// The object that is taken in.
    pub importing: Option<Importing>,
}

/// An object that is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Importing {
    /// Its id; absent where it is not known yet.
    pub id: Option<String>,
}

/// How much will be, or was, done.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Summary {
    /// Objects to make.
    pub add: u64,
    /// Objects to change in place.
    pub change: u64,
    /// Objects to take in.
    pub import: u64,
    /// Objects to remove.
    pub remove: u64,
    /// Objects to forget (OpenTofu).
    pub forget: u64,
    /// `plan`, `apply` or `destroy`.
    #[serde(deserialize_with = "text_or_nothing")]
    pub operation: String,
}

/// An output of the root.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default)]
pub struct Output {
    /// Whether its value is secret (and then absent).
    pub sensitive: bool,
    /// Its value.
    pub value: Option<Value>,
}

/// A step in the life of a resource.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default)]
pub struct Hook {
    /// Which resource.
    pub resource: Resource,
    /// What is done to it.
    pub action: Verb,
    /// Name of the attribute that identifies it.
    pub id_key: Option<String>,
    /// Value of that attribute.
    pub id_value: Option<String>,
    /// Seconds since its start, as the tool counts them.
    pub elapsed_seconds: f64,
    /// Name of the provisioner.
    pub provisioner: Option<String>,
    /// What the provisioner said.
    pub output: Option<String>,
}

/// Something is wrong, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Diagnostic {
    /// `error` or `warning`.
    #[serde(deserialize_with = "text_or_nothing")]
    pub severity: String,
    /// One sentence.
    #[serde(deserialize_with = "text_or_nothing")]
    pub summary: String,
    /// The rest.
    #[serde(deserialize_with = "text_or_nothing")]
    pub detail: String,
    /// The resource it is about.
    pub address: Option<String>,
    /// Where in the configuration.
    pub range: Option<Range>,
    /// What stands there.
    pub snippet: Option<Quoted>,
}

impl Diagnostic {
    /// Whether the tool failed because of it.
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

/// A place in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Range {
    /// The file.
    #[serde(deserialize_with = "text_or_nothing")]
    pub filename: String,
    /// Where it begins.
    pub start: Position,
}

/// Lines of the configuration. The values of expressions that come with them are not read: they may
/// be anybody's secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Quoted {
    /// The block around them.
    pub context: Option<String>,
    /// The lines.
    #[serde(deserialize_with = "text_or_nothing")]
    pub code: String,
    /// The number of the first, from 1.
    pub start_line: u64,
}

/// A position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Position {
    /// The line, from 1.
    pub line: u64,
}

/// Reads one line of standard output.
#[must_use]
pub fn parse(line: &str) -> Said {
    if !line.starts_with('{') {
        return Said::Text(line.to_owned());
    }
    if let Ok(wire) = serde_json::from_str::<Wire>(line) {
        return wire.into_said(line);
    }
    // A known type in a new shape: keep what every message has.
    match serde_json::from_str::<Envelope>(line) {
        Ok(envelope) => envelope.into_said(line),
        Err(_not_json) => Said::Text(line.to_owned()),
    }
}

/// Everything that any message may carry. What is only looked at is borrowed from the line.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wire<'a> {
    #[serde(rename = "@message")]
    text: Option<String>,
    #[serde(rename = "@module", borrow)]
    module: Option<Cow<'a, str>>,
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    diagnostic: Option<Diagnostic>,
    change: Option<Change>,
    changes: Option<Summary>,
    outputs: Option<BTreeMap<String, Output>>,
    hook: Option<Hook>,
    terraform: Option<String>,
    tofu: Option<String>,
    ui: Option<String>,
    message_code: Option<String>,
}

impl Wire<'_> {
    fn into_said(mut self, line: &str) -> Said {
        if self.text.is_none() && self.kind.is_none() {
            return Said::Text(line.to_owned());
        }
        let text = self.text.take().unwrap_or_default();
        Said::Message(Message { text, body: self.into_body() })
    }

    fn into_body(mut self) -> Body {
        let Some(kind) = self.kind.take() else {
            // OpenTofu's `init` gives its lines no type.
            let is_tool = matches!(self.module.as_deref(), Some("tofu.ui" | "terraform.ui"));
            return if is_tool { Body::Init { code: None } } else { Body::Log };
        };
        let known = match &*kind {
            "version" => self.into_version(),
            "log" => Some(Body::Log),
            "diagnostic" => self.diagnostic.map(Body::Diagnostic),
            "resource_drift" => self.change.map(Body::ResourceDrift),
            "planned_change" => self.change.map(Body::PlannedChange),
            "change_summary" => self.changes.map(Body::ChangeSummary),
            "outputs" => self.outputs.map(Body::Outputs),
            "init_output" => Some(Body::Init { code: self.message_code }),
            "state_lock_acquire" => Some(Body::StateLock(Phase::Start)),
            "state_lock_release" => Some(Body::StateLock(Phase::Complete)),
            kind => self.hook.and_then(|hook| hook_body(kind, hook)),
        };
        known.unwrap_or_else(|| Body::Unknown(kind.into_owned()))
    }

    fn into_version(self) -> Option<Body> {
        let (tool, version) = match (self.terraform, self.tofu) {
            (Some(version), _) => ("terraform", version),
            (None, Some(version)) => ("tofu", version),
            (None, None) => return None,
        };
        Some(Body::Version { tool: tool.into(), version, ui: self.ui.unwrap_or_default() })
    }
}

fn hook_body(kind: &str, hook: Hook) -> Option<Body> {
    let (prefix, phase) = kind.rsplit_once('_')?;
    let phase = match phase {
        "start" | "started" => Phase::Start,
        "progress" => Phase::Progress,
        "complete" => Phase::Complete,
        "errored" => Phase::Errored,
        _ => return None,
    };
    Some(match prefix {
        "apply" => Body::Apply(phase, hook),
        "provision" => Body::Provision(phase, hook),
        "refresh" => Body::Refresh(phase, hook),
        "ephemeral_op" | "ephemeral_action" => Body::Ephemeral(phase, hook),
        "action" => Body::Action(phase, hook),
        _ => return None,
    })
}

/// What every message has.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "@message", default)]
    text: Option<Value>,
    #[serde(rename = "type", default)]
    kind: Option<Value>,
}

impl Envelope {
    fn into_said(self, line: &str) -> Said {
        let string = |value: Option<Value>| {
            if let Some(Value::String(text)) = value { Some(text) } else { None }
        };
        let (text, kind) = (string(self.text), string(self.kind));
        if text.is_none() && kind.is_none() {
            return Said::Text(line.to_owned());
        }
        let body = kind.map_or(Body::Log, Body::Unknown);
        Said::Message(Message { text: text.unwrap_or_default(), body })
    }
}

impl<'de> Deserialize<'de> for Verb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VerbVisitor)
    }
}

/// Messages about actions (Terraform 1.13) have an object where all others have a word.
struct VerbVisitor;

impl<'de> Visitor<'de> for VerbVisitor {
    type Value = Verb;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is done to a resource")
    }

    fn visit_str<E>(self, word: &str) -> Result<Verb, E> {
        Ok(match word {
            "noop" | "no-op" => Verb::Noop,
            "create" => Verb::Create,
            "read" => Verb::Read,
            "update" => Verb::Update,
            "replace" => Verb::Replace,
            "delete" => Verb::Delete,
            "move" => Verb::Move,
            "import" => Verb::Import,
            "remove" | "forget" => Verb::Forget,
            _ => Verb::Other,
        })
    }

    fn visit_unit<E>(self) -> Result<Verb, E> {
        Ok(Verb::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Verb, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Verb::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Verb, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Verb::Other)
    }
}

/// `null` where a text is expected is no text.
fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(line: &str) -> Body {
        match parse(line) {
            Said::Message(message) => message.body,
            Said::Text(text) => panic!("{text} is not a message"),
        }
    }

    #[test]
    fn both_tools_say_who_they_are() {
        let said = [
            r#"{"@message":"x","terraform":"1.11.4","type":"version","ui":"1.2"}"#,
            r#"{"@message":"x","tofu":"1.12.6","type":"version","ui":"1.2"}"#,
        ];
        let version = |tool: &str, version: &str| Body::Version {
            tool: tool.into(),
            version: version.into(),
            ui: "1.2".into(),
        };
        assert_eq!(said.map(body), [version("terraform", "1.11.4"), version("tofu", "1.12.6")]);
    }

    #[test]
    fn a_line_of_tofu_init_has_no_type() {
        let line = r#"{"@level":"info","@message":"Initializing modules...","@module":"tofu.ui"}"#;
        assert_eq!(body(line), Body::Init { code: None });
    }

    #[test]
    fn an_unknown_type_keeps_its_sentence() {
        let line = r#"{"@message":"Policies hold","type":"policy_result","hook":{"a":1}}"#;
        let body = Body::Unknown("policy_result".into());
        assert_eq!(parse(line), Said::Message(Message { text: "Policies hold".into(), body }));
    }

    #[test]
    fn a_known_type_in_a_new_shape_keeps_its_sentence() {
        let line = r#"{"@message":"Plan","type":"change_summary","changes":["new"]}"#;
        let body = Body::Unknown("change_summary".into());
        assert_eq!(parse(line), Said::Message(Message { text: "Plan".into(), body }));
    }

    #[test]
    fn an_action_may_be_an_object() {
        let line = r#"{"@message":"x","type":"action_start","hook":{"action":{"addr":"a.b"}}}"#;
        assert_eq!(body(line), Body::Action(Phase::Start, Hook::default()));
    }

    #[test]
    fn a_line_that_is_no_message_is_text() {
        for line in ["", "panic: boom", "{", "{}", "[1]", r#"{"a":1}"#, "{\"@message\":\"torn"] {
            assert_eq!(parse(line), Said::Text(line.into()), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(line in ".*", cut in 0usize..400) {
            let _ = parse(&line);
            let known = r#"{"@level":"info","@message":"m","type":"apply_start","hook":{"resource":
                {"addr":"a","resource_type":"t"},"action":"create","elapsed_seconds":1e300}}"#;
            let _ = parse(&known[..cut.min(known.len())]);
        }
    }
}
