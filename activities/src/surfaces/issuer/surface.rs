//! Activities: who stands behind a federated credential: a person changes the client id there. Pure.

use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::preflight::notice::Preflight;
use crate::surfaces::issuer::listed::ISSUERS;
use crate::surfaces::issuer::preflight::notices;
use crate::surfaces::row::{Row, by_hand, named};
use crate::surfaces::surface::Surface;

/// The surface.
pub(crate) struct Issuers;

impl Surface for Issuers {
    fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            by_hand(
                "client ids in GitHub repositories and environments",
                "from the credential's subject: a `gh` command",
            ),
            by_hand(
                "annotations of Kubernetes service accounts",
                "from the credential's subject: a `kubectl` command",
            ),
            by_hand(
                "service connections of Azure DevOps",
                "from the credential's subject, by either issuer; W332 where the issuer ends on 2027-07-01",
            ),
            by_hand(
                "what else a federated credential lets in",
                "its issuer and subject as they are, without a command: what is not understood is not made into one",
            ),
            named("who matches a flexible credential's expression", "C6"),
        ];
        rows.extend(ISSUERS.iter().map(|issuer| issuer.row()));
        rows
    }

    fn preflight(&self, _: &Params, facts: &Facts, out: &mut Preflight) {
        notices(facts, out);
    }
}
