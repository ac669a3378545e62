//! Passwords of the registry, as `ecr:GetAuthorizationToken` gives them: good for twelve hours,
//! whatever becomes of the login that asked for them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::rehearsal::World;

/// As ECR has it.
const LIFE: Duration = Duration::from_hours(12);

/// A new password and its end. It says itself when it was made, so nothing is kept.
pub(in crate::rehearsal) fn issue(world: &World) -> Value {
    let made = world.now().as_millisecond();
    json!({ "password": password(world, made), "expires": world.after(LIFE) })
}

/// Whether it is a password of ours that has ended. What is not ours is taken, so that other
/// clients need no login.
pub(super) fn has_ended(world: &World, given: &str) -> bool {
    let made = given.split_once('.').and_then(|(made, _)| made.parse::<i64>().ok());
    let Some(made) = made.filter(|made| password(world, *made) == given) else { return false };
    let Ok(made) = Timestamp::from_millisecond(made) else { return false };
    let age = Duration::try_from(world.now().duration_since(made)).unwrap_or_default();
    world.time_scale > 0.0 && age >= world.scaled(LIFE)
}

fn password(world: &World, made: i64) -> String {
    format!("{made}.{}", world.hex(&format!("registry password/{made}"), 40))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Scenario;

    #[test]
    fn a_password_is_good_for_twelve_hours_of_the_world() {
        let dir = tempfile::tempdir().unwrap();
        let world = World::open(dir.path(), Scenario::default(), 0.1).unwrap();
        let issued = issue(&world)["password"].as_str().unwrap().to_owned();
        assert!(!has_ended(&world, &issued));
        let hours_ago = |hours| world.now() - jiff::SignedDuration::from_hours(hours);
        assert!(!has_ended(&world, &password(&world, hours_ago(1).as_millisecond())));
        assert!(has_ended(&world, &password(&world, hours_ago(2).as_millisecond())));
        assert!(!has_ended(&world, "anything"));
    }
}
