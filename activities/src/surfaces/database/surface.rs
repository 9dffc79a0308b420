//! Activities: users inside databases, which no API of Azure reaches: a person runs a script. Pure.

use crate::relocate::plan::builder::{Builder, ReadyPrincipal};
use crate::surfaces::database::plan::add_users;
use crate::surfaces::row::{Row, by_hand};
use crate::surfaces::surface::Surface;
use rehome_orchestrator::StepId;

/// The surface.
pub(crate) struct DatabaseUsers;

impl Surface for DatabaseUsers {
    fn rows(&self) -> Vec<Row> {
        vec![
            by_hand(
                "users in databases of Azure SQL, PostgreSQL and MySQL, where the identity, a role or a host points to the server",
                "a script that makes the new user and copies what the old one has, and one that drops the old user",
            ),
            by_hand(
                "roles on tables of Azure Data Explorer, found in the same ways",
                "KQL commands, table by table",
            ),
        ]
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        add_users(b, made.new, &made.known)
    }
}
