//! Somebody who is told something: an HTTP server that answers as a test wants, and keeps what it hears.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// What is made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Answer(u16),
    /// The connection is held, and nothing is ever answered.
    Hang,
}

/// One request, whole.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) path: String,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) mood: Mood,
}

impl Heard {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct State {
    heard: Vec<Heard>,
    /// For the next requests; after them all is well.
    moods: VecDeque<Mood>,
    held: Vec<TcpStream>,
}

/// How long a test waits for a request, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that listens until the test is over.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Receiver {
    /// One that makes these of the first requests, and answers every later one with 200.
    pub(crate) fn with(moods: &[Mood]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State { moods: moods.iter().copied().collect(), ..State::default() };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let served = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = served.clone();
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/told", self.port)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().expect("no test panics with it")
    }

    /// Everything so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.state().heard.clone()
    }

    /// Waits until what was heard is enough.
    pub(crate) fn wait(&self, enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        let waited = self.shared.1.wait_timeout_while(self.state(), PATIENCE, |state| !enough(&state.heard));
        let (state, time) = waited.expect("no test panics with it");
        assert!(!time.timed_out(), "only this was heard: {:?}", state.heard);
        state.heard.clone()
    }
}

fn serve(stream: TcpStream, shared: &(Mutex<State>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    let mood = {
        let mut state = shared.0.lock().expect("no test panics with it");
        let mood = state.moods.pop_front().unwrap_or(Mood::Answer(200));
        state.heard.push(Heard { path, headers, body, mood });
        if mood == Mood::Hang {
            state.held.push(stream.try_clone()?);
        }
        mood
    };
    shared.1.notify_all();
    if let Mood::Answer(status) = mood {
        let mut stream = stream;
        write!(stream, "HTTP/1.1 {status} told\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")?;
    }
    Ok(())
}
