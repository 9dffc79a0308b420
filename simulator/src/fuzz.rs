//! Simulator: what must hold for every file and every request; `tests/fuzz` looks for one where it does not. Pure.

use crate::arm::{rows, taken_apart};
use crate::authorization::filter_terms;
use crate::clock::SimClock;
use crate::http::Host;
use crate::http::{Reply, Request, decode, query};
use crate::login::{Places, sign};
use crate::pipeline::handle;
use crate::server::response;
use crate::shared::Shared;
use crate::world::World;
use crate::{Estate, Faults};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

/// A file as an estate and as faults: what is taken can be lived in, and is written as it can be read again.
pub fn files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(mut faults) = Faults::parse(text) {
        for host in ["arm", "graph"] {
            drop(faults.inject(1, host, "PUT", "/subscriptions/S"));
        }
    }
    let Ok(estate) = Estate::parse(text) else { return };
    let shared = shared(estate);
    for (host, method, target, body) in [
        (Host::Arm, "GET", "/subscriptions?api-version=2022-12-01", ""),
        (Host::Arm, "POST", GRAPH, r#"{"query":"resources | project id, type"}"#),
        (Host::Graph, "GET", "/v1.0/servicePrincipals", ""),
        (Host::Graph, "GET", "/v1.0/groups/g/members", ""),
    ] {
        sendable(handle(&shared, host, &request(&shared, host, method, target, &[], body.as_bytes())));
    }
    drop(shared.world().workloads());
    readable(&shared);
}

const GRAPH: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

/// A query of Resource Graph: it is answered or refused, and never grows beyond what an answer may have.
pub fn queries(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    static ROWS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        vec![
            json!({"id": "/A", "type": "x/y", "tags": {"a": "b"}, "properties": {"p": {"list": ["u", "v", 1]}}, "n": 2}),
            json!({"id": "/B", "type": "X/Z", "identity": {"type": "None"}, "properties": null, "n": 1.5}),
            json!({"id": "/C", "name": "Ünder", "properties": "{\"a\":[1]}", "n": true}),
        ]
    });
    if let Ok(found) = rows(text, ROWS.clone()) {
        assert!(found.len() <= 1 << 21, "{} rows", found.len());
    }
}

/// A text where a path, a query string or a filter is expected.
pub fn texts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let path = decode(&text);
    let parsed = taken_apart(&path);
    assert!(path.starts_with(&parsed) || parsed.is_empty() || path.trim_end_matches('/') != path, "{path:?}");
    for (name, value) in query(&text) {
        assert_eq!(name, name.to_lowercase(), "{value}");
    }
    filter_terms(&text);
    let object = json!({
        "displayName": "Payments", "appId": "A-1", "list": ["x", {"a": "y"}],
        "federatedIdentityCredentials": [{"name": "f", "subject": "OID-9"}],
    });
    assert_eq!(crate::graph::fits(&object, &text), crate::graph::fits(&object, text.trim()));
}

/// A few requests with zero bytes between them, each a line of host, method and target, headers, an empty line
/// and a body: every one has an answer that can be sent, and the world stays one that can be written and read.
pub fn requests(data: &[u8]) {
    static ESTATE: LazyLock<Estate> =
        LazyLock::new(|| Estate::parse(include_str!("fuzz_estate.json")).expect("a small estate"));
    let shared = shared(ESTATE.clone());
    for one in data.split(|byte| *byte == 0).take(4) {
        let at = one.windows(2).position(|two| two == b"\n\n").unwrap_or(one.len());
        let (head, body) = (String::from_utf8_lossy(&one[..at]), one.get(at + 2..).unwrap_or_default());
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().splitn(3, ' ');
        let host = match words.next() {
            Some("graph") => Host::Graph,
            Some("login") => Host::Login,
            Some("plane") => Host::Plane,
            _ => Host::Arm,
        };
        let (method, target) = (words.next().unwrap_or("GET"), words.next().unwrap_or("/"));
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
        let request = request(&shared, host, method, target, &headers, body);
        drop(shared.world().inject(host, &request));
        sendable(handle(&shared, host, &request));
    }
    if shared.world().changes > 0 {
        readable(&shared);
    }
}

