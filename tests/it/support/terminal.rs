//! The program on a pseudo-terminal, as a person sees it: what stays on the screen, and what keys do. `script` and `stty`
//! are part of every Debian and of most other systems.

use crate::support::rehome::{Rehome, Said};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A command that has not come to its end by then hangs.
const DEADLINE: Duration = Duration::from_secs(240);

/// Lines of every terminal here.
const ROWS: usize = 24;

/// A command that runs on a terminal.
pub(crate) struct Terminal {
    process: Child,
    keys: Option<ChildStdin>,
    shown: Receiver<Vec<u8>>,
    screen: Screen,
    said: String,
}

impl Rehome {
    /// Starts a command on a terminal of so many columns.
    pub(crate) fn open(&self, columns: usize, arguments: &[&str]) -> Terminal {
        let words = ["rehome"].into_iter().chain(arguments.iter().copied());
        let quoted: Vec<String> = words.map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
        self.paste(columns, &quoted.join(" "))
    }

    /// Starts a line of a shell on a terminal of so many columns.
    pub(crate) fn paste(&self, columns: usize, line: &str) -> Terminal {
        let program = Path::new(env!("CARGO_BIN_EXE_rehome"));
        let folder = program.parent().expect("it is in a folder").display();
        let line = format!("stty rows {ROWS} cols {columns} && PATH='{folder}':$PATH && exec {line}");
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        self.dressed(&mut command).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = piped.spawn().expect("`script` starts");
        let mut out = process.stdout.take().expect("a pipe");
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut bytes) {
                if send.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = process.stdin.take();
        Terminal { process, keys, shown, screen: Screen::new(columns), said: String::new() }
    }

    /// The same to its end; what stays on the screen is what it said.
    pub(crate) fn type_in(&self, columns: usize, arguments: &[&str]) -> Said {
        self.open(columns, arguments).end()
    }
}

impl Terminal {
    /// What a person types.
    pub(crate) fn press(&mut self, keys: &str) {
        let to = self.keys.as_mut().expect("it was not closed");
        to.write_all(keys.as_bytes()).and_then(|()| to.flush()).expect("the terminal takes keys");
    }

    /// Waits until a line that is on the screen fits.
    pub(crate) fn until(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(line) = self.screen.lines().into_iter().find(|line| fits(line)) {
                return line;
            }
            assert!(self.read(end), "it ended, and never showed that:\n{}", self.screen.text());
        }
    }

    /// Waits until a line that is on the screen fits, or the end; whether it fits.
    pub(crate) fn comes_to(&mut self, fits: impl Fn(&str) -> bool) -> bool {
        let end = Instant::now() + DEADLINE;
        loop {
            if self.screen.lines().iter().any(|line| fits(line)) {
                return true;
            }
            if !self.read(end) {
                return false;
            }
        }
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Said {
        let end = Instant::now() + DEADLINE;
        while self.read(end) {}
        let code = self.process.wait().expect("it has ended").code().unwrap_or(-1);
        Said { code, out: self.screen.text(), err: std::mem::take(&mut self.said) }
    }

    /// The process of the program itself, which `script` started.
    pub(crate) fn program(&self) -> u32 {
        let children = format!("/proc/{0}/task/{0}/children", self.process.id());
        let children = std::fs::read_to_string(children).expect("it has a child");
        children.split_whitespace().next().and_then(|pid| pid.parse().ok()).expect("one")
    }

    fn read(&mut self, end: Instant) -> bool {
        match self.shown.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.screen.show(&text);
                self.said.push_str(&text);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                drop(self.process.kill());
                panic!("it does not come to an end:\n{}", self.screen.text());
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What a terminal shows, with everything that has scrolled away.
struct Screen {
    columns: usize,
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// The beginning of a sequence whose end has not come yet.
    pending: String,
    /// What comes back when a program gives back the screen that it took for itself.
    behind: Option<Vec<Vec<char>>>,
}

impl Screen {
    fn new(columns: usize) -> Self {
        Self { columns, lines: vec![Vec::new()], row: 0, column: 0, pending: String::new(), behind: None }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned()).collect()
    }

    fn text(&self) -> String {
        self.lines().join("\n").trim_end().to_owned() + "\n"
    }

    fn show(&mut self, text: &str) {
        let all = std::mem::take(&mut self.pending) + text;
        let mut rest = all.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => self.column = 0,
                '\n' => self.down(1),
                '\u{8}' => self.column = self.column.saturating_sub(1),
                '\u{7}' => {}
                '\u{1b}' => {
                    let after = rest.as_str();
                    match sequence(after) {
                        Some((length, kind, number)) => {
                            match &after[..length] {
                                "[?1049h" => self.take_over(),
                                "[?1049l" => self.give_back(),
                                _ => self.obey(kind, number),
                            }
                            rest = after[length..].chars();
                        }
                        None => {
                            self.pending = format!("\u{1b}{after}");
                            return;
                        }
                    }
                }
                c => self.put(c),
            }
        }
    }

    fn put(&mut self, c: char) {
        if self.column >= self.columns {
            self.down(1);
            self.column = 0;
        }
        let line = &mut self.lines[self.row];
        if line.len() <= self.column {
            line.resize(self.column + 1, ' ');
        }
        line[self.column] = c;
        self.column += 1;
    }

    fn down(&mut self, by: usize) {
        self.row += by;
        if self.lines.len() <= self.row {
            self.lines.resize(self.row + 1, Vec::new());
        }
    }

    fn take_over(&mut self) {
        self.behind = Some(std::mem::replace(&mut self.lines, vec![Vec::new()]));
        (self.row, self.column) = (0, 0);
    }

    fn give_back(&mut self) {
        self.lines = self.behind.take().unwrap_or_default();
        self.row = self.lines.len().saturating_sub(1);
        self.column = 0;
    }

    fn obey(&mut self, kind: char, number: Option<usize>) {
        let count = number.unwrap_or(1);
        match kind {
            'A' => self.row = self.row.saturating_sub(count),
            'B' => self.down(count),
            'C' => self.column += count,
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = count.saturating_sub(1),
            'H' => (self.row, self.column) = (0, 0),
            'K' if number == Some(2) => self.lines[self.row].clear(),
            'K' => self.lines[self.row].truncate(self.column),
            'J' => {
                self.lines[self.row].truncate(self.column);
                self.lines.truncate(self.row + 1);
            }
            // Colours, and whether the cursor is shown.
            _ => {}
        }
    }
}

/// The length, the kind and the first number of a control sequence, if it is whole.
fn sequence(after: &str) -> Option<(usize, char, Option<usize>)> {
    let body = after.strip_prefix('[')?;
    let end = body.find(|c: char| c.is_ascii_alphabetic())?;
    let number = body[..end].split(';').next().and_then(|number| number.parse().ok());
    Some((end + 2, char::from(body.as_bytes()[end]), number))
}

#[test]
fn a_screen_shows_what_a_terminal_would() {
    let mut screen = Screen::new(6);
    screen.show("one\r\ntwo\r\u{1b}[2Kthr");
    screen.show("ee\r\n12345678\u{1b}[1A\u{1b}[1");
    screen.show("Gx");
    assert_eq!(screen.text(), "one\nthree\nx23456\n78\n");
    screen.show("\u{1b}[?1049hab\r\ncd\u{1b}[Hx\u{1b}[K\u{1b}[J");
    assert_eq!(screen.text(), "x\n");
    screen.show("\u{1b}[?1049l");
    assert_eq!(screen.text(), "one\nthree\nx23456\n78\n");
}
