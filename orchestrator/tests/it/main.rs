//! The engine against a small world, through its public face and a real log in memory.

mod acts;
mod approvers;
mod asked;
mod board;
mod book;
mod budgets;
mod clocks;
mod crashes;
mod crew;
mod fake_world;
mod golden;
mod lost;
mod misjudged;
mod released;
mod vain;
mod waves;
mod weeks;
