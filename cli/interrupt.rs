//! CLI: what somebody at the terminal, or the machine, says to the process while it works. Touches signals.

use crate::error::{CliError, Exit};
use crate::hint::quoted;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

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

/// As long as this is held, a signal is for whoever holds it.
pub(crate) struct Handling(());

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
        HANDLED.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// The next signal, for whoever holds this.
    pub(crate) async fn next(&self) -> Signal {
        let signal = next().await;
        ANSWERED.store(true, Ordering::SeqCst);
        signal
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        HANDLED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The next signal.
async fn next() -> Signal {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Signal::Interrupt,
                _ = terminate.recv() => return Signal::Terminate,
            }
        }
    }
    drop(tokio::signal::ctrl_c().await);
    Signal::Interrupt
}

/// The next signal that nobody handles.
pub(crate) async fn unhandled() -> Signal {
    loop {
        let signal = next().await;
        if HANDLED.load(Ordering::SeqCst) == 0 && !ANSWERED.load(Ordering::SeqCst) {
            return signal;
        }
    }
}

/// A command that was stopped where it had nothing to bring to an end.
pub(crate) fn stopped(signal: Signal) -> CliError {
    let typed: Vec<String> = std::env::args().skip(1).map(|word| quoted(&word)).collect();
    CliError::new(signal.exit(), "stopped before it came to its end")
        .left("nothing was under way; what was recorded before is in the log")
        .next(format!("rehome {}", typed.join(" ")))
}
