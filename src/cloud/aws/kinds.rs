//! What kind of credentials the operator has, how new ones are had, and how long that goes by itself.
//!
//! Told from variables and files alone; nothing is asked. What is found in the end is found by the
//! chain of [`login`](super::login), in the same order.

use std::fs;

use jiff::Timestamp;
use serde::Deserialize;
use sha1::{Digest as _, Sha1};

use super::settings::Settings;
use crate::cloud::sign::Credentials;
use crate::cloud::{Origin, Renewal};

/// Keys in variables, where they count.
pub(super) fn keys_of_variables(settings: &Settings) -> Option<Credentials> {
    if !settings.takes_keys_of_variables() {
        return None;
    }
    let id = settings.variable("AWS_ACCESS_KEY_ID")?;
    let secret = settings.variable("AWS_SECRET_ACCESS_KEY")?;
    let token = settings.variable("AWS_SESSION_TOKEN").map(str::to_owned);
    Some(Credentials::new(id, secret, token))
}

/// Where the chain will find the credentials, as far as that can be said without asking.
pub(super) fn origin(settings: &Settings) -> Origin {
    let has = |key: &str| settings.own(key).is_some();
    if keys_of_variables(settings).is_some() {
        Origin::Environment
    } else if has("web_identity_token_file") {
        Origin::WebIdentity
    } else if has("role_arn") {
        Origin::Role
    } else if has("sso_session") || has("sso_start_url") {
        Origin::Sso
    } else if has("credential_process") {
        Origin::Process
    } else if has("aws_access_key_id") || settings.has_keys_in_file() {
        Origin::File
    } else if settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
        Origin::WebIdentity
    } else if settings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some()
        || settings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some()
    {
        Origin::Container
    } else {
        Origin::Instance
    }
}

/// How new ones are had.
pub(super) fn renewal(settings: &Settings) -> Renewal {
    let profile = settings.profile_name();
    let source = settings.own("source_profile").unwrap_or(profile);
    let itself = |remedy: String| Renewal::Itself { remedy };
    if let Some(profile) = sso_profile(settings) {
        return Renewal::Elsewhere(format!("aws sso login --profile {profile}"));
    }
    match origin(settings) {
        Origin::Environment => Renewal::Never {
            remedy: "export new keys (`AWS_ACCESS_KEY_ID` and so on) and resume".into(),
        },
        Origin::Role if settings.own("mfa_serial").is_some() => Renewal::Never {
            remedy: "have the MFA device at hand at a terminal (a session lasts as long as \
                     `duration_seconds` of the profile says, an hour where it does not)"
                .into(),
        },
        Origin::Role => itself(format!(
            "see what the profile {source} gives (`aws sts get-caller-identity --profile {profile}`)"
        )),
        Origin::WebIdentity => {
            let file = settings.own("web_identity_token_file");
            let file = file.or_else(|| settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
            itself(format!("put a new token into `{}`", file.unwrap_or_default()))
        }
        Origin::Container => itself(
            "see whether what `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `…_RELATIVE_URI` names gives \
             credentials"
                .into(),
        ),
        Origin::Process => itself(format!(
            "run the `credential_process` of the profile {profile} by hand and see what it says"
        )),
        Origin::Instance => itself(
            "log in (`aws configure`, `aws sso login`), name a profile (`aws_profile`), or attach a \
             role to this instance"
                .into(),
        ),
        Origin::File | Origin::Sso | Origin::Rehearsal => {
            Renewal::Elsewhere(format!("aws configure --profile {profile}"))
        }
    }
}

/// The profile whose login at IAM Identity Center gives the credentials: its own, or that of the
/// profile whose keys assume the role. A role that wants a code has an end of its own.
fn sso_profile(settings: &Settings) -> Option<&str> {
    let profile = match origin(settings) {
        Origin::Sso => settings.profile_name(),
        Origin::Role if settings.own("mfa_serial").is_none() => settings.own("source_profile")?,
        _ => return None,
    };
    let has = |key: &str| settings.of_profile(profile, key).is_some();
    (has("sso_session") || has("sso_start_url")).then_some(profile)
}

/// What `aws sso login` keeps.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    expires_at: String,
    refresh_token: Option<String>,
    client_secret: Option<String>,
    registration_expires_at: Option<String>,
}

