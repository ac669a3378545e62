//! Watching: what there is first, where asked, then every change, with bookmarks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures::stream;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::api::{Answer, Api};
use super::failure::Failure;
use super::objects::{Change, Effect, resource_version};
use super::read::{self, Form};
use super::request::{Call, Target};
use super::selector::Selector;
use super::table;

/// The real server ends a watch after five to ten minutes.
const LONGEST: Duration = Duration::from_mins(5);

/// How often a client that wants bookmarks gets one when nothing happens.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// A running watch.
struct Watch {
    api: Arc<Api>,
    target: Target,
    selector: Selector,
    form: Form,
    from: u64,
    wants_bookmarks: bool,
    pending: VecDeque<String>,
    ends: Instant,
    is_over: bool,
}

/// `GET` with `watch=true`, of a collection or of one object.
pub(crate) fn answer(api: &Arc<Api>, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let mut selector = read::selector(call)?;
    if !target.name.is_empty() {
        selector = selector.named(&target.name);
    }
    let query = &call.query;
    let sends_initial = query.is_set("sendInitialEvents");
    let asked_from: u64 = query.get("resourceVersion").parse().unwrap_or(0);
    let seconds = query.get("timeoutSeconds").parse().map_or(LONGEST, Duration::from_secs);
    let mut watch = Watch {
        api: Arc::clone(api),
        target: target.clone(),
        selector,
        form: Form::wanted(call),
        from: asked_from,
        wants_bookmarks: query.is_set("allowWatchBookmarks"),
        pending: VecDeque::new(),
        ends: Instant::now() + seconds.min(LONGEST),
        is_over: false,
    };
    if sends_initial || asked_from == 0 {
        watch.begin_with_what_there_is();
        if sends_initial {
            watch.bookmark(true);
        }
    }
    let stream = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(line), watch))
    });
    Ok(Answer::Stream(Body::from_stream(stream)))
}

impl Watch {
    fn begin_with_what_there_is(&mut self) {
        self.from = self.api.objects.revision();
        for object in read::collection(&self.api, &self.target, &self.selector) {
            // Written after the revision was read: it comes again as a change.
            if resource_version(&object) <= self.from {
                self.push("ADDED", &object);
            }
        }
    }

    async fn next(&mut self) -> Option<String> {
        let mut changed = self.api.objects.changed();
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some(line);
            }
            if self.is_over {
                return None;
            }
            changed.mark_unchanged();
            self.collect();
            if !self.pending.is_empty() {
                continue;
            }
            let bookmark_at = Instant::now() + BOOKMARK_EVERY;
            // Every arm is cancel safe: nothing is taken out of anything.
            tokio::select! {
                result = changed.changed() => {
                    if result.is_err() {
                        return None;
                    }
                }
                () = tokio::time::sleep_until(self.ends) => return None,
                () = tokio::time::sleep_until(bookmark_at), if self.wants_bookmarks => {
                    self.bookmark(false);
                }
            }
        }
    }

    /// Queues what has changed since.
    fn collect(&mut self) {
        match self.api.objects.changes_after(&self.target.path(), self.from) {
            Ok((changes, now)) => {
                self.from = now;
                for change in changes {
                    if let Some(what) = self.effect(&change) {
                        self.push(what, &change.after);
                    }
                }
            }
            Err(oldest) => {
                let status = Failure::expired(self.from, oldest).status();
                self.pending.push_back(line("ERROR", &status));
                self.is_over = true;
            }
        }
    }

    /// What a change is for this watch: an object can come into and go out of what is selected.
    fn effect(&self, change: &Change) -> Option<&'static str> {
        let selected = |object: &Value| {
            let in_namespace = self.target.namespace.is_empty()
                || object["metadata"]["namespace"] == self.target.namespace.as_str();
            in_namespace && self.selector.matches(object)
        };
        let before = change.before.as_ref().is_some_and(|object| selected(object));
        let after = change.what == Effect::Written && selected(&change.after);
        match (before, after) {
            (false, true) => Some("ADDED"),
            (true, true) => Some("MODIFIED"),
            (true, false) => Some("DELETED"),
            (false, false) => None,
        }
    }

    fn push(&mut self, what: &str, object: &Value) {
        let object = read::shown(object.clone(), &self.target.kind);
        let object = match self.form {
            Form::Whole => object,
            Form::MetadataOnly => read::metadata_only(&object),
            Form::Table => {
                let revision = resource_version(&object);
                table::table(&self.api, &self.target.kind, &[object], revision)
            }
        };
        self.pending.push_back(line(what, &object));
    }

    fn bookmark(&mut self, ends_initial: bool) {
        let kind = &self.target.kind;
        let mut object = json!({"kind": kind.kind, "apiVersion": kind.api_version(),
            "metadata": {"resourceVersion": self.from.to_string(), "creationTimestamp": null}});
        if ends_initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        self.pending.push_back(line("BOOKMARK", &object));
    }
}

fn line(what: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": what, "object": object}))
}
