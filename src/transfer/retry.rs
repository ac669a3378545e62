//! How often, and after which waits, something that may pass is tried again.

use std::time::Duration;

/// Bounded, with waits that double.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Tries in all.
    pub attempts: u32,
    /// The wait after the first one.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// Waits after the failed try number `attempt` (from 1); `false` when it was the last.
    pub(super) async fn wait(&self, attempt: u32) -> bool {
        let Some(wait) = self.wait_after(attempt) else { return false };
        tokio::time::sleep(wait).await;
        true
    }

    fn wait_after(&self, attempt: u32) -> Option<Duration> {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let wait = self.first_wait.saturating_mul(factor).min(self.longest_wait);
        (attempt < self.attempts).then_some(wait)
    }
}

/// Whether an answer with this status may be another one next time.
pub(super) fn may_pass(status: http::StatusCode) -> bool {
    status.is_server_error()
        || status == http::StatusCode::TOO_MANY_REQUESTS
        || status == http::StatusCode::REQUEST_TIMEOUT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let second = Duration::from_secs(1);
        let retry = Retry { attempts: 5, first_wait: second, longest_wait: 4 * second };
        let waits: Vec<_> = (1..=5).map(|attempt| retry.wait_after(attempt)).collect();
        assert_eq!(
            waits,
            [Some(second), Some(2 * second), Some(4 * second), Some(4 * second), None]
        );
    }
}
