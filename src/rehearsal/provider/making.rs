//! An object while it is being made: what the store says of it, and how it comes to its end.
//!
//! In the store it has `"status": "creating"` and, where it will fail, `"failing"` with the reason;
//! what has failed keeps its status, as it is no use to anybody, and has `"failed"` with the code.
//! `"issues"` is what AWS says is wrong with a node group.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::computed::Completed;
use super::refusal::Refusal;
use super::scene::{Scene, TABLE};
use super::session::Session;
use crate::rehearsal::World;

/// However long a tool takes to be told to stop, the world goes on after this while.
pub(super) const LONGEST_HOLD: Duration = Duration::from_mins(2);

/// How the making of an object begins.
pub(super) struct Begin {
    /// Until it is made, or has failed.
    pub(super) wait: Duration,
    /// Why it will fail.
    pub(super) late: Option<Refusal>,
    /// Whether it is held back until the tool is told to stop.
    pub(super) is_held: bool,
}

impl Begin {
    pub(super) fn is_not_instant(&self) -> bool {
        !self.wait.is_zero() || self.late.is_some() || self.is_held
    }

    /// The object as the store has it at first.
    pub(super) fn object(&self, scene: &Scene, made: &Completed) -> Json {
        let mut object = json!({
            "type": scene.type_name,
            "id": made.id,
            "attributes": made.object.to_json(),
            "created_at": scene.world.now().to_string(),
        });
        if self.is_not_instant() {
            let millis = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX);
            object["status"] = "creating".into();
            object["ready_after_ms"] = millis.into();
            set_status(&mut object["attributes"], "CREATING", "creating");
        }
        if let Some(refusal) = &self.late {
            object["failing"] = json!({"code": refusal.code, "message": refusal.message});
            if !refusal.activity.is_empty() {
                object["issues"] = json!([refusal.activity]);
            }
        }
        object
    }
}

/// Makes an object live after a while, or lets it fail, whoever is still listening. One that is
/// held waits before that until the tool of the session is told to stop.
pub(super) fn finish_later(
    world: Arc<World>,
    key: String,
    wait: Duration,
    held: Option<Arc<Session>>,
) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the world's own work outlives the connection that asked for it"
    )]
    tokio::spawn(async move {
        if let Some(session) = held {
            let _told_or_not = tokio::time::timeout(LONGEST_HOLD, session.stopped()).await;
        }
        tokio::time::sleep(wait).await;
        let finished = world.store.update(TABLE, &key, |there| there.cloned().map(finished));
        if let Err(error) = finished {
            tracing::error!(%key, %error, "could not finish an object of the simulated world");
        }
    });
}

/// An object whose time has come.
fn finished(mut object: Json) -> Json {
    let failing = object.as_object_mut().and_then(|fields| {
        fields.shift_remove("ready_after_ms");
        fields.shift_remove("failing")
    });
    if let Some(failing) = failing {
        object["failed"] = failing["code"].clone();
        object["issues"] = json!([failing["message"]]);
        set_status(&mut object["attributes"], "CREATE_FAILED", "failed");
        return object;
    }
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    set_status(&mut object["attributes"], "ACTIVE", "available");
    object
}

/// Says how an object is, in capitals where its service does so.
fn set_status(attributes: &mut Json, loud: &str, quiet: &str) {
    let Some(status) = attributes.get_mut("status") else { return };
    match status.as_str() {
        Some("ACTIVE" | "CREATING") => *status = loud.into(),
        Some("available" | "creating") => *status = quiet.into(),
        _ => {}
    }
}
