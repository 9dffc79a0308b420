//! CLI: the only place that prints. Results go to stdout, talk goes to stderr.

use crate::again::again;
use crate::args::{Format, Global};
use crate::error::{CliError, Exit, clean, clean_json, one_line};
use crate::hint::Hints;
use crate::live_line::{LiveLine, Shown, TICK};
use crate::print_failure::PrintFailure;
use crate::rows::{self, List};
use rehome_orchestrator::without_secrets;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A value for programs that is made only where one reads it: a document of a thousand moves is large as a tree.
pub(crate) struct Lazily<F>(pub(crate) F);

impl<F: Fn() -> Value> Serialize for Lazily<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0)().serialize(serializer)
    }
}

/// Where results and talk go.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    format: Format,
    query: Option<String>,
    quiet: bool,
    /// How much of what a command of many does is shown.
    verbose: bool,
    /// Only errors are printed, and the line of what is under way.
    muted: bool,
    hints: Arc<Hints>,
    live: Arc<LiveLine>,
    /// Nobody reads results any more.
    unheard: Arc<AtomicBool>,
    /// What is true when a result cannot be printed.
    print_failure: PrintFailure,
    /// Results that are kept for one document, in place of being printed.
    kept: Option<Arc<Mutex<Kept>>>,
}

/// Results of commands that one command is made of.
#[derive(Debug, Default)]
struct Kept {
    command: &'static str,
    results: Vec<Value>,
}

impl Output {
    pub(crate) fn new(global: &Global, print_failure: PrintFailure, hints: Hints) -> Self {
        let format = match global.output {
            Format::Text if global.query.is_some() => Format::Json,
            format => format,
        };
        Self {
            format,
            query: global.query.clone(),
            quiet: global.quiet,
            verbose: global.verbose > 0,
            muted: false,
            hints: Arc::new(hints),
            live: Arc::new(LiveLine::new()),
            unheard: Arc::default(),
            print_failure,
            kept: None,
        }
    }

    /// Whether what is printed is nothing but the text for people.
    pub(crate) fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// Whether a list can be printed entry by entry: nothing is to be picked from the whole of it, or stands around it.
    pub(crate) fn is_stream(&self) -> bool {
        self.format != Format::Json && self.query.is_none() && self.kept.is_none()
    }

    /// Whether somebody may still read what is printed.
    pub(crate) fn is_heard(&self) -> bool {
        !self.unheard.load(Ordering::Relaxed)
    }

    /// Whether the single steps of what is under way are not told.
    pub(crate) fn is_muted(&self) -> bool {
        self.quiet || self.muted
    }

    /// For a command that is made of others: for programs their results are kept, for people they are printed
    /// only with -v.
    pub(crate) fn keeping(&self) -> Self {
        let kept = (!matches!(self.format, Format::Text | Format::None)).then(Arc::default);
        Self { kept, muted: !self.verbose, hints: Arc::default(), ..self.clone() }
    }

    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Says which command comes next.
    pub(crate) fn next(&self, command: &str) {
        // A hash is no secret here, and a command that lacks a part of itself is none.
        self.tell(&format!("next: {}", self.hints.complete(command)));
    }

    /// Says which command the results are of that are kept from now on.
    pub(crate) fn begin(&self, command: &'static str) {
        if let Some(Ok(mut kept)) = self.kept.as_ref().map(|kept| kept.lock()) {
            kept.command = command;
        }
    }

    /// What was kept, if this keeps results.
    pub(crate) fn take_kept(&self) -> Option<Vec<Value>> {
        self.kept.as_ref()?.lock().ok().map(|mut kept| mem::take(&mut kept.results))
    }

