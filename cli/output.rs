//! CLI: the only place that prints. Results go to stdout, talk goes to stderr.

use crate::args::{Format, Global};
use crate::error::{CliError, Exit, clean, clean_json, one_line};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where results and talk go.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    format: Format,
    query: Option<String>,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let format = if global.query.is_some() { Format::Json } else { global.output };
        Self { format, query: global.query.clone(), quiet: global.quiet }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints a result: the text for people, or the value for programs.
    pub(crate) fn result(&self, text: &str, value: &impl Serialize) -> Result<(), CliError> {
        match (self.format, &self.query) {
            (Format::Text, _) => write_out(&clean(text)),
            (Format::Json, None) => {
                write_out(&clean_json(&serde_json::to_string_pretty(value).map_err(|e| unprintable(&e))?))
            }
            (Format::Json, Some(query)) => {
                let bad = |e: jmespath::JmespathError| {
                    CliError::new(Exit::Usage, format!("the query is not JMESPath: {e}"))
                };
                let compiled = jmespath::compile(query).map_err(bad)?;
                let plain = serde_json::to_string(value).map_err(|e| unprintable(&e))?;
                let variable = jmespath::Variable::from_json(&plain)
                    .map_err(|e| CliError::new(Exit::Failed, format!("failed to read the result: {e}")))?;
                let found = compiled.search(variable).map_err(bad)?;
                write_out(&clean_json(&serde_json::to_string_pretty(&*found).map_err(|e| unprintable(&e))?))
            }
        }
    }

    /// Prints one line of a stream of records, for programs only.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        write_out(text)
    }

    /// Says something to the person at the terminal, in one line.
    pub(crate) fn talk(&self, text: &str) {
        if !self.quiet {
            // Nobody may be listening; the work goes on.
            drop(writeln!(io::stderr().lock(), "{}", one_line(text)));
        }
    }

    /// The last words of a failed command.
    pub(crate) fn error(&self, error: &CliError) {
        let text = if self.is_json() { error.json() } else { error.to_string() };
        drop(writeln!(io::stderr().lock(), "{text}"));
    }

    /// Asks a question that is answered with yes or no.
    pub(crate) fn ask(&self, question: &str, flag: &str) -> Result<bool, CliError> {
        if !io::stdin().is_terminal() {
            let what = format!("this needs an answer, and there is no terminal: {question}");
            return Err(CliError::new(Exit::Usage, what).next(format!("add {flag}")));
        }
        drop(write!(io::stderr().lock(), "{} [y/N] ", one_line(question)));
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .map_err(|e| CliError::because(Exit::Failed, "failed to read", &e))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

fn write_out(text: &str) -> Result<(), CliError> {
    match writeln!(io::stdout().lock(), "{text}") {
        // The reader has seen enough (`| head`).
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(CliError::because(Exit::Failed, "failed to print", &e)),
        Ok(()) => Ok(()),
    }
}

fn unprintable(e: &serde_json::Error) -> CliError {
    CliError::new(Exit::Failed, format!("failed to print: {e}"))
}
