//! Promise 4: everything before the deletion can be undone, and the undo is compared with what was read before.

use crate::support::azure::{Azure, example};
use crate::support::estates::signed_in;
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};

#[test]
fn what_was_done_is_taken_back_fact_by_fact() {
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = plain(&azure.estate());
    rehome.approve(&folder.join("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    assert_ne!(plain(&azure.estate()), before);
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    rehome.say_with_people(&["rollback", &batch, "--reason", "a test", "--yes"]).expect(0);
    let after = plain(&azure.estate());
    assert_eq!(differences(&before, &after, ""), Vec::<String>::new());
    assert_eq!(azure.outages(), Vec::<String>::new(), "nothing was down, there and back");
    assert_eq!(azure.working().len(), 17);
}

#[test]
fn what_waits_for_an_undo_that_was_refused_is_listed_with_it() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = r#"{"rules": [{"method": "DELETE", "path": "federatedIdentityCredentials",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), Some(faults.path()));
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(10);
    let status = rehome.say(&["status"]).expect(0).out;
    assert!(status.contains("take back (remove): federated credential"), "{status}");
    let there: Vec<&str> = status.lines().filter(|line| line.contains("STILL THERE")).collect();
    assert!(there.iter().any(|line| line.contains("identity")), "{status}");
    let names = |id: &str| id.rsplit_once('/').is_some_and(|(_, name)| name == "id-shop");
    let estate = azure.estate();
    let ids: Vec<&str> = estate["arm"].as_array().expect("arm").iter().map(|o| text(&o["id"])).collect();
    assert_eq!(ids.iter().filter(|id| names(id)).count(), 2, "old and new: {ids:?}");
}
