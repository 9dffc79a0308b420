//! How the moves of a batch are let loose, kept and steered, through the program.

mod budget;
mod rehearsal;
mod steer;
mod window;

use crate::scale::estate::{self, Size};
use crate::support::azure::Azure;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// A batch of some identities that soak for no time, approved, with the Azure that they are in.
pub(crate) struct Scene {
    pub(crate) azure: Azure,
    pub(crate) rehome: Rehome,
}

/// What the batch is called.
pub(crate) const NAME: &str = "scale";

impl Scene {
    /// `keys` stand in `[batch]`, `tables` after it; `waves` name the wave of each identity, or nothing.
    pub(crate) fn new(keys: &str, tables: &str, waves: &[&str], faults: &Value) -> Self {
        let mut rehome = Rehome::offline();
        let size = Size { identities: waves.len() as u64, unrelated: 0, together: 1_000, sites: 1 };
        let settings =
            json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
        std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string())
            .expect("written");
        std::fs::write(rehome.path("faults.json"), faults.to_string()).expect("written");
        let batch = estate::batch(size).replace("soak =", &format!("{keys}\nsoak ="));
        let mut parts = batch.split("[[identity]]");
        let head = parts.next().expect("a beginning");
        let row = |(row, wave): (&str, &&str)| match wave.is_empty() {
            true => format!("[[identity]]{row}"),
            false => format!("[[identity]]\nwave = \"{wave}\"{row}"),
        };
        let rows: String = parts.zip(waves).map(row).collect();
        std::fs::write(rehome.path("batch.toml"), format!("{head}{tables}\n{rows}")).expect("written");
        let azure = Azure::serve(&rehome.path("estate.json"), Some(&rehome.path("faults.json")));
        rehome.turn_to(&azure);
        rehome.approve(&rehome.path("batch.toml"));
        Self { azure, rehome }
    }

    /// The move of the n-th identity, as `status` has it.
    pub(crate) fn of(&self, n: usize) -> Value {
        let status = self.rehome.json(&["status"]);
        let mut moves = status["moves"].as_array().expect("moves").iter();
        let is = |m: &&Value| text(&m["identity"]).ends_with(&format!("/id-{n}"));
        moves.find(is).expect("a move").clone()
    }

    /// Runs until nothing goes on by itself, doing what people would do by hand, whatever failed meanwhile.
    pub(crate) fn run_all(&self) -> i32 {
        loop {
            let code = self.rehome.say(&["run", "plan.json", "--yes"]).code;
            if !self.rehome.acknowledge() {
                return code;
            }
        }
    }

    /// How many moves are in a state.
    pub(crate) fn count(&self, state: &str) -> u64 {
        self.rehome.json(&["status"])["counts"][state].as_u64().expect("a count")
    }
}

/// These identities are refused where they go.
pub(crate) fn refused(identities: &[usize]) -> Value {
    let rule = |n: &usize| {
        json!({"host": "arm", "method": "PUT", "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}},
            "path": format!("/resourceGroups/rg-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{n}")})
    };
    json!({ "rules": identities.iter().map(rule).collect::<Vec<_>>() })
}
