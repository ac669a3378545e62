//! How the API refuses: a `Status` object with code, reason and the sentence that people read.

use std::io;

use serde_json::{Value, json};

use super::kind::Kind;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// HTTP status.
    pub(crate) code: u16,
    /// The machine-readable reason, for example `NotFound`.
    pub(crate) reason: &'static str,
    /// The sentence.
    pub(crate) message: String,
    /// What it is about, and causes.
    pub(crate) details: Option<Value>,
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    /// 404 for a path that is no resource.
    pub(crate) fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// 404 for an object.
    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 409 for a name that is taken.
    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409 for a write that is based on an older object, or lost a race.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 422; `causes` are `field: what is wrong` each.
    pub(crate) fn invalid(kind: &Kind, name: &str, causes: &[String]) -> Self {
        let what = match causes {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {what}", kind.qualified_kind());
        let mut failure = Self::new(422, "Invalid", message).about(kind, name);
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| {
                let (field, why) = cause.split_once(": ").unwrap_or(("", cause));
                json!({"reason": "FieldValueInvalid", "field": field, "message": why})
            })
            .collect();
        if let Some(details) = &mut failure.details {
            details["causes"] = json!(causes);
        }
        failure
    }

    /// 403 from admission.
    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 400.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    /// 415.
    pub(crate) fn unsupported_media_type(what: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf ({what})"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 410: the watch starts before what is remembered.
    pub(crate) fn expired(from: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {from} ({oldest})"))
    }

    /// 500.
    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    /// 503.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, "ServiceUnavailable", message)
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        let mut details = json!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            details["group"] = json!(kind.group);
        }
        self.details = Some(details);
        self
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::internal(format!("the world could not write it down: {error}"))
    }
}
