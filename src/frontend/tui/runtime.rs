//! The loop around a face: keys, time, what the run tells, log lines, signals.
//!
//! A frame is drawn only when something has changed, at most thirty a second, and a key is never
//! later than one frame: what arrives in masses is taken in small portions in between.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures::StreamExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::face::{Effect, Face, Leaving, Message};
use super::log_lines::LogReader;
use super::source::{Answers, Source};
use super::terminal::Screen;
use super::theme::Theme;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// How often the clock goes on, and logs are looked at.
const TICK: Duration = Duration::from_millis(250);
/// Log lines that are taken in before the next look at the keys: with [`TICK`] 20,000 a second.
const LINES_AT_ONCE: usize = 5_000;
/// Updates of the run that are taken in before the next look at the keys.
const UPDATES_AT_ONCE: usize = 512;

/// Shows a face until it leaves.
///
/// # Errors
/// When the terminal is gone.
pub async fn show(
    face: &mut dyn Face,
    theme: Theme,
    source: &mut Source,
    logs: LogReader,
) -> io::Result<Leaving> {
    let screen = Screen::enter(theme)?;
    Loop { face, screen, source, logs, is_changed: true, drawn: None, second: None, pending: None }
        .run()
        .await
}

struct Loop<'a> {
    face: &'a mut dyn Face,
    screen: Screen,
    source: &'a mut Source,
    logs: LogReader,
    is_changed: bool,
    drawn: Option<Instant>,
    second: Option<i64>,
    pending: Option<Answers>,
}

/// What woke the loop.
enum Woken {
    Input(Option<io::Result<Event>>),
    Told(Option<Message>),
    Answered(String),
    Tick,
    Frame,
    Signal,
}

impl Loop<'_> {
    async fn run(mut self) -> io::Result<Leaving> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first frame does not wait for anything that the terminal would have to answer.
        self.draw()?;
        let mut input = EventStream::new();
        loop {
            let next_frame = self.drawn.map_or_else(Instant::now, |drawn| drawn + FRAME);
            let is_open = self.source.is_open();
            // Every arm is cancel safe. Keys come first: nothing that arrives in masses is before
            // them.
            let woken = tokio::select! {
                biased;
                _ = terminate.recv() => Woken::Signal,
                _ = hangup.recv() => Woken::Signal,
                event = input.next() => Woken::Input(event),
                () = sleep_until(next_frame), if self.is_changed => Woken::Frame,
                text = answered(&mut self.pending) => Woken::Answered(text),
                _ = tick.tick() => Woken::Tick,
                told = self.source.next(), if is_open => Woken::Told(told),
            };
            let leaving = match woken {
                Woken::Signal => self.take(Message::Terminated)?,
                // A terminal that is gone cannot be left in any other way.
                Woken::Input(None | Some(Err(_))) => Some(Leaving::Terminated),
                Woken::Input(Some(Ok(event))) => match message(event) {
                    Some(message) => self.take(message)?,
                    None => None,
                },
                Woken::Answered(text) => {
                    self.pending = None;
                    self.take(Message::Answered(text))?
                }
                Woken::Tick => self.tick()?,
                Woken::Told(told) => self.told(told)?,
                Woken::Frame => {
                    self.draw()?;
                    None
                }
            };
            if let Some(leaving) = leaving {
                return Ok(leaving);
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        for effect in self.face.settle() {
            self.carry_out(effect)?;
        }
        self.screen.draw(self.face)?;
        self.drawn = Some(Instant::now());
        self.is_changed = false;
        Ok(())
    }

    fn tick(&mut self) -> io::Result<Option<Leaving>> {
        let now = self.source.now();
        let was_changed = self.is_changed;
        let lines = self.logs.more(LINES_AT_ONCE);
        let has_lines = !lines.is_empty();
        if has_lines {
            self.take(Message::Log(lines))?;
        }
        let leaving = self.take(Message::Tick(now))?;
        // What is shown of the time are seconds.
        let is_another = self.second.replace(now.as_second()) != Some(now.as_second());
        self.is_changed = was_changed || has_lines || is_another;
        Ok(leaving)
    }

    /// Takes in what is there, in one portion.
    fn told(&mut self, first: Option<Message>) -> io::Result<Option<Leaving>> {
        let mut next = first;
        let mut number = 0;
        while let Some(message) = next {
            let leaving = self.take(message)?;
            if leaving.is_some() {
                return Ok(leaving);
            }
            number += 1;
            if number >= UPDATES_AT_ONCE {
                break;
            }
            next = self.source.ready();
        }
        Ok(None)
    }

    fn take(&mut self, message: Message) -> io::Result<Option<Leaving>> {
        let effects = self.face.update(message);
        self.is_changed = true;
        for effect in effects {
            let leaving = self.carry_out(effect)?;
            if leaving.is_some() {
                return Ok(leaving);
            }
        }
        Ok(None)
    }

    fn carry_out(&mut self, effect: Effect) -> io::Result<Option<Leaving>> {
        match effect {
            Effect::Leave(leaving) => return Ok(Some(leaving)),
            Effect::Ask(request) => self.pending = self.source.ask(request),
            Effect::TakeKeys => self.pending = self.source.take_keys(),
            Effect::Read(files) => {
                self.logs.read(files);
            }
            Effect::Bell => self.screen.ring()?,
            Effect::Repaint => self.screen.forget()?,
            Effect::Suspend => self.screen.suspend()?,
            Effect::Pace(speed) => self.source.pace(speed),
            Effect::Inquire(wanted) => self.source.inquire(*wanted),
            Effect::Keep(draft) => {
                if let Some(kept) = self.source.keep(&draft) {
                    return self.take(Message::Kept(kept));
                }
            }
        }
        Ok(None)
    }
}

async fn answered(pending: &mut Option<Answers>) -> String {
    match pending {
        Some(answer) => answer.as_mut().await,
        None => std::future::pending().await,
    }
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(key)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resize(width, height)),
        _ => None,
    }
}
