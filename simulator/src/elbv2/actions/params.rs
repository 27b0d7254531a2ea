//! A map from text to text in its three forms: on the wire, in answers, in account descriptions.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer, Serialize};

/// Query parameters by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params(BTreeMap<String, String>);

/// One parameter on the wire.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: String,
    value: String,
}

impl Params {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// As the XML writer takes a map: one list, of entries.
impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = |(key, value): (&String, &String)| Entry { key: key.clone(), value: value.clone() };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("entry", &self.0.iter().map(entry).collect::<Vec<_>>())?;
        map.end()
    }
}

/// `entry.1.key` and `entry.1.value` on the wire; `{key: value}` in a description.
impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParamsVisitor).map(Self)
    }
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut params = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "entry" {
                params.extend(map.next_value::<Vec<Entry>>()?.into_iter().map(|entry| (entry.key, entry.value)));
            } else if params.insert(key, map.next_value()?).is_some() {
                return Err(A::Error::custom("Member must have unique keys"));
            }
        }
        Ok(params)
    }
}
