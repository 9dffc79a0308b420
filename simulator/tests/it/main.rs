//! The local Azure as a client meets it: sockets, tokens, headers, codes. It knows no client of ours.

mod client;
mod errors;
mod everyday;
mod limits;
mod lists;
mod principals;
mod refusals;
mod rooms;
mod schedules;
mod strangers;
mod versions;
