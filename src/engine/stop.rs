//! The wish to stop: at most one interrupt reaches a tool, and nothing is killed by a timer.

use tokio::sync::watch;

/// What the operator wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Wish {
    /// Go on.
    #[default]
    GoOn,
    /// End when the running step has ended.
    AfterStep,
    /// Interrupt what runs, once, and wait for it.
    Now,
}

/// Carries the wish to whoever works; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    wish: watch::Sender<Wish>,
}

impl Stop {
    /// Wishes to stop; a weaker wish than before changes nothing.
    pub fn ask(&self, wish: Wish) {
        self.wish.send_if_modified(|known| {
            let stronger = wish > *known;
            if stronger {
                *known = wish;
            }
            stronger
        });
    }

    /// The wish now.
    pub fn wish(&self) -> Wish {
        *self.wish.borrow()
    }

    /// Returns when what runs shall be interrupted. Cancel safe.
    pub async fn now(&self) {
        let mut wish = self.wish.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _lives = wish.wait_for(|wish| *wish == Wish::Now).await;
    }

    /// Returns when a stop of any kind is asked for. Cancel safe.
    pub async fn asked(&self) -> Wish {
        let mut wish = self.wish.subscribe();
        match wish.wait_for(|wish| *wish > Wish::GoOn).await {
            Ok(wish) => *wish,
            Err(_gone) => Wish::GoOn,
        }
    }
}
