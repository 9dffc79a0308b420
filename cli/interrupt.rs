//! CLI: what somebody at the terminal, or the machine, says to the process while it works. Touches signals.

use crate::again::again;
use crate::error::{CliError, Exit};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// How the process was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM: whoever sent it kills soon.
    Terminate,
}

/// How many parts of the program end in an orderly way by themselves.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

/// Whether one of them was told to end: then the process ends by itself.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// What was said last, and how often something was.
static SAID: LazyLock<watch::Sender<(u64, Signal)>> =
    LazyLock::new(|| watch::Sender::new((0, Signal::Interrupt)));

/// As long as this is held, a signal is for whoever holds it.
pub(crate) struct Handling(Mutex<watch::Receiver<(u64, Signal)>>);

impl Signal {
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }

    /// How long an answer to what was sent already is waited for.
    pub(crate) fn patience(self) -> Duration {
        match self {
            Self::Interrupt => Duration::from_secs(15),
            Self::Terminate => Duration::from_secs(4),
        }
    }
}

impl Handling {
    pub(crate) fn begin() -> Self {
        // It hears before anybody relies on it.
        let said = SAID.subscribe();
        HANDLED.fetch_add(1, Ordering::SeqCst);
        Self(Mutex::new(said))
    }

    /// The next signal, for whoever holds this; one that came since the last is not lost.
    pub(crate) async fn next(&self) -> Signal {
        let signal = next(&mut *self.0.lock().await).await;
        ANSWERED.store(true, Ordering::SeqCst);
        signal
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        HANDLED.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn next(said: &mut watch::Receiver<(u64, Signal)>) -> Signal {
    match said.changed().await {
        Ok(()) => said.borrow_and_update().1,
        // Who says it lives as long as the process.
        Err(_) => std::future::pending().await,
    }
}

/// From now on signals are heard; which of them nobody handles, the answer tells.
pub(crate) fn listen() -> impl Future<Output = Signal> {
    let tell = |signal| SAID.send_modify(|said| *said = (said.0 + 1, signal));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for (kind, is) in
            [(SignalKind::interrupt(), Signal::Interrupt), (SignalKind::terminate(), Signal::Terminate)]
        {
            // A process that cannot be told to end is ended by the system.
            let Ok(mut heard) = signal(kind) else { continue };
            tokio::spawn(async move {
                while heard.recv().await.is_some() {
                    tell(is);
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            tell(Signal::Interrupt);
        }
    });
    let mut said = SAID.subscribe();
    async move {
        loop {
            let signal = next(&mut said).await;
            if HANDLED.load(Ordering::SeqCst) == 0 && !ANSWERED.load(Ordering::SeqCst) {
                return signal;
            }
        }
    }
}

/// A command that was stopped where it had nothing to bring to an end.
pub(crate) fn stopped(signal: Signal) -> CliError {
    CliError::new(signal.exit(), "stopped before it came to its end")
        .left("nothing was under way; what was recorded before is in the log")
        .next(again(""))
}
