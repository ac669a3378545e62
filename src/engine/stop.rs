//! The wish to stop: at most one interrupt reaches a tool, and nothing is killed by a timer.

use tokio::sync::watch;

/// What the operator wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Wish {
    /// Go on.
    #[default]
    GoOn,
    /// Finish the running stage and begin no other.
    AfterStage,
    /// Interrupt what runs, once, and wait for it.
    Now,
    /// End the running tool without its consent; how often that was asked for.
    Force(u32),
}

/// Carries the wish to whoever works; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    wish: watch::Sender<Wish>,
}

impl Stop {
    /// Wishes to stop; a weaker wish than before changes nothing. Whether it was stronger.
    pub fn ask(&self, wish: Wish) -> bool {
        self.wish.send_if_modified(|known| {
            let stronger = wish > *known;
            if stronger {
                *known = wish;
            }
            stronger
        })
    }

    /// Wishes to end the running tool by force, once more.
    pub fn force(&self) {
        self.wish.send_modify(|known| {
            *known = match known {
                Wish::Force(times) => Wish::Force(times.saturating_add(1)),
                _ => Wish::Force(1),
            };
        });
    }

    /// The wish now.
    pub fn wish(&self) -> Wish {
        *self.wish.borrow()
    }

    /// Whether what runs shall be interrupted.
    pub fn is_now(&self) -> bool {
        self.wish() >= Wish::Now
    }

    /// Returns when what runs shall be interrupted. Cancel safe.
    pub async fn now(&self) {
        self.at_least(Wish::Now).await;
    }

    /// Returns when the running tool shall be ended by force for the `nth` time, counted from 1.
    /// Cancel safe.
    pub async fn forced(&self, nth: u32) {
        self.at_least(Wish::Force(nth)).await;
    }

    async fn at_least(&self, least: Wish) {
        let mut wish = self.wish.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _lives = wish.wait_for(|wish| *wish >= least).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weaker_wish_changes_nothing_and_every_force_counts() {
        let stop = Stop::default();
        assert!(stop.ask(Wish::AfterStage) && !stop.is_now());
        assert!(stop.ask(Wish::Now) && stop.is_now());
        assert!(!stop.ask(Wish::AfterStage));
        stop.force();
        stop.force();
        assert_eq!(stop.wish(), Wish::Force(2));
        assert!(!stop.ask(Wish::Now) && stop.is_now());
    }
}
