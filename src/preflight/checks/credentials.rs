//! The login: when it ends, held against the time that the plan takes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::finding::{Finding, Unable, Verdict, not_needed};
use super::super::{Check, Context, Subject};
use crate::cloud::{CredentialError, Origin, Renewal};

/// The end of the login.
pub(super) const CREDENTIALS: Check = Check {
    id: "credentials",
    sentence: "the credentials last as long as the install, or can be renewed meanwhile",
    subject: Subject::Identity,
    ask: |context| Box::pin(gather(context)),
};

/// How long the plan takes, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Of the next stage of which it is known; those before it are short.
    pub next: Duration,
    /// Of all that are left.
    pub known: Duration,
}

/// What is known of the login before the start.
struct Asked<'a> {
    who: &'a str,
    origin: Option<Origin>,
    expires: Option<Timestamp>,
    login_ends: Option<Timestamp>,
    renewal: &'a Renewal,
    now: Timestamp,
}

async fn gather(context: &Context) -> Verdict {
    let Some(login) = context.account.login() else {
        let caller = context.account.caller().await?;
        return not_needed(format!("{}; how the login is renewed is not known", caller.arn));
    };
    // A login that has ended says so itself, and better than an account that refuses it.
    let served = match login.credentials().await {
        Ok(served) => served,
        Err(CredentialError::Ended { remedy }) => {
            return Ok(Finding::fail("the credentials have ended").mend(remedy));
        }
        Err(error) => {
            return Err(Unable::Unasked { reason: error.to_string(), remedy: None });
        }
    };
    let caller = context.account.caller().await?;
    let asked = Asked {
        who: &caller.arn,
        origin: caller.origin,
        expires: served.expires.or(caller.expires),
        login_ends: login.login_ends(),
        renewal: login.renewal(),
        now: context.host.now(),
    };
    Ok(judge(&asked, context.estimate))
}

fn judge(asked: &Asked<'_>, estimate: Estimate) -> Finding {
    let Asked { who, origin, expires, login_ends, renewal, now } = asked;
    let kind = origin.map(|origin| format!(" ({})", words(origin))).unwrap_or_default();
    let Some(expires) = expires else {
        return Finding::pass(format!("{who}{kind}; the credentials do not end"));
    };
    let ends = format!("{who}{kind}; the credentials end in {}", span(left(*expires, *now)));
    let login_ends = login_ends.filter(|at| at > expires);
    let left = left(login_ends.unwrap_or(*expires), *now);
    let ends = match login_ends {
        None => ends,
        Some(at) if at == Timestamp::MAX => {
            format!("{ends}, the login gives new ones as long as it lasts")
        }
        Some(_) => format!("{ends}, the login that gives new ones in {}", span(left)),
    };
    let takes = |what: &str, time| format!("{what} takes at least {}", span(time));
    let why = "what asks AWS after their end fails, and a state that cannot be written is at risk";
    match renewal {
        Renewal::Itself { .. } => Finding::pass(format!("{ends}, and new ones come by themselves")),
        Renewal::Elsewhere(_) if left >= estimate.known => {
            Finding::pass(format!("{ends} and can be renewed"))
        }
        Renewal::Elsewhere(_) => {
            Finding::warn(format!("{ends}; {}", takes("the install", estimate.known)))
                .because(why)
                .mend(format!("{} when asked: nothing has to be stopped", renewal.remedy()))
        }
        Renewal::Never { remedy } if left < estimate.next => Finding::fail(format!(
            "{ends} and cannot be renewed; {}",
            takes("the first stage", estimate.next)
        ))
        .because(why)
        .mend(remedy.clone()),
        Renewal::Never { remedy } => {
            Finding::warn(format!("{ends} and cannot be renewed while the run goes on"))
                .because(why)
                .mend(format!(
                    "use a login that can be renewed; else, when they have ended: {remedy}, then \
                     resume"
                ))
        }
    }
}

