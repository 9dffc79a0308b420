//! A local Azure in a process of its own, reached as any client reaches it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) struct Azure {
    process: Child,
    pub(crate) ready: Value,
    /// How many times as fast as the wall both sides run.
    pub(crate) scale: &'static str,
}

/// Both sides run this many times as fast as the wall, where nothing else is said.
pub(crate) const SCALE: &str = "20000";

/// The smallest batch file, of a move that does not soak.
pub(crate) fn minimal_without_soak() -> String {
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    batch.replace("soak = \"1h\"", "soak = \"0s\"")
}

/// The folder of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

impl Azure {
    pub(crate) fn serve(estate: &Path, faults: Option<&Path>) -> Self {
        Self::serve_at(SCALE, estate, faults)
    }

    /// The same at another speed.
    pub(crate) fn serve_at(scale: &'static str, estate: &Path, faults: Option<&Path>) -> Self {
        Self::started(scale, estate, faults, 0)
    }

    /// The same at a port that was another Azure's before: for the program it is the same cloud.
    pub(crate) fn serve_on(port: u16, scale: &'static str, estate: &Path, faults: &Path) -> Self {
        Self::started(scale, estate, Some(faults), port)
    }

    /// A port which is free, with the two after it.
    pub(crate) fn free_port() -> u16 {
        let free = |port: u16| TcpListener::bind(("127.0.0.1", port));
        let three = |_| {
            let first = free(0).ok()?;
            let port = first.local_addr().ok()?.port();
            let others = (free(port.checked_add(1)?), free(port.checked_add(2)?));
            (others.0.is_ok() && others.1.is_ok()).then_some(port)
        };
        (0..1_000).find_map(three).expect("three free ports in a row")
    }

    fn started(scale: &'static str, estate: &Path, faults: Option<&Path>, port: u16) -> Self {
        // A port that is named may still be another test's.
        let tries = if port == 0 { 1 } else { 3_000 };
        let mut tried = (0..tries).filter_map(|_| Self::tried(scale, estate, faults, port));
        tried.next().unwrap_or_else(|| panic!("no simulator on port {port}"))
    }

