//! A request, taken apart: what is asked of which object, and with which options.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use serde_json::Value;

use super::failure::Failure;
use super::kind::{self, Kind};
use super::objects::Objects;
use super::protobuf;

/// A request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The parts of the path, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    user_agent: String,
    pub(crate) body: Bytes,
}

/// The options behind the `?`.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// What a path names.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) kind: Arc<Kind>,
    /// Empty for cluster-scoped kinds and for all namespaces.
    pub(crate) namespace: String,
    /// Empty for a collection.
    pub(crate) name: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    /// What follows a subresource, as in `proxy/v1/models`.
    pub(crate) rest: Vec<String>,
}

impl Call {
    /// Takes a request apart.
    pub(crate) fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Self {
        let header = |name| {
            headers.get(name).and_then(|v: &http::HeaderValue| v.to_str().ok()).unwrap_or_default()
        };
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self {
            segments: uri
                .path()
                .trim_matches('/')
                .split('/')
                .filter(|s| !s.is_empty())
                .map(percent_decoded)
                .collect(),
            query: Query(query.into_owned().collect()),
            accept: header(header::ACCEPT).to_owned(),
            content_type: header(header::CONTENT_TYPE).to_owned(),
            user_agent: header(header::USER_AGENT).to_owned(),
            method,
            body,
        }
    }

    /// The body as an object.
    pub(crate) fn object(&self) -> Result<Value, Failure> {
        if self.content_type.contains("protobuf") || self.body.starts_with(protobuf::MAGIC) {
            return protobuf::decode(&self.body).ok_or_else(|| {
                Failure::unsupported_media_type("protobuf of a kind not known here")
            });
        }
        if self.content_type.contains("yaml") {
            return serde_yaml_ng::from_slice(&self.body)
                .map_err(|error| Failure::bad_request(error.to_string()));
        }
        serde_json::from_slice(&self.body).map_err(|error| Failure::bad_request(error.to_string()))
    }

    /// Who writes, for the ownership of fields.
    pub(crate) fn manager(&self) -> String {
        match self.query.get("fieldManager") {
            "" => self.user_agent.split('/').next().unwrap_or_default().to_owned(),
            manager => manager.to_owned(),
        }
    }

    /// Whether nothing shall be written.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.query.get("dryRun") == "All"
    }
}

impl Query {
    /// The value of an option, empty when it is not given.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v)
    }

    /// Whether an option is set to a true value.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }
}

impl Target {
    /// What a path names; `None` when it names nothing that is served.
    pub(crate) fn parse(objects: &Objects, segments: &[String]) -> Option<Self> {
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, plural, rest) = match rest {
            ["namespaces", _, "status" | "finalize"] | ["namespaces"] | ["namespaces", _] => {
                ("", "namespaces", &rest[1..])
            }
            ["namespaces", namespace, plural, rest @ ..] => (*namespace, *plural, rest),
            [plural, rest @ ..] => ("", *plural, rest),
            [] => return None,
        };
        let kind = kind::find(objects, group, version, plural)?;
        if !kind.is_namespaced() && !namespace.is_empty() {
            return None;
        }
        let (name, subresource, rest) = match rest {
            [] => ("", "", &[][..]),
            [name] => (*name, "", &[][..]),
            [name, subresource, rest @ ..] => (*name, *subresource, rest),
        };
        Some(Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
            rest: rest.iter().map(|&part| part.to_owned()).collect(),
        })
    }

    /// Where the objects are kept.
    pub(crate) fn path(&self) -> String {
        self.kind.path()
    }
}

fn percent_decoded(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%'
            && let Some(hex) = tail.get(..2)
            && let Ok(decoded) = hex::decode(hex)
        {
            bytes.extend(decoded);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_segments_are_decoded_and_broken_escapes_left_alone() {
        assert_eq!(percent_decoded("system%3Anode"), "system:node");
        assert_eq!(percent_decoded("100%zz"), "100%zz");
        assert_eq!(percent_decoded("%C3%A4"), "ä");
    }
}
