//! The logins of a form: sessions that were opened with a code of an MFA device, and the code that
//! was typed for the next one.
//!
//! Answers change, and the way to the account is made anew with each change; a code is good once. A
//! form says that a code is wanted and goes on without; what it typed is taken by whoever asks next.

#[cfg(feature = "aws")]
use std::collections::BTreeMap;
#[cfg(feature = "aws")]
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "aws")]
use async_trait::async_trait;
#[cfg(feature = "aws")]
use springboard::cloud::aws::CodeAsker;
#[cfg(feature = "aws")]
use springboard::frontend::tui::inquiry::{CodeWanted, Heard};
#[cfg(feature = "aws")]
use springboard::run::Secret;
#[cfg(feature = "aws")]
use tokio::sync::mpsc::UnboundedSender;

#[cfg(feature = "aws")]
use super::codes::Codes;
#[cfg(feature = "aws")]
use super::credentials::Login;
#[cfg(feature = "aws")]
use super::real::Way;

/// The logins of a form, by profile.
#[derive(Default)]
pub(super) struct Sessions {
    #[cfg(feature = "aws")]
    asker: Option<Arc<dyn CodeAsker>>,
    #[cfg(feature = "aws")]
    typed: Option<Arc<Typed>>,
    #[cfg(feature = "aws")]
    logins: Mutex<BTreeMap<Option<String>, Login>>,
}

#[cfg(feature = "aws")]
impl Sessions {
    /// Codes are typed into a form, which hears when one is wanted.
    pub(super) fn of_form(heard: UnboundedSender<Heard>) -> Self {
        let typed = Arc::new(Typed { heard, code: Mutex::default() });
        Self { asker: Some(typed.clone()), typed: Some(typed), ..Self::default() }
    }

    /// Codes are asked for in lines.
    pub(super) fn of_lines(codes: Codes) -> Self {
        Self { asker: codes.asker(), ..Self::default() }
    }

    pub(super) fn asker(&self) -> Option<Arc<dyn CodeAsker>> {
        self.asker.clone()
    }

    /// A code was typed: it opens the next session, in place of what was tried before.
    pub(super) fn take(&self, code: Secret) {
        if let Some(typed) = &self.typed {
            *typed.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        }
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The way with the login that was opened for this profile before, if one was.
    pub(super) fn kept(&self, profile: Option<String>, mut way: Way) -> Way {
        if way.needs_code() {
            let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
            way.login = logins.entry(profile).or_insert(way.login).clone();
        }
        way
    }
}

#[cfg(not(feature = "aws"))]
impl Sessions {
    pub(super) fn of_form<T>(_heard: T) -> Self {
        Self::default()
    }

    pub(super) fn take<T>(&self, _code: T) {}
}

/// A code that was typed into a form.
#[cfg(feature = "aws")]
#[derive(Debug)]
struct Typed {
    heard: UnboundedSender<Heard>,
    code: Mutex<Option<Secret>>,
}

#[cfg(feature = "aws")]
#[async_trait]
impl CodeAsker for Typed {
    async fn code(&self, device: &str, refused: Option<&str>) -> Option<String> {
        let typed = self.code.lock().unwrap_or_else(PoisonError::into_inner).take();
        if typed.is_none() {
            let wanted =
                CodeWanted { device: device.to_owned(), refused: refused.map(str::to_owned) };
            // Nobody listens any more once the form is left.
            let _left = self.heard.send(Heard::CodeWanted(wanted));
        }
        typed.map(|code| code.expose().to_owned())
    }
}
