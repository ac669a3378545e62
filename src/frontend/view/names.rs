//! Names for people: what an address is called on a screen.

use crate::run::durations::{end_of_segment, resource_type};

/// Words that are written in capitals.
const CAPITALS: &[&str] = &[
    "acm", "cni", "cpu", "dns", "ebs", "ecr", "efs", "eip", "eks", "gpu", "iam", "kms", "nat",
    "oidc", "s3", "vpc",
];

/// What an object is called: "EKS cluster", "Subnet worker us-west-2a"; anything that is no Terraform
/// resource keeps its address.
pub fn object(address: &str) -> String {
    let Some(kind) = resource_type(address) else { return address.to_owned() };
    let at = address.rfind(&format!("{kind}.")).map_or(address.len(), |at| at + kind.len() + 1);
    let (name, key) = match address[at..].split_once('[') {
        Some((name, key)) => (name, key.trim_end_matches(']').trim_matches('"')),
        None => (&address[at..], ""),
    };
    let mut words = of_type(kind);
    for more in [name, key] {
        if !matches!(more, "" | "this" | "0") && !words.ends_with(more) {
            words.push(' ');
            words.push_str(&more.replace('_', " "));
        }
    }
    words
}

/// What a type is called: `aws_eks_node_group` is "EKS node group".
fn of_type(kind: &str) -> String {
    match kind {
        "aws_db_instance" => return "Database".into(),
        "aws_s3_bucket" => return "Bucket".into(),
        _ => {}
    }
    sentence(kind.strip_prefix("aws_").unwrap_or(kind))
}

/// The part of the deployment that an address belongs to: what its outermost module is called.
pub fn part(address: &str) -> String {
    of_module(module(address))
}

/// The outermost module of an address; nothing for what is in none.
pub fn module(address: &str) -> &str {
    let Some(rest) = address.strip_prefix("module.") else { return "" };
    let module = &rest[..end_of_segment(rest)];
    module.split('[').next().unwrap_or(module)
}

/// What the objects of a module are called as a whole.
pub fn of_module(module: &str) -> String {
    if module.is_empty() { "Root".into() } else { sentence(module) }
}

/// `cpu_nodes` as "CPU nodes".
fn sentence(name: &str) -> String {
    let mut words = String::new();
    for word in name.split(['_', '-']).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        if CAPITALS.contains(&word) {
            words.push_str(&word.to_uppercase());
        } else if words.is_empty() {
            let mut letters = word.chars();
            words.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            words.push_str(letters.as_str());
        } else {
            words.push_str(word);
        }
    }
    words
}

/// A name in the middle of a sentence: "the EKS cluster", "the database".
pub fn in_a_sentence(address: &str) -> String {
    if resource_type(address).is_none() {
        return address.to_owned();
    }
    let name = object(address);
    let is_capital = name.chars().nth(1).is_some_and(char::is_uppercase);
    let mut letters = name.chars();
    match letters.next().filter(|_| !is_capital) {
        Some(first) => format!("the {}{}", first.to_lowercase(), letters.as_str()),
        None => format!("the {name}"),
    }
}

/// So many are named in a list; the rest is counted.
pub const LISTED: usize = 2;

/// "a", "a and b", "a, b and 3 more" of `all` things of which the first are named.
pub fn listed(names: &[String], all: usize) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two, ..] if all <= LISTED => format!("{one} and {two}"),
        [one, two, ..] => format!("{one}, {two} and {} more", all - LISTED),
    }
}

/// A text cut in the middle so that it is no wider than `width`.
pub fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(2);
    let (front, back) = (kept.div_ceil(2), kept / 2);
    let front: String = text.chars().take(front).collect();
    let back: String = text.chars().skip(length - back).collect();
    format!("{front}..{back}").chars().take(width).collect()
}

/// A text in lines no wider than `width`, broken at blanks; a word that is too long is cut.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut room = width;
        for word in paragraph.split_whitespace() {
            let mut letters: Vec<char> = word.chars().collect();
            let gap = usize::from(!line.is_empty());
            if letters.len() + gap > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                room = width;
            }
            if !line.is_empty() {
                line.push(' ');
                room -= 1;
            }
            while letters.len() > room {
                line.extend(letters.drain(..room));
                lines.push(std::mem::take(&mut line));
                room = width;
            }
            room -= letters.len();
            line.extend(letters);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_called_what_people_call_them() {
        let cases = [
            ("module.cluster.aws_eks_cluster.this", "EKS cluster", "the EKS cluster", "Cluster"),
            ("module.database.aws_db_instance.this", "Database", "the database", "Database"),
            (
                "module.network.aws_subnet.worker[\"us-west-2a\"]",
                "Subnet worker us-west-2a",
                "the subnet worker us-west-2a",
                "Network",
            ),
            (
                "module.cpu_nodes.aws_eks_node_group.this",
                "EKS node group",
                "the EKS node group",
                "CPU nodes",
            ),
            ("aws_kms_key.data[0]", "KMS key data[0]", "the KMS key data[0]", "Root"),
            ("deployment/core-api", "deployment/core-api", "deployment/core-api", "Root"),
        ];
        for (address, name, inside, part_of) in cases {
            let name = name.replace("data[0]", "data");
            let inside = inside.replace("data[0]", "data");
            assert_eq!(object(address), name);
            assert_eq!(in_a_sentence(address), inside);
            assert_eq!(part(address), part_of);
        }
    }

    #[test]
    fn long_names_keep_their_beginning_and_their_end() {
        assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
        assert_eq!(shortened("abcdefghijk", 10), "abcd..hijk");
        assert_eq!(shortened("abc", 1), ".");
    }

    #[test]
    fn lines_break_at_blanks_and_inside_of_words_that_are_too_long() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrapped("one\n\ntwo", 9), ["one", "two"]);
        assert!(wrapped("", 9).is_empty());
    }
}