fn request(
    shared: &Shared,
    host: Host,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Request {
    let (path, text) = target.split_once('?').unwrap_or((target, ""));
    let named = headers.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned()));
    let mut headers: BTreeMap<String, String> = named.collect();
    let named = headers.get("host").cloned().unwrap_or_default();
    let own = || match host {
        Host::Plane => crate::planes::audience(&named).unwrap_or_default(),
        Host::Arm | Host::Graph | Host::Login => shared.places.url(host),
    };
    let token = || format!("Bearer {}", sign(&shared.world(), &shared.places, own()));
    headers.entry("authorization".to_owned()).or_insert_with(token);
    Request {
        method: method.to_ascii_uppercase(),
        path: decode(path),
        target: target.to_owned(),
        query: query(text),
        headers,
        body: body.to_vec(),
    }
}

fn shared(mut estate: Estate) -> Shared {
    estate.settings.throttling = false;
    let world = World::new(estate, SimClock::new(crate::clock::Pace::Scaled(1.0)), 1, Faults::default());
    let place = |port: u16| format!("http://127.0.0.1:{port}");
    let places =
        Places { arm: place(1), graph: place(2), login: place(3), client_secret: "secret".to_owned() };
    Shared { world: Mutex::new(world), places, pages: crate::origin_check::PageAccess::Open }
}

/// An answer that HTTP cannot carry would be sent as an empty success.
fn sendable(reply: Reply) {
    let status = reply.status;
    let sent = response(reply).expect("it can be sent");
    assert_eq!(sent.status().as_u16(), status);
}

fn readable(shared: &Shared) {
    let text = serde_json::to_string(&shared.world().dump()).expect("an estate has text keys");
    Estate::parse(&text).expect("a world is an estate");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_that_grow_or_go_deep_are_refused_and_long_ones_are_not() {
        let doubling = format!("t | extend a = 'xxxxxxxx' {}", "| extend a = strcat(a, a) ".repeat(60));
        let rows_of_rows =
            format!("t | extend l = split('a,b,c,d,e,f,g,h', ',') {}", "| mv-expand l2 = l ".repeat(30));
        let split = format!(
            "t | extend a = iff({})",
            vec!["split(strcat(properties,'xxxxxxxx'),'')"; 100_000].join(",")
        );
        for text in [doubling, rows_of_rows, split] {
            assert!(rows(&text, vec![json!({"id": "/A"})]).is_err(), "{}", &text[..60]);
        }
        for joined in [" or ", " and "] {
            let long = format!("t | where {}", vec!["id == '/A'"; 100_000].join(joined));
            assert_eq!(rows(&long, vec![json!({"id": "/A"})]).expect("it is answered").len(), 1);
        }
        for text in ["", "t | take 1e", "t | where a !", "t | order by", "t|mv-expand a[", "t | where a in ("]
        {
            queries(text.as_bytes());
        }
    }

    #[test]
    fn requests_that_fuzzing_found_have_an_answer_that_can_be_sent() {
        let query =
            |more: &str| format!("arm POST {GRAPH}\n\n{{\"query\":\"resources\",\"options\":{more}}}");
        for data in [
            query(r#"{"$skipToken":"18446744073709551615"}"#),
            query(r#"{"$top":18446744073709551615,"$skipToken":"7"}"#),
            "arm GET /x\nx-ms-correlation-request-id: \u{e9}".to_owned(),
            "graph GET /v1.0/groups\nclient-request-id: \u{1}".to_owned(),
            "arm GET /subscriptions?api-version=2022-12-01&$skiptoken=18446744073709551615".to_owned(),
            "arm PUT /subscriptions/s1/resourceGroups/rg/providers/M.W/x/y?api-version=2022-12-01\n\n\"z\""
                .to_owned(),
        ] {
            requests(data.as_bytes());
        }
        for text in ["%+f", "%", "%2", "%é", " and  and ", "startswith(", "list/any(", "a/any(:", "('"] {
            texts(text.as_bytes());
        }
    }

    #[test]
    fn files_that_are_almost_estates_or_faults_are_lived_in_or_refused() {
        for text in [
            r#"{"arm":[{"id":""}],"graph":[]}"#,
            r##"{"arm":[{"id":"/subscriptions/s","type":7}],"graph":[{"id":"g","@odata.type":"#microsoft.graph.group","members":7}]}"##,
            r#"{"rules":[{"what":{"latency_ms":18446744073709551615}}]}"#,
        ] {
            files(text.as_bytes());
        }
        assert!(Faults::parse(r#"{"rules":[{"what":{"answer":{"status":1000,"code":"x"}}}]}"#).is_err());
    }
}
