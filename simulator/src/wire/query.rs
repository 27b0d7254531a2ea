//! AWS Query bodies: `A.member.1.B=…` (Elastic Load Balancing) and `A.1.B=…` (EC2) to a tree, and the tree to a request type.
//!
//! Everything arrives as text. What a text means (number, boolean, enum) and whether a branch is a list or a structure
//! is decided by the type that is asked for, so one reader serves both dialects.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use serde_json::Value;

use super::ApiError;

/// The parameters of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// A value; empty also for an empty list.
    Text(String),
    /// A structure, or a list whose keys are its positions.
    Branch(BTreeMap<String, Tree>),
}

/// One call: which action, with which parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) params: Tree,
}

/// Reads a form body. `Action` and `Version` are taken out of the parameters.
pub(crate) fn parse(body: &[u8]) -> Result<Call, ApiError> {
    let mut action = None;
    let mut root = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        match name.as_ref() {
            "Action" => action = Some(value.into_owned()),
            "Version" => {}
            _ => insert(&mut root, &name, value.into_owned())?,
        }
    }
    let action = action.ok_or_else(|| {
        ApiError::new("MissingAction", "The request must contain the parameter Action").against_model()
    })?;
    Ok(Call { action, params: Tree::Branch(root) })
}

/// Reads a tree as a request type.
pub(crate) fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, Mismatch> {
    Q::deserialize(Node(params))
}

impl From<Mismatch> for ApiError {
    fn from(mismatch: Mismatch) -> Self {
        Self::validation(mismatch.to_string()).against_model()
    }
}

fn insert(root: &mut BTreeMap<String, Tree>, name: &str, value: String) -> Result<(), ApiError> {
    let malformed = || {
        ApiError::new(
            "MalformedQueryString",
            format!("Parameter '{name}' is given twice, or as a value and as a structure"),
        )
        .against_model()
    };
    let (parents, leaf) = match name.rsplit_once('.') {
        Some((parents, leaf)) => (Some(parents), leaf),
        None => (None, name),
    };
    let mut branch = root;
    for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
        let child = branch.entry(part.to_owned()).or_insert_with(|| Tree::Branch(BTreeMap::new()));
        let Tree::Branch(next) = child else {
            return Err(malformed());
        };
        branch = next;
    }
    match branch.insert(leaf.to_owned(), Tree::Text(value)) {
        None => Ok(()),
        Some(_) => Err(malformed()),
    }
}

/// Why a tree does not fit a request type: where, what was found, and the constraint, in AWS's words.
#[derive(Debug)]
pub(crate) struct Mismatch {
    path: Vec<String>,
    /// `None`: nothing, though something has to be there.
    found: Option<String>,
    constraint: String,
}

impl Mismatch {
    /// The member that has to be there and is not, as AWS names it in its texts.
    pub(crate) fn absent(&self) -> Option<String> {
        (self.found.is_none() && !self.path.is_empty()).then(|| self.path.join("."))
    }

    fn new(constraint: impl Into<String>) -> Self {
        Self { path: Vec::new(), found: None, constraint: constraint.into() }
    }

    /// Adds where it was found; the innermost text is the value that is reported.
    fn at(mut self, part: String, tree: &Tree) -> Self {
        if self.path.is_empty() {
            self.found = match tree {
                Tree::Text(text) => Some(text.clone()),
                Tree::Branch(_) => Some(tree.brief()),
            };
        }
        self.path.insert(0, part);
        self
    }
}

impl From<Value> for Tree {
    /// The same parameters written as JSON: absent members are left out, numbers and flags become texts.
    fn from(value: Value) -> Self {
        let branch = |members: Vec<(String, Value)>| {
            let present = members.into_iter().filter(|(_, value)| !value.is_null());
            Tree::Branch(present.map(|(name, value)| (name, Tree::from(value))).collect())
        };
        match value {
            Value::Null => Tree::Text(String::new()),
            Value::Bool(flag) => Tree::Text(flag.to_string()),
            Value::Number(number) => Tree::Text(number.to_string()),
            Value::String(text) => Tree::Text(text),
            // An empty list reads as an empty text does.
            Value::Array(items) if items.is_empty() => Tree::Text(String::new()),
            Value::Array(items) => {
                branch(items.into_iter().enumerate().map(|(at, item)| ((at + 1).to_string(), item)).collect())
            }
            Value::Object(members) => branch(members.into_iter().collect()),
        }
    }
}

