//! What goes with something else: dependents of owners that are gone, the contents of namespaces
//! that are being deleted, events that are old.

use std::collections::HashSet;
use std::io;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::delete::FOREGROUND;
use super::super::kind::{self, at};
use super::super::value::{is_deleting, items, name, namespace, text, uid};
use super::Control;

/// The real server forgets events after an hour.
const EVENTS_LAST: SignedDuration = SignedDuration::from_hours(1);

/// Collects what nothing holds any more.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    collect_dependents(control)?;
    finish_foreground(control)?;
    empty_namespaces(control)?;
    forget_events(control)
}

fn collect_dependents(control: &mut Control<'_>) -> io::Result<()> {
    let has_owner = |object: &Value| items(object, "/metadata/ownerReferences").next().is_some();
    let dependents = control.api.objects.everything(has_owner);
    if dependents.is_empty() {
        return Ok(());
    }
    let mut holding = HashSet::new();
    for (_, object) in control.api.objects.everything(|o| !is_leaving_in_foreground(o)) {
        holding.insert(uid(&object).to_owned());
    }
    for (path, object) in dependents {
        let is_held = items(&object, "/metadata/ownerReferences")
            .any(|owner| holding.contains(text(owner, "/uid")));
        if !is_held {
            let_go(control, &path, &object)?;
        }
    }
    Ok(())
}

fn is_leaving_in_foreground(object: &Value) -> bool {
    is_deleting(object) && items(object, "/metadata/finalizers").any(|f| f == FOREGROUND)
}

/// Owners that wait for their dependents go when there are none left.
fn finish_foreground(control: &mut Control<'_>) -> io::Result<()> {
    for (path, object) in control.api.objects.everything(is_leaving_in_foreground) {
        let has_dependents = !control
            .api
            .objects
            .everything(|o| items(o, "/metadata/ownerReferences").any(|r| r["uid"] == uid(&object)))
            .is_empty();
        if has_dependents {
            continue;
        }
        let others: Vec<Value> =
            items(&object, "/metadata/finalizers").filter(|f| *f != FOREGROUND).cloned().collect();
        if others.is_empty() {
            control.remove(&path, &object)?;
        } else {
            control.modify(&path, &object, |o| o["metadata"]["finalizers"] = json!(others))?;
        }
    }
    Ok(())
}

fn empty_namespaces(control: &mut Control<'_>) -> io::Result<()> {
    for home in control.list(at::NAMESPACES) {
        if !is_deleting(&home) {
            continue;
        }
        let inside = control.api.objects.everything(|o| namespace(o) == name(&home));
        if inside.is_empty() {
            if items(&home, "/metadata/finalizers").next().is_none() {
                control.remove(at::NAMESPACES, &home)?;
            }
            continue;
        }
        for (path, object) in inside {
            let_go(control, &path, &object)?;
        }
    }
    Ok(())
}

/// Deletes an object in the background: at once, unless a finalizer or a running pod holds it.
fn let_go(control: &mut Control<'_>, path: &str, object: &Value) -> io::Result<()> {
    if is_deleting(object) {
        return Ok(());
    }
    let is_held = items(object, "/metadata/finalizers").next().is_some();
    let is_running_pod = path == at::PODS
        && !text(object, "/spec/nodeName").is_empty()
        && !matches!(text(object, "/status/phase"), "Succeeded" | "Failed");
    if !is_held && !is_running_pod {
        return control.remove(path, object);
    }
    let now = control.now.clone();
    control.modify(path, object, |o| {
        o["metadata"]["deletionTimestamp"] = json!(now);
        o["metadata"]["deletionGracePeriodSeconds"] = json!(if is_running_pod { 30 } else { 0 });
    })
}

fn forget_events(control: &mut Control<'_>) -> io::Result<()> {
    let oldest = control.world().now() - EVENTS_LAST;
    let is_old = |event: &Value| {
        text(event, "/lastTimestamp").parse::<Timestamp>().is_ok_and(|at| at < oldest)
    };
    for event in control.api.objects.select(&format!("{}/", at::EVENTS), is_old) {
        control.remove(at::EVENTS, &event)?;
    }
    Ok(())
}

/// Whether a path is one of a kind that is still defined; objects of a deleted definition go.
pub(crate) fn is_served(control: &Control<'_>, path: &str) -> bool {
    kind::all(&control.api.objects).iter().any(|kind| kind.path() == path)
}
