//! End to end: the real binary, real HTTP, a real SQLite log, and an oracle that knows only estates.

mod circles;
mod cli;
mod code;
mod cost;
mod documents;
mod errors;
mod eyes;
mod ids;
mod promises;
mod recovery;
mod rooms;
mod scale;
mod sessions;
mod storage;
mod support;
mod surfaces;
