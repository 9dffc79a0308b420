//! The local Azure in a process of its own: what it takes is not the client's, and its record says what was asked.

use crate::{Failed, each};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct LocalAzure {
    process: Child,
    ready: Value,
    scale: String,
    /// Lines of its record that were looked at.
    seen: usize,
    /// What was drawn from each bucket so far.
    drawn: BTreeMap<String, f64>,
    refused: u64,
}

/// One of its limits, as it tells of it.
#[derive(serde::Deserialize)]
struct Bucket {
    holds: f64,
    per_second: f64,
    drawn: f64,
    refused: u64,
}

/// What was asked since the last look.
#[derive(Default)]
pub(crate) struct Asked {
    /// Requests, by what they are.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Answers with the status 429, those inside of batches of Graph too.
    pub(crate) throttled: u64,
    /// Questions inside of batches of Graph.
    pub(crate) parts: u64,
    /// The limit that lets all this through last, and the simulated seconds that it takes when its bucket was full.
    pub(crate) floor: Option<(String, f64)>,
}

impl Asked {
    pub(crate) fn requests(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// How much of all that was answered the answer 429 was.
    pub(crate) fn throttled_part(&self) -> f64 {
        each(self.throttled, self.requests() + self.parts)
    }
}

impl LocalAzure {
    pub(crate) fn serve(rehome: &Path, estate: &Path, scale: f64) -> Result<Self, Failed> {
        let mut process = Command::new(rehome)
            .args(["sim", "serve", "--time-scale", &scale.to_string(), "--estate"])
            .arg(estate)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or("it has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).map_err(|e| format!("it said {line:?}: {e}"))?;
        Ok(Self { process, ready, scale: scale.to_string(), seen: 0, drawn: BTreeMap::new(), refused: 0 })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_default()
    }

    /// What a client has to know to sign in.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 6] {
        [
            ("AZURE_TENANT_ID", self.text("tenant")),
            ("AZURE_CLIENT_ID", self.text("client_id")),
            ("AZURE_CLIENT_SECRET", self.text("client_secret")),
            ("REHOME_CLOUD", self.text("arm")),
            ("REHOME_TIME_SCALE", &self.scale),
            ("REHOME_ACTOR", "scale@contoso.example"),
        ]
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&mut self) -> Result<Asked, Failed> {
        let (mut asked, mut count) = (Asked::default(), 0);
        asked.floor = self.floor(&mut asked.throttled)?;
        for line in self.tells("requests")? {
            let line = line?;
            count += 1;
            if count > self.seen {
                let entry: Value = serde_json::from_str(&line)?;
                *asked.kinds.entry(kind(&entry)).or_default() += 1;
                asked.parts += entry["parts"].as_array().map_or(0, Vec::len) as u64;
            }
        }
        self.seen = count;
        Ok(asked)
    }

    /// What it tells of itself under this name, line by line.
    fn tells(&self, what: &str) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>, Failed> {
        let authority = self.text("arm").trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority)?;
        write!(stream, "GET /sim/{what} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n")?;
        let lines = BufReader::new(stream).lines();
        Ok(lines.skip_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).skip(1))
    }

    /// What its limits take for what was asked since the last time; and how often they refused.
    fn floor(&mut self, throttled: &mut u64) -> Result<Option<(String, f64)>, Failed> {
        let text = self.tells("limits")?.collect::<Result<String, _>>()?;
        let buckets: BTreeMap<String, Bucket> = serde_json::from_str(&text)?;
        let mut floor: Option<(String, f64)> = None;
        let refused: u64 = buckets.values().map(|bucket| bucket.refused).sum();
        *throttled = refused - self.refused;
        self.refused = refused;
        for (name, Bucket { holds, per_second, drawn, .. }) in buckets {
            let before = self.drawn.insert(name.clone(), drawn).unwrap_or_default();
            let seconds = (drawn - before - holds).max(0.0) / per_second;
            if floor.as_ref().is_none_or(|(_, most)| seconds > *most) {
                floor = Some((name, seconds));
            }
        }
        Ok(floor)
    }
}

impl Drop for LocalAzure {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What a request is, without the names in it.
fn kind(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let path = text("path").split('?').next().unwrap_or_default();
    let shape = match text("host") {
        "arm" => arm_shape(path),
        _ => without_ids(path),
    };
    format!("{} {} {shape}", text("host"), text("method"))
}

/// The type of a resource, or of a list, and what is done with it.
fn arm_shape(path: &str) -> String {
    let lower = path.to_lowercase();
    let Some((before, provider)) = lower.rsplit_once("/providers/") else {
        return without_ids(path);
    };
    let on = match before.rsplit_once("/providers/") {
        Some((_, host)) => format!("{}: ", typed(host)),
        None => String::new(),
    };
    format!("{on}{}", typed(provider))
}

/// `namespace/type/{}/below`: every other part is a name.
fn typed(provider: &str) -> String {
    let parts = provider.split('/').enumerate();
    let shown = parts.map(|(nth, part)| if nth > 0 && nth % 2 == 0 { "{}" } else { part });
    shown.collect::<Vec<_>>().join("/")
}

fn without_ids(path: &str) -> String {
    let shown = path.split('/').map(|part| if part.len() >= 32 { "{}" } else { part });
    shown.collect::<Vec<_>>().join("/")
}
