//! Engine: a part of an input that is known when the plan is made, or that an earlier step will give. Pure.

use crate::ids::StepId;
use crate::plan::template::Template;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A part of an activity's input. In a plan it may be what an earlier step gives; in the input of a step that runs it is
/// known, and reads as the value itself.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanValue<T> {
    /// It is known.
    Known(T),
    /// It comes of the outputs of earlier steps.
    From(StepOutput<T>),
}

/// A value of this type that is made of the outputs of earlier steps.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutput<T> {
    template: Template,
    of: PhantomData<T>,
}

/// A step of which it is known at compile time what it gives.
#[derive(Debug)]
pub struct StepRef<O> {
    id: StepId,
    gives: PhantomData<fn() -> O>,
}

/// How the serializer of templates is told of both cases; any other takes the value as it is.
pub(crate) const KNOWN: &str = "rehome::PlanValue::Known";
pub(crate) const FROM: &str = "rehome::PlanValue::From";

impl<T> PlanValue<T> {
    /// What comes of this template.
    pub fn from_template(template: Template) -> Self {
        Self::From(StepOutput { template, of: PhantomData })
    }

    /// What it is known to be, if it is.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::From(_) => None,
        }
    }
}

impl<T: Serialize> PlanValue<T> {
    /// The same as a template.
    pub fn template(&self) -> Template {
        match self {
            Self::Known(value) => Template::known(value),
            Self::From(output) => output.template.clone(),
        }
    }
}

impl<O> StepRef<O> {
    /// The step of this id, which gives an output of this type.
    pub fn new(id: StepId) -> Self {
        Self { id, gives: PhantomData }
    }

    /// The step.
    pub fn id(&self) -> &StepId {
        &self.id
    }

    /// One member of its output. Only what stands beside the type of the output knows the names of its members.
    pub fn member<T>(&self, name: &str) -> PlanValue<T> {
        PlanValue::from_template(Template::from_step(self.id.clone(), name))
    }
}

impl<O> Clone for StepRef<O> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<T> From<T> for PlanValue<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<A, T: FromIterator<A>> FromIterator<A> for PlanValue<T> {
    fn from_iter<I: IntoIterator<Item = A>>(items: I) -> Self {
        Self::Known(items.into_iter().collect())
    }
}

impl From<&str> for PlanValue<String> {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl From<&String> for PlanValue<String> {
    fn from(text: &String) -> Self {
        Self::Known(text.clone())
    }
}

/// # Panics
/// In a plan, where it is not known yet. An activity is given its input by the engine, which fills in every output.
impl<T> Deref for PlanValue<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.known().expect("the engine fills in every output before an input is read")
    }
}

impl<'a, T> IntoIterator for &'a PlanValue<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (**self).into_iter()
    }
}

impl<T: fmt::Display> fmt::Display for PlanValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Default> Default for PlanValue<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T: Serialize> Serialize for PlanValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => serializer.serialize_newtype_struct(KNOWN, value),
            Self::From(output) => serializer.serialize_newtype_struct(FROM, &output.template),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PlanValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::Known)
    }
}
