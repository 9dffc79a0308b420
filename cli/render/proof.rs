//! CLI: how far what was checked goes, and what it does not prove, for people. Pure.

use crate::error::one_line;
use crate::proof::Proof;
use crate::put::put;
use std::fmt::Write;

/// Below what was found of the log itself.
pub(crate) fn text(proof: &Proof) -> String {
    let mut out = format!("level  {}", proof.level.word());
    for rung in &proof.levels {
        let reached = if rung.reached { "yes" } else { "no" };
        put!(out, "\n  {reached:<4} {:<10} {}", rung.level.word(), one_line(&rung.words));
    }
    put!(out, "\nnot proven");
    for line in &proof.not_proven {
        put!(out, "\n  {line}");
    }
    out
}
