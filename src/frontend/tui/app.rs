//! The face of a run: what is shown of it, and what its keys do.
//!
//! Holds what a screen needs to be drawn and nothing else: the folds say what the run is. Pure: time
//! comes with [`Message::Tick`], what shall be done leaves as [`Effect`]s. Start at [`App::update`].

use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::{SignedDuration, Timestamp};

use super::canvas::Canvas;
use super::face::{Effect, Face, Leaving, Message};
use super::frame::{self, Body};
use super::keymap::{self, Command, Letters, Meaning};
use super::popups::{self, Popup};
use super::screens::details::DetailsScreen;
use super::screens::failure::FailureScreen;
use super::screens::finish::FinishScreen;
use super::screens::log::LogScreen;
use super::screens::rollout::RolloutScreen;
use super::theme::Theme;
use crate::frontend::view::outcome::After;
use crate::frontend::view::rollout::Rollout;
use crate::frontend::view::stages;
use crate::frontend::view::times::Times;
use crate::frontend::view::{Lost, Watched};
use crate::frontend::viewer::{End, Update};
use crate::run::event::{RunStatus, Standing};
use crate::run::ledger::LogFile;

/// How long the answer to a key stands on the status line.
const ANSWER: SignedDuration = SignedDuration::from_secs(4);

/// What is shown, and what may be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Viewing {
    /// A run that goes on without this viewer.
    Hosted,
    /// The same, and nothing may be asked of it.
    ReadOnly,
    /// A recorded run, played at a speed.
    Replay(f64),
}

/// What a face is made from.
#[derive(Debug, Clone)]
pub struct Given {
    /// How things look.
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The present moment.
    pub now: Timestamp,
    /// What is viewed.
    pub viewing: Viewing,
    /// How long things usually take.
    pub times: Times,
    /// The folder of the deployment, as the operator would write it.
    pub folder: String,
    /// Who knows what is left to do at the end.
    pub after: Option<After>,
}

/// The screens of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The stages, and one of them in detail.
    Rollout,
    /// Everything of one row.
    Details,
    /// The log of a stage.
    Log,
    /// The end of a run that is not done.
    Failure,
    /// The end of a run that is done.
    Finish,
}

/// The face of a run.
#[derive(Debug, Clone)]
pub struct App {
    /// What it was made from; size and time go on.
    pub given: Given,
    /// What is known of the run.
    pub watched: Watched,
    /// The screen.
    pub screen: Screen,
    /// What lies over it.
    pub popup: Option<Popup>,
    /// The rollout.
    pub rollout: RolloutScreen,
    /// Everything of one row.
    pub details: DetailsScreen,
    /// The log.
    pub log: LogScreen,
    /// The end, not done.
    pub failure: FailureScreen,
    /// The end, done.
    pub finish: FinishScreen,
    /// Who has the keys instead of us.
    pub keys_of_another: Option<String>,
    /// The rollout as it was settled: good until something changes.
    pub(in crate::frontend::tui) settled: Option<Arc<Rollout>>,
    read: Vec<LogFile>,
    answer: Option<(String, Timestamp)>,
    is_caught_up: bool,
    has_warned: Option<Standing>,
}

