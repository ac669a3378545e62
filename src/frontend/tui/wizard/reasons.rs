//! Why the answers depart from the reference: typed on the review, kept among the answers.

use super::Wizard;
use crate::blueprint::with_reason;
use crate::frontend::tui::keymap::Command;

impl Wizard {
    /// What a key does to the reason that is being typed; `false` when it is not about that.
    pub(super) fn reason_command(&mut self, command: Command) -> bool {
        match command {
            Command::Left => self.move_cursor(false),
            Command::Right => self.move_cursor(true),
            Command::First => self.cursor = 0,
            Command::Last => {
                self.cursor = self.end_of_text();
            }
            Command::Empty => self.enter_reason(""),
            Command::Out => self.is_commanding = true,
            _ => return false,
        }
        true
    }

    /// Puts a reason beside the departure in focus; one without letters is none.
    pub(super) fn enter_reason(&mut self, reason: &str) {
        let Some(deviation) = self.reason_in_focus() else { return };
        if reason.trim().is_empty() {
            self.cursor = 0;
        }
        let blueprint = self.given.blueprint;
        let answers = self.form.so_far();
        self.enter_text(blueprint.reasons(), with_reason(blueprint, answers, deviation.id, reason));
    }

    /// Takes out of the answers what is a reason for nothing.
    pub(super) fn drop_reasons(&mut self) {
        let blueprint = self.given.blueprint;
        let text = with_reason(blueprint, self.form.so_far(), "", "");
        self.enter_text(blueprint.reasons(), text);
        self.say("Reasons for what is no departure are dropped");
    }

    /// How many departures are still without the reason that is wanted for them.
    pub(super) fn reasons_missing(&self) -> usize {
        if self.given.is_rehearsal {
            return 0;
        }
        let deviations = self.given.blueprint.deviations(self.form.so_far());
        deviations.iter().filter(|deviation| deviation.wants_reason()).count()
    }
}
