//! The local Azure as a client meets it: sockets, tokens, headers, codes. It knows no client of ours.

mod client;
mod errors;
mod everyday;
mod limits;
mod lists;
mod origin_check;
mod principals;
mod refusals;
mod rooms;
mod schedules;
mod versions;
