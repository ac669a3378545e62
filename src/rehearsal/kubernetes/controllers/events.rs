//! Events: what people read in `kubectl describe`.

use std::io;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::kind::at;
use super::super::value::{name, namespace, uid};
use super::Control;

/// How an event is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Normal,
    Warning,
}

impl Control<'_> {
    /// Records that something happened to an object. Saying the same again changes nothing, so
    /// controllers may say it in every pass.
    pub(crate) fn event(
        &mut self,
        object: &Value,
        tone: Tone,
        component: &str,
        reason: &str,
        message: &str,
    ) -> io::Result<()> {
        let home = match namespace(object) {
            "" => "default",
            home => home,
        };
        let digest = Sha256::digest(format!("{}/{reason}/{message}", uid(object)));
        let event_name = format!("{}.{}", name(object), hex::encode(&digest[..8]));
        if self.api.objects.has(at::EVENTS, home, &event_name) {
            return Ok(());
        }
        let tone = match tone {
            Tone::Normal => "Normal",
            Tone::Warning => "Warning",
        };
        let refused = self.create(json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": event_name, "namespace": home},
            "involvedObject": {"apiVersion": object["apiVersion"], "kind": object["kind"],
                "namespace": namespace(object), "name": name(object), "uid": uid(object)},
            "type": tone, "reason": reason, "message": message, "count": 1,
            "firstTimestamp": self.now, "lastTimestamp": self.now,
            "source": {"component": component}, "reportingComponent": component,
            "reportingInstance": "",
        }))?;
        if let Err(failure) = refused {
            // The namespace is on its way out: nobody will look.
            tracing::debug!(failure.message, "an event was not recorded");
        }
        Ok(())
    }
}
