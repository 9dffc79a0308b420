//! Two hundred worlds in which everything goes wrong; `examples/simulate` lives through any number of them.

#[path = "../../examples/simulate/acts.rs"]
mod acts;
#[path = "../../examples/simulate/households.rs"]
mod households;
#[path = "../../examples/simulate/people.rs"]
mod people;
#[path = "../../examples/simulate/story.rs"]
mod story;
#[path = "../../examples/simulate/town.rs"]
mod town;
#[path = "../../examples/simulate/weather.rs"]
mod weather;
#[path = "../../examples/simulate/witness.rs"]
mod witness;

use story::live;
use weather::Weather;

#[test]
fn two_hundred_worlds_end_as_their_records_say_and_twice_in_the_same_way() {
    let (mut events, mut crashes, mut ends) = (0, 0, std::collections::BTreeSet::new());
    for seed in 1..=200 {
        let weather = Weather::of(seed);
        let (story, again) = (live(&weather), live(&weather));
        assert!(
            story.wrong.is_empty(),
            "seed {seed}: {:?}\ncargo run --release --example simulate -- --seeds 1 --from {seed}\n{}",
            story.wrong,
            story.history.join("\n")
        );
        assert_eq!(story.digest, again.digest, "seed {seed}: lived through twice, it is not the same");
        events += story.events;
        crashes += story.crashes;
        ends.extend(story.verdicts);
    }
    assert!(
        events > 10_000 && crashes > 500 && ends.len() > 1,
        "{events} events, {crashes} crashes, {ends:?}"
    );
}
