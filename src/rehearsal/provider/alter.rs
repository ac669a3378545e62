//! Changing and deleting objects of AWS behind Terraform's back, as somebody at the console would.

use std::io;
use std::sync::Arc;

use serde_json::Value as Json;

use super::dependants;
use super::faults::addresses;
use super::scene::{Scene, TABLE, attributes};
use super::schema::{Resource, catalogue};
use crate::rehearsal::World;
use crate::rehearsal::scenario::Alteration;

/// Why an object is not changed.
#[derive(Debug, thiserror::Error)]
pub enum AlterError {
    /// There is no such object.
    #[error(
        "there is no `{object}` in the world: name a resource address, `TYPE/ID`, `image/REPOSITORY[:TAG]` or `s3/BUCKET/KEY`"
    )]
    Absent {
        /// What was asked for.
        object: String,
    },
    /// It cannot be changed like that.
    #[error("`{object}` cannot be changed: {why}")]
    Refused {
        /// What was asked for.
        object: String,
        /// Why.
        why: String,
    },
    /// The world's disk refuses.
    #[error("the world cannot write: {0}")]
    Disk(#[from] io::Error),
}

/// Changes or deletes one object; its key in the table.
///
/// # Errors
/// When it is not there, AWS would refuse, or the disk does.
pub(in crate::rehearsal) fn alter(
    world: &Arc<World>,
    alteration: &Alteration,
) -> Result<String, AlterError> {
    let refused = |why: String| AlterError::Refused { object: alteration.object.clone(), why };
    let (key, object) = find(world, &alteration.object)
        .ok_or_else(|| AlterError::Absent { object: alteration.object.clone() })?;
    let kind = object["type"].as_str().unwrap_or_default();
    let resource = catalogue()
        .resources
        .get(kind)
        .ok_or_else(|| refused(format!("`{kind}` is no resource type")))?;
    if alteration.delete {
        let value = attributes(&object).conform(&resource.ty);
        let region = value.text("region").to_owned();
        let scene = Scene::new(Arc::clone(world), kind, resource, &region, &value);
        dependants::check_delete(&scene, &value).map_err(|refusal| refused(refusal.message))?;
        dependants::remove(&scene, &key, &value)?;
        return Ok(key);
    }
    let mut changed = object["attributes"].clone();
    for (path, value) in &alteration.set {
        let value = serde_json::to_value(value).map_err(io::Error::other)?;
        set(resource, &mut changed, path, &value).map_err(refused)?;
    }
    world.store.update(TABLE, &key, |there| {
        let mut object = there?.clone();
        object["attributes"] = changed;
        Some(object)
    })?;
    Ok(key)
}

/// The object of that key or address.
fn find(world: &World, wanted: &str) -> Option<(String, Json)> {
    if let Some(object) = world.store.get(TABLE, wanted) {
        return Some((wanted.to_owned(), object));
    }
    world.store.list(TABLE).into_iter().find(|(_, object)| {
        let tag = object["attributes"]["tags_all"]["springboard:address"].as_str();
        let addresses = addresses(tag.unwrap_or_default());
        addresses.iter().any(|address| address == wanted)
    })
}

/// Sets `tags.Owner` or `scaling_config.0.max_size`.
fn set(resource: &Resource, object: &mut Json, path: &str, value: &Json) -> Result<(), String> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let block = &resource.block;
    if !block.attributes.contains_key(first) && !block.blocks.contains_key(first) {
        let known = block.attributes.keys().chain(block.blocks.keys());
        let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(first, known));
        let nearest = nearest.map_or("", String::as_str);
        return Err(format!("it has no `{first}`; nearest known: `{nearest}`"));
    }
    let places: &[&str] = if first == "tags" { &["tags", "tags_all"] } else { &[first] };
    for place in places {
        let mut at = &mut object[*place];
        for part in rest.split('.').filter(|part| !part.is_empty()) {
            if at.is_null() {
                *at = Json::Object(serde_json::Map::new());
            }
            at = match (at, part.parse::<usize>()) {
                (Json::Array(list), Ok(index)) => list.get_mut(index),
                (Json::Object(fields), _) => Some(fields.entry(part).or_insert(Json::Null)),
                _ => None,
            }
            .ok_or_else(|| format!("there is nothing at `{path}`"))?;
        }
        *at = value.clone();
    }
    Ok(())
}