/// When the login at IAM Identity Center ends. One of an `sso_session` is renewed by the SDK, as
/// long as the session lasts that IAM Identity Center alone knows of.
pub(super) fn login_ends(settings: &Settings, now: Timestamp) -> Option<Timestamp> {
    let profile = sso_profile(settings)?;
    let of = |key: &str| settings.of_profile(profile, key);
    let session = of("sso_session");
    let name = session.clone().or_else(|| of("sso_start_url"))?;
    let name = hex::encode(Sha1::digest(name.as_bytes()));
    let path = settings.home().join(".aws/sso/cache").join(name).with_extension("json");
    let token: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let registered = token.registration_expires_at.as_deref().and_then(time);
    let renews = session.is_some()
        && token.refresh_token.is_some()
        && token.client_secret.is_some()
        && registered.is_some_and(|ends| ends > now);
    if renews { Some(Timestamp::MAX) } else { time(&token.expires_at) }
}

/// A moment; older versions of the AWS CLI write `UTC` in place of `Z`.
fn time(text: &str) -> Option<Timestamp> {
    text.replace("UTC", "Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const CONFIG: &str = "[profile new]\nsso_session = corp\nsso_account_id = 1\n\
        [sso-session corp]\nsso_start_url = https://corp.example/start\n\
        [profile old]\nsso_start_url = https://corp.example/start\n\
        [profile role]\nrole_arn = arn\nsource_profile = old\n\
        [profile code]\nrole_arn = arn\nsource_profile = old\nmfa_serial = arn\n\
        [profile keys]\nrole_arn = arn\nsource_profile = base\n\
        [profile program]\ncredential_process = true\n";

    fn settings(home: &Path, profile: &str) -> Settings {
        std::fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
        std::fs::write(home.join(".aws/config"), CONFIG).unwrap();
        Settings::read([], home, Some(profile), "us-west-2")
    }

    #[test]
    fn each_kind_says_how_new_credentials_are_had() {
        let dir = tempfile::tempdir().unwrap();
        for (profile, remedy) in [
            ("new", "log in again in another terminal (`aws sso login --profile new`)"),
            ("old", "log in again in another terminal (`aws sso login --profile old`)"),
            ("role", "log in again in another terminal (`aws sso login --profile old`)"),
            (
                "code",
                "have the MFA device at hand at a terminal (a session lasts as long as \
                 `duration_seconds` of the profile says, an hour where it does not)",
            ),
            (
                "keys",
                "see what the profile base gives (`aws sts get-caller-identity --profile keys`)",
            ),
            (
                "program",
                "run the `credential_process` of the profile program by hand and see what it says",
            ),
        ] {
            assert_eq!(renewal(&settings(dir.path(), profile)).remedy(), remedy);
        }
    }

    #[test]
    fn the_end_of_a_login_is_in_what_the_cli_keeps_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let ends = |profile: &str| login_ends(&settings(dir.path(), profile), now);
        assert_eq!((ends("new"), ends("old"), ends("keys")), (None, None, None));
        // `printf corp | sha1sum`, and the same of the address.
        let (new, old) = (
            "ee0bfd2552fbd840c02cc48b6e823320543c450f",
            "f7c9b39d0b4c7a7d82c79307585f77e1c5e74378",
        );
        let keep = |name: &str, text: &str| {
            std::fs::write(dir.path().join(format!(".aws/sso/cache/{name}.json")), text).unwrap();
        };
        keep(old, r#"{"accessToken": "t", "expiresAt": "2026-11-21T08:00:00UTC"}"#);
        let at = Some("2026-11-21T08:00:00Z".parse().unwrap());
        assert_eq!((ends("old"), ends("role"), ends("code")), (at, at, None));
        let renewed = |registered: &str| {
            format!(
                r#"{{"accessToken": "t", "expiresAt": "2026-11-21T08:00:00Z", "clientId": "c",
                "clientSecret": "s", "refreshToken": "r", "registrationExpiresAt": "{registered}"}}"#
            )
        };
        keep(new, &renewed("2027-01-01T00:00:00Z"));
        assert_eq!(ends("new"), Some(Timestamp::MAX));
        keep(new, &renewed("2026-01-01T00:00:00Z"));
        assert_eq!(ends("new"), at);
    }
}
