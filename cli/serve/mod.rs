//! CLI: pages for people who watch a log: what they show is folded from the log, and they change nothing unless somebody
//! allowed it. Touches the network, listening on loopback, and the log, reading; requests of people are appended.

mod acts;
mod door;
mod folds;
mod live;
mod moment;
mod pages;
mod routes;
pub(crate) mod server;
pub(crate) mod site;
