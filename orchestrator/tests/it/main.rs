//! The engine against a small world, through its public face and a real log in memory.

mod acts;
mod asked;
mod clocks;
mod crashes;
mod golden;
mod lost;
mod misjudged;
mod shelf;
mod vain;
