//! Activities: where an identity has signed in, by the log of Entra ID. Pure data.

use crate::azure::ClientId;
use serde::{Deserialize, Serialize};

/// A service that the identity asked tokens for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// The id of the service's application.
    pub id: ClientId,
    /// Its name.
    pub name: String,
}
