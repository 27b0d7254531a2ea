//! AWS's service model, as far as answers and account descriptions need it: the members of each structure, their
//! kinds, and how EC2 writes them in XML.
//!
//! The text files under `service-model/` hold it; `extract.py` there writes them and says how they read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

pub(crate) mod read;

/// The structures of one service.
#[derive(Debug)]
pub(crate) struct ServiceModel {
    structures: BTreeMap<&'static str, Structure>,
}

/// One structure.
#[derive(Debug)]
pub(crate) struct Structure {
    name: &'static str,
    /// The names of the members, for messages.
    names: Vec<&'static str>,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    name: &'static str,
    /// EC2's name of it in XML.
    wire_name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text,
    Boolean,
    Integer,
    Float,
    Timestamp,
    Structure(&'static str),
    List(Box<Kind>),
    Map(Box<Kind>),
}

macro_rules! models {
    ($($name:ident $file:literal)*) => {
        $(pub(crate) static $name: LazyLock<ServiceModel> =
            LazyLock::new(|| ServiceModel::parse(include_str!(concat!("../service-model/", $file, ".txt"))));)*
    };
}

models! { EC2 "ec2" ACM "acm" ELBV2 "elbv2" IAM "iam" SHIELD "shield" WAFV2 "wafv2" }

impl ServiceModel {
    fn parse(text: &'static str) -> Self {
        let mut structures = BTreeMap::new();
        let mut open = "";
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if !line.starts_with(' ') {
                open = line;
                structures.insert(open, Structure { name: open, names: Vec::new(), members: Vec::new() });
                continue;
            }
            let structure = structures.get_mut(open).expect("members follow the name of their structure");
            for member in line.split_whitespace().map(Member::parse) {
                structure.names.push(member.name);
                structure.members.push(member);
            }
        }
        ServiceModel { structures }
    }

    /// The structure with this name.
    pub(crate) fn structure(&self, name: &str) -> Option<&Structure> {
        self.structures.get(name)
    }

    /// The answer of an EC2 action with EC2's names for XML; `None` when AWS's action answers nothing.
    pub(crate) fn on_the_wire(&self, action: &str, answer: Value) -> Option<Value> {
        let structure = self.structure(&format!("{action}Result"))?;
        Some(self.structure_on_the_wire(structure, answer))
    }

    /// An answer as the JSON protocol writes it: times are numbers of seconds.
    pub(crate) fn as_json(&self, action: &str, answer: Value) -> Value {
        match self.structure(&format!("{action}Result")) {
            Some(structure) => self.structure_as_json(structure, answer),
            None => answer,
        }
    }

    fn structure_as_json(&self, structure: &Structure, value: Value) -> Value {
        let Value::Object(members) = value else { return value };
        let written = members.into_iter().map(|(name, value)| {
            let member = structure.member(&name);
            debug_assert!(member.is_some(), "AWS's {} has no member {name}", structure.name);
            let written = member.map_or(Value::Null, |member| self.kind_as_json(&member.kind, value));
            (name, written)
        });
        written.collect()
    }

    fn kind_as_json(&self, kind: &Kind, value: Value) -> Value {
        match (kind, value) {
            (Kind::Timestamp, Value::String(text)) => {
                let time = text.parse::<jiff::Timestamp>();
                time.map_or(Value::String(text), |time| Value::from(time.as_millisecond() as f64 / 1000.0))
            }
            (Kind::Structure(name), value) => match self.structure(name) {
                Some(structure) => self.structure_as_json(structure, value),
                None => value,
            },
            (Kind::List(item), Value::Array(items)) => {
                items.into_iter().map(|value| self.kind_as_json(item, value)).collect()
            }
            (_, value) => value,
        }
    }

    /// A value without what the structure with this name does not have, at every depth.
    pub(crate) fn trim(&self, structure: &str, value: Value) -> Value {
        let (Some(structure), Value::Object(members)) = (self.structure(structure), value) else { return Value::Null };
        let known = |(name, value): (String, Value)| Some((structure.member(&name)?, name, value));
        let trimmed = members.into_iter().filter_map(known).map(|(member, name, value)| match (&member.kind, value) {
            (Kind::Structure(within), value @ Value::Object(_)) => (name, self.trim(within, value)),
            (Kind::List(item), Value::Array(items)) => match &**item {
                Kind::Structure(within) => (name, items.into_iter().map(|item| self.trim(within, item)).collect()),
                _ => (name, Value::Array(items)),
            },
            (_, value) => (name, value),
        });
        trimmed.collect()
    }

    fn structure_on_the_wire(&self, structure: &Structure, value: Value) -> Value {
        let Value::Object(members) = value else { return value };
        let mut renamed = Map::new();
        for (name, value) in members {
            let member = structure.member(&name);
            debug_assert!(member.is_some(), "AWS's {} has no member {name}", structure.name);
            if let Some(Member { wire_name, kind, .. }) = member {
                renamed.insert(wire_name.clone(), self.kind_on_the_wire(kind, value));
            }
        }
        Value::Object(renamed)
    }

    fn kind_on_the_wire(&self, kind: &Kind, value: Value) -> Value {
        match (kind, value) {
            (Kind::Structure(name), value) => match self.structure(name) {
                Some(structure) => self.structure_on_the_wire(structure, value),
                None => value,
            },
            (Kind::List(item), Value::Array(items)) => {
                items.into_iter().map(|value| self.kind_on_the_wire(item, value)).collect()
            }
            (_, value) => value,
        }
    }
}

impl Structure {
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    /// `Name`, `Name:kind`, `Name>wireName`, `Name:kind>wireName`.
    fn parse(text: &'static str) -> Self {
        let (text, wire_name) = match text.split_once('>') {
            Some((text, wire_name)) => (text, Some(wire_name)),
            None => (text, None),
        };
        let (name, kind) = text.split_once(':').unwrap_or((text, "text"));
        let first_small = || name[..1].to_lowercase() + &name[1..];
        Member { name, wire_name: wire_name.map_or_else(first_small, str::to_owned), kind: Kind::parse(kind) }
    }
}

impl Kind {
    fn parse(text: &'static str) -> Self {
        let within = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        match text {
            "text" => Kind::Text,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "float" => Kind::Float,
            "timestamp" => Kind::Timestamp,
            _ => within('[', ']')
                .map(|item| Kind::List(Box::new(Kind::parse(item))))
                .or_else(|| within('{', '}').map(|value| Kind::Map(Box::new(Kind::parse(value)))))
                .unwrap_or(Kind::Structure(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_structure_that_a_model_names_is_in_it() {
        fn check(model: &ServiceModel, kind: &Kind) {
            match kind {
                Kind::Structure(name) => assert!(model.structure(name).is_some(), "{name}"),
                Kind::List(item) | Kind::Map(item) => check(model, item),
                _ => {}
            }
        }
        for model in [&EC2, &ACM, &ELBV2, &IAM, &SHIELD, &WAFV2] {
            for member in model.structures.values().flat_map(|structure| &structure.members) {
                check(model, &member.kind);
            }
        }
    }

    #[test]
    fn an_answer_gets_the_names_that_ec2_writes() {
        let answer = json!({ "Vpcs": [{ "VpcId": "vpc-a", "Tags": [{ "Key": "a", "Value": "b" }] }] });
        assert_eq!(
            EC2.on_the_wire("DescribeVpcs", answer),
            Some(json!({ "vpcSet": [{ "vpcId": "vpc-a", "tagSet": [{ "key": "a", "value": "b" }] }] }))
        );
        assert_eq!(EC2.on_the_wire("CreateTags", json!({})), None);
    }
}
