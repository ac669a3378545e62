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
        if attempt >= self.attempts {
            return false;
        }
        let factor = 2_u32.saturating_pow(attempt - 1);
        tokio::time::sleep(self.first_wait.saturating_mul(factor).min(self.longest_wait)).await;
        true
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

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_longest_and_end() {
        let second = Duration::from_secs(1);
        let retry = Retry { attempts: 5, first_wait: second, longest_wait: 4 * second };
        let start = tokio::time::Instant::now();
        let mut attempt = 1;
        while retry.wait(attempt).await {
            attempt += 1;
        }
        assert_eq!((attempt, start.elapsed().as_secs()), (5, 1 + 2 + 4 + 4));
    }
}
