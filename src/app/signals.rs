//! Signals to the engine: one wish to stop, never a kill.

use springboard::engine::requests::Requests;
use springboard::engine::stop::Wish;
use tokio::signal::unix::{SignalKind, signal};

/// Turns SIGINT and SIGTERM into the wish to stop now, and ignores SIGHUP: a run outlives its
/// terminal. Ends with the runtime.
pub(crate) fn listen(requests: Requests) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    spawn(async move {
        loop {
            // All three are cancel safe.
            tokio::select! {
                _ = interrupt.recv() => requests.stop(Wish::Now).await,
                _ = terminate.recv() => requests.stop(Wish::Now).await,
                _ = hangup.recv() => {}
            }
        }
    });
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "signals are listened to beside the run")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
