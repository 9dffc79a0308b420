//! CLI: a sample of moves that anybody draws again from the same population with the same seed. Pure.

use rehome_orchestrator::RunId;
use sha2::{Digest as _, Sha256};

/// So many of these moves, in the order of their names. Which they are is decided by the seed and the names alone: those whose SHA-256
/// of the seed in decimal digits, a colon and the name is smallest.
pub(crate) fn sample(seed: u64, many: usize, mut runs: Vec<RunId>) -> Vec<RunId> {
    runs.sort_by_cached_key(|run| <[u8; 32]>::from(Sha256::digest(format!("{seed}:{run}"))));
    runs.truncate(many);
    runs.sort();
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_and_the_names_decide_and_their_order_does_not() {
        let runs: Vec<RunId> = (0..300).map(|nth| RunId::new(format!("m-{nth:03}").as_str())).collect();
        let drawn = sample(20_260_401, 25, runs.clone());
        assert_eq!(drawn.len(), 25);
        assert_eq!(drawn, sample(20_260_401, 25, runs.iter().rev().cloned().collect()));
        assert_ne!(drawn, sample(20_260_402, 25, runs.clone()));
        assert_eq!(sample(1, 1_000, runs.clone()), runs, "there are no more than all");
    }
}