impl App {
    /// A face without a run.
    pub fn new(given: Given) -> Self {
        Self {
            given,
            watched: Watched::default(),
            screen: Screen::Rollout,
            popup: None,
            rollout: RolloutScreen::default(),
            details: DetailsScreen::default(),
            log: LogScreen::default(),
            failure: FailureScreen::default(),
            finish: FinishScreen::default(),
            keys_of_another: None,
            settled: None,
            read: Vec::new(),
            answer: None,
            is_caught_up: false,
            has_warned: None,
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.given.now
    }

    /// Rows of the body; those of the small screen where the terminal is too small for any.
    pub fn height(&self) -> usize {
        Body::of(self.given.size).map_or(19, Body::height)
    }

    /// Whether the run goes on, as far as this viewer is concerned.
    pub fn is_at_work(&self) -> bool {
        self.watched.is_at_work()
    }

    /// Whether something may be asked of the run.
    pub fn can_ask(&self) -> bool {
        self.keys_of_another.is_none() && self.given.viewing == Viewing::Hosted
    }

    /// Whether a recorded run is played.
    pub fn is_replay(&self) -> bool {
        matches!(self.given.viewing, Viewing::Replay(_))
    }

    /// Answers a key press on the status line.
    pub fn answer(&mut self, text: impl Into<String>) {
        self.answer = Some((text.into(), self.given.now));
    }

    /// The answer that stands on the status line.
    pub fn standing_answer(&self) -> Option<&str> {
        self.answer.as_ref().map(|(text, _)| text.as_str())
    }

    /// Leaves a screen for another.
    pub fn open(&mut self, screen: Screen) {
        self.screen = screen;
        self.popup = None;
    }

    /// The screen that shows how the run ended; the rollout while it goes on.
    pub fn home_screen(&self) -> Screen {
        match self.watched.state.status {
            Some(RunStatus::Done) => Screen::Finish,
            Some(_) => Screen::Failure,
            None if self.watched.lost.is_some() => Screen::Failure,
            None => Screen::Rollout,
        }
    }

    /// The logs that are wanted: those of the stage that is shown.
    pub fn logs(&self) -> Vec<LogFile> {
        let is_wide = Body::of(self.given.size).is_some_and(|body| body.below.is_some());
        if self.screen != Screen::Log && !is_wide {
            return Vec::new();
        }
        let shown = match &self.rollout.stage {
            Some(stage) => stage.as_str(),
            None => stages::current(&self.watched),
        };
        self.watched.ledger.logs.iter().filter(|file| file.stage == shown).cloned().collect()
    }

    /// What the keys do that mean the same on every screen; `None` for those that do not.
    pub fn everywhere(&mut self, command: Command) -> Option<Vec<Effect>> {
        Some(match command {
            Command::Repaint => vec![Effect::Repaint],
            Command::Suspend => vec![Effect::Suspend],
            Command::Help => {
                self.popup = Some(Popup::help());
                Vec::new()
            }
            Command::Credentials => {
                self.popup = Some(Popup::Credentials);
                Vec::new()
            }
            Command::Quit | Command::Detach => return Some(self.leave(command)),
            Command::Interrupt if self.is_at_work() && !self.is_replay() => self.stop_menu(),
            Command::Interrupt => vec![Effect::Leave(Leaving::Quit)],
            Command::Stop => self.stop_menu(),
            Command::TakeKeys if self.keys_of_another.is_some() => vec![Effect::TakeKeys],
            Command::Resume => self.resume(Vec::new()),
            Command::Log => {
                self.open_log();
                Vec::new()
            }
            Command::Faster => self.pace(2.0),
            Command::Slower => self.pace(0.5),
            Command::Choose if self.is_replay() => self.hold(),
            _ => return None,
        })
    }

    fn leave(&mut self, command: Command) -> Vec<Effect> {
        if command == Command::Detach && (!self.is_at_work() || self.is_replay()) {
            self.answer("Nothing is running; `q` leaves");
            return Vec::new();
        }
        vec![Effect::Leave(Leaving::Quit)]
    }

    fn stop_menu(&mut self) -> Vec<Effect> {
        if self.is_replay() {
            self.answer("This is a recorded run; there is nothing to stop");
        } else if !self.is_at_work() {
            self.answer("Nothing is running; `r` goes on with it");
        } else if self.given.viewing == Viewing::ReadOnly {
            self.answer("This viewer only watches");
        } else if let Some(other) = &self.keys_of_another {
            let text = format!("{other} has the keys; `w` takes them");
            self.answer(text);
        } else {
            self.popup = Some(Popup::Stop(0));
        }
        Vec::new()
    }

    /// Leaves in order to go on with the run.
    pub fn resume(&mut self, confirmed: Vec<String>) -> Vec<Effect> {
        if self.is_replay() {
            self.answer("This is a recorded run; leave it with `q` and resume then");
            return Vec::new();
        }
        if self.is_at_work() {
            self.answer("The run goes on; there is nothing to resume");
            return Vec::new();
        }
        if self.watched.state.status == Some(RunStatus::Done) {
            self.answer("The run is done; there is nothing to go on with");
            return Vec::new();
        }
        vec![Effect::Leave(Leaving::Resume { confirmed })]
    }

    /// Opens the log at the row in focus, or that of the stage.
    pub fn open_log(&mut self) {
        let address = match self.screen {
            Screen::Rollout => self.rollout.focus.clone(),
            Screen::Details => Some(self.details.key.clone()),
            _ => None,
        };
        let address = address.filter(|key| self.watched.object(key).is_some());
        self.log.filter_by(address);
        self.open(Screen::Log);
    }

    fn pace(&mut self, factor: f64) -> Vec<Effect> {
        let Viewing::Replay(speed) = &mut self.given.viewing else {
            self.answer("Only a recorded run has a speed");
            return Vec::new();
        };
        *speed = (*speed * factor).clamp(0.25, 1_000.0);
        let speed = *speed;
        self.rollout.is_held = false;
        self.answer(format!("Playing at {speed} times the time it took"));
        vec![Effect::Pace(speed)]
    }

    fn hold(&mut self) -> Vec<Effect> {
        let Viewing::Replay(speed) = self.given.viewing else { return Vec::new() };
        self.rollout.is_held = !self.rollout.is_held;
        let is_held = self.rollout.is_held;
        self.answer(if is_held { "Held; Space goes on" } else { "Playing" });
        vec![Effect::Pace(if is_held { 0.0 } else { speed })]
    }

    fn key(&mut self, event: &KeyEvent) -> Vec<Effect> {
        self.keep_focus();
        let letters = if self.is_typing() { Letters::AreText } else { Letters::AreKeys };
        let meaning = keymap::meaning(event, letters);
        if Body::of(self.given.size).is_none() {
            // Nothing can be seen, so nothing but leaving is safe.
            return match meaning {
                Meaning::Command(Command::Quit | Command::Interrupt) => self.leave(Command::Quit),
                _ => Vec::new(),
            };
        }
        if self.popup.is_some() {
            return popups::key(self, meaning);
        }
        if self.screen == Screen::Log && self.log.is_typing() {
            return self.log_key(meaning);
        }
        let Meaning::Command(command) = meaning else { return Vec::new() };
        let done = match self.screen {
            Screen::Rollout => self.rollout_key(command),
            Screen::Details => self.details_key(command),
            Screen::Log => self.log_command(command),
            Screen::Failure => self.failure_key(command),
            Screen::Finish => self.finish_key(command),
        };
        done.or_else(|| self.everywhere(command)).unwrap_or_default()
    }

    /// Whether letters are text now.
    pub fn is_typing(&self) -> bool {
        match &self.popup {
            Some(popup) => popup.is_typing(),
            None => self.screen == Screen::Log && self.log.is_typing(),
        }
    }

    fn paste(&mut self, text: &str) {
        let is_one_line = text.trim().lines().count() <= 1;
        if !self.is_typing() {
            self.answer("Letters are keys here; what was pasted was not used");
        } else if is_one_line {
            let clean: String = text.trim().chars().filter(|letter| !letter.is_control()).collect();
            match &mut self.popup {
                Some(popup) => popup.insert(&clean),
                None => self.log.insert(&clean),
            }
        } else {
            self.answer("Several lines do not fit into this field; nothing was pasted");
        }
    }

    fn told(&mut self, update: Update) -> Vec<Effect> {
        match update {
            Update::Begun(header) => self.watched.begin_run(header),
            Update::Event(event) => {
                self.watched.apply(&event);
                if self.is_caught_up {
                    return self.noticed();
                }
            }
            Update::CaughtUp => {
                self.is_caught_up = true;
                return self.noticed();
            }
            Update::Keys(keys) => {
                let other = keys.holder.filter(|_| !keys.is_ours);
                self.keys_of_another = other.map(|sender| sender.to_string());
            }
            Update::Progress(progress) => self.watched.progress(&progress, self.given.now),
            Update::Ended(End::Lost { is_tool_at_work }) => {
                let lost = if is_tool_at_work { Lost::ToolAtWork } else { Lost::Nothing };
                self.watched.lose(lost);
                return self.noticed();
            }
            Update::Ended(End::Finished(_)) => return self.noticed(),
            Update::Ended(End::Unreadable(text)) => {
                self.watched.lose(Lost::Nothing);
                self.answer(text);
            }
        }
        Vec::new()
    }

    /// What changes the screen by itself: the end of the run, credentials that end.
    fn noticed(&mut self) -> Vec<Effect> {
        let home = self.home_screen();
        if home != Screen::Rollout && self.screen == Screen::Rollout && !self.rollout.is_kept {
            self.rollout.is_kept = true;
            self.open(home);
            return vec![Effect::Bell];
        }
        let standing = self.watched.state.credentials.map(|(standing, _)| standing);
        let is_short = matches!(standing, Some(Standing::Ending | Standing::Ended));
        if is_short && self.has_warned != standing && self.is_at_work() && !self.is_replay() {
            self.has_warned = standing;
            if self.popup.is_none() {
                self.popup = Some(Popup::Credentials);
            }
            return vec![Effect::Bell];
        }
        Vec::new()
    }
}

impl Face for App {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        self.settled = None;
        match message {
            Message::Key(event) => self.key(&event),
            Message::Paste(text) => {
                self.paste(&text);
                Vec::new()
            }
            Message::Resize(width, height) => {
                self.given.size = (width, height);
                Vec::new()
            }
            Message::Tick(now) => {
                self.given.now = now;
                // The time of a recorded run goes at another speed than that of its reader.
                let stands = match self.given.viewing {
                    Viewing::Replay(speed) => ANSWER.as_secs_f64() * speed.max(1.0),
                    Viewing::Hosted | Viewing::ReadOnly => ANSWER.as_secs_f64(),
                };
                let is_over =
                    |since: &Timestamp| now.duration_since(*since).as_secs_f64().abs() > stands;
                self.answer.take_if(|(_, since)| is_over(since));
                Vec::new()
            }
            Message::Update(update) => self.told(*update),
            Message::Log(lines) => {
                self.log.append(lines);
                Vec::new()
            }
            Message::Answered(text) => {
                self.answer(text);
                Vec::new()
            }
            // A run has no form.
            Message::Heard(_) | Message::Kept(_) => Vec::new(),
            Message::Terminated => vec![Effect::Leave(Leaving::Terminated)],
        }
    }

    fn settle(&mut self) -> Vec<Effect> {
        self.keep_focus();
        let logs = self.logs();
        if logs == self.read {
            return Vec::new();
        }
        if self.read.is_empty() || !logs.starts_with(&self.read) {
            self.log.clear();
        }
        self.read.clone_from(&logs);
        vec![Effect::Read(logs)]
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let mut chrome = self.chrome();
        if let Some(popup) = &self.popup {
            let (status, keys) = popups::chrome(self, popup);
            (chrome.status, chrome.keys) = (status, keys);
        }
        if let Some((text, _)) = &self.answer {
            chrome.status.clone_from(text);
        }
        let Some(body) = frame::draw(canvas, &chrome) else { return };
        match self.screen {
            Screen::Rollout => self.draw_rollout(canvas, body),
            Screen::Details => self.draw_details(canvas, body),
            Screen::Log => self.draw_log(canvas, body),
            Screen::Failure => self.draw_failure(canvas, body),
            Screen::Finish => self.draw_finish(canvas, body),
        }
        if let Some(popup) = &self.popup {
            popups::draw(self, popup, canvas, body);
        }
    }
}
