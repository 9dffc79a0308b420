//! Store: what belongs to a log on a server: the record of its end in a folder of this machine, the key and the runners on the server.
//!
//! An end that is kept beside the events is lost with them, when a server goes on from an old copy. So each machine keeps it for itself.
//! The key has to be the same for every runner, and so is where they all reach it.

use super::lease::ServerLease;
use super::runners::ServerRunners;
use super::server::{Failure, Server, value};
use crate::anchor::Anchor;
use crate::backend::{Beside, Part, SidecarError};
use crate::checkpoint::KeptTree;
use crate::lease::Lease;
use crate::runners::Runners;
use crate::sidecars::Sidecars;
use std::io;
use std::sync::Arc;
use tokio_postgres::types::Type;

/// The name under which the key is kept.
const KEY: &str = "key";

pub(super) struct ServerBeside {
    server: Arc<Server>,
    /// The folder of this machine, as files beside a log that is not there.
    files: Sidecars,
    lease: ServerLease,
}

impl ServerBeside {
    pub(super) fn of(server: Arc<Server>) -> Self {
        let files = Sidecars::of(&server.address.state().join("log"));
        let lease = ServerLease::of(server.clone(), files.clone());
        Self { server, files, lease }
    }

    fn failed(&self, why: &Failure) -> SidecarError {
        SidecarError { place: self.place(Part::Key), source: io::Error::other(why.what()) }
    }

    fn change(&self, sql: &str, values: super::server::Values) -> Result<u64, SidecarError> {
        let changed = self.server.clone().change(self.server.sql(sql), values);
        self.server.wait(changed).map_err(|why| self.failed(&why))
    }
}

fn text(text: &str) -> (Box<dyn tokio_postgres::types::ToSql + Send + Sync>, Type) {
    value(text.to_owned(), Type::TEXT)
}

impl Beside for ServerBeside {
    fn place(&self, part: Part) -> String {
        match part {
            Part::Log => self.server.address.shown().to_owned(),
            Part::Anchor | Part::Checkpoint | Part::Tree => self.files.place(part),
            Part::Lease => format!("the table runner at {}", self.server.address.shown()),
            Part::Key => format!("the table kept at {}", self.server.address.shown()),
        }
    }

    fn anchor(&self) -> Result<Option<Anchor>, SidecarError> {
        self.files.anchor()
    }

    fn set_anchor(&self, anchor: &Anchor) -> Result<(), SidecarError> {
        let made = self.server.address.make_state();
        made.map_err(|source| SidecarError { place: self.place(Part::Anchor), source })?;
        self.files.set_anchor(anchor)
    }

    fn checkpoint(&self) -> Result<Option<String>, SidecarError> {
        self.files.checkpoint()
    }

    fn set_checkpoint(&self, note: &str) -> Result<(), SidecarError> {
        let made = self.server.address.make_state();
        made.map_err(|source| SidecarError { place: self.place(Part::Checkpoint), source })?;
        self.files.set_checkpoint(note)
    }

    fn tree(&self) -> Option<KeptTree> {
        self.files.tree()
    }

    fn set_tree(&self, tree: &KeptTree) {
        self.files.set_tree(tree);
    }

    fn has_anchors_elsewhere(&self) -> bool {
        true
    }

    fn key(&self) -> Result<Option<Vec<u8>>, SidecarError> {
        let sql = self.server.sql("SELECT substr(value, 1, 64) FROM {s}.kept WHERE name = $1");
        let read = self.server.wait(self.server.clone().read(sql, vec![text(KEY)]));
        match read {
            // Where there is no log, there is no key.
            Err(Failure::Missing(_)) => Ok(None),
            Err(why) => Err(self.failed(&why)),
            Ok(rows) => {
                rows.first().map(|row| row.try_get(0)).transpose().map_err(|e| self.failed(&e.into()))
            }
        }
    }

    fn set_key(&self, key: &[u8]) -> Result<(), SidecarError> {
        let sql =
            "INSERT INTO {s}.kept VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.change(sql, vec![text(KEY), value(key.to_owned(), Type::BYTEA)]).map(drop)
    }

    fn make_key(&self, key: &[u8]) -> Result<Vec<u8>, SidecarError> {
        let sql = "INSERT INTO {s}.kept VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        self.change(sql, vec![text(KEY), value(key.to_owned(), Type::BYTEA)])?;
        self.key()?.ok_or_else(|| self.failed(&Failure::Refused("the key that was kept is gone".to_owned())))
    }

    fn retire_key(&self, at_ms: i64) -> Result<(), SidecarError> {
        let sql = "UPDATE {s}.kept SET name = $2 WHERE name = $1";
        self.change(sql, vec![text(KEY), text(&format!("{KEY}.replaced-{at_ms}"))]).map(drop)
    }

    fn lease(&self) -> &dyn Lease {
        &self.lease
    }

    fn runners(&self) -> Option<Arc<dyn Runners>> {
        Some(Arc::new(ServerRunners::of(self.server.clone())))
    }
}
