//! CLI: the tables of a report, for spreadsheets: which columns each has. Pure data, and one function.

use super::account::Account;
use crate::args::Format;
use crate::rows::{Column, List, of_list};
use serde_json::{Value, json};
use std::error::Error;

/// One table.
pub(crate) struct Table {
    /// Its file.
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) columns: &'static [Column],
    rows: fn(&Account) -> Vec<Value>,
}

macro_rules! columns {
    ($($name:literal),+ $(,)?) => { &[$(($name, concat!("/", $name))),+] };
}

/// All of them, in the order in which they stand.
pub(crate) const TABLES: &[Table] = &[
    Table {
        file: "population.csv",
        title: "1 Population: every identity of the batch",
        columns: columns!(
            "move",
            "identity",
            "target",
            "wave",
            "owner",
            "state",
            "changes",
            "exceptions",
            "why"
        ),
        rows: |account| account.population.iter().map(|row| json!(row)).collect(),
    },
    Table {
        file: "approvals.csv",
        title: "2 Authorization",
        columns: columns!("position", "at", "who", "of", "signed", "key", "reason", "ticket", "expires"),
        rows: |account| account.approvals.iter().map(|row| json!(row)).collect(),
    },
    Table {
        file: "access.csv",
        title: "3 Access before and after",
        columns: columns!("move", "identity", "what", "before", "new", "old", "compared", "position"),
        rows: |account| account.access.iter().map(|row| json!(row)).collect(),
    },
    Table {
        file: "checks.csv",
        title: "4 Tests: what was compared, and what people say they did",
        columns: columns!("position", "at", "who", "move", "step", "title", "holds", "what"),
        rows: |account| account.checks.iter().map(|row| json!(row)).collect(),
    },
    Table {
        file: "changes.csv",
        title: "5 Changes: every attempt, how it ended, and how it is taken back",
        columns: columns!(
            "position",
            "at",
            "who",
            "move",
            "step",
            "title",
            "act",
            "attempt",
            "outcome",
            "ended",
            "requests",
            "undo",
            "correlation_id",
            "hash",
            "azure_date",
        ),
        rows: |account| account.changes.iter().map(|row| json!(row)).collect(),
    },
    Table {
        file: "exceptions.csv",
        title: "6 Exceptions",
        columns: columns!("position", "at", "who", "move", "step", "kind", "times", "what"),
        rows: |account| account.exceptions.iter().map(|row| json!(row)).collect(),
    },
];

impl Table {
    /// Its rows.
    pub(crate) fn rows(&self, account: &Account) -> Vec<Value> {
        (self.rows)(account)
    }

    /// The whole file, with the names of the columns.
    pub(crate) fn csv(&self, account: &Account) -> Result<String, Box<dyn Error>> {
        let rows = || self.rows(account);
        Ok(of_list(Format::Csv, &List::whole(self.columns, &rows))? + "\n")
    }
}
