//! Makes a world in which something is wrong smaller, as long as it stays wrong.

use super::fault_plan::FaultPlan;
use super::simulation::{SimulationReport, live};

/// What is wrong with a world, if anything is: it is lived through twice.
pub(crate) fn flaw(faults: &FaultPlan) -> (SimulationReport, Option<String>) {
    let (report, again) = (live(faults), live(faults));
    let what = match report.wrong.first() {
        Some(wrong) => Some(wrong.clone()),
        None if report.digest != again.digest => Some("lived through twice, it is not the same".to_owned()),
        None => None,
    };
    (report, what)
}

/// The smallest world that is found in which something is still wrong, with its disturbances: fewer moves, and then
/// fewer disturbances, at first in large parts and in the end one by one.
pub(crate) fn shrink(faults: &FaultPlan, is_wrong: &dyn Fn(&FaultPlan) -> bool) -> (FaultPlan, Vec<String>) {
    let fewer = |moves| FaultPlan { moves, ..faults.clone() };
    let faults = (1..faults.moves).map(fewer).find(is_wrong).unwrap_or_else(|| faults.clone());
    let mut kept = live(&faults).struck;
    let mut part = kept.len().div_ceil(2).max(1);
    loop {
        let before = kept.len();
        let mut at = 0;
        while at < kept.len() {
            let mut without = kept.clone();
            without.drain(at..(at + part).min(kept.len()));
            if is_wrong(&faults.only(&without)) {
                kept = without;
            } else {
                at += part;
            }
        }
        if part == 1 && kept.len() == before {
            return (faults.only(&kept), kept);
        }
        part = (part / 2).max(1);
    }
}
