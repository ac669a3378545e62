//! A writer of HTML in which nothing but literals is markup: whatever comes from outside is escaped.

use std::fmt::{Display, Write as _};

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Html {
    text: String,
}

impl Html {
    /// Markup of ours.
    pub(super) fn markup(&mut self, literal: &'static str) {
        self.text.push_str(literal);
    }

    /// Text of any origin.
    pub(super) fn text(&mut self, text: impl Display) {
        let escaping = &mut Escaping(&mut self.text);
        write!(escaping, "{text}").expect("a string takes every text");
    }

    /// An element with attributes of any origin and whatever `inside` writes.
    pub(super) fn with(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &dyn Display)],
        inside: impl FnOnce(&mut Self),
    ) {
        self.markup("<");
        self.markup(tag);
        for (name, value) in attributes {
            self.markup(" ");
            self.markup(name);
            self.markup("=\"");
            self.text(value);
            self.markup("\"");
        }
        self.markup(">");
        inside(self);
        self.markup("</");
        self.markup(tag);
        self.markup(">");
    }

    /// An element with a text.
    pub(super) fn element(&mut self, tag: &'static str, text: impl Display) {
        self.with(tag, &[], |html| html.text(text));
    }

    /// The heading of a part.
    pub(super) fn heading(&mut self, text: &'static str) {
        self.element("h2", text);
        self.markup("\n");
    }

    /// A table; the rows are written by `rows`.
    pub(super) fn table(&mut self, heads: &[&'static str], rows: impl FnOnce(&mut Self)) {
        self.markup("<table><thead><tr>");
        for head in heads {
            self.element("th", head);
        }
        self.markup("</tr></thead><tbody>\n");
        rows(self);
        self.markup("</tbody></table>\n");
    }

    /// A row of a table.
    pub(super) fn row(&mut self, cells: &[&dyn Display]) {
        self.markup("<tr>");
        for cell in cells {
            self.element("td", cell);
        }
        self.markup("</tr>\n");
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

struct Escaping<'a>(&'a mut String);

impl std::fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // A browser would take them for a damaged document.
                c if c.is_control() && !matches!(c, '\n' | '\t') => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_text_stays_text() {
        let mut html = Html::default();
        let evil = "</td><script>alert(1)</script> \"'&\u{1b}[31m";
        html.with("td", &[("title", &evil)], |html| html.text(evil));
        let clean = "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39;&amp;\u{fffd}[31m";
        assert_eq!(html.finish(), format!("<td title=\"{clean}\">{clean}</td>"));
    }
}
