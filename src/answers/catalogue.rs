//! A catalogue: the questions of a blueprint by page, and the rules between them.

use super::answer::Answers;
use super::question::Question;

/// Everything that a blueprint asks.
#[derive(Debug)]
pub struct Catalogue {
    /// The blueprint, as the answer file names it.
    pub blueprint: &'static str,
    /// The pages of the wizard, which are the groups of the file, in order.
    pub pages: &'static [Page],
    /// What is asked on the review, when everything else is answered.
    pub review: Option<&'static Page>,
    /// What must hold between answers.
    pub rules: &'static [Rule],
}

/// A page of the wizard and a group of the file.
#[derive(Debug)]
pub struct Page {
    /// A short name for commands and screens: `network`.
    pub id: &'static str,
    /// Its title: `Host name and certificate`.
    pub title: &'static str,
    /// Its questions, in order.
    pub questions: &'static [&'static Question],
}

/// Something that must hold between answers.
#[derive(Debug)]
pub struct Rule {
    /// A short name: `subnets-fit`.
    pub id: &'static str,
    /// What is wrong, if something is. Is asked with whatever answers are right in themselves;
    /// where one that it needs is absent, it has nothing to say.
    pub check: fn(&Answers) -> Option<Conflict>,
}

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The keys between which it does not hold; the one to change first comes first.
    pub keys: Vec<&'static str>,
    /// What is wrong and what is allowed.
    pub text: String,
}

impl Conflict {
    /// A conflict between `questions`.
    pub fn new(questions: &[&Question], text: impl Into<String>) -> Self {
        Self { keys: questions.iter().map(|q| q.key).collect(), text: text.into() }
    }
}

impl Catalogue {
    /// All pages, the review last.
    pub fn all_pages(&self) -> impl Iterator<Item = &'static Page> + use<> {
        self.pages.iter().chain(self.review)
    }

    /// All questions in display order.
    pub fn questions(&self) -> impl Iterator<Item = &'static Question> + use<> {
        self.all_pages().flat_map(|page| page.questions.iter().copied())
    }

    /// The question with this key.
    pub fn question(&self, key: &str) -> Option<&'static Question> {
        self.questions().find(|q| q.key == key)
    }

    /// The page that a question is on.
    pub fn page_of(&self, key: &str) -> Option<&'static Page> {
        self.all_pages().find(|page| page.questions.iter().any(|q| q.key == key))
    }

    /// The known key that `key` was probably meant to be.
    pub fn nearest(&self, key: &str) -> Option<&'static str> {
        nearest(key, self.questions().map(|q| q.key).chain(HEADER))
    }
}

/// The keys of the file that are no questions.
pub(super) const HEADER: [&str; 2] = ["schema_version", "blueprint"];

/// The name that is most like `wanted`, if one is like it at all.
pub(super) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, name)| name)
}
