//! Loading: from a file, `--set`, the environment, the caller and the account to [`Answers`].
//!
//! Each question takes the strongest answer there is: `--set`, then `SPRINGBOARD_ANSWER_<KEY>`,
//! then what was typed into a form, then the file, then what the caller gives, then what the account says, then the default.
//! Nothing is asked and nothing is begun; every problem is found in one go.

mod file;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::file::File;
use super::answer::{Answer, Answers, Source, Value};
use super::catalogue::{Catalogue, Conflict, HEADER};
use super::parse::{self, Parsed, Paths};
use super::problem::{InvalidAnswers, MISSING, Place, Problem};
use super::question::{Question, VARIABLE_PREFIX};
use crate::host::Host;

/// The form of the answer file that this program writes and reads.
pub const SCHEMA_VERSION: i64 = 1;

/// Gathers where answers come from; [`Loader::load`] makes them.
#[derive(Debug)]
pub struct Loader<'a> {
    catalogue: &'static Catalogue,
    host: &'a Host,
    file: Option<(PathBuf, Cow<'a, str>)>,
    sets: Vec<String>,
    typed: BTreeMap<&'static str, Typed>,
    given: Vec<(Source, BTreeMap<String, Value>)>,
}

/// What was typed into a form for one question, right or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// One text, without the need for quotes.
    Text(String),
    /// Several texts, a row each.
    Items(Vec<String>),
}

impl Answers {
    /// Loads answers from a file, `--set` and the environment.
    ///
    /// # Errors
    /// With everything that is wrong or missing.
    pub fn load(
        catalogue: &'static Catalogue,
        file: Option<&Path>,
        sets: &[String],
        host: &Host,
    ) -> Result<Self, InvalidAnswers> {
        let loader = Loader::new(catalogue, host).sets(sets);
        match file {
            Some(path) => loader.file(path)?.load(),
            None => loader.load(),
        }
    }
}

impl<'a> Loader<'a> {
    /// A loader with nothing but the environment.
    pub fn new(catalogue: &'static Catalogue, host: &'a Host) -> Self {
        let (sets, typed, given) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { catalogue, host, file: None, sets, typed, given }
    }

    /// Reads the answer file at `path`, which is taken from the working directory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(self, path: &Path) -> Result<Self, InvalidAnswers> {
        let text = std::fs::read_to_string(self.host.current_dir().join(path))
            .map_err(|source| InvalidAnswers::Unreadable { path: path.to_owned(), source })?;
        Ok(self.text(path, text))
    }

    /// Takes `text` for the answer file; `name` is what messages call it, and where relative
    /// paths in it begin.
    #[must_use]
    pub fn text(mut self, name: &Path, text: impl Into<Cow<'a, str>>) -> Self {
        self.file = Some((name.to_owned(), text.into()));
        self
    }

    /// Adds `KEY=VALUE` settings; a later one of the same key wins.
    #[must_use]
    pub fn sets(mut self, sets: &[String]) -> Self {
        self.sets.extend_from_slice(sets);
        self
    }

    /// Adds what was typed into a form.
    #[must_use]
    pub fn typed(mut self, typed: &BTreeMap<&'static str, Typed>) -> Self {
        self.typed.extend(typed.iter().map(|(key, typed)| (*key, typed.clone())));
        self
    }

    /// Adds values that the caller knows, below the file and above the account; `label` says
    /// what they are: `the sample bundle`.
    #[must_use]
    pub fn given(self, label: &str, values: BTreeMap<String, Value>) -> Self {
        self.layer(Source::Given(label.to_owned()), values)
    }

    /// Adds values that the account says, above the built-in defaults.
    #[must_use]
    pub fn account(self, values: BTreeMap<String, Value>) -> Self {
        self.layer(Source::Account, values)
    }

    fn layer(mut self, source: Source, values: BTreeMap<String, Value>) -> Self {
        self.given.push((source, values));
        self
    }

    /// Makes the answers.
    ///
    /// # Errors
    /// With everything that is wrong or missing.
    pub fn load(&self) -> Result<Answers, InvalidAnswers> {
        let (answers, problems) = self.draft()?;
        if problems.is_empty() { Ok(answers) } else { Err(InvalidAnswers::Wrong(problems)) }
    }

    /// Makes what answers can be made, and says what is wrong or missing.
    ///
    /// # Errors
    /// When the file is of a later form, so that nothing can be said about it.
    pub fn draft(&self) -> Result<(Answers, Vec<Problem>), InvalidAnswers> {
        let file = match &self.file {
            Some((name, text)) => Some(File::parse(name, text, self.catalogue)?),
            None => None,
        };
        let mut state = Loading::new(self.catalogue, self.host, file.as_ref());
        state.take_given(&self.given);
        state.take_file();
        state.take_typed(&self.typed);
        state.take_environment();
        state.take_sets(&self.sets);
        Ok(state.finish())
    }
}