    fn tried(scale: &'static str, estate: &Path, faults: Option<&Path>, port: u16) -> Option<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        let listen = format!("127.0.0.1:{port}");
        command.args(["sim", "serve", "--listen", &listen, "--time-scale", scale, "--estate"]).arg(estate);
        if let Some(faults) = faults {
            command.arg("--faults").arg(faults);
        }
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(if port == 0 { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it says that it is ready");
        let mut azure = Self { process, ready: Value::Null, scale };
        azure.ready = serde_json::from_str(&line).ok()?;
        // What was planned at a cloud is for its sign-in server too.
        let login = format!(":{}", port + 1);
        (port == 0 || azure.text("login").ends_with(&login)).then_some(azure)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_default()
    }

    /// The whole state.
    pub(crate) fn estate(&self) -> Value {
        serde_json::from_str(&self.get("/sim/estate")).expect("an estate is JSON")
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let lines = self.get("/sim/requests");
        lines.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// Every outage of a workload so far, as `name: why`.
    pub(crate) fn outages(&self) -> Vec<String> {
        let seen: Value = serde_json::from_str(&self.get("/sim/workloads")).expect("JSON");
        let text = |o: &Value, name: &str| o[name].as_str().unwrap_or("now").to_owned();
        let told = |o: &Value| {
            let span = format!("{} to {}", text(o, "from"), text(o, "until"));
            format!("{}: {} ({span})", text(o, "workload"), text(o, "why"))
        };
        seen["outages"].as_array().into_iter().flatten().map(told).collect()
    }

    /// Workloads that work now, with the principal that they work as.
    pub(crate) fn working(&self) -> Vec<(String, String)> {
        let seen: Value = serde_json::from_str(&self.get("/sim/workloads")).expect("JSON");
        let text = |o: &Value, name: &str| o[name].as_str().unwrap_or_default().to_owned();
        let all = seen["workloads"].as_array().into_iter().flatten().filter(|o| o["works"] == true);
        all.map(|o| (text(o, "name"), text(o, "identity"))).collect()
    }

    /// Everything that each workload may do, by its name.
    pub(crate) fn access(&self) -> Vec<(String, Value)> {
        let seen: Value = serde_json::from_str(&self.get("/sim/workloads")).expect("JSON");
        let all = seen["workloads"].as_array().into_iter().flatten();
        all.map(|o| (o["name"].as_str().unwrap_or_default().to_owned(), o["access"].clone())).collect()
    }

    /// Writes as somebody who is no part of the program under test.
    pub(crate) fn write(&self, method: &str, path: &str, body: &Value) {
        self.ask(&self.audience("arm"), None, method, path, body);
    }

    /// The same at the host of a data plane, with a token for its audience, which is escaped.
    pub(crate) fn write_at(&self, host: &str, audience: &str, method: &str, path: &str, body: &Value) {
        self.ask(audience, Some(host), method, path, body);
    }

    fn ask(&self, audience: &str, host: Option<&str>, method: &str, path: &str, body: &Value) {
        let (token, body) = (self.token(audience), body.to_string());
        exchange(self.text("arm"), host, method, path, &token, Some(("application/json", &body)));
    }

    /// The audience of tokens for one of the three servers, escaped.
    fn audience(&self, server: &str) -> String {
        self.text(server).replace(':', "%3A").replace('/', "%2F")
    }

    /// The header of somebody who signed in, for this audience, which is escaped.
    fn token(&self, audience: &str) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={audience}%2F.default",
            self.text("client_id"),
            self.text("client_secret")
        );
        let sign_in = format!("/{}/oauth2/v2.0/token", self.text("tenant"));
        let form = ("application/x-www-form-urlencoded", form.as_str());
        let token = exchange(self.text("login"), None, "POST", &sign_in, "", Some(form));
        let token: Value = serde_json::from_str(&token).expect("JSON");
        format!("authorization: Bearer {}\r\n", token["access_token"].as_str().expect("a token"))
    }

    /// The whole activity log of a subscription, as `az monitor activity-log list` writes it.
    pub(crate) fn activity_log(&self, subscription: &str) -> Vec<Value> {
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values\
             ?api-version=2015-04-01&$filter=eventTimestamp%20ge%20%272020-01-01T00:00:00Z%27"
        );
        let answer = exchange(self.text("arm"), None, "GET", &path, &self.token(&self.audience("arm")), None);
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        answer["value"].as_array().expect("entries").clone()
    }

    /// The directory's audit log, as Graph answers it.
    pub(crate) fn directory_audits(&self) -> Value {
        let path = "/v1.0/auditLogs/directoryAudits?$top=999";
        let token = self.token(&self.audience("graph"));
        let answer = exchange(self.text("graph"), None, "GET", path, &token, None);
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Lets so many seconds of the simulated world pass at once.
    pub(crate) fn advance(&self, seconds: u32) {
        exchange(self.text("arm"), None, "POST", &format!("/sim/clock?ahead_s={seconds}"), "", None);
    }

    fn get(&self, path: &str) -> String {
        exchange(self.text("arm"), None, "GET", path, "", None)
    }
}

/// One request to a server, or to a host that is reached there, and the body of its answer, which must be a success.
fn exchange(
    url: &str,
    host: Option<&str>,
    method: &str,
    path: &str,
    headers: &str,
    body: Option<(&str, &str)>,
) -> String {
    let authority = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).expect("the simulator listens");
    let authority = host.unwrap_or(authority);
    let content = body.map_or_else(String::new, |(kind, body)| {
        format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len())
    });
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{headers}{content}\r\n"
    );
    let sent = head + body.map_or("", |(_, body)| body);
    stream.write_all(sent.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let text = String::from_utf8(answer).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.starts_with("HTTP/1.1 20"), "{method} {path}: {head}\n{body}");
    body.to_owned()
}

impl Drop for Azure {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
