//! What the themes share: finding external programs, running springboard in a sandbox, making
//! its output comparable, reading the sources of the repository, simulated servers, container
//! images made on the spot.

pub(crate) mod account;
pub(crate) mod attached;
pub(crate) mod bench;
pub(crate) mod checks;
pub(crate) mod images;
pub(crate) mod processes;
pub(crate) mod programs;
pub(crate) mod redact;
pub(crate) mod sandbox;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod stage;
pub(crate) mod terminal;
pub(crate) mod world;
