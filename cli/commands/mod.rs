//! CLI: one file for each command: its arguments, what it does and what it says.

mod ack;
mod approve;
mod audit_bundle;
mod audit_checkpoint;
mod audit_head;
mod audit_verify;
mod cleanup;
mod cli;
mod completion;
mod db_backup;
mod db_reconcile;
mod db_restore;
mod discover;
mod explain;
mod handoff;
mod history;
mod init;
mod mark_done;
mod pause;
mod plan;
mod rehearse;
mod release;
mod replay;
mod resume;
mod retry;
mod rollback;
mod run;
mod schema;
mod show;
mod sim_serve;
mod skip;
mod status;
mod verify;
mod wait;

pub(crate) use cli::{Cli, run};
