//! What is used of each quota.

use std::io;

use serde_json::{Map, Value, json};

use super::super::kind::at;
use super::Control;
use crate::rehearsal::kubernetes::admission;
use crate::rehearsal::kubernetes::value::entries;

/// Says of every quota what is used of it.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    for quota in control.list(at::QUOTAS) {
        let used: Map<String, Value> = entries(&quota, "/spec/hard")
            .map(|(resource, _)| {
                (resource.clone(), json!(admission::used_of(control.api, &quota, resource)))
            })
            .collect();
        let status = json!({"hard": quota["spec"]["hard"], "used": used});
        control.set_status(at::QUOTAS, &quota, status)?;
    }
    Ok(())
}
