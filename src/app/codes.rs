//! Codes of MFA devices: who is asked for one, and how a host process asks.
//!
//! A host has no terminal. It tells the command that started it, which asks there and answers on
//! the standard input of the host, so that a code is never in an argument or a file.

#[cfg(feature = "aws")]
use std::sync::Arc;

#[cfg(feature = "aws")]
use async_trait::async_trait;
#[cfg(feature = "aws")]
use springboard::cloud::aws::CodeAsker;
use springboard::frontend::hidden;
use springboard::frontend::printer::Printer;
#[cfg(feature = "aws")]
use springboard::frontend::printer::Relayed;
use springboard::host::Host;

use super::Front;

/// Who is asked for codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Whoever sits at the terminal of this process.
    Terminal,
    /// The command that started this process.
    Starter,
    /// Nobody: it must not be asked, or there is no terminal.
    Nobody,
}

impl Codes {
    /// Of a command that may ask unless `is_silent`.
    pub(crate) fn of(front: Front, is_silent: bool, host: &Host) -> Self {
        match front {
            Front::Viewers => Self::Starter,
            Front::Here(_) if is_silent => Self::Nobody,
            Front::Here(_) => Self::here(host),
        }
    }

    /// Of a command that is no run.
    pub(crate) fn here(host: &Host) -> Self {
        if host.has_input_and_notes() { Self::Terminal } else { Self::Nobody }
    }

    /// Who asks, in the words of the account.
    #[cfg(feature = "aws")]
    pub(crate) fn asker(self) -> Option<Arc<dyn CodeAsker>> {
        (self != Self::Nobody).then(|| Arc::new(Asker(self)) as Arc<dyn CodeAsker>)
    }
}

/// Asks at the terminal of this process.
pub(crate) async fn at_the_terminal(
    device: &str,
    refused: Option<&str>,
    printer: &Printer,
) -> Option<String> {
    if let Some(why) = refused {
        printer.note(&format!("that code is not accepted: {why}"));
    }
    let typed = hidden::ask(&format!("code of the MFA device {device} (not shown): ")).await;
    typed.unwrap_or_else(|error| {
        printer.note(&format!("the code could not be read: {error}"));
        None
    })
}

#[cfg(feature = "aws")]
#[derive(Debug)]
struct Asker(Codes);

#[cfg(feature = "aws")]
#[async_trait]
impl CodeAsker for Asker {
    async fn code(&self, device: &str, refused: Option<&str>) -> Option<String> {
        let asked =
            Relayed::Code { device: device.to_owned(), refused: refused.map(str::to_owned) };
        match self.0 {
            Codes::Nobody => None,
            Codes::Terminal => at_the_terminal(device, refused, &Printer::default()).await,
            Codes::Starter => {
                Printer::default().relay(&asked).ok()?;
                super::host::heard().await
            }
        }
    }
}
