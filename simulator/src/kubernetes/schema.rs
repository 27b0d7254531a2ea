//! The schema of a custom resource's version: unknown fields are pruned, defaults filled in, the rest is validated.
//!
//! Rules in CEL (`x-kubernetes-validations`) are read past: a real server refuses what breaks them, this one takes it.
//! The crate that could evaluate them brings a parser generator with it, and none of the functions that Kubernetes adds.

mod parse;
mod validate;

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

/// A structural schema, as far as it is enforced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    kind: Option<Kind>,
    properties: BTreeMap<String, Schema>,
    /// What other fields may hold; they are pruned when there is none.
    additional: Option<Box<Schema>>,
    items: Option<Box<Schema>>,
    required: Vec<String>,
    default: Option<Value>,
    nullable: bool,
    preserves_unknown: bool,
    /// Holds a whole object, whose metadata is not part of the schema.
    is_embedded_object: bool,
    limits: Limits,
    /// Alternatives are validated only; they say nothing about what is pruned.
    any_of: Vec<Schema>,
    one_of: Vec<Schema>,
    all_of: Vec<Schema>,
    not: Option<Box<Schema>>,
    /// How a server-side apply merges it.
    pub(crate) topology: Topology,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    IntOrString,
}

#[derive(Clone, Debug, Default)]
struct Limits {
    one_of_values: Option<Vec<Value>>,
    pattern: Option<Regex>,
    format: Option<String>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    excludes_minimum: bool,
    excludes_maximum: bool,
    length: Bounds,
    items: Bounds,
    properties: Bounds,
    has_unique_items: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    least: Option<usize>,
    most: Option<usize>,
}

/// What a list or map is to a server-side apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Topology {
    /// A list is replaced as a whole, a map is merged.
    #[default]
    Plain,
    /// Replaced as a whole.
    Atomic,
    /// A list of values, each once.
    Set,
    /// A list of maps that these fields tell apart.
    Map(Vec<String>),
}

impl Schema {
    /// The schema of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or(self.additional.as_deref())
    }

    /// The schema of a list's items.
    pub(crate) fn items(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// Takes away what the schema of a custom resource does not know. `apiVersion`, `kind` and `metadata` are not its.
    pub(crate) fn prune(&self, object: &mut Value) {
        if let Value::Object(fields) = object {
            self.prune_fields(fields, is_of_object);
        }
    }

    fn prune_fields(&self, fields: &mut Map<String, Value>, is_kept: fn(&str) -> bool) {
        if !self.preserves_unknown && self.additional.is_none() {
            fields.retain(|name, _| is_kept(name) || self.properties.contains_key(name));
        }
        for (name, value) in fields.iter_mut().filter(|(name, _)| !is_kept(name)) {
            if let Some(schema) = self.field(name) {
                schema.prune_value(value);
            }
        }
    }

    fn prune_value(&self, value: &mut Value) {
        match value {
            Value::Object(fields) if self.is_embedded_object => self.prune_fields(fields, is_of_object),
            Value::Object(fields) => self.prune_fields(fields, |_| false),
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.prune_value(item));
                }
            }
            _ => {}
        }
    }

    /// Fills in defaults, also inside of what is there. A null that may not be one gives way to a default.
    pub(crate) fn fill_defaults(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, schema) in &self.properties {
                    let Some(default) = &schema.default else { continue };
                    let gives_way = |value: &Value| value.is_null() && !schema.nullable;
                    if fields.get(name).is_none_or(gives_way) {
                        fields.insert(name.clone(), default.clone());
                    }
                }
                for (name, value) in fields.iter_mut() {
                    if let Some(schema) = self.field(name) {
                        schema.fill_defaults(value);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.fill_defaults(item));
                }
            }
            _ => {}
        }
    }
}

fn is_of_object(field: &str) -> bool {
    matches!(field, "apiVersion" | "kind" | "metadata")
}
