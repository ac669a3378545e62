//! The socket of a deployment: how other processes watch the run that is at work, and ask
//! something of it.
//!
//! The journal is what a viewer reads; over the socket it is told how far that is on disk, what is
//! only shown, and what became of its requests. So a viewer that comes late or is slow misses
//! nothing, and none can hold the engine up. Only the owner of the deployment can open the socket.
//! Start at [`Socket::serve`] for the engine's side, [`ask`] and [`watch`] for the other; the words
//! are in `protocol`.

mod client;
mod keys;
mod protocol;
mod serve;

pub use client::{AskError, Watching, ask, take_keys, watch};
pub use protocol::{Answer, First, Greeting, Keys, Notice, PROTOCOL, Sender};
pub use serve::Socket;
