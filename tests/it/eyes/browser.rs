//! Somebody with a browser: the real server in a process of its own, and requests to it as a browser sends them.

use crate::support::rehome::Rehome;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The pages of a log, served until the test is over.
pub(crate) struct Served {
    process: Child,
    pub(crate) host: String,
    pub(crate) token: String,
    pub(crate) cookie: String,
    /// Everything that the terminal shows behind the link.
    told: std::process::ChildStderr,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        // Who is refused may be cut off while it still sends.
        drop(stream.read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }
}

impl Served {
    /// Serves the log in this folder, and signs in.
    pub(crate) fn of(rehome: &Rehome, arguments: &[&str]) -> Self {
        let mut served = Self::unopened(rehome, arguments);
        let answer = served.get(&format!("/in?token={}", served.token));
        assert_eq!(answer.status, 200, "{}", answer.body);
        served.cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        served
    }

    /// The same, where nobody has used the link.
    pub(crate) fn unopened(rehome: &Rehome, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        rehome.dressed(command.arg("serve").args(arguments).args(["-o", "jsonl"]));
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let told = process.stderr.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("it is ready");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let link = ready["link"].as_str().expect("a link").to_owned();
        let (host, token) = link.trim_start_matches("http://").split_once("/in?token=").expect("a token");
        let (host, token, cookie) = (host.to_owned(), token.to_owned(), String::new());
        Self { process, host, token, cookie, told }
    }

    /// Sends exactly this head and body.
    pub(crate) fn raw(&self, text: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).expect("somebody listens");
        drop(stream.write_all(text.as_bytes()));
        Answer::read(&mut stream)
    }

    /// A page, as the browser that is signed in asks for it.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.asked("GET", path, &format!("host: {}\r\ncookie: {}\r\n", self.host, self.cookie), "")
    }

    /// A page that is there.
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// A request with these lines of a head.
    pub(crate) fn asked(&self, method: &str, path: &str, head: &str, body: &str) -> Answer {
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        self.raw(&format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n{head}{length}\r\n{body}"))
    }

    /// A form, as the browser that is signed in sends it.
    pub(crate) fn post(&self, body: &str) -> Answer {
        self.asked("POST", "/act", &self.form_head(&format!("http://{}", self.host)), body)
    }

    /// The head of a form that comes from there.
    pub(crate) fn form_head(&self, origin: &str) -> String {
        format!(
            "host: {}\r\ncookie: {}\r\norigin: {origin}\r\ncontent-type: application/x-www-form-urlencoded\r\n",
            self.host, self.cookie
        )
    }

    /// What happens, from there on.
    pub(crate) fn live(&self, head: &str, after: &str) -> Live {
        let mut stream = TcpStream::connect(&self.host).expect("somebody listens");
        let (host, cookie) = (&self.host, &self.cookie);
        write!(stream, "GET /live{after} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n{head}\r\n")
            .expect("sent");
        Live(BufReader::new(stream))
    }

    /// Ends it, and says what the terminal showed.
    pub(crate) fn end(mut self) -> String {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        self.process.wait().expect("it ends");
        let mut told = String::new();
        self.told.read_to_string(&mut told).expect("text");
        told
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A stream of what happens.
pub(crate) struct Live(BufReader<TcpStream>);

/// Something that a stream tells: what it is called, its id where it has one, and its content.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: Option<u64>,
    pub(crate) content: Value,
}

impl Live {
    /// The next thing that is told; nothing where the stream is over.
    pub(crate) fn told(&mut self) -> Option<Told> {
        let mut told = Told::default();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut told.name),
                Some(("id", id)) => told.id = id.parse().ok(),
                Some(("data", data)) => told.content = serde_json::from_str(data).unwrap_or(data.into()),
                // An empty line ends what is told; a line of a chunk or a comment tells nothing.
                _ if line.trim_end().is_empty() && !told.content.is_null() => return Some(told),
                _ => {}
            }
        }
    }

    /// The place in the log and the content of the next event; nothing where the stream is over.
    pub(crate) fn next(&mut self) -> Option<(u64, Value)> {
        loop {
            let Told { name, id, content } = self.told()?;
            if let (true, Some(id)) = (name.is_empty(), id) {
                return Some((id, content));
            }
        }
    }

    /// The next thing of this name; the stream may tell other things before.
    pub(crate) fn of(&mut self, name: &str) -> Told {
        loop {
            let told = self.told().expect("the stream goes on");
            if told.name == name {
                return told;
            }
        }
    }
}