impl Tree {
    /// The parameters as a document: lists of either dialect are lists.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Tree::Text(text) => Value::String(text.clone()),
            Tree::Branch(_) => match Node(self).items() {
                Ok(items) if !items.is_empty() => items.into_iter().map(|(_, item)| item.to_json()).collect(),
                _ => self.structure(),
            },
        }
    }

    fn structure(&self) -> Value {
        match self {
            Tree::Text(text) => Value::String(text.clone()),
            Tree::Branch(members) => members.iter().map(|(name, member)| (name.clone(), member.to_json())).collect(),
        }
    }

    fn brief(&self) -> String {
        match self {
            Tree::Text(text) => text.clone(),
            Tree::Branch(children) => {
                let items = children.values().map(Tree::brief).collect::<Vec<_>>();
                if children.len() == 1 && children.contains_key("member") {
                    items.concat()
                } else {
                    format!("[{}]", items.join(", "))
                }
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match &self.found {
            Some(found) => format!("'{found}'"),
            None => "null".to_owned(),
        };
        let path = self.path.join(".");
        write!(
            f,
            "1 validation error detected: Value {found} at '{path}' failed to satisfy constraint: {}",
            self.constraint
        )
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: vec![lower_first(field)], found: None, constraint: "Member must not be null".to_owned() }
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self {
            path: vec![lower_first(field)],
            found: Some("…".to_owned()),
            constraint: "Member must be one that the simulator models".to_owned(),
        }
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("Member must satisfy enum value set: [{}]", expected.join(", ")))
    }
}

/// AWS names members in its texts with a small first letter.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A tree as serde's deserializer.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Tree);

impl<'a> Node<'a> {
    fn text(self) -> Result<&'a str, Mismatch> {
        match self.0 {
            Tree::Text(text) => Ok(text),
            Tree::Branch(_) => Err(Mismatch::new("Member must be a value, not a structure")),
        }
    }

    fn number<T: std::str::FromStr>(self) -> Result<T, Mismatch> {
        self.text()?.parse().map_err(|_| Mismatch::new("Member must be a number within its type's range"))
    }

    /// The members of a list in order, each with the path part that names it.
    fn items(self) -> Result<Vec<(String, &'a Tree)>, Mismatch> {
        let (prefix, positions) = match self.0 {
            Tree::Text(text) if text.is_empty() => return Ok(Vec::new()),
            Tree::Text(_) => return Err(Mismatch::new("Member must be a list")),
            Tree::Branch(children) => match children.get("member") {
                Some(Tree::Branch(positions)) => (".member", positions),
                _ => ("", children),
            },
        };
        let mut items = Vec::with_capacity(positions.len());
        for (key, tree) in positions {
            let position: u32 = key.parse().map_err(|_| Mismatch::new("Member must be a list"))?;
            items.push((position, tree));
        }
        items.sort_by_key(|(position, _)| *position);
        Ok(items.into_iter().map(|(position, tree)| (format!("{position}{prefix}"), tree)).collect())
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            visitor.$visit(self.number()?)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Node<'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            Tree::Branch(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Mismatch::new("Member must be true or false")),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(Items { rest: self.items()?.into_iter() })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Tree::Branch(children) => visitor.visit_map(Members { rest: children.iter(), value: None }),
            Tree::Text(text) if text.is_empty() => visitor.visit_map(Members { rest: EMPTY.iter(), value: None }),
            Tree::Text(_) => Err(Mismatch::new("Member must be a structure")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { char bytes byte_buf unit unit_struct tuple tuple_struct identifier }
}

static EMPTY: BTreeMap<String, Tree> = BTreeMap::new();

struct Items<'a> {
    rest: std::vec::IntoIter<(String, &'a Tree)>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some((part, tree)) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(Node(tree)).map(Some).map_err(|mismatch| mismatch.at(part, tree))
    }
}

