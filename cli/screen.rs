//! CLI: a whole screen that is drawn anew, and the key that leaves it. Touches the terminal.

use crate::render::fit::fit;
use std::io::{self, IsTerminal, Read, Write};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A screen of its own: what the terminal showed before comes back when this is dropped.
pub(crate) struct Screen {
    keys: UnboundedReceiver<u8>,
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

/// Another screen, no cursor, no wrapping of lines; and the way back.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
const LEAVE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

impl Screen {
    /// Takes the terminal, where results go to one.
    pub(crate) fn open() -> Option<Self> {
        if !io::stdout().is_terminal() {
            return None;
        }
        let (send, keys) = unbounded_channel();
        if io::stdin().is_terminal() {
            // Nothing ends a read of a terminal: the process does not wait for who reads it.
            std::thread::spawn(move || {
                let (mut from, mut key) = (io::stdin().lock(), [0]);
                while matches!(from.read(&mut key), Ok(1)) && send.send(key[0]).is_ok() {}
            });
        }
        let screen = Self {
            keys,
            #[cfg(unix)]
            before: at_once(),
        };
        put(ENTER).ok().map(|()| screen)
    }

    /// Draws what fits. `more` says where the rest is, if there is one.
    pub(crate) fn draw(&self, text: &str, more: &str) -> io::Result<()> {
        let (columns, rows) = size(Stream::Out);
        let lines: Vec<&str> = text.lines().collect();
        let fits = if lines.len() < rows { lines.len() } else { rows.saturating_sub(2) };
        let rest = lines.len() - fits;
        let rest = (rest > 0).then(|| format!("... and {rest} more lines: {more}"));
        let shown = lines.into_iter().take(fits).chain(rest.as_deref());
        let shown: String = shown.map(|line| format!("{}\u{1b}[K\r\n", fit(line, columns))).collect();
        put(&format!("\u{1b}[H{shown}\u{1b}[J"))
    }

    /// Waits for the key that leaves.
    pub(crate) async fn left(&mut self) {
        loop {
            match self.keys.recv().await {
                Some(b'q' | b'Q') => return,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nobody may be there any more.
        put(LEAVE).unwrap_or_default();
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcsetattr};
            tcsetattr(io::stdin(), OptionalActions::Now, before).unwrap_or_default();
        }
    }
}

fn put(text: &str) -> io::Result<()> {
    let mut to = io::stdout().lock();
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// From now on a key is heard without Enter, and is not shown; gives how it was.
#[cfg(unix)]
fn at_once() -> Option<rustix::termios::Termios> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let before = tcgetattr(io::stdin()).ok()?;
    let mut after = before.clone();
    after.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Now, &after).ok()?;
    Some(before)
}

/// Columns of the terminal that what is under way is told on.
pub(crate) fn columns() -> usize {
    size(Stream::Err).0
}

/// What may go to a terminal.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Columns and rows of a terminal.
#[cfg_attr(not(unix), expect(unused_variables, reason = "they are not asked for there"))]
fn size(of: Stream) -> (usize, usize) {
    const USUAL: (usize, usize) = (80, 24);
    #[cfg(unix)]
    {
        let found = match of {
            Stream::Out => rustix::termios::tcgetwinsize(io::stdout()),
            Stream::Err => rustix::termios::tcgetwinsize(io::stderr()),
        };
        let found = found.ok();
        let found = found.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        found.map_or(USUAL, |size| (usize::from(size.ws_col), usize::from(size.ws_row)))
    }
    #[cfg(not(unix))]
    USUAL
}
