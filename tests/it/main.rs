//! End to end: the real binary, real HTTP, a real SQLite log, and an oracle that knows only estates.

mod azure;
mod bad_input;
mod beside;
mod bodies;
mod contract;
mod cost;
mod coverage;
mod discovery;
mod errors;
mod errors_rules;
mod errors_sign_in;
mod errors_words;
mod errors_world;
mod everywhere;
mod full_disk;
mod kills;
mod oracle;
mod reconcile;
mod rehome;
mod rooms;
mod siblings;
mod simulate;
mod snapshot;
mod soak;
mod storage_fires;
mod whole_way;