struct Members<'a> {
    rest: std::collections::btree_map::Iter<'a, String, Tree>,
    value: Option<(&'a str, &'a Tree)>,
}

impl<'de> de::MapAccess<'de> for Members<'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some((name, tree)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((name, tree));
        seed.deserialize(name.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let (name, tree) = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(Node(tree)).map_err(|mismatch| mismatch.at(lower_first(name), tree))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::constraint::{Int, List, Text};
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Sample {
        name: Text<1, 8>,
        port: Option<Int<1, 65535>>,
        flag: Option<bool>,
        scheme: Option<Scheme>,
        subnets: Option<List<String, 0, 2>>,
        tags: Option<Vec<Tag>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    enum Scheme {
        InternetFacing,
        Internal,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Tag {
        key: Text<1, 4>,
    }

    fn sample(body: &str) -> Result<Sample, String> {
        let call = parse(format!("Action=Sample&Version=1&{body}").as_bytes()).map_err(|error| error.message)?;
        read(&call.params).map_err(|mismatch| mismatch.to_string())
    }

    #[test]
    fn both_list_dialects_are_read_in_the_order_of_their_numbers() {
        let member = sample("Name=a&Subnets.member.2=y&Subnets.member.1=x").unwrap();
        let flat = sample("Name=a&Subnets.2=y&Subnets.1=x").unwrap();
        assert_eq!(member, flat);
        assert_eq!(member.subnets.unwrap().as_slice(), ["x", "y"]);
    }

    #[test]
    fn ten_members_keep_their_order() {
        let body = (1..=12).map(|n| format!("&Tags.member.{n}.Key=k{n}")).collect::<String>();
        let tags = sample(&format!("Name=a{body}")).unwrap().tags.unwrap();
        assert_eq!(tags.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>()[8..], ["k9", "k10", "k11", "k12"]);
    }

    #[test]
    fn texts_become_what_the_type_asks_for() {
        let found = sample("Name=a%20b&Port=80&Flag=true&Scheme=internet-facing&Subnets=").unwrap();
        assert_eq!(found.name.as_str(), "a b");
        assert_eq!(
            (found.port.map(Int::get), found.flag, found.scheme),
            (Some(80), Some(true), Some(Scheme::InternetFacing))
        );
        assert_eq!(found.subnets.unwrap().as_slice(), [""; 0]);
    }

    #[test]
    fn what_does_not_fit_is_refused_in_the_words_of_aws() {
        let cases = [
            ("Port=80", "Value null at 'name' failed to satisfy constraint: Member must not be null"),
            (
                "Name=",
                "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                "Name=a&Port=70000",
                "Value '70000' at 'port' failed to satisfy constraint: Member must have value less than or equal to 65535",
            ),
            (
                "Name=a&Port=0",
                "Value '0' at 'port' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ),
            (
                "Name=a&Port=x",
                "Value 'x' at 'port' failed to satisfy constraint: Member must be a number within its type's range",
            ),
            ("Name=a&Flag=yes", "Value 'yes' at 'flag' failed to satisfy constraint: Member must be true or false"),
            (
                "Name=a&Scheme=foo",
                "Value 'foo' at 'scheme' failed to satisfy constraint: Member must satisfy enum value set: [internet-facing, internal]",
            ),
            (
                "Name=a&Subnets.member.1=x&Subnets.member.2=y&Subnets.member.3=z",
                "Value '[x, y, z]' at 'subnets' failed to satisfy constraint: Member must have length less than or equal to 2",
            ),
            (
                "Name=a&Tags.member.1.Key=toolong",
                "Value 'toolong' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 4",
            ),
            (
                "Name=a&Colour=red",
                "Value '…' at 'colour' failed to satisfy constraint: Member must be one that the simulator models",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(sample(body).unwrap_err(), format!("1 validation error detected: {expected}"), "{body}");
        }
    }

    #[test]
    fn a_body_that_contradicts_itself_is_malformed() {
        for body in ["Name=a&Name=b", "Name=a&Name.1=b", "Name.1=b&Name=a"] {
            assert!(sample(body).unwrap_err().contains("'Name"), "{body}");
        }
        assert_eq!(parse(b"Version=1").unwrap_err().code, "MissingAction");
    }
}
