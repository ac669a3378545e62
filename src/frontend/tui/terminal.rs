//! The terminal: entered, left, and given back as it was whatever happens.
//!
//! Standard output is written here and by the printer, never by both at a time. A panic hook, a
//! signal and an orderly end all go through [`restore`].

use std::io::{self, BufWriter, Stdout, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, SetCursorStyle, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::canvas::Canvas;
use super::face::Face;
use super::theme::Theme;

/// Whether the terminal is ours now.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// A terminal that is ours until this is dropped.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    theme: Theme,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard output is none.
    pub fn enter(theme: Theme) -> io::Result<Self> {
        take()?;
        match Terminal::new(backend()) {
            Ok(terminal) => Ok(Self { terminal, theme }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Columns and rows.
    pub fn size() -> (u16, u16) {
        size().unwrap_or((80, 24))
    }

    /// Draws what has changed.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, face: &dyn Face) -> io::Result<()> {
        let theme = self.theme;
        execute!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            let mut canvas = Canvas::new(frame.buffer_mut(), theme);
            face.draw(&mut canvas);
            if let Some(cursor) = canvas.cursor {
                frame.set_cursor_position(cursor);
            }
        })?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Draws every cell again with the next frame.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where its cursor is, and not every one answers.
        execute!(self.terminal.backend_mut(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(backend())?;
        Ok(())
    }

    /// Gives the terminal back, stops this process until it is continued, and takes it again.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        // The shell expects its whole job to stop; what runs in the background is not of that job.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        take()?;
        self.forget()
    }

    /// Rings once.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(b"\x07")?;
        io::Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn backend() -> CrosstermBackend<BufWriter<Stdout>> {
    CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()))
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    IS_OURS.store(true, Ordering::SeqCst);
    let entered = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide);
    if entered.is_err() {
        restore();
    }
    entered
}

/// From now on a panic gives the terminal back before anything is said of it: what is said on a
/// screen that is left afterwards is gone with it.
pub fn restore_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        tell(panic);
    }));
}

/// Gives the terminal back as it was; nothing where it is not ours.
pub fn restore() {
    if !IS_OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    // What fails here fails because the terminal is gone, and then there is nothing to restore.
    let _gone = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        SetCursorStyle::DefaultUserShape,
        Show,
        LeaveAlternateScreen
    );
    let _gone = disable_raw_mode();
}
