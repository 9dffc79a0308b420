//! What the command line says to somebody who slipped, or who asks for what is not there.

use crate::support::azure::{Azure, example};
use crate::support::rehome::Rehome;

#[test]
fn a_slip_in_a_cloud_or_in_a_key_of_the_batch_is_told_with_what_was_meant() {
    let rehome = Rehome::offline();
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    std::fs::write(rehome.path("batch.toml"), &batch).expect("written");
    let plan = ["plan", "-f", "batch.toml", "--save", "plan.json", "--cloud", "azur"];
    let said = rehome.say(&plan).expect(2);
    assert!(said.err.contains("did you mean azure?"), "{}", said.err);
    std::fs::write(rehome.path("batch.toml"), batch.replace("soak =", "soek =")).expect("written");
    let said = rehome.say(&plan).expect(2);
    assert!(said.err.contains("did you mean soak?"), "{}", said.err);
}

#[test]
fn what_is_not_there_is_never_told_as_if_it_were() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    rehome.say(&["plan", "-f", batch, "--save", "first.json"]).expect(0);
    let approved = rehome.say(&["approve", "first.json", "--reason", "a test", "--yes"]).expect(0);
    assert!(approved.out.contains("to be begun by 20"), "{}", approved.out);
    rehome.approve(example("minimal").join("batch.toml").as_path());
    let replaced = rehome.say(&["run", "first.json", "--yes"]).expect(13);
    assert!(
        replaced.err.contains("was replaced") && !replaced.err.contains("rehome approve"),
        "{}",
        replaced.err
    );
    let unbegun = rehome.say(&["verify", "minimal"]).expect(3);
    assert!(unbegun.out.contains("nothing to compare"), "{}", unbegun.out);
    let beyond = rehome.say(&["replay", "--at", "100000"]).expect(3);
    assert!(beyond.err.contains("the log ends at event"), "{}", beyond.err);
}
