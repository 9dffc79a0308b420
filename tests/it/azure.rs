//! A local Azure in a process of its own, reached as any client reaches it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) struct Azure {
    process: Child,
    pub(crate) ready: Value,
    /// How many times as fast as the wall both sides run.
    pub(crate) scale: &'static str,
}

/// Both sides run this many times as fast as the wall, where nothing else is said.
const SCALE: &str = "20000";

/// The folder of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

impl Azure {
    pub(crate) fn serve(estate: &Path, faults: Option<&Path>) -> Self {
        Self::serve_at(SCALE, estate, faults)
    }

    /// As fast as this.
    pub(crate) fn serve_at(scale: &'static str, estate: &Path, faults: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        command.args(["sim", "serve", "--time-scale", scale, "--estate"]).arg(estate);
        if let Some(faults) = faults {
            command.arg("--faults").arg(faults);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the simulator starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it says that it is ready");
        let ready = serde_json::from_str(&line).expect("one JSON line");
        Self { process, ready, scale }
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

    fn get(&self, path: &str) -> String {
        let authority = self.text("arm").trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&authority).expect("the simulator listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        let text = String::from_utf8(answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body.to_owned()
    }
}

impl Drop for Azure {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
