//! Objects that were made and are in no state: a create that was in flight when its tool died.
//!
//! Found by type and address tag, or by natural key where a type has no tags, among what the plan
//! would make. Nothing is ever made twice.

use std::collections::{BTreeMap, BTreeSet};

use super::super::steps::terraform;
use super::super::steps::{Context, StepError};
use super::{found, still_being_made};
use crate::cloud::{ADDRESS_TAG, NaturalKey, Tagged};
use crate::run::Action;
use crate::tools::terraform::{PlanJson, ResourceChange, Root};

/// Takes in what the plan would make and what exists already: adds it to `imports` (address to
/// import id) and writes the import blocks. Whether there was any, and the plan must be made again.
pub(in crate::engine) async fn adopt(
    context: &Context<'_>,
    root: &Root,
    plan: &PlanJson,
    imports: &mut BTreeMap<String, String>,
) -> Result<bool, StepError> {
    // Before the first run there is nothing of ours that could be found.
    if context.session.before.header.is_none() {
        return Ok(false);
    }
    let wanted: Vec<&ResourceChange> =
        plan.changes().filter(|change| change.action() == Some(Action::Create)).collect();
    let mut news = by_tag(context, &wanted).await?;
    news.extend(by_natural_key(context, &wanted).await?);
    news.retain(|address, _| !imports.contains_key(address));
    if news.is_empty() {
        return Ok(false);
    }
    for (address, id) in &news {
        let what = format!("{address} exists as {id} and is in no state; it is taken in");
        found(context, what).await?;
    }
    imports.extend(news);
    root.write_imports(imports).map_err(|source| terraform::unwritable(root, source))?;
    Ok(true)
}

async fn by_tag(
    context: &Context<'_>,
    wanted: &[&ResourceChange],
) -> Result<BTreeMap<String, String>, StepError> {
    let wanted: BTreeMap<(&str, &str), &str> = wanted
        .iter()
        .filter_map(|c| Some(((c.kind.as_str(), c.tag(ADDRESS_TAG)?), c.address.as_str())))
        .collect();
    let mut imports = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(imports);
    }
    for object in finished(context).await? {
        if let Some(address) = wanted.get(&(object.kind.as_str(), object.address.as_str())) {
            imports.insert((*address).to_owned(), object.import_id);
        }
    }
    Ok(imports)
}

/// The objects of the deployment, once none of them is being made any more.
async fn finished(context: &Context<'_>) -> Result<Vec<Tagged>, StepError> {
    let session = context.session;
    let mut told = BTreeSet::new();
    loop {
        let objects = session.surroundings.cloud.tagged(&session.deployment.name).await;
        let objects = objects.map_err(|error| StepError::of(&error))?;
        let Some(making) = objects.iter().find(|object| object.is_creating) else {
            return Ok(objects);
        };
        let is_told = !told.insert(making.address.clone());
        still_being_made(context, &making.address, is_told).await?;
    }
}

async fn by_natural_key(
    context: &Context<'_>,
    wanted: &[&ResourceChange],
) -> Result<BTreeMap<String, String>, StepError> {
    let mut imports = BTreeMap::new();
    for change in wanted {
        let Some(key) = NaturalKey::of(&change.kind) else { continue };
        // A part that is not known yet belongs to something that does not exist yet.
        let Some(values) = key.values(&change.change.after) else { continue };
        let mut is_told = false;
        loop {
            let asked = context.session.surroundings.cloud.untagged(&change.kind, &values).await;
            match asked.map_err(|error| StepError::of(&error))? {
                None => break,
                Some(object) if object.is_creating => {
                    still_being_made(context, &change.address, is_told).await?;
                    is_told = true;
                }
                Some(object) => {
                    imports.insert(change.address.clone(), object.import_id);
                    break;
                }
            }
        }
    }
    Ok(imports)
}
