//! The operator's login to the simulated account: keys, their end, and how they are renewed.
//!
//! A login has a number. Its keys are drawn from the seed, so that nothing secret is kept; when it
//! ends is on disk. Older logins stay known until their own end, as sessions of AWS do. Beside
//! them the world knows static keys that never end, for programs of the user's own
//! ([`environment`]). Start at [`admit`], which every simulated service asks.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::scenario::Keys;
use super::{World, control, environment};
use crate::cloud::sign::Credentials;
use crate::cloud::{CredentialError, CredentialSource, Renewal, Served};

/// The table of logins: number to end.
const TABLE: &str = "login";
/// A renewed login lasts that long, unless the scenario says otherwise: a day's work.
const USUAL: Duration = Duration::from_hours(8);

/// A login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// 0 is the one that the world began with.
    pub number: u64,
    /// When it ends; `None` when it does not.
    pub expires: Option<Timestamp>,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// The keys are known and have ended.
    Expired,
    /// Nobody has such keys.
    Unknown,
    /// The session token does not belong to the keys.
    Forged,
}

impl Login {
    /// The present one.
    pub fn current(world: &World) -> Self {
        world.store.list(TABLE).last().map_or_else(|| Self::first(world), Self::read)
    }

    /// That of a number; `None` when there was none.
    pub fn numbered(world: &World, number: u64) -> Option<Self> {
        if number == 0 {
            return Some(Self::first(world));
        }
        let key = key(number);
        world.store.get(TABLE, &key).map(|row| Self::read(&(key, row)))
    }

    /// Logs in anew, as the operator would in another terminal.
    ///
    /// # Errors
    /// When the world's disk refuses.
    pub fn renew(world: &World) -> io::Result<Self> {
        let account = &world.scenario.account;
        let lasts = account.login_lasts.map_or(USUAL, super::scenario::Span::as_duration);
        let ends = account.credentials_expire_in.and_then(|_| world.after(lasts));
        let number = Self::current(world).number + 1;
        let expires = ends.map(|at| at.to_string());
        world.store.put(TABLE, &key(number), json!({ "expires": expires }))?;
        Ok(Self { number, expires: ends })
    }

    fn first(world: &World) -> Self {
        let span = world.scenario.account.credentials_expire_in;
        // Where no time passes, nothing ends.
        let span = span.filter(|_| world.time_scale > 0.0);
        Self { number: 0, expires: span.map(|span| world.moment(span)) }
    }

    fn read((key, row): &(String, Value)) -> Self {
        let expires = row["expires"].as_str().and_then(|at| at.parse().ok());
        Self { number: key.parse().unwrap_or(0), expires }
    }

    /// Whether it has ended.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Its keys: those of a user for ever, where the scenario says so, else those of a session.
    pub fn keys(&self, world: &World) -> Credentials {
        let drawn =
            |what: &str, length| world.hex(&format!("login/{}/{what}", self.number), length);
        let id = drawn("id", 16).to_uppercase();
        let bytes = hex::decode(drawn("secret", 60)).unwrap_or_default();
        let secret = STANDARD.encode(bytes);
        let account = &world.scenario.account;
        if account.credentials == Keys::Static && account.credentials_expire_in.is_none() {
            return Credentials::new(format!("AKIA{id}"), secret, None);
        }
        let parts: Vec<String> = (0..5).map(|part| drawn(&format!("token/{part}"), 64)).collect();
        let token = hex::decode(parts.concat()).unwrap_or_default();
        let token = format!("IQoJb3JpZ2luX2Vj{}", STANDARD.encode(token));
        Credentials::new(format!("ASIA{id}"), secret, Some(token))
    }

    /// What asks for credentials is told.
    pub(super) fn document(&self, world: &World) -> Value {
        let keys = self.keys(world);
        json!({
            "number": self.number,
            "access_key_id": keys.access_key_id,
            "secret_access_key": keys.secret_access_key.expose(),
            "session_token": keys.token(),
            "expires": self.expires,
        })
    }
}

/// Reads [`Login::document`].
pub(super) fn served(document: &Value) -> Option<Served> {
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    let token = text("session_token");
    let keys = Credentials::new(text("access_key_id")?, text("secret_access_key")?, token);
    let expires = text("expires").map(|at| at.parse()).transpose().ok()?;
    Some(Served { keys, expires })
}

/// The login of a world, asked over its control socket.
#[derive(Debug, Clone)]
pub struct RehearsedLogin {
    socket: PathBuf,
    number: Option<u64>,
    renewal: Renewal,
}

impl RehearsedLogin {
    /// The login of the world behind that control socket: always the present one, or the one with
    /// that number for ever.
    pub fn new(socket: PathBuf, number: Option<u64>, renewal: Renewal) -> Self {
        Self { socket, number, renewal }
    }
}

