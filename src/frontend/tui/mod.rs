//! The screens: a viewer of a run in a terminal, made with ratatui.
//!
//! A [`face`] is what the terminal shows; [`app`] is that of a run, [`screens::home`] that of the
//! deployments of this host. A face is pure: [`runtime`] brings it keys, time, what the run tells
//! and log lines, and carries out what it wants done. [`wizard`] is the face of a form, which is told
//! through an [`inquiry`] what others know. [`theme`] and [`keymap`] are data. Start at
//! [`app::App`] for what is shown, [`runtime::show`] for how.

pub mod app;
pub mod canvas;
pub mod face;
pub mod frame;
pub mod inquiry;
pub mod keymap;
pub mod log_lines;
pub mod popups;
pub mod runtime;
pub mod screens;
pub mod source;
pub mod terminal;
pub mod theme;
pub mod wizard;
