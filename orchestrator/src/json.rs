//! Engine: JSON that is carried, not looked into. Pure.

use crate::fault::{Fault, FaultKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, Value};
use std::fmt;
use std::sync::Arc;

/// One JSON value as text: cheap to clone, small in memory, written to the log as it is.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The JSON form of a value.
    ///
    /// # Panics
    /// When the value cannot be JSON: a map with keys that are not text.
    pub fn of(value: &impl Serialize) -> Self {
        let raw = serde_json::value::to_raw_value(value).expect("engine data has text keys");
        Self(raw.into())
    }

    /// The same with the members of every object in the order of their names, so that equal values are equal texts.
    ///
    /// # Panics
    /// As [`Json::of`].
    pub fn sorted(value: &impl Serialize) -> Self {
        Self::of(&serde_json::to_value(value).expect("engine data has text keys"))
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.get() == "null"
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The value as a tree.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.get()).expect("the text is JSON, or it would not be here")
    }

    /// Reads the value; `what` names it in the fault.
    ///
    /// # Errors
    /// When the text does not fit the type: a fault of this program or of the plan.
    pub fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, Fault> {
        serde_json::from_str(self.get()).map_err(|e| {
            Fault::new(FaultKind::Bug, "Undecodable", format!("the {what} does not fit its type: {e}"))
        })
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Box::<RawValue>::deserialize(deserializer)?.into()))
    }
}

/// Writes it as the value that it is: the form that is digested orders the members of objects itself, and would take
/// text for text.
pub(crate) fn as_value<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    json.value().serialize(serializer)
}

/// Reads it with the members of objects in the order of their names, however they stand there.
pub(crate) fn of_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    Ok(Json::of(&Value::deserialize(deserializer)?))
}