/// What was written for a question, and where.
struct Entry<'f> {
    raw: Raw<'f>,
    place: Place,
    source: Source,
    base: PathBuf,
}

enum Raw<'f> {
    Toml(&'f toml::Spanned<toml::de::DeValue<'f>>),
    Words(String),
    Value(Value),
}

struct Loading<'f> {
    catalogue: &'static Catalogue,
    host: &'f Host,
    file: Option<&'f File<'f>>,
    entries: BTreeMap<&'static str, Entry<'f>>,
    /// Keys with a problem; rules that need them and their absence say nothing more.
    bad: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl<'f> Loading<'f> {
    fn new(catalogue: &'static Catalogue, host: &'f Host, file: Option<&'f File<'f>>) -> Self {
        let entries = BTreeMap::new();
        Self { catalogue, host, file, entries, bad: BTreeSet::new(), problems: Vec::new() }
    }

    /// Layers below the file, the weakest first.
    fn take_given(&mut self, layers: &[(Source, BTreeMap<String, Value>)]) {
        let rank = |source: &Source| !matches!(source, Source::Account);
        let mut layers: Vec<_> = layers.iter().collect();
        layers.sort_by_key(|(source, _)| rank(source));
        for (source, values) in layers {
            for (key, value) in values {
                let place = Place::Given(source.to_string());
                let entry = Entry {
                    raw: Raw::Value(value.clone()),
                    place: place.clone(),
                    source: source.clone(),
                    base: self.host.current_dir().to_owned(),
                };
                self.take(key, entry, &place);
            }
        }
    }

    fn take_file(&mut self) {
        let Some(file) = self.file else { return };
        self.problems.extend(file.problems.iter().cloned());
        self.bad.extend(file.bad.iter().copied());
        let base = self.host.current_dir().join(file.name.parent().unwrap_or(Path::new("")));
        for (question, line, value) in &file.values {
            let place = Place::File { path: file.name.to_owned(), line: Some(*line) };
            let source = Source::File { path: file.name.to_owned(), line: *line };
            let entry = Entry { raw: Raw::Toml(value), place, source, base: base.clone() };
            self.entries.insert(question.key, entry);
        }
    }

    fn take_typed(&mut self, typed: &BTreeMap<&'static str, Typed>) {
        for (key, typed) in typed {
            let raw = match typed {
                Typed::Text(words) => Raw::Words(words.clone()),
                Typed::Items(items) => Raw::Value(Value::List(items.clone())),
            };
            let base = self.host.current_dir().to_owned();
            let entry = Entry { raw, place: Place::Form, source: Source::Form, base };
            self.take(key, entry, &Place::Form);
        }
    }

    fn take_environment(&mut self) {
        for (name, words) in self.host.vars() {
            let Some(key) = name.strip_prefix(VARIABLE_PREFIX).filter(|_| !words.is_empty()) else {
                continue;
            };
            let place = Place::Environment(name.clone());
            let entry = Entry {
                raw: Raw::Words(words.clone()),
                place: place.clone(),
                source: Source::Environment(name.clone()),
                base: self.host.current_dir().to_owned(),
            };
            self.take(&key.to_ascii_lowercase(), entry, &place);
        }
    }

    fn take_sets(&mut self, sets: &[String]) {
        for set in sets {
            let Some((key, words)) = set.split_once('=') else {
                let shown = if is_secret_like(set) { "what was given" } else { set };
                self.problem(Place::Set, None, format!("`{shown}` is not KEY=VALUE"));
                continue;
            };
            let entry = Entry {
                raw: Raw::Words(words.to_owned()),
                place: Place::Set,
                source: Source::Set,
                base: self.host.current_dir().to_owned(),
            };
            self.take(key.trim(), entry, &Place::Set);
        }
    }

    fn take(&mut self, key: &str, entry: Entry<'f>, place: &Place) {
        if let Some(question) = self.catalogue.question(key) {
            self.entries.insert(question.key, entry);
            // A stronger answer makes up for one in the file that could not be read.
            self.bad.remove(question.key);
        } else {
            let text = unknown(self.catalogue, key);
            self.problem(place.clone(), Some(key), text);
        }
    }

    fn problem(&mut self, place: Place, key: Option<&str>, problem: String) {
        let key = key.map(str::to_owned);
        self.problems.push(Problem { place, key, with: Vec::new(), problem });
    }

    fn finish(mut self) -> (Answers, Vec<Problem>) {
        let mut answers = Answers::none(self.catalogue);
        for question in self.catalogue.questions() {
            self.settle(question, &mut answers);
        }
        let conflicts = self.catalogue.rules.iter().filter_map(|rule| (rule.check)(&answers));
        for conflict in conflicts.collect::<Vec<_>>() {
            self.conflict(&answers, conflict);
        }
        // In the order of the file, then `--set`, environment and callers, then what is missing.
        self.problems.sort_by_key(|problem| match &problem.place {
            Place::File { line: Some(line), .. } => (0, *line),
            Place::Set => (1, 0),
            Place::Environment(_) => (2, 0),
            Place::Form => (3, 0),
            Place::Given(_) => (4, 0),
            Place::File { line: None, .. } | Place::Answers => (5, 0),
        });
        (answers, self.problems)
    }

    /// Decides what holds for `question`, given the answers before it.
    fn settle(&mut self, question: &'static Question, answers: &mut Answers) {
        let asked = answers.applies(question);
        if let Some(entry) = self.entries.remove(question.key) {
            match self.read(question, &entry, asked) {
                Ok(Some(value)) => {
                    answers.given.insert(question.key, Answer { value, source: entry.source });
                    return;
                }
                // Emptied on purpose: the same as not answered.
                Ok(None) => {}
                Err(findings) => {
                    self.bad.insert(question.key);
                    for finding in findings {
                        let line = finding.span.and_then(|s| Some(self.file?.line(s.start)));
                        let place = match (entry.place.clone(), line) {
                            (Place::File { path, .. }, Some(line)) => {
                                Place::File { path, line: Some(line) }
                            }
                            (place, _) => place,
                        };
                        self.problem(place, Some(question.key), finding.text);
                    }
                    return;
                }
            }
        }
        if self.bad.contains(question.key) {
            return;
        }
        if let Some(value) = question.default_value(answers) {
            let source = question.default_source();
            answers.given.insert(question.key, Answer { value, source });
        } else if question.is_required() && asked {
            let place = self.nowhere();
            self.problem(place, Some(question.key), format!("{MISSING}: {}", question.allowed()));
            self.bad.insert(question.key);
        }
    }

    fn read(&self, question: &Question, entry: &Entry<'_>, asked: bool) -> Parsed {
        let home = self.host.home();
        let paths = Paths { base: entry.base.clone(), home, check: asked };
        match &entry.raw {
            Raw::Toml(value) => parse::from_toml(question, value, &paths),
            Raw::Words(words) => parse::from_words(question, words, &paths),
            Raw::Value(value) => parse::from_value(question, value, &paths),
        }
    }

    fn nowhere(&self) -> Place {
        match self.file {
            Some(file) => Place::File { path: file.name.to_owned(), line: None },
            None => Place::Answers,
        }
    }

    /// Puts a conflict at the first of its keys that a person chose, and names the others.
    fn conflict(&mut self, answers: &Answers, conflict: Conflict) {
        if conflict.keys.iter().any(|key| self.bad.contains(key)) {
            return;
        }
        let source = |key: &str| answers.answer(key).map(|answer| &answer.source);
        let chosen = |key: &&&str| source(key).is_some_and(Source::is_chosen);
        let at = conflict.keys.iter().find(chosen).or(conflict.keys.first()).copied();
        let others: Vec<&str> = conflict.keys.iter().copied().filter(|k| Some(*k) != at).collect();
        let named: Vec<String> = others
            .iter()
            .map(|key| match source(key) {
                Some(source) => format!("`{key}`, {source}"),
                None => format!("`{key}`, not answered"),
            })
            .collect();
        let mut text = conflict.text;
        if !named.is_empty() {
            text = format!("{text} (see {})", named.join("; "));
        }
        let place = match at.and_then(source) {
            Some(Source::Set) => Place::Set,
            Some(Source::Environment(name)) => Place::Environment(name.clone()),
            Some(Source::Form) => Place::Form,
            Some(Source::File { path, line }) => {
                Place::File { path: path.clone(), line: Some(*line) }
            }
            Some(Source::Given(label)) => Place::Given(label.clone()),
            _ => self.nowhere(),
        };
        let with = others.into_iter().map(str::to_owned).collect();
        self.problems.push(Problem { place, key: at.map(str::to_owned), with, problem: text });
    }
}

/// The sentence for a key that nobody asks for.
fn unknown(catalogue: &Catalogue, key: &str) -> String {
    if HEADER.contains(&key) {
        return "belongs in the file and cannot be set from outside".to_owned();
    }
    if is_secret_like(key) {
        return "looks like a secret; answers never hold one and none is asked for here: take it \
                out"
        .to_owned();
    }
    match catalogue.nearest(key) {
        Some(near) => format!("is not a key; nearest known key: `{near}`"),
        None => "is not a key; `springboard answers new` lists them all".to_owned(),
    }
}

fn is_secret_like(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "credential",
        "private_key",
        "api_key",
        "access_key",
    ]
    .iter()
    .any(|word| key.contains(word))
}
