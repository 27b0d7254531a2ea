//! JSON in annotations, read as Go's `encoding/json` reads it (`ingress-alb.md` §0.4): members of structures in any case,
//! unknown ones ignored, `null` as absent, whole numbers without fraction or exponent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value with the members of objects in the order they were written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Whole(i64),
    Fraction(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Reads a text; what comes after the value is an error.
///
/// # Errors
///
/// What is wrong, and where.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))
}

impl Json {
    /// A member of a structure: its name in any case; of several the last one that is not `null`.
    pub(super) fn member(&self, name: &str) -> Option<&Json> {
        let Self::Object(members) = self else { return None };
        let named = |(key, value): &&(String, Json)| key.eq_ignore_ascii_case(name) && *value != Json::Null;
        members.iter().rev().find(named).map(|(_, value)| value)
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!("{name} must be a text, not {}", other.kind())),
        }
    }

    /// A member that is a text and must be there.
    pub(super) fn required_text(&self, name: &str) -> Result<String, String> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(format!("{name} is missing")),
        }
    }

    /// A member that is a whole number within 32 bits.
    pub(super) fn int32(&self, name: &str) -> Result<Option<i32>, String> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Whole(number)) => {
                i32::try_from(*number).map(Some).map_err(|_| format!("{name}: {number} is out of range"))
            }
            Some(other) => Err(format!("{name} must be a whole number, not {}", other.kind())),
        }
    }

    /// A member that is a boolean.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, String> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(format!("{name} must be true or false, not {}", other.kind())),
        }
    }

    /// A member that is a structure.
    pub(super) fn structure(&self, name: &str) -> Result<Option<&Json>, String> {
        match self.member(name) {
            None => Ok(None),
            Some(object @ Json::Object(_)) => Ok(Some(object)),
            Some(other) => Err(format!("{name} must be an object, not {}", other.kind())),
        }
    }

    /// A member that is a list of texts; absent: an empty one.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let text = |value: &Json| match value {
            Json::Text(text) => Ok(text.clone()),
            other => Err(format!("{name} must hold texts, not {}", other.kind())),
        };
        self.list(name)?.iter().map(text).collect()
    }

    /// A member that is a list; absent: an empty one.
    pub(super) fn list(&self, name: &str) -> Result<&[Json], String> {
        match self.member(name) {
            None => Ok(&[]),
            Some(Json::List(list)) => Ok(list),
            Some(other) => Err(format!("{name} must be a list, not {}", other.kind())),
        }
    }

    /// What it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Whole(_) => "a number",
            Self::Fraction(_) => "a number with a fraction or an exponent",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Whole(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Fraction(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_case_and_the_last_one_holds() {
        let json = parse(r#"{"Type":"a","TYPE":"b","type":null,"other":{"x":[1]}}"#).unwrap();
        assert_eq!(json.text("type"), Ok(Some("b".to_owned())));
        assert_eq!(json.text("missing"), Ok(None));
        assert!(json.structure("Other").unwrap().is_some());
    }

    #[test]
    fn numbers_are_whole_and_everything_has_its_type() {
        let json = parse(r#"{"a":1,"b":1.0,"c":1e1,"d":"1","e":4294967296,"f":true,"g":[1],"h":-3}"#).unwrap();
        assert_eq!(json.int32("a"), Ok(Some(1)));
        assert_eq!(json.int32("h"), Ok(Some(-3)));
        for name in ["b", "c", "d", "e", "f"] {
            assert!(json.int32(name).is_err(), "{name}");
        }
        assert_eq!(json.boolean("f"), Ok(Some(true)));
        assert_eq!(json.texts("g"), Err("g must hold texts, not a number".to_owned()));
        assert_eq!(json.required_text("z"), Err("z is missing".to_owned()));
    }

    #[test]
    fn what_follows_the_value_is_an_error() {
        for text in ["", "{", "{} {}", "[1,]", "'a'"] {
            assert!(parse(text).unwrap_err().starts_with("this is not JSON"), "{text}");
        }
    }
}
