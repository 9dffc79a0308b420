//! Store: the log in one SQLite file.

mod connection;
mod extent;
mod files;
mod filesystem;
mod fold;
mod log;
mod reader;
mod rows;
mod schema;
mod still;
mod writer;

pub use log::SqliteLog;
pub use schema::FORMAT;
pub use writer::Counters;
