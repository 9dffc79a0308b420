//! Activities: what is known of resource types beside what their schemas say: one row a type. Pure.
//!
//! `known.csv` is written by hand; its columns are separated by semicolons, because sentences stand in it.
//!
//! - `code`: what asks for tokens there: `metadata`, the metadata service, which hands out the only identity there is to
//!   whoever names none; `named`, an endpoint of the platform, which hands one out only to whoever names it. Sources:
//!   <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>,
//!   <https://learn.microsoft.com/azure/container-apps/managed-identity>,
//!   <https://learn.microsoft.com/azure/app-service/overview-managed-identity>,
//!   <https://learn.microsoft.com/azure/automation/add-user-assigned-identity>
//! - `grants`: it is what an account grants; the version of the list that it is in, or `name@version` where Azure has no list
//!   and there is one of a known name. Source of these: synapse/2021-06-01 (`workspaces.json`); of users of mongoClusters, whose
//!   name is a principal id: mongocluster/2025-09-01 (`mongoCluster.json`)
//! - `single`: there is one, under a name that Azure gives, and no second one can be made beside it.
//!   Source: <https://learn.microsoft.com/rest/api/sql/server-azure-ad-administrators>
//! - `user`: the member that keeps a user's name beside the id, and how long that may be.
//!   Sources: postgresql/2022-12-01 (`principalName`), redis/2024-03-01 (`objectIdAlias`)
//! - `terraform`: the type of Terraform's that it is imported as
//! - `runs`, `when`: what a write of it runs: once (`ends`), each time (`stays`), or where a check in `runs` says so
//! - `by_hand`: why it cannot be changed in place without loss

use std::sync::LazyLock;

/// One type.
#[derive(Debug)]
pub(crate) struct Known {
    /// In the spelling of the table.
    pub(crate) kind: &'static str,
    pub(crate) code: Option<Code>,
    pub(crate) grants: Option<Grants>,
    pub(crate) single: bool,
    pub(crate) user: Option<(&'static str, usize)>,
    pub(crate) terraform: Option<&'static str>,
    /// What a write runs, and when.
    pub(crate) runs: Option<(&'static str, &'static str)>,
    pub(crate) by_hand: Option<&'static str>,
}

/// Where code on it gets its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Metadata,
    Named,
}

/// How an account keeps a grant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grants {
    /// The type of the account, and the lists below it down to the grants.
    pub(crate) account: &'static str,
    pub(crate) below: &'static str,
    /// Its name, where there is one of it and no list.
    pub(crate) name: Option<&'static str>,
    pub(crate) version: &'static str,
}

static ROWS: LazyLock<Vec<Known>> =
    LazyLock::new(|| include_str!("known.csv").lines().skip(1).filter_map(parse).collect());

fn parse(line: &'static str) -> Option<Known> {
    let mut cells = line.split(';');
    let kind = cells.next()?;
    let mut cell = || cells.next().map(|cell| (!cell.is_empty()).then_some(cell));
    let code = match cell()? {
        Some("metadata") => Some(Code::Metadata),
        Some("named") => Some(Code::Named),
        _ => None,
    };
    let grants = cell()?.and_then(|grants| grant(kind, grants));
    let single = cell()?.is_some();
    let user = cell()?.and_then(|user| user.split_once(':'));
    let user = user.and_then(|(member, max)| Some((member, max.parse().ok()?)));
    let (terraform, runs, when, by_hand) = (cell()?, cell()?, cell()?, cell()?);
    Some(Known { kind, code, grants, single, user, terraform, runs: runs.zip(when), by_hand })
}

fn grant(kind: &'static str, cell: &'static str) -> Option<Grants> {
    let (account, below) = kind.split_at(kind.match_indices('/').nth(1)?.0);
    let (name, version) = match cell.split_once('@') {
        Some((name, version)) => (Some(name), version),
        None => (None, cell),
    };
    Some(Grants { account, below: &below[1..], name, version })
}

/// Every type, in the order of the table.
pub(crate) fn all() -> impl Iterator<Item = &'static Known> {
    ROWS.iter()
}

/// What is known of a type; letter case does not matter.
pub(crate) fn of(kind: &str) -> Option<&'static Known> {
    ROWS.iter().find(|known| known.kind.eq_ignore_ascii_case(kind))
}

/// How accounts keep grants.
pub(crate) fn grants() -> impl Iterator<Item = (&'static Known, Grants)> {
    all().filter_map(|known| Some((known, known.grants?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_of_the_table_is_understood_and_every_type_has_one() {
        let lines = include_str!("known.csv").lines().count() - 1;
        let kinds: BTreeSet<String> = all().map(|known| known.kind.to_ascii_lowercase()).collect();
        assert_eq!((all().count(), kinds.len()), (lines, lines));
        for known in all() {
            let says = known.code.is_some() || known.grants.is_some() || known.runs.is_some();
            assert!(says || known.by_hand.is_some(), "{} says nothing", known.kind);
        }
        assert_eq!(grants().filter(|(_, grants)| grants.name.is_some()).count(), 2);
    }
}
