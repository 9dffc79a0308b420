//! Store: the log in one SQLite file.

mod connection;
#[cfg(feature = "postgres")]
mod copy;
mod extent;
mod files;
mod filesystem;
mod fold;
mod log;
mod reader;
mod rows;
mod schema;
mod still;
mod there;
mod writer;

#[cfg(feature = "postgres")]
pub(crate) use copy::Copy;
pub use log::SqliteLog;
pub use schema::FORMAT;
