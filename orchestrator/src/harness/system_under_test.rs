//! Engine, for tests: what a workflow brings with it to be disturbed.

use crate::activity::registry::Registry;
use crate::batch::Document;
use serde_json::Value;
use std::future::{Future, ready};

/// A workflow with a world of its own.
pub trait SystemUnderTest: Sync {
    /// One world.
    type World: WorldUnderTest;

    /// Whether the activities wait for something outside this process's virtual time: a socket, another
    /// process. Then time stands still while they do.
    const OUTSIDE: bool = false;

    /// A new world, as it is before the first step, with activities that work on it.
    fn world(&self) -> impl Future<Output = Self::World>;
}

/// One world.
pub trait WorldUnderTest {
    /// The activities, conditions and workflows that work on this world.
    fn registry(&self) -> Registry;

    /// What is to be done: the same in every world of the subject, but for names that the world gave.
    fn document(&self) -> Document;

    /// Everything that matters in the world, in a form that can be compared.
    fn snapshot(&self) -> impl Future<Output = Value>;

    /// What the world itself has seen that must not be, such as a thing that was made twice.
    fn breaches(&self) -> impl Future<Output = Vec<String>> {
        ready(Vec::new())
    }
}
