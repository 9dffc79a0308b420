//! Where what one signs in with is sent: to the cloud that the operator named or was shown, and only to servers that
//! belong to it.

use crate::support::azure::{Azure, example};
use crate::support::rehome::Rehome;
use rehome_orchestrator::digest;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A server that says that it is a cloud, and keeps what it was sent.
struct Stranger {
    url: String,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Stranger {
    /// `describe` is given the stranger's own URL.
    fn says(describe: impl FnOnce(&str) -> Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let sent: Arc<Mutex<Vec<String>>> = Arc::default();
        let (heard, body) = (sent.clone(), describe(&url).to_string());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = vec![0; 16_384];
                let length = stream.read(&mut request).unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let (status, body) = match request.starts_with("GET /metadata/") {
                    true => ("200 OK", body.as_str()),
                    false => ("404 Not Found", "{}"),
                };
                heard.lock().expect("nobody panics").push(request);
                let head = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                drop(stream.write_all((head + body).as_bytes()));
            }
        });
        Self { url, sent }
    }

    /// What it was sent beside the question what it is.
    fn sent(&self) -> Vec<String> {
        let all = self.sent.lock().expect("nobody panics").clone();
        all.into_iter().filter(|request| !request.starts_with("GET /metadata/")).collect()
    }
}

fn described(login: &str, audience: &str, graph: &str) -> Value {
    json!({"name": "Stranger", "authentication": {"loginEndpoint": login, "audiences": [audience]}, "microsoftGraphResourceId": graph})
}

#[test]
fn a_cloud_that_says_that_the_servers_of_others_are_its_own_is_sent_nothing() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let (arm, login, graph) = (azure.text("arm"), azure.text("login"), azure.text("graph"));
    let before = azure.requests().len();
    let public = "https://login.microsoftonline.com";
    for (login, audience, graph) in [
        (login, Some(arm), graph),
        (public, None, graph),
        (login, Some("https://management.azure.com/"), graph),
        (login, Some("https://management.core.windows.net/"), graph),
        (login, None, "https://graph.microsoft.com"),
        (public, Some("https://management.azure.com/"), "https://graph.microsoft.com"),
        (login, Some("urn:anything"), graph),
    ] {
        let stranger = Stranger::says(|own| described(login, audience.unwrap_or(own), graph));
        let file = batch.to_str().expect("a path");
        let said = rehome.say(&["plan", "-f", file, "--save", "p.json", "--cloud", &stranger.url]).expect(4);
        assert!(said.err.contains("is of another cloud") && said.err.contains("next"), "{}", said.err);
        assert_eq!(stranger.sent(), Vec::<String>::new(), "{login} {audience:?} {graph}");
    }
    assert_eq!(azure.requests().len(), before, "nobody was signed in");
}

/// A plan for another cloud, under a digest of its own.
fn for_another_cloud(azure: &Azure, cloud: &str) -> Rehome {
    let rehome = Rehome::at(azure);
    let batch = example("minimal").join("batch.toml");
    rehome.say(&["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"]).expect(0);
    let text = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    document.as_object_mut().expect("an object").remove("digest");
    document["about"]["cloud"] = json!(cloud);
    document["digest"] = Value::from(digest(&document.clone()));
    // Elsewhere nobody has named a cloud.
    let elsewhere = Rehome::offline();
    std::fs::write(elsewhere.path("plan.json"), document.to_string()).expect("written");
    elsewhere
}

#[test]
fn a_cloud_without_a_name_that_only_a_plan_names_has_to_be_named_by_who_signs_in() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let cloud = "https://management.west.example.com";
    let rehome = for_another_cloud(&azure, cloud);
    for command in [&["show", "plan.json"][..], &["approve", "plan.json", "--reason", "x", "--yes"]] {
        let said = rehome.say(command).expect(0);
        assert!(said.out.contains(cloud) && said.out.contains(azure.text("login")), "{}", said.out);
        assert!(said.out.contains(azure.text("tenant")), "{}", said.out);
    }
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(2);
    assert!(said.err.contains(&format!("rehome run plan.json --yes --cloud {cloud}")), "{}", said.err);
}

#[test]
fn the_cloud_is_said_wherever_a_plan_is_made_shown_approved_and_run_and_another_sign_in_server_is_refused() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let parts = ["arm", "login", "tenant"].map(|name| azure.text(name).to_owned());
    let has = |text: &str| parts.iter().all(|part| text.contains(part));
    assert!(has(&rehome
        .say(&["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"])
        .expect(0)
        .out));
    assert!(has(&rehome.say(&["show", "plan.json"]).expect(0).out));
    assert!(has(&rehome.say(&["approve", "plan.json", "--reason", "x", "--yes"]).expect(0).out));
    // A stranger whom the plan names signs in at another server than the one that people were shown.
    let stranger = Stranger::says(|own| described(own, own, own));
    let other = for_another_cloud(&azure, &stranger.url);
    assert!(has(&rehome.say(&["run", "plan.json", "--yes"]).err));
    other.say(&["approve", "plan.json", "--reason", "x", "--yes"]).expect(0);
    let said = other.say(&["run", "plan.json", "--yes"]).expect(4);
    assert!(said.err.contains("is what was approved"), "{}", said.err);
    assert_eq!(stranger.sent(), Vec::<String>::new());
}
