//! What changes behind Terraform's back: at the beginning of a stage, or when somebody says so.
//!
//! AWS objects, images and objects of S3; what lives in the cluster is changed with kubectl. Start
//! at [`at_stage`] and [`alter`].

use std::io;
use std::sync::Arc;

use super::World;
use super::fault::{Point, Reach};
use super::provider;
use super::scenario::Alteration;
use super::victims::{self, Peer};
pub use provider::AlterError;

/// Notes that a stage begins and who carries it out, and lets happen what the scenario has for that
/// moment. An object that is not there yet is changed when the stage begins another time.
///
/// # Errors
/// When the world cannot write, or a change of the scenario is refused.
pub fn at_stage(world: &Arc<World>, stage: &str, engine: u32) -> Result<(), AlterError> {
    victims::introduce(world, engine)?;
    world.store.put("world", "stage", stage.into())?;
    for (index, drift) in world.scenario.drifts.iter().enumerate() {
        let mark = format!("drift/{index}");
        if drift.at != stage || world.store.get("world", &mark).is_some() {
            continue;
        }
        match alter(world, &drift.alteration()) {
            Ok(object) => {
                tracing::info!(object, stage, "changed behind Terraform's back");
                world.store.put("world", &mark, true.into())?;
            }
            Err(AlterError::Absent { object }) => {
                tracing::warn!(object, stage, "is not there to be changed yet");
            }
            Err(error) => return Err(error),
        }
    }
    let point = Point { places: &[stage], when: "begin", reach: Reach::Stage };
    if let Some(fault) = world.fault(&point)? {
        victims::strike(world, &fault, Peer::Unknown);
    }
    Ok(())
}

/// Changes or deletes one object; what it is called in the world.
///
/// # Errors
/// When it is not there, AWS would refuse, or the world cannot write.
pub fn alter(world: &Arc<World>, alteration: &Alteration) -> Result<String, AlterError> {
    let Alteration { object, delete, .. } = alteration;
    let refused = |why: String| AlterError::Refused { object: object.clone(), why };
    alteration.check().map_err(refused)?;
    let stored = match object.split_once('/') {
        Some(("image", image)) => ("registry", images(world, image)),
        Some(("s3", key)) => {
            let there = world.store.get("storage", key).map(|_| key.to_owned());
            ("storage", there.into_iter().collect())
        }
        _ => return provider::alter(world, alteration),
    };
    if !*delete {
        return Err(refused("images and objects of S3 can only be deleted".into()));
    }
    let (table, keys) = stored;
    if keys.is_empty() {
        return Err(AlterError::Absent { object: object.clone() });
    }
    keys.iter().try_for_each(|key| world.store.remove(table, key))?;
    Ok(object.clone())
}

/// The keys of an image: its tag and its manifest, or all of a repository.
fn images(world: &World, image: &str) -> Vec<String> {
    let listed = |prefix: String| -> Vec<String> {
        let found = world.store.list_prefix("registry", &prefix);
        found.into_iter().map(|(key, _)| key).collect()
    };
    let Some(tag) = world.store.get("registry", image).filter(|_| image.contains(':')) else {
        return [listed(format!("{image}:")), listed(format!("{image}@"))].concat();
    };
    let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
    let manifest = tag["digest"].as_str().map(|digest| format!("{repository}@{digest}"));
    std::iter::once(image.to_owned()).chain(manifest).collect()
}

impl From<AlterError> for io::Error {
    fn from(error: AlterError) -> Self {
        Self::other(error)
    }
}
