//! A question: what is asked, what may be answered, why, and what follows.
//!
//! Questions are constants beside the rules that belong to them; a [`Catalogue`] lists them.
//!
//! [`Catalogue`]: super::Catalogue

use super::answer::{Answers, Source, Value};
use super::value::{TextValue, ValueError};

/// Something that is asked.
#[derive(Debug)]
pub struct Question {
    /// The key in the answer file.
    pub key: &'static str,
    /// What it is called on a screen, in sentence case: `Deployment name`.
    pub label: &'static str,
    /// What may be answered.
    pub kind: Kind,
    /// What holds where nothing is answered.
    pub default: Default,
    /// What the account says, where it can be asked: `the region of the AWS profile`.
    pub live: Option<&'static str>,
    /// What can be chosen from, where somebody can be asked.
    pub offers: Offers,
    /// Whether it is asked at all, given the answers before it.
    pub applies: fn(&Answers) -> bool,
    /// When it is asked, in words: `with the profile full`. Empty: always.
    pub when: &'static str,
    /// Why it is asked: one sentence.
    pub why: &'static str,
    /// What follows from the answer: one sentence.
    pub consequence: &'static str,
    /// Where the default comes from: `the reference architecture v1.2`. Empty: there is none.
    pub basis: &'static str,
    /// An answer that is right, as TOML.
    pub example: &'static str,
    /// Whether the key is a name of the reference architecture.
    pub name: Reference,
    /// The variable of the Terraform root that it feeds, if one.
    pub feeds: Option<&'static str>,
}

/// Who knows what can be chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offers {
    /// Nobody.
    Nothing,
    /// The files of the AWS command line: its profiles.
    AwsProfiles,
    /// The account: regions.
    Regions,
    /// The account: reservations and Capacity Blocks.
    Reservations,
    /// The account: of which kind the reservation is that was answered.
    ReservationKind,
    /// The account: zones, with what of GPU capacity is in them.
    GpuZone,
    /// The account: zones that can host the cluster.
    Zones,
    /// The account: a range that no network of the region overlaps.
    FreeRange,
    /// The account: certificates, with what they can do for the host name.
    Certificates,
    /// The account: hosted zones.
    HostedZones,
    /// The account: Kubernetes versions that are offered.
    KubernetesVersions,
    /// The account: policies that can bound roles.
    Boundaries,
    /// The network: the address that this host has outside.
    OwnAddress,
    /// The account: who asks.
    OwnPrincipal,
    /// The environment: a file of CA certificates.
    CaFile,
}

/// Whose name the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The reference architecture uses this very name.
    Confirmed,
    /// The capability is in the reference architecture, its name there is not known to us.
    OwnName,
    /// An addition of this program.
    Addition,
}

