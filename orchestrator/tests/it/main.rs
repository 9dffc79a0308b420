//! The engine against a small world, through its public face and a real log in memory.

mod crashes;
mod shelf;
