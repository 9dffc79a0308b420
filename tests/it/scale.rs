//! What one identity costs does not grow with its batch: requests of `plan` and `run`, bytes of the plan and of the log.
//! Nothing is timed; `examples/scale` measures the rest.

#[path = "../../examples/scale/estate.rs"]
pub(crate) mod estate;
#[path = "../../examples/scale/least.rs"]
mod least;

use crate::support::azure::Azure;
use crate::support::rehome::Rehome;
use estate::Size;
use serde_json::json;

/// What one identity costs, by what is counted.
type Each = Vec<(&'static str, f64)>;

/// Small ones, so that the local Azure has little to look through: nothing unrelated, and one site for each.
fn size(identities: u64) -> Size {
    Size { identities, unrelated: 0, together: 1_000, sites: 1 }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn each(of: u64, size: Size) -> f64 {
    of as f64 / size.identities as f64
}

/// Moves so many until people are needed.
fn play(size: Size) -> Each {
    let mut rehome = Rehome::offline();
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), estate::batch(size)).expect("written");
    let azure = Azure::serve_at("20000", &rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    let planned = azure.requests().len() as u64;
    let fewest = least::of("plan", size).expect("it is derived");
    let who = size.identities;
    assert!(planned * 100 <= fewest * 110, "{who} identities: {planned} requests, and {fewest} would do");
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    rehome.say(&["run", "plan.json", "--yes", "--parallel", "64"]).expect(11);
    let ran = azure.requests().len() as u64 - planned;
    let plan = std::fs::metadata(rehome.path("plan.json")).expect("a plan").len();
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("a log");
    let sql = "SELECT sum(length(body) + length(stream) + length(kind) + length(actor)) FROM event";
    let log: u64 = log.query_row(sql, [], |row| row.get(0)).expect("it has events");
    [
        ("requests of plan", planned),
        ("requests of run", ran),
        ("bytes of the plan", plan),
        ("bytes of the log", log),
    ]
    .map(|(what, count)| (what, each(count, size)))
    .to_vec()
}

#[test]
fn one_of_many_identities_costs_what_one_of_few_does() {
    let (few, many) = (play(size(30)), play(size(120)));
    for ((what, few), (_, many)) in few.into_iter().zip(many) {
        assert!(many <= few * 1.05, "{what}: {few:.1} for each of 30 identities, {many:.1} for each of 120");
    }
}