fn words(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment => "keys in environment variables",
        Origin::File => "keys in a file",
        Origin::Sso => "a login by IAM Identity Center",
        Origin::Role => "a role that the profile assumes",
        Origin::WebIdentity => "a role opened by a web identity",
        Origin::Instance => "the role of this instance",
        Origin::Container => "the role of this container",
        Origin::Process => "a `credential_process`",
        Origin::Rehearsal => "a simulated login",
    }
}

fn left(expires: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(expires.duration_since(now).max(SignedDuration::ZERO)).unwrap_or_default()
}

/// A span of time in words: `25 s`, `42 min`, `7 h 12 min`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Outcome;

    const WHO: &str = "arn:aws:sts::123456789012:assumed-role/Installer/op";

    fn minutes(minutes: u64) -> Duration {
        Duration::from_mins(minutes)
    }

    fn judged(left: Option<u64>, renewal: &Renewal) -> (Outcome, String) {
        judged_with(left, None, renewal)
    }

    fn judged_with(left: Option<u64>, login: Option<u64>, renewal: &Renewal) -> (Outcome, String) {
        let now = Timestamp::UNIX_EPOCH;
        let at = |left| now.saturating_add(minutes(left)).unwrap();
        let (expires, login_ends) = (left.map(at), login.map(at));
        let estimate = Estimate { next: minutes(20), known: minutes(61) };
        let asked = Asked { who: WHO, origin: None, expires, login_ends, renewal, now };
        let finding = judge(&asked, estimate);
        let found = finding.found.strip_prefix(WHO).unwrap();
        (finding.outcome, found.trim_start_matches("; ").to_owned())
    }

    #[test]
    fn a_login_is_held_against_the_time_that_the_plan_takes() {
        let login = Renewal::Elsewhere("aws sso login".into());
        let said = |outcome, finding: &str| (outcome, finding.to_owned());
        assert_eq!(judged(None, &login), said(Outcome::Pass, "the credentials do not end"));
        let enough = "the credentials end in 7 h 12 min and can be renewed";
        assert_eq!(judged(Some(432), &login), said(Outcome::Pass, enough));
        let short = "the credentials end in 42 min; the install takes at least 1 h 1 min";
        assert_eq!(judged(Some(42), &login), said(Outcome::Warn, short));
    }

    #[test]
    fn a_login_that_gives_new_credentials_is_what_has_to_last() {
        let login = Renewal::Elsewhere("aws sso login".into());
        let said = |outcome, finding: &str| (outcome, finding.to_owned());
        let long = "the credentials end in 42 min, the login that gives new ones in 7 h and can be \
                    renewed";
        assert_eq!(judged_with(Some(42), Some(420), &login), said(Outcome::Pass, long));
        let short = "the credentials end in 42 min, the login that gives new ones in 50 min; the \
                     install takes at least 1 h 1 min";
        assert_eq!(judged_with(Some(42), Some(50), &login), said(Outcome::Warn, short));
        let role = Renewal::Itself { remedy: "see whether the role is still there".into() };
        let itself = "the credentials end in 5 min, and new ones come by themselves";
        assert_eq!(judged(Some(5), &role), said(Outcome::Pass, itself));
    }

    #[test]
    fn keys_that_cannot_be_renewed_are_said_and_refused_where_they_are_too_short() {
        let never = Renewal::Never { remedy: "give new keys".into() };
        let (outcome, finding) = judged(Some(300), &never);
        assert_eq!(outcome, Outcome::Warn);
        assert!(finding.ends_with("cannot be renewed while the run goes on"), "{finding}");
        let (outcome, finding) = judged(Some(5), &never);
        assert_eq!(outcome, Outcome::Fail);
        assert!(finding.ends_with("the first stage takes at least 20 min"), "{finding}");
        assert_eq!(judged(None, &never).0, Outcome::Pass);
    }
}
