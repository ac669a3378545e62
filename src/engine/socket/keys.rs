//! Who has the keys: the operator of one viewer, so that two do not get into each other's way.

use tokio::sync::watch;

use super::protocol::{Keys, Sender};

/// The viewers that have an operator, the one with the keys first. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Ring {
    viewers: watch::Sender<Vec<Sender>>,
}

impl Ring {
    /// A viewer with an operator comes; it stays until the returned value is dropped. The first has
    /// the keys.
    pub(super) fn join(&self, viewer: &Sender) -> Membership {
        self.viewers.send_modify(|viewers| viewers.push(viewer.clone()));
        Membership { ring: self.clone(), viewer: viewer.clone() }
    }

    /// The keys go to this viewer.
    pub(super) fn take(&self, viewer: &Sender) {
        self.viewers.send_if_modified(|viewers| {
            match viewers.iter().position(|known| known == viewer) {
                None | Some(0) => false,
                Some(at) => {
                    viewers[..=at].rotate_right(1);
                    true
                }
            }
        });
    }

    /// Tells of every change.
    pub(super) fn changes(&self) -> watch::Receiver<Vec<Sender>> {
        self.viewers.subscribe()
    }
}

/// How the keys are for one viewer.
pub(super) fn seen_by(viewers: &[Sender], viewer: Option<&Sender>) -> Keys {
    let holder = viewers.first().cloned();
    Keys { is_ours: holder.is_some() && holder.as_ref() == viewer, holder }
}

/// That a viewer is there.
#[derive(Debug)]
pub(super) struct Membership {
    ring: Ring,
    viewer: Sender,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.ring.viewers.send_modify(|viewers| {
            if let Some(at) = viewers.iter().position(|known| *known == self.viewer) {
                viewers.remove(at);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_viewer_has_the_keys_until_another_takes_them_or_it_leaves() {
        let [ada, bob] =
            [1, 2].map(|process| Sender { user: "ops".into(), terminal: None, process });
        let ring = Ring::default();
        let holder = || seen_by(&ring.changes().borrow(), Some(&ada));
        assert_eq!(holder(), Keys::default());
        let first = ring.join(&ada);
        let second = ring.join(&bob);
        assert_eq!(holder(), Keys { holder: Some(ada.clone()), is_ours: true });
        ring.take(&bob);
        assert_eq!(holder(), Keys { holder: Some(bob.clone()), is_ours: false });
        drop(second);
        assert!(holder().is_ours);
        drop(first);
        ring.take(&bob);
        assert_eq!(holder(), Keys::default());
    }
}
