//! Two moves that share a host, of which one stops there and nobody knows what it left: the other one does not write there
//! before a person has decided, says so, and goes on then.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SCALE: &str = "1000";
const GROUP: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu";
const HOST: &str = "/providers/Microsoft.Compute/virtualMachines/vm-batch";

/// The smallest estate, whose machine has a second identity that moves as well.
fn estate() -> (Value, [String; 2]) {
    let path = example("minimal").join("estate.json");
    let mut estate: Value = serde_json::from_slice(&std::fs::read(path).expect("an estate")).expect("JSON");
    let arm = estate["arm"].as_array_mut().expect("arm");
    let at = |arm: &[Value], end: &str| {
        arm.iter().position(|o| text(&o["id"]).ends_with(end)).expect("it is there")
    };
    let mut second = arm[at(arm, "/userAssignedIdentities/id-shop")].clone();
    let first = text(&second["id"]).to_owned();
    let other = first.replace("id-shop", "id-second");
    (second["id"], second["name"]) = (json!(other), json!("id-second"));
    second["properties"]["clientId"] = json!("5ec00000-0000-4000-8000-00000000c11e");
    second["properties"]["principalId"] = json!("5ec00000-0000-4000-8000-000000000b1d");
    let host = at(arm, HOST);
    let map = json!({"principalId": second["properties"]["principalId"], "clientId": second["properties"]["clientId"]});
    arm[host]["identity"]["userAssignedIdentities"][&other] = map;
    arm.push(second);
    (estate, [first, other])
}

/// The identities that the machine has, by their names and groups.
fn on_host(azure: &Azure) -> Vec<String> {
    let estate = azure.estate();
    let host = estate["arm"].as_array().into_iter().flatten().find(|o| text(&o["id"]).ends_with(HOST));
    let map =
        host.and_then(|host| host["identity"]["userAssignedIdentities"].as_object()).expect("it has some");
    let mut all: Vec<String> =
        map.keys().map(|id| id.split('/').skip(4).step_by(4).collect::<Vec<_>>().join("/")).collect();
    all.sort();
    all
}

struct Scene {
    rehome: Rehome,
    port: u16,
}

impl Scene {
    fn serve(&mut self, estate: &Value, rules: Vec<Value>) -> Azure {
        let write = |name: &str, what: &Value| {
            std::fs::write(self.rehome.path(name), what.to_string()).expect("written")
        };
        write("world.json", estate);
        write("faults.json", &json!({"rules": rules}));
        let path = |name: &str| self.rehome.path(name);
        let azure = Azure::serve_on(self.port, SCALE, &path("world.json"), &path("faults.json"));
        self.rehome.turn_to(&azure);
        azure
    }

    fn say(&self, words: &str, code: i32) -> String {
        let said = self.rehome.say(&words.split(' ').collect::<Vec<_>>()).expect(code);
        format!("{}{}", said.out, said.err)
    }
}

fn is_at_host(request: &Value, method: &str) -> bool {
    let path = text(&request["path"]).split('?').next().unwrap_or_default();
    request["method"] == method && path.ends_with(HOST)
}

/// How often the machine is read before it is written to for the first time, in a run that nothing befalls.
fn reads_before(azure: &Azure, from: usize) -> usize {
    let requests = azure.requests();
    let until = requests.iter().position(|request| is_at_host(request, "PATCH")).expect("it is written to");
    requests[from..until].iter().filter(|request| is_at_host(request, "GET")).count()
}

#[test]
fn a_move_does_not_write_to_a_host_at_which_another_one_stopped_in_doubt_and_goes_on_after_a_person() {
    let (estate, ids) = estate();
    let mut scene = Scene { rehome: Rehome::offline(), port: Azure::free_port() };
    let identities: String = ids
        .iter()
        .map(|id| format!("[[identity]]\nid = \"{id}\"\ntarget_resource_group = \"rg-shop-sdc\"\n"))
        .collect();
    let batch = format!(
        "format_version = \"1.0\"\n[batch]\nname = \"pair\"\nto = \"swedencentral\"\nsoak = \"0s\"\n{identities}"
    );
    std::fs::write(scene.rehome.path("batch.toml"), batch).expect("written");
    let azure = scene.serve(&estate, Vec::new());
    scene.rehome.approve(&scene.rehome.path("batch.toml"));
    let planned = (azure.estate(), scene.rehome.copy(), azure.requests().len());
    assert_eq!(scene.rehome.run_with_people(), 0);
    let (undisturbed, reads) = (on_host(&azure), reads_before(&azure, planned.2));
    drop(azure);

    scene.rehome = planned.1;
    let host = format!("{GROUP}{HOST}");
    let at_host =
        |method: &str, what: &str| json!({"host": "arm", "method": method, "path": host, "what": what});
    let (mut lost, mut unread) = (at_host("PATCH", "cut_after"), at_host("GET", "cut_before"));
    (lost["nth"], unread["from"]) = (json!(1), json!(reads + 1));
    let azure = scene.serve(&planned.0, vec![lost, unread]);
    assert_ne!(scene.rehome.run_with_people(), 0);
    let status = scene.say("status pair", 0);
    assert!(status.contains("HELD UP vm-batch"), "{status}");
    assert_eq!(azure.requests().iter().filter(|request| is_at_host(request, "PATCH")).count(), 1, "{status}");
    let stands = azure.estate();
    drop(azure);

    let azure = scene.serve(&stands, Vec::new());
    let moves = scene.rehome.json(&["status", "pair"]);
    let waits = |kind: &str| {
        let all = moves["moves"].as_array().into_iter().flatten();
        let all =
            all.flat_map(|one| one["waiting_for"].as_array().into_iter().flatten().map(move |w| (one, w)));
        all.filter(|(_, wait)| wait["kind"] == kind)
            .map(|(one, wait)| (one.clone(), wait.clone()))
            .collect::<Vec<_>>()
    };
    let (failed, held) = (waits("failed"), waits("held-up"));
    assert_eq!((failed.len(), held.len()), (1, 1), "{moves}");
    let stopped = format!("{}:{}", text(&failed[0].0["run"]), text(&failed[0].1["step"]));
    let alone = format!("status {} --exit-code", text(&held[0].0["run"]));
    assert!(scene.rehome.acknowledge(), "what else it waits for");
    scene.say(&alone, 17);
    assert_eq!(held[0].1["unblock_with"][0], format!("rehome show {stopped}"));
    let shown = scene.say(&format!("show {stopped}"), 0);
    assert!(shown.contains(&format!("rehome retry {stopped}")), "{shown}");
    scene.say(&format!("retry {stopped}"), 0);
    assert_eq!(scene.rehome.run_with_people(), 0, "{}", scene.say("status pair", 0));
    assert_eq!(on_host(&azure), undisturbed);
}
