//! Engine: the typed input of an activity as a template. Pure.
//!
//! A struct becomes an object of templates and a list a list of them; a [`PlanValue`](crate::PlanValue) part is what it says
//! that it is, and everything else is known.

use crate::plan::plan_value::{FROM, KNOWN};
use crate::plan::template::Template;
use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
    SerializeTupleStruct, Serializer,
};
use serde_json::{Error, Map, Value, to_value};
use std::collections::BTreeMap;

impl Template {
    /// A typed input: each struct of it is an object, each list a list, and each [`Planned`](crate::PlanValue) part what it
    /// says that it is.
    pub fn of(input: &impl Serialize) -> Self {
        input.serialize(ToTemplate).expect("inputs have string keys, finite numbers and plain enums")
    }
}

struct ToTemplate;

/// A list or a tuple.
pub(crate) struct Items(Vec<Template>);

/// A struct.
pub(crate) struct Members(BTreeMap<String, Template>);

/// A map, which is known as a whole.
pub(crate) struct Whole {
    members: Map<String, Value>,
    key: Option<String>,
}

fn known(value: impl Serialize) -> Result<Template, Error> {
    Ok(Template::known(to_value(value)?))
}

/// An enum with something in it, as JSON has it.
fn variant(name: &str, value: Value) -> Result<Template, Error> {
    known(Map::from_iter([(name.to_owned(), value)]))
}

macro_rules! plain {
    ($($name:ident: $kind:ty),* $(,)?) => {
        $(fn $name(self, value: $kind) -> Result<Template, Error> { known(value) })*
    };
}

impl Serializer for ToTemplate {
    type Ok = Template;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Impossible<Template, Error>;
    type SerializeMap = Whole;
    type SerializeStruct = Members;
    type SerializeStructVariant = Impossible<Template, Error>;

    plain!(serialize_bool: bool, serialize_char: char, serialize_str: &str, serialize_f32: f32, serialize_f64: f64);
    plain!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);
    plain!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);
    plain!(serialize_bytes: &[u8]);

    fn serialize_none(self) -> Result<Template, Error> {
        known(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Template, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Template, Error> {
        known(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Template, Error> {
        known(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Template, Error> {
        known(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Template, Error> {
        match name {
            KNOWN => known(value),
            FROM => serde_json::from_value(to_value(value)?),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Template, Error> {
        variant(name, to_value(value)?)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, Error> {
        Ok(Items(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        of: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Impossible<Template, Error>, Error> {
        Err(Error::custom(format!("{of}::{name} is no part of an input: give it one value, or none")))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Whole, Error> {
        Ok(Whole { members: Map::new(), key: None })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Error> {
        Ok(Members(BTreeMap::new()))
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        at: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Impossible<Template, Error>, Error> {
        self.serialize_tuple_variant(of, at, name, length)
    }
}

impl SerializeSeq for Items {
    type Ok = Template;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.push(value.serialize(ToTemplate)?);
        Ok(())
    }

    fn end(self) -> Result<Template, Error> {
        Ok(Template::List(self.0))
    }
}

impl SerializeTuple for Items {
    type Ok = Template;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Template, Error> {
        SerializeSeq::end(self)
    }
}

impl SerializeTupleStruct for Items {
    type Ok = Template;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Template, Error> {
        SerializeSeq::end(self)
    }
}

impl SerializeStruct for Members {
    type Ok = Template;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.0.insert(name.to_owned(), value.serialize(ToTemplate)?);
        Ok(())
    }

    fn end(self) -> Result<Template, Error> {
        Ok(Template::Object(self.0.into_iter().collect()))
    }
}

impl SerializeMap for Whole {
    type Ok = Template;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let Value::String(key) = to_value(key)? else { return Err(Error::custom("a key is a text")) };
        self.key = Some(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or_else(|| Error::custom("a value has a key"))?;
        self.members.insert(key, to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Template, Error> {
        known(self.members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan_value::{PlanValue, StepRef};
    use serde_json::json;

    #[derive(Serialize)]
    struct Pair {
        from: &'static str,
        to: PlanValue<String>,
    }

    #[derive(Serialize)]
    struct Input {
        id: PlanValue<String>,
        pairs: Vec<Pair>,
        names: PlanValue<Vec<&'static str>>,
        body: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        more: Option<PlanValue<String>>,
    }

    #[test]
    fn an_input_is_an_object_of_what_is_known_and_of_what_steps_will_give() {
        let made: StepRef<()> = StepRef::new("a".into());
        let input = Input {
            id: made.member("id"),
            pairs: vec![Pair { from: "x", to: made.member("name") }],
            names: vec!["n"].into(),
            body: json!({"a": [1]}),
            more: None,
        };
        let pair =
            Template::object([("from", Template::known("x")), ("to", Template::from_step("a", "name"))]);
        let wanted = Template::object([
            ("id", Template::from_step("a", "id")),
            ("pairs", Template::List(vec![pair])),
            ("names", Template::known(["n"])),
            ("body", Template::known(json!({"a": [1]}))),
        ]);
        assert_eq!(Template::of(&input), wanted);
        let read: PlanValue<String> = serde_json::from_value(json!("x")).unwrap();
        assert_eq!((read.as_str(), serde_json::to_value(&read).unwrap()), ("x", json!("x")));
    }
}