    /// Refuses a query that cannot be read, before anything is done.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        let Some(query) = &self.query else { return Ok(()) };
        jmespath::compile(query).map(drop).map_err(|e| {
            CliError::new(Exit::Usage, format!("the query is not JMESPath: {e}"))
                .next("--query takes an expression like moves[0].state")
        })
    }

    /// Prints a result: the text for people, or the value for programs. As rows, it is one.
    pub(crate) fn result(&self, text: &str, value: &impl Serialize) -> Result<(), CliError> {
        self.print(text, value, None)
    }

    /// The same, of something whose rows are the entries of a list.
    pub(crate) fn list(&self, text: &str, value: &impl Serialize, list: &List<'_>) -> Result<(), CliError> {
        self.print(text, value, Some(list))
    }

    fn print(&self, text: &str, value: &impl Serialize, list: Option<&List<'_>>) -> Result<(), CliError> {
        match self.format {
            Format::None => return Ok(()),
            Format::Text if self.muted => return Ok(()),
            Format::Text => return self.write_out(&clean(text)),
            Format::Json | Format::Jsonl | Format::Tsv | Format::Csv => {}
        }
        if let Some(Ok(mut kept)) = self.kept.as_ref().map(|kept| kept.lock()) {
            let result = serde_json::to_value(value).map_err(|e| self.failed(&e))?;
            let command = kept.command;
            kept.results.push(json!({"command": command, "result": result}));
            return Ok(());
        }
        let printed = match (&self.query, self.format, list) {
            (None, Format::Json, _) => {
                clean_json(&serde_json::to_string_pretty(value).map_err(|e| self.failed(&e))?)
            }
            (None, format, Some(list)) => rows::of_list(format, list).map_err(|e| self.failed(&*e))?,
            (None, format, None) => {
                let value = serde_json::to_value(value).map_err(|e| self.failed(&e))?;
                rows::of_one(format, &value).map_err(|e| self.failed(&*e))?
            }
            (Some(query), format, _) => {
                let found = self.pick(query, value)?;
                match format {
                    Format::Json => {
                        clean_json(&serde_json::to_string_pretty(&found).map_err(|e| self.failed(&e))?)
                    }
                    format => rows::of_picked(format, &found).map_err(|e| self.failed(&*e))?,
                }
            }
        };
        // A list without entries has no line, not an empty one.
        if printed.is_empty() { Ok(()) } else { self.write_out(&printed) }
    }

    /// What an expression finds in a result.
    fn pick(&self, query: &str, value: &impl Serialize) -> Result<Value, CliError> {
        let compiled = jmespath::compile(query).map_err(|e| self.failed(&e))?;
        let plain = serde_json::to_string(value).map_err(|e| self.failed(&e))?;
        let variable = jmespath::Variable::from_json(&plain)
            .map_err(|e| self.left(CliError::new(Exit::Failed, format!("failed to read the result: {e}"))))?;
        let found = compiled.search(variable).map_err(|e| self.failed(&e))?;
        serde_json::to_value(&*found).map_err(|e| self.failed(&e))
    }

    /// Prints what is for another program, which has a form of its own.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        if self.format == Format::None { Ok(()) } else { self.write_out(text) }
    }

    fn write_out(&self, text: &str) -> Result<(), CliError> {
        match self.live.above(|| writeln!(io::stdout().lock(), "{text}")) {
            // The reader has seen enough (`| head`).
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.unheard.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(e) => Err(self.failed(&e)),
            Ok(()) => Ok(()),
        }
    }

    fn failed(&self, e: &(dyn Error + 'static)) -> CliError {
        self.left(CliError::because(Exit::Failed, "failed to print the result", e))
    }

    /// The error, with what the command had done before it printed.
    fn left(&self, error: CliError) -> CliError {
        let error = error.left(self.print_failure.state);
        self.print_failure.next.iter().fold(error, |error, next| error.next(next.clone()))
    }

    /// Says something to the person at the terminal, in one line.
    pub(crate) fn note(&self, text: &str) {
        self.tell(&without_secrets(text));
    }

    fn tell(&self, text: &str) {
        if !self.is_muted() {
            let line = one_line(text);
            // Nobody may be listening; the work goes on.
            self.live.above(|| drop(writeln!(io::stderr().lock(), "{line}")));
        }
    }

    /// There is a line of what is under way as long as the answer is held.
    pub(crate) fn line_below(&self) -> LineBelow {
        self.live.begin();
        LineBelow(self.live.clone())
    }

    /// Whether anybody would see that line if it were renewed now.
    pub(crate) fn shows(&self) -> bool {
        !self.quiet && self.live.is_seen()
    }

    /// Renews the line of what is under way.
    pub(crate) fn show(&self, shown: &Shown) {
        if self.quiet {
            return;
        }
        if let Some(line) = self.live.show(shown) {
            self.note(&line);
        }
    }

    /// Says what is waited for, in a line that ticks as long as the answer is held.
    pub(crate) fn waiting(&self, says: impl Fn() -> String + Send + 'static) -> Waiting {
        let (line, ticking) = (self.line_below(), self.clone());
        let ticks = tokio::spawn(async move {
            loop {
                ticking.show(&Shown::text(says()));
                tokio::time::sleep(TICK).await;
            }
        });
        Waiting { ticks, _line: line }
    }

    /// The last words of a failed command.
    pub(crate) fn error(&self, error: &CliError) {
        let error = error.completed(&self.hints);
        let text = match self.format {
            Format::Json | Format::Jsonl => error.json(),
            Format::Text | Format::Tsv | Format::Csv | Format::None => error.to_string(),
        };
        // Errors say back what somebody wrote: a line of a file, an answer of a server.
        let text = without_secrets(&text);
        self.live.hide();
        drop(writeln!(io::stderr().lock(), "{text}"));
    }

    /// Asks a question that is answered with yes or no.
    pub(crate) async fn ask(&self, question: &str, flag: &str) -> Result<bool, CliError> {
        if !io::stdin().is_terminal() {
            let what = format!("this needs an answer, and there is no terminal: {question}");
            return Err(CliError::new(Exit::Usage, what).next(again(flag)));
        }
        drop(write!(io::stderr().lock(), "{} [y/N] ", one_line(question)));
        // Somebody who does not answer may still press Ctrl-C.
        let read = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().read_line(&mut answer).map(|_| answer)
        });
        let failed = |e: &(dyn Error + 'static)| CliError::because(Exit::Failed, "failed to read", e);
        let answer = read.await.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

/// Something is waited for as long as this is held.
pub(crate) struct Waiting {
    ticks: tokio::task::JoinHandle<()>,
    _line: LineBelow,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.ticks.abort();
    }
}

/// See [`Output::line_below`].
pub(crate) struct LineBelow(Arc<LiveLine>);

impl Drop for LineBelow {
    fn drop(&mut self) {
        self.0.hide();
    }
}
