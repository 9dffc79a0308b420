//! Activities: reads what identities have in Entra ID, and who has a role on them: the questions about many of them fill
//! whole requests, and who is met several times is asked about once. Reads only.

use crate::azure::{AT_ONCE, PrincipalId, Reader};
use crate::references::scan::Identifiers;
use crate::relocate::facts::Gap;
use crate::relocate::survey::common::Common;
use crate::surfaces::ALL;
use crate::surfaces::deny_assignment::survey as denials;
use crate::surfaces::group_member;
use crate::surfaces::pim::survey as pim;
use crate::surfaces::role_assignment::orphaned_principals as orphans;
use crate::surfaces::role_assignment::survey::{Assignments, assignments};
use crate::surfaces::surface::{Answers, Heard};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Identities whose questions are put together. Each asks few, so that these fill their requests but for the last; and
/// what is read of so many fits into memory.
const TOGETHER: usize = 100;

/// What one identity has.
pub(crate) struct Had {
    pub(crate) assignments: Assignments,
    pub(crate) heard: Heard,
    /// Who of those with a role on it the directory does not know any more.
    pub(crate) orphaned_principals: BTreeSet<PrincipalId>,
    /// What of that could not be read.
    pub(crate) unasked: Vec<Gap>,
}

/// What some identities have, each until it is taken.
type Part = Mutex<Vec<Option<Had>>>;

/// What all identities of a batch have, of which some are read when the first of them is asked for.
pub(crate) struct Directory<'a> {
    all: &'a [&'a Identifiers],
    read: Vec<OnceCell<Part>>,
}

impl<'a> Directory<'a> {
    pub(crate) fn new(all: &'a [&'a Identifiers]) -> Self {
        Self { all, read: all.chunks(TOGETHER).map(|_| OnceCell::new()).collect() }
    }

    /// What the identity with this number has. It is given once.
    pub(crate) async fn of(
        &self,
        reader: &Reader,
        common: &Common,
        denials: &[Value],
        nth: usize,
    ) -> Option<Had> {
        let first = nth - nth % TOGETHER;
        let some = &self.all[first..self.all.len().min(first + TOGETHER)];
        let had = self.read[nth / TOGETHER].get_or_init(|| read(reader, common, denials, some)).await;
        had.lock().unwrap_or_else(PoisonError::into_inner)[nth - first].take()
    }
}

async fn read(reader: &Reader, common: &Common, denials: &[Value], some: &[&Identifiers]) -> Part {
    let mut granted = Vec::with_capacity(some.len());
    for who in some {
        granted.push(assignments(reader, common, who));
    }
    let (heard, granted) = futures_util::join!(hear(reader, denials, some), join_all(granted));
    let orphans = orphans::read(reader, granted.iter().flat_map(|one| &one.on)).await;
    let had = granted.into_iter().zip(heard).map(|(assignments, heard)| {
        let (orphaned_principals, unasked) = orphans.among(&assignments.on);
        Some(Had { assignments, heard, orphaned_principals, unasked })
    });
    Mutex::new(had.collect())
}

/// What Graph says of each of them.
async fn hear(reader: &Reader, denials: &[Value], some: &[&Identifiers]) -> Vec<Heard> {
    let asked: Vec<Vec<Vec<String>>> = some
        .iter()
        .map(|who| ALL.iter().map(|surface| surface.asks_graph(&who.principal_id)).collect())
        .collect();
    let mut answers = reader.graph_batch(&asked.concat().concat()).await.into_iter();
    let mut all = Vec::with_capacity(some.len());
    for (who, asked) in some.iter().zip(&asked) {
        let mut out = Heard::default();
        for (surface, asked) in ALL.iter().zip(asked) {
            let all = asked.iter().map(String::as_str).zip(answers.by_ref()).collect();
            surface.hear_graph(Answers { principal: &who.principal_id, all }, &mut out);
        }
        all.push(out);
    }
    group_member::details(reader, &mut all).await;
    let mut denied = Vec::with_capacity(some.len());
    for (who, mut out) in some.iter().zip(all) {
        denied.push(async move {
            // What it is in for a time decides for now whether it is denied something.
            pim::leave_out(&mut out.directory);
            let (denied, unread) = denials::read(reader, denials, &out.groups, &out.directory, who).await;
            out.manual_references.extend(denied);
            out.gaps.extend(unread);
            out
        });
    }
    stream::iter(denied).buffered(AT_ONCE).collect().await
}
