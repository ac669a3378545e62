//! Signals to the engine: one wish to stop, never a kill.

use springboard::engine::requests::{Request, Requests};
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
                _ = interrupt.recv() => stop_now(&requests).await,
                _ = terminate.recv() => stop_now(&requests).await,
                _ = hangup.recv() => {}
            }
        }
    });
    Ok(())
}

async fn stop_now(requests: &Requests) {
    // A second signal changes nothing, and one that comes too late has nothing to stop.
    let _whatever_became_of_it = requests.accept(Request::StopNow, None).await;
}

#[expect(clippy::disallowed_methods, reason = "signals are listened to beside the run")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
