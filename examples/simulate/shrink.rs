//! Makes a world in which something is wrong smaller, as long as it stays wrong.

use super::story::{Story, live};
use super::weather::Weather;

/// What is wrong with a world, if anything is: it is lived through twice.
pub(crate) fn flaw(weather: &Weather) -> (Story, Option<String>) {
    let (story, again) = (live(weather), live(weather));
    let what = match story.wrong.first() {
        Some(wrong) => Some(wrong.clone()),
        None if story.digest != again.digest => Some("lived through twice, it is not the same".to_owned()),
        None => None,
    };
    (story, what)
}

/// The smallest world that is found in which something is still wrong, with its disturbances: fewer moves, and then
/// fewer disturbances, at first in large parts and in the end one by one.
pub(crate) fn shrink(weather: &Weather, is_wrong: &dyn Fn(&Weather) -> bool) -> (Weather, Vec<String>) {
    let fewer = |moves| Weather { moves, ..weather.clone() };
    let weather = (1..weather.moves).map(fewer).find(is_wrong).unwrap_or_else(|| weather.clone());
    let mut kept = live(&weather).struck;
    let mut part = kept.len().div_ceil(2).max(1);
    loop {
        let before = kept.len();
        let mut at = 0;
        while at < kept.len() {
            let mut without = kept.clone();
            without.drain(at..(at + part).min(kept.len()));
            if is_wrong(&weather.only(&without)) {
                kept = without;
            } else {
                at += part;
            }
        }
        if part == 1 && kept.len() == before {
            return (weather.only(&kept), kept);
        }
        part = (part / 2).max(1);
    }
}
