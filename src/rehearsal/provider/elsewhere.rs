//! Objects that are made past Terraform, over the protocol of a service: as Terraform would have
//! made them, so that it finds, imports and destroys them like its own.

use std::io;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::scene::{Scene, TABLE};
use super::schema::catalogue;
use super::tags::Defaults;
use super::value::Value;
use super::{computed, planning};
use crate::rehearsal::World;

/// Makes or changes the object of that type whose description is `config`, as one would write it
/// in Terraform.
///
/// # Errors
/// When the world cannot be written, or has no such type.
pub(in crate::rehearsal) fn put(
    world: &Arc<World>,
    type_name: &str,
    region: &str,
    config: &Json,
) -> io::Result<()> {
    let resource = catalogue().resources.get(type_name);
    let resource =
        resource.ok_or_else(|| io::Error::other(format!("there is no type {type_name}")))?;
    let config = Value::from_json(config).conform(&resource.ty);
    let scene = Scene::new(Arc::clone(world), type_name, resource, region, &config);
    let defaults = Defaults { region: region.to_owned(), ..Defaults::default() };
    let planned =
        |prior: &Value| planning::plan(type_name, resource, &defaults, prior, &config).planned;
    let made = computed::complete(&scene, &planned(&Value::Null), None);
    let there = world.store.get(TABLE, &scene.key(&made.id));
    let made = match &there {
        Some(object) => {
            let prior = Value::from_json(&object["attributes"]).conform(&resource.ty);
            computed::complete(&scene, &planned(&prior), Some(&prior))
        }
        None => made,
    };
    let now = || world.now().to_string().into();
    let object = json!({
        "type": type_name,
        "id": made.id,
        "attributes": made.object.to_json(),
        "created_at": there.map_or_else(now, |object| object["created_at"].clone()),
    });
    world.store.put(TABLE, &scene.key(&made.id), object)
}
