//! Custom resource definitions and API services: established and available at once.

use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{condition, is_deleting, items, text};
use super::Control;
use super::garbage;

/// Says what the definitions are, and removes the objects of those that are gone.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    for definition in control.list(at::DEFINITIONS) {
        if is_deleting(&definition) {
            continue;
        }
        let now = control.now.clone();
        let stored: Vec<&Value> = items(&definition, "/spec/versions")
            .filter(|version| version["storage"] == true)
            .map(|version| &version["name"])
            .collect();
        let status = json!({
            "acceptedNames": definition["spec"]["names"], "storedVersions": stored,
            "conditions": [
                condition(&definition, "NamesAccepted", true, "NoConflicts",
                    "no conflicts found", &now),
                condition(&definition, "Established", true, "InitialNamesAccepted",
                    "the initial names have been accepted", &now),
            ],
        });
        control.set_status(at::DEFINITIONS, &definition, status)?;
    }
    remove_undefined(control)?;
    for service in control.list(at::API_SERVICES) {
        let (holds, reason, message) = if service["spec"]["service"].is_object() {
            let home = text(&service, "/spec/service/namespace");
            let name = text(&service, "/spec/service/name");
            if super::services::has_endpoints(control, home, name) {
                (true, "Passed", "all checks passed".to_owned())
            } else {
                (
                    false,
                    "MissingEndpoints",
                    format!("endpoints for service/{name} in \"{home}\" have no addresses"),
                )
            }
        } else {
            (true, "Local", "Local APIServices are always available".to_owned())
        };
        let now = control.now.clone();
        let status = json!({"conditions": [condition(&service, "Available", holds, reason, &message, &now)]});
        control.set_status(at::API_SERVICES, &service, status)?;
    }
    Ok(())
}

fn remove_undefined(control: &mut Control<'_>) -> io::Result<()> {
    // Built-in groups either have no dot or end in `k8s.io`; looking at the others is enough.
    let mut paths: Vec<String> = control.world().store.with_table("kubernetes", |objects| {
        objects
            .keys()
            .filter_map(|key| {
                let group = key.split('/').next().unwrap_or_default();
                let is_custom = group.contains('.') && !group.ends_with("k8s.io");
                let end = key.match_indices('/').nth(1)?.0;
                is_custom.then(|| key[..end].to_owned())
            })
            .collect()
    });
    paths.dedup();
    for path in paths {
        if !garbage::is_served(control, &path) {
            for object in control.list(&path) {
                control.remove(&path, &object)?;
            }
        }
    }
    Ok(())
}
