//! Activities: pipelines of Buildkite. Pure.
//! Source: <https://buildkite.com/docs/agent/v3/cli-oidc>

use crate::commands::names::is_label;
use crate::surfaces::issuer::grammar::{one, pairs};
use crate::surfaces::issuer::known::{Issuer, Told, each};
use crate::surfaces::row::{Row, by_hand};

/// What issues the tokens of every organization; nobody hosts another one.
const HOST: &str = "agent.buildkite.com";

pub(crate) struct Buildkite;

impl Issuer for Buildkite {
    fn row(&self) -> Row {
        by_hand("steps of Buildkite pipelines", "from the credential's subject")
    }

    /// `organization:O:pipeline:P:ref:R:commit:C:step:S`.
    fn names(&self, host: &str, path: &str, subject: &str) -> Option<Vec<String>> {
        // A step has the key that its pipeline gives it: any text, and none where it gives none.
        let of_step = subject.split_once(":step:").map_or(subject, |(before, _)| before);
        let known = |name: &str| ["organization", "pipeline", "ref", "commit"].contains(&name);
        let pairs = pairs(of_step, known, &[]).filter(|_| host == HOST && path.is_empty())?;
        let of = |name: &str| one(&pairs, name).filter(|value| is_label(value));
        Some([of("organization")?, of("pipeline")?].map(ToOwned::to_owned).into())
    }

    fn told(&self, names: &[String]) -> Told {
        let [organization, pipeline] = each(names);
        Told {
            title: format!(
                "Buildkite pipeline {organization}/{pipeline}: client id that its steps sign in with"
            ),
            before: format!(
                "in the steps or the secrets of https://buildkite.com/{organization}/{pipeline}\n\
                 set the client id (mostly AZURE_CLIENT_ID) to "
            ),
            after: "\n(or wherever the steps have it from: their repository's .buildkite folder, a hook of the agents), \
                    then start a build there"
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_read_by_their_own_grammar() {
        let found = |subject| Buildkite.names("agent.buildkite.com", "", subject);
        let names = Some(["contoso", "shop-api"].map(String::from).into());
        for subject in [
            "organization:contoso:pipeline:shop-api:ref:refs/heads/main:commit:9f3182061f1e:step:build",
            "organization:contoso:pipeline:shop-api:ref:refs/heads/main:commit:9f3182061f1e:step:",
            "organization:contoso:pipeline:shop-api:ref:refs/tags/v1:commit:9f3182061f1e:step:a:b c",
            "organization:contoso:pipeline:shop-api:*",
        ] {
            assert_eq!(found(subject), names, "{subject:?}");
        }
        for subject in [
            "organization:contoso:pipeline:*",
            "organization:contoso:pipeline:-x:ref:r:commit:c:step:s",
            "organization:contoso:pipeline:a;b:ref:r:commit:c:step:s",
            "organization:contoso:pipeline:a:pipeline:b:ref:r:commit:c:step:s",
            "organization:contoso:ref:r:commit:c:step:pipeline:b",
            "organization:contoso:project:p:workspace:w:run_phase:apply",
            "pipeline:shop",
        ] {
            assert_eq!(found(subject), None, "{subject:?}");
        }
        let whole = "organization:contoso:pipeline:shop:ref:r:commit:c:step:s";
        assert_eq!(Buildkite.names("agent.buildkite.com.example", "", whole), None);
        assert_eq!(Buildkite.names("agent.buildkite.com", "x", whole), None);
    }
}
