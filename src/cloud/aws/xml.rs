//! XML answers of AWS as trees: tags without their namespaces, and text.

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

/// Nothing that AWS answers is nested deeper.
const DEPTH: usize = 40;

impl Node {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(tag) => {
                    if open.len() > DEPTH {
                        return Err("it is nested too deeply".into());
                    }
                    let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::Empty(tag) => {
                    let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(Self { name, ..Self::default() });
                    }
                }
                Event::End(_) => {
                    let done = open.pop().filter(|_| !open.is_empty());
                    let done = done.ok_or("an element ends that did not begin")?;
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(done);
                    }
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|error| error.to_string())?;
                    if let Some(node) = open.last_mut() {
                        node.text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    let name = reference.decode().map_err(|error| error.to_string())?;
                    if let Some(node) = open.last_mut() {
                        node.text.push(entity(&name).ok_or("an entity is unknown")?);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty()).ok_or("an element does not end")?;
        root.children.into_iter().next().ok_or_else(|| "there is no element".into())
    }

    /// The first element of that name below a path, `A/B/C`.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |node, name| node.children.iter().find(|c| c.name == name))
    }

    /// The text at a path.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).map(|node| node.text.trim()).filter(|text| !text.is_empty())
    }

    /// The elements of a list: the `member`s, or whatever they are called, at a path.
    pub(super) fn list(&self, path: &str) -> &[Self] {
        if path.is_empty() {
            return &self.children;
        }
        self.at(path).map_or(&[], |node| &node.children)
    }

    /// Its own text.
    pub(super) fn own_text(&self) -> &str {
        self.text.trim()
    }

    /// The first element of that name anywhere.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_by_its_path() {
        let text = "<?xml version=\"1.0\"?><a:R xmlns:a=\"u\"><Result><Roles><member><Name>a&amp;b\
                    </Name></member><member/></Roles></Result></a:R>";
        let node = Node::parse(text).unwrap();
        let roles = node.list("Result/Roles");
        assert_eq!(roles.len(), 2);
        assert_eq!(roles[0].text("Name"), Some("a&b"));
        assert_eq!(node.find("Name").unwrap().own_text(), "a&b");
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "{}", "<a>", "<a></b>", "</a>", "<a>&nonsense;</a>"] {
            assert!(Node::parse(text).is_err(), "{text}");
        }
        assert!(Node::parse(&"<a>".repeat(100)).is_err());
    }
}
