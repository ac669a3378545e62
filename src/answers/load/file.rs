//! The answer file as it stands: keys, their lines, and what is wrong with its form.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::catalogue::{Catalogue, HEADER, nearest};
use super::super::problem::{InvalidAnswers, Place, Problem};
use super::super::question::{Kind, Question};
use super::{SCHEMA_VERSION, unknown};

/// A file that was read; the values in it are not looked at yet.
pub(super) struct File<'f> {
    pub(super) name: &'f Path,
    text: &'f str,
    /// Each known key with its line and value.
    pub(super) values: Vec<(&'static Question, usize, Spanned<DeValue<'f>>)>,
    /// Known keys whose line could not be read.
    pub(super) bad: BTreeSet<&'static str>,
    pub(super) problems: Vec<Problem>,
}

impl<'f> File<'f> {
    /// Reads the form of the file.
    ///
    /// # Errors
    /// When it is of a later form.
    pub(super) fn parse(
        name: &'f Path,
        text: &'f str,
        catalogue: &'static Catalogue,
    ) -> Result<Self, InvalidAnswers> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut file =
            Self { name, text, values: Vec::new(), bad: BTreeSet::new(), problems: Vec::new() };
        let header_is_broken = file.take_errors(catalogue, &errors);
        file.check_header(catalogue, table.get_ref(), &header_is_broken)?;
        for (key, value) in table.into_inner() {
            file.take(catalogue, &key, value);
        }
        Ok(file)
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text
            .char_indices()
            .take_while(|(at, _)| *at < offset)
            .filter(|(_, c)| *c == '\n')
            .count()
            + 1
    }

    /// Takes the errors of TOML, one a line: what follows the first on a line follows from it.
    fn take_errors(
        &mut self,
        catalogue: &'static Catalogue,
        errors: &[toml::de::Error],
    ) -> BTreeSet<&'static str> {
        let mut lines = BTreeSet::new();
        let mut header = BTreeSet::new();
        for error in errors {
            let offset = error.span().unwrap_or(Range { start: 0, end: 0 }).start;
            let line = self.line(offset);
            if !lines.insert(line) {
                continue;
            }
            let written = self.text.lines().nth(line - 1).unwrap_or_default();
            let key = written.split('=').next().unwrap_or_default().trim().trim_matches('"');
            let question = catalogue.question(key);
            self.bad.extend(question.map(|q| q.key));
            header.extend(HEADER.into_iter().find(|known| *known == key));
            let text = error.message().replace('\n', "; ");
            self.problem(line, question.map(|q| q.key), format!("is not right TOML: {text}"));
        }
        header
    }

    fn check_header(
        &mut self,
        catalogue: &Catalogue,
        table: &DeTable<'_>,
        broken: &BTreeSet<&'static str>,
    ) -> Result<(), InvalidAnswers> {
        let entry = |key: &str| table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v);
        match entry("schema_version") {
            Some(value) => self.check_version(value)?,
            None if broken.contains("schema_version") => {}
            None => self.problem(
                0,
                Some("schema_version"),
                format!("is missing: write `schema_version = {SCHEMA_VERSION}` in the first line"),
            ),
        }
        let wanted = catalogue.blueprint;
        match entry("blueprint").map(|value| (value, value.get_ref().as_str())) {
            Some((_, Some(name))) if name == wanted => {}
            Some((value, name)) => {
                let found = name.map_or("something else".to_owned(), |name| format!("`{name}`"));
                let line = self.line(value.span().start);
                self.problem(line, Some("blueprint"), format!("must be `{wanted}`; found {found}"));
            }
            None if broken.contains("blueprint") => {}
            None => self.problem(
                0,
                Some("blueprint"),
                format!("is missing: write `blueprint = \"{wanted}\"`"),
            ),
        }
        Ok(())
    }

    fn check_version(&mut self, value: &Spanned<DeValue<'_>>) -> Result<(), InvalidAnswers> {
        let number =
            value.get_ref().as_integer().map(|n| i64::from_str_radix(n.as_str(), n.radix()));
        match number {
            Some(Ok(SCHEMA_VERSION)) => Ok(()),
            Some(Ok(found)) if found > SCHEMA_VERSION => Err(InvalidAnswers::TooNew {
                path: self.name.to_owned(),
                found,
                supported: SCHEMA_VERSION,
            }),
            _ => {
                let line = self.line(value.span().start);
                let text = format!("must be the number {SCHEMA_VERSION}");
                self.problem(line, Some("schema_version"), text);
                Ok(())
            }
        }
    }

    fn take(
        &mut self,
        catalogue: &'static Catalogue,
        key: &Spanned<std::borrow::Cow<'f, str>>,
        value: Spanned<DeValue<'f>>,
    ) {
        let name = key.get_ref().as_ref();
        if HEADER.contains(&name) {
            return;
        }
        let line = self.line(key.span().start);
        match catalogue.question(name) {
            Some(question) if !self.bad.contains(question.key) => {
                if let (Kind::Table(_), DeValue::Table(rows)) = (&question.kind, value.get_ref()) {
                    self.find_swallowed(catalogue, question, rows);
                }
                if !self.bad.contains(question.key) {
                    self.values.push((question, line, value));
                }
            }
            Some(_) => {}
            None => {
                let text = match value.get_ref() {
                    DeValue::Table(inner) => nested(catalogue, name, inner),
                    _ => None,
                };
                self.problem(line, Some(name), text.unwrap_or_else(|| unknown(catalogue, name)));
            }
        }
    }

    /// A key of the file below a table header belongs to the table; that is never meant.
    fn find_swallowed(
        &mut self,
        catalogue: &'static Catalogue,
        question: &'static Question,
        rows: &DeTable<'_>,
    ) {
        let inner = rows.values().filter_map(|row| row.get_ref().as_table()).flatten();
        for (key, _) in rows.iter().chain(inner) {
            let name = key.get_ref().as_ref();
            let Some(swallowed) = catalogue.question(name).map(|q| q.key) else { continue };
            let line = self.line(key.span().start);
            let text = format!(
                "stands below the header of a table, so it belongs to `{}`: move it above the \
                 first header",
                question.key
            );
            self.problem(line, Some(swallowed), text);
            self.bad.extend([swallowed, question.key]);
        }
    }

    /// Adds a problem; line 0 stands for the file as a whole.
    fn problem(&mut self, line: usize, key: Option<&str>, problem: String) {
        let place = Place::File { path: self.name.to_owned(), line: (line > 0).then_some(line) };
        let key = key.map(str::to_owned);
        self.problems.push(Problem { place, key, with: Vec::new(), problem });
    }
}

/// The sentence for a table that holds keys of the file.
fn nested(catalogue: &Catalogue, name: &str, inner: &DeTable<'_>) -> Option<String> {
    let keys = inner.keys().map(|key| key.get_ref().as_ref());
    let known: Vec<String> = keys
        .filter(|key| catalogue.question(key).is_some())
        .map(|key| format!("`{key}`"))
        .collect();
    if known.is_empty() {
        return None;
    }
    let page = nearest(name, catalogue.pages.iter().map(|page| page.id));
    let group = page.map_or("a group", |_| "the name of a group");
    Some(format!("is not a key but {group}; keys stand outside of any table: {}", known.join(", ")))
}
