//! What every test stands on: a local Azure, the program, an oracle, small estates.

pub(crate) mod azure;
pub(crate) mod estates;
pub(crate) mod handed_out;
pub(crate) mod kills;
pub(crate) mod neighbours;
pub(crate) mod oracle;
pub(crate) mod preload;
pub(crate) mod receiver;
pub(crate) mod rehome;
pub(crate) mod terminal;
pub(crate) mod verdict;
