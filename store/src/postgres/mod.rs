//! Store: the log on a PostgreSQL server.

mod address;
mod append;
mod beside;
mod copy;
mod doubt;
#[cfg(all(test, unix))]
mod fires;
mod grants;
mod head;
mod lease;
mod libpq;
mod log;
mod reader;
mod rows;
mod runners;
mod schema;
mod server;
mod tls;
mod writer;

pub use address::{Address, AddressError, is_postgres};
pub use log::PostgresLog;
