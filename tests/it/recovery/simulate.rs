//! Worlds in which everything goes wrong, two hundred of them at night; `examples/simulate` lives through any number.

#[path = "../../../examples/simulate/acts.rs"]
mod acts;
#[path = "../../../examples/simulate/households.rs"]
mod households;
#[path = "../../../examples/simulate/people.rs"]
mod people;
#[path = "../../../examples/simulate/shrink.rs"]
mod shrink;
#[path = "../../../examples/simulate/story.rs"]
mod story;
#[path = "../../../examples/simulate/town.rs"]
mod town;
#[path = "../../../examples/simulate/weather.rs"]
mod weather;
#[path = "../../../examples/simulate/witness.rs"]
mod witness;

use shrink::{flaw, shrink};
use story::live;
use weather::Weather;

#[test]
fn worlds_end_as_their_records_say_and_twice_in_the_same_way() {
    let (mut events, mut crashes, mut ends) = (0, 0, std::collections::BTreeSet::new());
    let worlds = if crate::support::kills::is_night() { 200 } else { 60 };
    for seed in 1..=worlds {
        let weather = Weather::of(seed);
        let (story, what) = flaw(&weather);
        assert!(
            what.is_none(),
            "seed {seed}: {what:?}\ncargo run --release --example simulate -- --seeds 1 --from {seed}\n{}",
            story.history.join("\n")
        );
        events += story.events;
        crashes += story.crashes;
        ends.extend(story.verdicts);
    }
    assert!(
        events > 50 * worlds && 2 * crashes > 5 * worlds && ends.len() > 1,
        "{events} events, {crashes} crashes, {ends:?}"
    );
}

#[test]
fn a_world_that_fails_is_made_as_small_as_what_makes_it_fail() {
    // As if the engine could not stand two deaths of which one is at a commit, in whatever world.
    let is_wrong = |weather: &Weather| {
        let story = live(weather);
        story.crashes >= 2 && story.struck.iter().any(|name| name.contains("commit"))
    };
    let weather = (1..).map(Weather::of).find(|w| w.moves > 2 && is_wrong(w)).expect("a bad world");
    let all = live(&weather).struck.len();
    let (small, kept) = shrink(&weather, &is_wrong);
    assert!(is_wrong(&small));
    assert!(small.moves == 1 && 10 * kept.len() < all, "{} moves, {kept:?} of {all}", small.moves);
    // Every one of them is needed.
    for at in 0..kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        assert!(!is_wrong(&small.only(&fewer)), "without {:?} it is still wrong", kept[at]);
    }
    assert_eq!(
        live(&small).digest,
        live(&Weather { moves: 1, ..Weather::of(small.seed) }.only(&kept)).digest
    );
}
