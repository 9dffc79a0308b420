//! Activities: whom a federated credential lets in. Pure data.

/// The outside system that a federated credential lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outside {
    /// A repository of GitHub.
    GitHub {
        /// Its server, where that is not github.com.
        host: Option<String>,
        /// `owner/name`.
        repository: String,
        /// Its number, which stays when it is renamed.
        number: Option<String>,
        /// The environment, where the subject names one.
        environment: Option<String>,
    },
    /// A service account of a Kubernetes cluster.
    Kubernetes {
        /// What issues the cluster's tokens.
        issuer: String,
        /// A DNS label.
        namespace: String,
        /// A DNS subdomain.
        account: String,
    },
    /// A service connection of Azure DevOps.
    AzureDevOps {
        /// `organization/project/name`, or the ids of the organization and the connection.
        connection: String,
    },
    /// One of the issuers of the list.
    Listed {
        /// Which.
        at: usize,
        /// Who it is there.
        names: Vec<String>,
    },
    /// Somebody else, or somebody whose subject follows none of these grammars.
    Other {
        /// Who issues the tokens.
        issuer: String,
        /// The subject or the expression, as it stands.
        subject: String,
    },
}
