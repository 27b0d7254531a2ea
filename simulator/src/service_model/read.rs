//! Values written by a person or by the AWS CLI, read as the service model has them: every key is known at every depth,
//! and a text is a text even without quotes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use super::{Kind, ServiceModel, Structure};

/// Reads one structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StructureSeed {
    pub(crate) model: &'static ServiceModel,
    pub(crate) structure: &'static Structure,
}

#[derive(Clone, Copy)]
struct KindSeed {
    model: &'static ServiceModel,
    kind: &'static Kind,
}

impl<'de> DeserializeSeed<'de> for StructureSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for StructureSeed {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a structure: {}", self.structure.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(member) = self.structure.member(&key) else {
                return Err(A::Error::unknown_field(&key, &self.structure.names));
            };
            let value = map.next_value_seed(KindSeed { model: self.model, kind: &member.kind })?;
            if members.insert(key.clone(), value).is_some() {
                return Err(A::Error::duplicate_field(member.name));
            }
        }
        members.retain(|_, value| !value.is_null());
        Ok(Value::Object(members))
    }
}

impl KindSeed {
    /// The structure of an item, when it is a pair of a key and a value: then a list of it may be written as a map.
    fn is_pair(self) -> bool {
        let Kind::Structure(name) = self.kind else { return false };
        self.model.structure(name).is_some_and(|structure| structure.names == ["Key", "Value"])
    }
}

impl<'de> DeserializeSeed<'de> for KindSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

/// An absent value is null.
impl<'de> Visitor<'de> for KindSeed {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let model = self.model;
        match self.kind {
            Kind::Text => deserializer.deserialize_str(TextVisitor),
            Kind::Timestamp => deserializer.deserialize_str(TimeVisitor),
            Kind::Boolean => <bool as serde::Deserialize>::deserialize(deserializer).map(Value::from),
            Kind::Integer => <i64 as serde::Deserialize>::deserialize(deserializer).map(Value::from),
            Kind::Float => <f64 as serde::Deserialize>::deserialize(deserializer).map(Value::from),
            Kind::Structure(name) => {
                let structure = model.structure(name).expect("every structure that a model names is in it");
                StructureSeed { model, structure }.deserialize(deserializer)
            }
            Kind::List(kind) => {
                let item = KindSeed { model, kind };
                if item.is_pair() {
                    deserializer.deserialize_any(ListVisitor { item })
                } else {
                    deserializer.deserialize_seq(ListVisitor { item })
                }
            }
            Kind::Map(kind) => deserializer.deserialize_map(MapVisitor { value: KindSeed { model, kind } }),
        }
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }
}

/// A time as text; a number of seconds, as the JSON protocol has it, becomes one.
struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        let Ok(seconds) = text.parse::<f64>() else { return Ok(Value::from(text)) };
        let time = jiff::SignedDuration::try_from_secs_f64(seconds).and_then(jiff::Timestamp::from_duration);
        time.map(|time| Value::from(time.to_string())).map_err(E::custom)
    }
}

struct ListVisitor {
    item: KindSeed,
}

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.item.is_pair() { "{key: value}, or a list of Key/Value" } else { "a list" })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.item)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(KindSeed { kind: &Kind::Text, ..self.item })?;
            items.push(json!({ "Key": key, "Value": value }));
        }
        Ok(Value::Array(items))
    }
}

struct MapVisitor {
    value: KindSeed,
}

impl<'de> Visitor<'de> for MapVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            members.insert(key, map.next_value_seed(self.value)?);
        }
        Ok(Value::Object(members))
    }
}