#[async_trait]
impl CredentialSource for RehearsedLogin {
    async fn credentials(&self) -> Result<Served, CredentialError> {
        let unreachable =
            |source| CredentialError::Cloud(super::account::unreachable("the credentials", source));
        let path = match self.number {
            Some(number) => format!("/login/{number}"),
            None => "/login".to_owned(),
        };
        let document = control::request(&self.socket, "GET", &path, None).await;
        let document = document.map_err(unreachable)?;
        let strange = || unreachable(io::Error::other("the world's answer is strange"));
        let served = served(&document).ok_or_else(strange)?;
        if served.expires.is_some_and(|expires| expires <= Timestamp::now()) {
            return Err(CredentialError::Ended { remedy: self.renewal.remedy() });
        }
        Ok(served)
    }

    fn renewal(&self) -> &Renewal {
        &self.renewal
    }
}

/// The number of the present login of the world behind that control socket.
///
/// # Errors
/// When the world does not answer.
pub async fn number(socket: &Path) -> io::Result<u64> {
    let document = control::request(socket, "GET", "/login", None).await?;
    document["number"].as_u64().ok_or_else(|| io::Error::other("the world's answer is strange"))
}

/// The keys with that id, if it is one that the world knows: the static ones, or a login's.
pub(super) fn known(world: &World, access_key_id: &str) -> Option<(Credentials, Option<Login>)> {
    if access_key_id == environment::ACCESS_KEY_ID {
        let keys = Credentials::new(access_key_id, environment::SECRET_ACCESS_KEY, None);
        return Some((keys, None));
    }
    let newest = Login::current(world).number;
    let logins = (0..=newest).rev().filter_map(|number| Login::numbered(world, number));
    logins
        .map(|login| (login.keys(world), Some(login)))
        .find(|(keys, _)| keys.access_key_id == access_key_id)
}

/// Lets a request in, or says why not.
pub(super) fn admit(
    world: &World,
    access_key_id: &str,
    session_token: Option<&str>,
) -> Result<(), Stranger> {
    let (keys, login) = known(world, access_key_id).ok_or(Stranger::Unknown)?;
    if keys.token() != session_token {
        return Err(Stranger::Forged);
    }
    if login.is_some_and(|login| login.has_ended(world.now())) {
        return Err(Stranger::Expired);
    }
    Ok(())
}

/// Keys of equal length sort by number.
fn key(number: u64) -> String {
    format!("{number:06}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Scenario;

    fn world(account: &str, time_scale: f64) -> (tempfile::TempDir, std::sync::Arc<World>) {
        let dir = tempfile::tempdir().unwrap();
        let scenario = Scenario::parse(&format!("[account]\n{account}\n")).unwrap();
        let world = World::open(dir.path(), scenario, time_scale).unwrap();
        (dir, world)
    }

    fn asks(world: &World, keys: &Credentials) -> Result<(), Stranger> {
        admit(world, &keys.access_key_id, keys.token())
    }

    #[test]
    fn a_login_that_has_ended_is_let_in_again_with_new_keys() {
        // Nothing that lies behind is scaled: it ended before the world began.
        let (_dir, world) = world("credentials_expire_in = \"-1s\"", 1.0);
        let old = Login::current(&world);
        assert_eq!(asks(&world, &old.keys(&world)), Err(Stranger::Expired));
        let new = Login::renew(&world).unwrap();
        assert_eq!(Login::current(&world), new);
        assert_eq!(asks(&world, &new.keys(&world)), Ok(()));
        assert_eq!(asks(&world, &old.keys(&world)), Err(Stranger::Expired));
        assert!(new.keys(&world).access_key_id.starts_with("ASIA"));
        assert_eq!(new.keys(&world).secret_access_key.expose().len(), 40);
    }

    #[test]
    fn strange_keys_and_strange_tokens_are_told_apart() {
        let (_dir, world) = world("", 1.0);
        let keys = Login::current(&world).keys(&world);
        assert_eq!(admit(&world, "ASIASTRANGER", None), Err(Stranger::Unknown));
        assert_eq!(admit(&world, &keys.access_key_id, None), Err(Stranger::Forged));
        assert_eq!(admit(&world, environment::ACCESS_KEY_ID, None), Ok(()));
    }

    #[test]
    fn nothing_ends_where_no_time_passes() {
        let (_dir, world) = world("credentials_expire_in = \"1s\"", 0.0);
        assert_eq!(Login::current(&world).expires, None);
        assert_eq!(Login::renew(&world).unwrap().expires, None);
    }

    #[test]
    fn what_is_told_is_what_is_read() {
        let (_dir, world) = world("credentials_expire_in = \"1h\"", 1.0);
        let login = Login::current(&world);
        let served = served(&login.document(&world)).unwrap();
        assert_eq!(served, Served { keys: login.keys(&world), expires: login.expires });
    }

    #[test]
    fn static_keys_that_never_end_are_those_of_a_user() {
        let (_dir, world) = world("credentials = \"static\"", 1.0);
        let keys = Login::current(&world).keys(&world);
        assert!(keys.access_key_id.starts_with("AKIA") && keys.session_token.is_none());
    }
}
