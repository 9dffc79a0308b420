//! The least requests that a plan takes for a whole batch, derived from what Azure's interfaces tell in one answer.
//!
//! A resource is read from itself, once, however many moves name it; what comes in lists is read in one list for all. The
//! index is asked in parts, because a query takes some three hundred names (Azure's own advice), and an identity has four
//! spellings. Pages of lists are not counted, so that the least is too small rather than too large.

use super::estate::Size;

/// The endpoints of the cloud, and a token for each of its two sides.
const CONNECT: u64 = 3;

/// Tables of the index that may name an identity; none of them can be joined by a union.
const TABLES: u64 = 11;

/// Identities in one query of the index.
const IN_A_QUERY: u64 = 75;

/// Questions to the directory in one request.
const IN_A_BATCH: u64 = 20;

/// The least requests of a command, where that is derived.
pub(crate) fn of(command: &str, size: Size) -> Option<u64> {
    (command == "plan").then(|| plan(size))
}

fn plan(size: Size) -> u64 {
    // Who may be seen: subscriptions, management groups, applications.
    let tenant = 3;
    // Roles' names, who has which, when that ends, who could activate it, who is denied, locks, policies, blueprints, own
    // rights, the provider of identities; and the group that the new ones go into.
    let in_a_subscription = 10 + 1;
    let queries = size.identities.div_ceil(IN_A_QUERY);
    // What names identities; whose conditions do; which vaults, sites and services there are, what deploys, what keeps clusters, which specs of templates.
    let by_the_index = (TABLES + 1) * queries + 4;
    // Itself, whether the target is taken, its credentials in two versions, as none tells all of them, what Azure says that
    // uses it, what policies say of the new one, and where its logs go.
    let of_itself = 7;
    // A site with its two lists of settings, who may sign in to it, its configuration, its source, slots and containers; a
    // machine with its extensions and two kinds of commands; a vault.
    let of_hosts = 8 * size.sites + 4 + 1;
    // What it is a member of and owns, its permissions, attributes and settings, what of them ends; then what its group is,
    // which the first answers name, so that it is another request; and once, whether who has the role on all is there.
    let (questions, groups) = (11 * size.identities, size.identities);
    CONNECT
        + tenant
        + in_a_subscription * size.subscriptions()
        + by_the_index
        + (of_itself + of_hosts) * size.identities
        + questions.div_ceil(IN_A_BATCH)
        + groups.div_ceil(IN_A_BATCH)
        + 1
}