/// What holds where nothing is answered.
#[derive(Debug)]
pub enum Default {
    /// It must be answered wherever it is asked.
    Required,
    /// It may be left out; says what then holds.
    Optional(&'static str),
    /// A text.
    Text(&'static str),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(i64),
    /// Several texts.
    List(&'static [&'static str]),
    /// Made from the answers before it; says how.
    Derived {
        /// The value, if the answers that it is made from are there.
        value: fn(&Answers) -> Option<Value>,
        /// How it is made: `the same as gpu_desired_size`.
        how: &'static str,
    },
}

/// What may be answered.
#[derive(Debug)]
pub enum Kind {
    /// A text of a type of its own.
    Text(Text),
    /// One of a few words.
    Choice(&'static [Choice]),
    /// Yes or no.
    Flag,
    /// A whole number between two bounds, both allowed.
    Number {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// What is counted: `nodes`.
        unit: &'static str,
    },
    /// Several texts of one type.
    List {
        /// What each is.
        item: Text,
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// Several of a few words.
    Choices(&'static [Choice]),
    /// Rows by key.
    Table(&'static Table),
}

/// One word of a [`Kind::Choice`].
#[derive(Debug)]
pub struct Choice {
    /// As it is written.
    pub value: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// The type of a text: a [`TextValue`] as a value of its own, so that a question can be a constant.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// What it is, with its article.
    pub what: &'static str,
    /// The form, for the JSON schema.
    pub pattern: &'static str,
    /// One that is right.
    pub example: &'static str,
    /// Whether it is a path.
    pub is_path: bool,
    /// Whether a text is one: its canonical form, or why not.
    pub parse: fn(&str) -> Result<String, ValueError>,
}

impl Text {
    /// The type `T`.
    pub const fn of<T: TextValue>() -> Self {
        Self {
            what: T::WHAT,
            pattern: T::PATTERN,
            example: T::EXAMPLE,
            is_path: T::IS_PATH,
            parse: |text| text.parse::<T>().map(|value| value.to_string()),
        }
    }
}

/// Rows by key, each with the same columns.
#[derive(Debug)]
pub struct Table {
    /// What a key is.
    pub key: Text,
    /// The columns with a meaning to us. A row may hold others, which are handed on as they are;
    /// one that is nearly a column of ours is refused as a slip.
    pub columns: &'static [Column],
    /// Whether the row of this key must have this column.
    pub needs: fn(&str, &str) -> bool,
}

/// A column of a [`Table`].
#[derive(Debug)]
pub struct Column {
    /// Its name in the file.
    pub name: &'static str,
    /// What it may hold.
    pub kind: ColumnKind,
    /// What it is.
    pub meaning: &'static str,
}

/// What a column may hold.
#[derive(Debug)]
pub enum ColumnKind {
    /// A text.
    Text(Text),
    /// A whole number between two bounds, both allowed.
    Number {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
}

impl Question {
    /// What most questions have in common: always asked, of our own, feeding nothing. The rest
    /// of a constant.
    pub const PLAIN: Self = Self {
        key: "",
        label: "",
        kind: Kind::Flag,
        default: Default::Required,
        live: None,
        offers: Offers::Nothing,
        applies: always,
        when: "",
        why: "",
        consequence: "",
        basis: "",
        example: "",
        name: Reference::Addition,
        feeds: None,
    };

    /// The name of the environment variable that answers it.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_ascii_uppercase())
    }

    /// Whether it must be answered wherever it is asked.
    pub fn is_required(&self) -> bool {
        matches!(self.default, Default::Required)
    }

    /// The value that holds where nothing is answered, if one does.
    pub fn default_value(&self, answers: &Answers) -> Option<Value> {
        match &self.default {
            Default::Required | Default::Optional(_) => None,
            Default::Text(text) => Some(Value::Text((*text).to_owned())),
            Default::Flag(flag) => Some(Value::Flag(*flag)),
            Default::Number(number) => Some(Value::Number(*number)),
            Default::List(items) => {
                Some(Value::List(items.iter().map(|i| (*i).to_owned()).collect()))
            }
            Default::Derived { value, .. } => value(answers),
        }
    }

    /// Where the value comes from that holds where nothing is answered.
    pub fn default_source(&self) -> Source {
        match self.default {
            Default::Derived { how, .. } => Source::Derived(how),
            _ => Source::Default,
        }
    }

    /// What may be answered, in one phrase.
    pub fn allowed(&self) -> String {
        match &self.kind {
            Kind::Text(text) => {
                format!("{} such as `{}`", text.what, self.example.trim_matches('"'))
            }
            Kind::Choice(choices) => quoted(choices),
            Kind::Flag => "`true` or `false`".to_owned(),
            Kind::Number { min, max, unit: "" } => {
                format!("a whole number from {min} to {max}")
            }
            Kind::Number { min, max, unit } => {
                format!("a whole number of {unit} from {min} to {max}")
            }
            Kind::List { item, .. } => {
                format!("a list, each item {}, such as `{}`", item.what, self.example)
            }
            Kind::Choices(choices) => format!("a list of any of {}", quoted(choices)),
            Kind::Table(table) => format!("a table, each key {}", table.key.what),
        }
    }
}

/// What the names of the environment variables begin with.
pub(super) const VARIABLE_PREFIX: &str = "SPRINGBOARD_ANSWER_";

/// `` `a`, `b` or `c` ``.
pub(super) fn quoted(choices: &[Choice]) -> String {
    let words: Vec<String> = choices.iter().map(|c| format!("`{}`", c.value)).collect();
    match &words[..] {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// For [`Question::applies`]: it is always asked.
pub fn always(_: &Answers) -> bool {
    true
}
