//! What is there before anything is made, and names that are not free although nothing has them.
//!
//! Leftovers of the account are objects of the table like all others. Names that belong to other
//! accounts are in the table `foreign`, secrets that are deleted but not for good in `deleted`,
//! both under their natural key. Start at [`seed`].

use std::io;
use std::sync::Arc;

use super::conflict;
use super::elsewhere;
use super::kinds::Kind;
use super::refusal::{Refusal, Subject, by_code};
use super::scene::Scene;
use super::schema::catalogue;
use super::value::Value;
use crate::rehearsal::World;
use crate::rehearsal::scenario::Existing;

const FOREIGN: &str = "foreign";
const DELETED: &str = "deleted";

/// Puts into a new world what its scenario says is there.
pub(in crate::rehearsal) fn seed(world: &Arc<World>) -> io::Result<()> {
    if !world.store.create("world", "seeded", true.into())? {
        return Ok(());
    }
    world.scenario.existing.iter().try_for_each(|existing| put(world, existing))
}

fn put(world: &Arc<World>, existing: &Existing) -> io::Result<()> {
    let kind = &existing.kind;
    let attributes = serde_json::to_value(&existing.attributes).map_err(io::Error::other)?;
    let resource = catalogue().resources.get(kind).ok_or_else(|| unknown(kind))?;
    if existing.owner.is_none() && !existing.scheduled_for_deletion {
        return elsewhere::put(world, kind, &existing.region, &attributes);
    }
    let config = Value::from_json(&attributes).conform(&resource.ty);
    let kind = Kind::of(kind, resource);
    let natural = kind.natural_key(&config).unwrap_or_default();
    if existing.owner.is_some() {
        let key = format!("{}/{natural}", existing.kind);
        return world.store.put(FOREIGN, &key, attributes);
    }
    let key = deleted_key(&existing.kind, &existing.region, &natural);
    world.store.put(DELETED, &key, attributes)
}

/// Whether a name belongs to another account.
pub(in crate::rehearsal) fn is_foreign(world: &World, kind: &str, natural: &str) -> bool {
    world.store.get(FOREIGN, &format!("{kind}/{natural}")).is_some()
}

/// Whether a name is not free yet although what had it is deleted.
pub(in crate::rehearsal) fn is_deleted(
    world: &World,
    kind: &str,
    region: &str,
    natural: &str,
) -> bool {
    world.store.get(DELETED, &deleted_key(kind, region, natural)).is_some()
}

fn unknown(kind: &str) -> io::Error {
    let known = catalogue().resources.keys();
    let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(kind, known));
    io::Error::other(format!(
        "the scenario has an existing `{kind}`, which is no resource type; nearest known type: `{}`",
        nearest.map_or("", String::as_str)
    ))
}

fn deleted_key(kind: &str, region: &str, natural: &str) -> String {
    format!("{kind}/{region}/{natural}")
}

/// Whether a name is free, although nothing of the account has it.
pub(super) fn check_name(
    scene: &Scene,
    natural: &str,
    subject: &Subject,
    object: &Value,
) -> Result<(), Refusal> {
    let kind = &scene.type_name;
    if is_foreign(&scene.world, kind, natural) {
        let theirs = by_code("BucketAlreadyExists", subject).filter(|_| kind == "aws_s3_bucket");
        let taken = || conflict::taken(kind, &scene.kind.title, subject, object);
        return Err(theirs.unwrap_or_else(taken));
    }
    if scene.world.store.get(DELETED, &deleted_key(kind, &scene.region, natural)).is_some() {
        let text = "You can't create this secret because a secret with this name is already \
                    scheduled for deletion.";
        return Err(Refusal::new("InvalidRequestException", 400, text));
    }
    Ok(())
}

/// Keeps the name of a secret that is deleted with a recovery window.
pub(super) fn bury(scene: &Scene, object: &Value) -> io::Result<()> {
    let days = super::kinds::plain(object.field("recovery_window_in_days"));
    if scene.type_name != "aws_secretsmanager_secret" || matches!(days.as_str(), "0" | "0.0") {
        return Ok(());
    }
    let Some(natural) = scene.kind.natural_key(object) else { return Ok(()) };
    let key = deleted_key(&scene.type_name, &scene.region, &natural);
    scene.world.store.put(DELETED, &key, object.to_json())
}
