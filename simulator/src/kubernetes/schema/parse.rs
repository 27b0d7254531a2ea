//! A schema as a custom resource definition writes it.

use regex::Regex;
use serde_json::Value;

use super::{Bounds, Kind, Limits, Schema, Topology};

impl Schema {
    /// Reads an `openAPIV3Schema`.
    ///
    /// # Errors
    ///
    /// Where it says what no schema may: the field, and why.
    pub(crate) fn parse(schema: &Value) -> Result<Self, String> {
        let list = |field: &str| -> Result<Vec<Self>, String> {
            schema[field].as_array().into_iter().flatten().map(Self::parse).collect()
        };
        let one = |field: &str| -> Result<Option<Box<Self>>, String> {
            schema.get(field).map(|schema| Self::parse(schema).map(Box::new)).transpose()
        };
        let flag = |field: &str| schema[field].as_bool().unwrap_or_default();
        let mut properties = std::collections::BTreeMap::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let parsed = Self::parse(property).map_err(|why| format!("{name}: {why}"))?;
            properties.insert(name.clone(), parsed);
        }
        let additional = match &schema["additionalProperties"] {
            // `true`: anything.
            Value::Bool(true) => Some(Box::new(Self { preserves_unknown: true, ..Self::default() })),
            Value::Object(_) => one("additionalProperties")?,
            _ => None,
        };
        Ok(Self {
            kind: kind(schema)?,
            properties,
            additional,
            items: one("items")?,
            required: texts(&schema["required"]),
            default: schema.get("default").cloned(),
            nullable: flag("nullable"),
            preserves_unknown: flag("x-kubernetes-preserve-unknown-fields"),
            is_embedded_object: flag("x-kubernetes-embedded-resource"),
            limits: limits(schema)?,
            any_of: list("anyOf")?,
            one_of: list("oneOf")?,
            all_of: list("allOf")?,
            not: one("not")?,
            topology: topology(schema),
        })
    }
}

fn kind(schema: &Value) -> Result<Option<Kind>, String> {
    if schema["x-kubernetes-int-or-string"] == true {
        return Ok(Some(Kind::IntOrString));
    }
    Ok(match schema["type"].as_str() {
        None => None,
        Some("object") => Some(Kind::Object),
        Some("array") => Some(Kind::Array),
        Some("string") => Some(Kind::String),
        Some("integer") => Some(Kind::Integer),
        Some("number") => Some(Kind::Number),
        Some("boolean") => Some(Kind::Boolean),
        Some(other) => return Err(format!("type: Unsupported value: \"{other}\"")),
    })
}

fn limits(schema: &Value) -> Result<Limits, String> {
    let number = |field: &str| schema[field].as_f64();
    let count = |field: &str| schema[field].as_u64().and_then(|count| usize::try_from(count).ok());
    let bounds = |least: &str, most: &str| Bounds { least: count(least), most: count(most) };
    let flag = |field: &str| schema[field].as_bool().unwrap_or_default();
    let pattern = match schema["pattern"].as_str() {
        None | Some("") => None,
        Some(pattern) => Some(Regex::new(pattern).map_err(|why| format!("pattern: Invalid value: {why}"))?),
    };
    Ok(Limits {
        one_of_values: schema["enum"].as_array().cloned(),
        pattern,
        format: schema["format"].as_str().map(str::to_owned),
        minimum: number("minimum"),
        maximum: number("maximum"),
        excludes_minimum: flag("exclusiveMinimum"),
        excludes_maximum: flag("exclusiveMaximum"),
        length: bounds("minLength", "maxLength"),
        items: bounds("minItems", "maxItems"),
        properties: bounds("minProperties", "maxProperties"),
        has_unique_items: flag("uniqueItems"),
    })
}

fn topology(schema: &Value) -> Topology {
    match (schema["x-kubernetes-list-type"].as_str(), schema["x-kubernetes-map-type"].as_str()) {
        (Some("set"), _) => Topology::Set,
        (Some("map"), _) => Topology::Map(texts(&schema["x-kubernetes-list-map-keys"])),
        (Some("atomic"), _) | (_, Some("atomic")) => Topology::Atomic,
        _ => Topology::Plain,
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
