//! Rust sources as the guards read them: without comments, texts and tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` of the repository, sorted, without what git ignores.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if [".git", "target", ".tools", "tmp", ".terraform"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The path from the root of the repository, with `/`.
pub(crate) fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

/// A Rust file of `src/`.
pub(crate) struct Source {
    /// From the root of the repository.
    pub(crate) name: String,
    /// Its module, for example `["tools", "terraform", "message"]`; empty for the crate root.
    pub(crate) module: Vec<String>,
    /// Its text without comments and literals, and without test modules; lines are kept.
    pub(crate) code: String,
    /// Its lines, test modules not counted.
    pub(crate) lines: usize,
}

/// The Rust files of `src/` that are no tests.
pub(crate) fn sources() -> Vec<Source> {
    files("src")
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter_map(|path| read(path))
        .collect()
}

fn read(path: &Path) -> Option<Source> {
    let name = short(path);
    let inner = name.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if module.iter().any(|part| part == "tests") {
        return None;
    }
    if ["mod", "lib", "main"].contains(&module.last()?.as_str()) {
        module.pop();
    }
    let text = fs::read_to_string(path).unwrap();
    let code = without_tests(&without_literals(&text));
    let removed = code.lines().filter(|line| line.trim() == REMOVED).count();
    Some(Source { name, module, lines: text.lines().count() - removed, code })
}

impl Source {
    /// The modules of the crate's root that this file names by `crate::…` or by `super::…`.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            let before = self.code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                names.extend(heads(&self.code[at + "crate::".len()..]));
            }
        }
        // As many `super` as the module is deep lead to the root of the crate.
        let up = "super::".repeat(self.module.len());
        if !self.module.is_empty() {
            for (at, _) in self.code.match_indices(&up) {
                let longer = self.code[..at].ends_with("super::");
                let rest = &self.code[at + up.len()..];
                if !longer && !rest.starts_with("super::") {
                    names.extend(heads(rest));
                }
            }
        }
        names
    }
}

/// The first names of what follows a path: one, or those of a group in braces.
fn heads(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut heads = Vec::new();
    let (mut depth, mut start) = (0_usize, 0_usize);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(word(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Blanks comments, texts and characters, so that what is left is code. Lines are kept.
fn without_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(text, at);
        if end > at {
            out.extend(text[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            let c = text[at..].chars().next().unwrap();
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` itself where none begins.
fn literal_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    if rest.starts_with("//") {
        return at + rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return at + rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    let in_word = text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
    if !in_word && (rest.starts_with('r') || rest.starts_with("br")) {
        let marks = rest.trim_start_matches(['b', 'r']);
        let hashes = marks.len() - marks.trim_start_matches('#').len();
        if marks[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = rest.len() - marks.len() + hashes + 1;
            return at
                + rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len());
        }
    }
    if rest.starts_with('"') {
        return at + closed(rest, '"');
    }
    // A lifetime has no closing quote after its first character.
    if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && rest.starts_with('\'') {
        return at + closed(rest, '\'');
    }
    at
}

/// The length of a literal up to its closing `quote`, escapes respected.
fn closed(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// What stands in for each line of a test module.
const REMOVED: &str = "<test>";

/// Replaces the lines of `#[cfg(test)] mod … { … }`.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        let opens = line.trim() == "#[cfg(test)]"
            && lines
                .peek()
                .is_some_and(|next| next.trim_start().starts_with("mod ") && next.contains('{'));
        if !opens {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let mut depth = 0_i32;
        out.push_str(REMOVED);
        out.push('\n');
        for line in lines.by_ref() {
            depth += line.chars().map(|c| i32::from(c == '{') - i32::from(c == '}')).sum::<i32>();
            out.push_str(REMOVED);
            out.push('\n');
            if depth <= 0 {
                break;
            }
        }
    }
    out
}

#[test]
fn only_code_is_left_of_a_source() {
    let text =
        "let a = \"crate::x\"; // crate::y\nlet b = 'c'; let c: &'static str = r#\"crate::z\"#;\n";
    let code = without_literals(text);
    assert!(!code.contains("crate::"), "{code}");
    assert!(code.contains("&'static str"), "{code}");
    assert_eq!(code.lines().count(), 2);
}

#[test]
fn the_modules_that_a_source_names_are_found_in_every_form() {
    let source = Source {
        name: String::new(),
        module: vec!["tools".to_owned(), "helm".to_owned()],
        code: "use crate::run::{Event, x}; use crate::{answers, cloud::{aws, y}};\n\
               fn f(a: &crate::host::Host, b: super::super::engine::E, c: super::terraform::T) {}"
            .to_owned(),
        lines: 2,
    };
    let names: Vec<_> = source.names().into_iter().collect();
    assert_eq!(names, ["answers", "cloud", "engine", "host", "run"]);
}

#[test]
fn test_modules_are_not_counted() {
    let code =
        without_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { { } }\n}\nfn c() {}\n");
    assert_eq!(code, "fn a() {}\n<test>\n<test>\n<test>\n<test>\nfn c() {}\n");
}
