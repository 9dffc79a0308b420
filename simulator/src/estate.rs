//! Simulator: the one file that holds a whole world. Pure.

use crate::workload::Workloads;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that an estate file says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estate {
    /// Full ARM resources with their `id`, as Azure returns them.
    pub arm: Vec<Value>,
    /// Directory objects with `@odata.type` and `id`; groups with `members` as ids.
    pub graph: Vec<Value>,
    /// What services keep in their data planes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planes: Vec<PlaneObject>,
    /// What runs on hosts, and what it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<Value>,
    /// What whoever is signed in may not read here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<DeniedRead>,
    /// How this world behaves.
    #[serde(default)]
    pub settings: Settings,
}

/// Something that a service keeps in its data plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaneObject {
    /// The name of the host that shows it: `srch-shop.search.windows.net`.
    pub host: String,
    /// The list that it is in: `datasources`; of Data Explorer a database and the command that shows it.
    pub list: String,
    /// The object, as the list has it.
    pub body: Value,
}

/// A read that is refused, as it was where an estate was taken from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedRead {
    /// The path of Resource Manager, or of Graph below its version and without a leading slash; of a data
    /// plane `//HOST/LIST`.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// Azure's code.
    pub code: String,
    /// Whether the index does not show it either.
    #[serde(default)]
    pub hidden: bool,
}

/// How a world behaves; durations are simulated seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Which cloud it presents itself as: `AzureCloud`, `AzureUSGovernment`, `AzureChinaCloud`, or a name of its own.
    pub cloud: String,
    /// The tenant.
    pub tenant: String,
    /// The client id of the service principal that clients sign in with.
    pub client_id: String,
    /// The object id of that service principal.
    pub object_id: String,
    /// Until a new principal is known to role assignments and to Graph.
    pub principal_delay_s: u32,
    /// Until a new identity can be read, and have children. Azure is seldom that slow: nothing unless it is said.
    pub spread_delay_s: u32,
    /// Until a token that is made has a new membership or application permission.
    #[serde(skip_serializing_if = "is_usual_claim_delay")]
    pub claim_delay_s: u32,
    /// Until Resource Graph shows a change.
    pub index_delay_s: u32,
    /// How long a long-running operation takes.
    pub operation_s: u32,
    /// Latency of every answer, in simulated milliseconds.
    pub latency_ms: u64,
    /// Whether too many requests are refused.
    pub throttling: bool,
    /// How many items of a list one answer has.
    pub page_size: usize,
}

/// Most of them are there within a minute.
const CLAIM_DELAY_S: u32 = 60;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls it with")]
fn is_usual_claim_delay(seconds: &u32) -> bool {
    *seconds == CLAIM_DELAY_S
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cloud: "RehomeLocal".to_owned(),
            tenant: "7a1c9f52-0000-4000-8000-00000000c0de".to_owned(),
            client_id: "51b7e8a0-0000-4000-8000-00000000c11e".to_owned(),
            object_id: "0b5ec7ed-0000-4000-8000-00000000c11e".to_owned(),
            principal_delay_s: 30,
            spread_delay_s: 0,
            claim_delay_s: CLAIM_DELAY_S,
            index_delay_s: 30,
            operation_s: 20,
            latency_ms: 0,
            throttling: true,
            page_size: 1_000,
        }
    }
}

/// Why an estate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EstateError {
    /// It is not JSON, or not an estate.
    #[error("the estate is not one: {0}")]
    Json(#[from] serde_json::Error),
    /// An object without what every object has.
    #[error("{list}[{index}] has no {what}")]
    Incomplete {
        /// `arm` or `graph`.
        list: &'static str,
        /// Its place in the list, from 0.
        index: usize,
        /// What is missing.
        what: &'static str,
    },
    /// A workload that cannot be read.
    #[error("{0}")]
    Workload(String),
    /// Two objects of one id; ids compare without case.
    #[error("two objects have the id {0}")]
    Twice(String),
}

impl Estate {
    /// Reads an estate and checks that every object has an id, and each its own.
    ///
    /// # Errors
    /// When it is not JSON, or an object is incomplete.
    pub fn parse(text: &str) -> Result<Self, EstateError> {
        let estate: Self = serde_json::from_str(text)?;
        Workloads::load(&Value::Array(estate.workloads.clone()))
            .map_err(|invalid| EstateError::Workload(invalid.to_string()))?;
        let mut seen = std::collections::BTreeSet::new();
        for (list, objects) in [("arm", &estate.arm), ("graph", &estate.graph)] {
            for (index, object) in objects.iter().enumerate() {
                let missing = |what| EstateError::Incomplete { list, index, what };
                let id = object.get("id").and_then(Value::as_str).ok_or_else(|| missing("id"))?;
                if list == "graph" && object.get("@odata.type").and_then(Value::as_str).is_none() {
                    return Err(missing("@odata.type"));
                }
                if !seen.insert(format!("{list} {}", id.to_lowercase())) {
                    return Err(EstateError::Twice(id.to_owned()));
                }
            }
        }
        Ok(estate)
    }
}
