//! Whether a custom resource is what its schema says.

use serde_json::{Map, Value, json};

use super::{Bounds, Kind, Schema};
use crate::kubernetes::refusal::FieldError;

impl Schema {
    /// What is wrong with a custom resource. Its `apiVersion`, `kind` and `metadata` are not looked at.
    pub(crate) fn validate(&self, object: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.check("", object, &mut errors);
        errors
    }

    fn check(&self, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
        if value.is_null() && self.nullable {
            return;
        }
        if !self.has_kind_of(value) {
            let wanted = self.kind.map_or("object", Kind::name);
            let found = kind_name(value);
            let detail = format!("{} in body must be of type {wanted}: \"{found}\"", shown(path));
            errors.push(FieldError::wrong_type(shown(path), found, detail));
            return;
        }
        self.check_values(path, value, errors);
        match value {
            Value::String(text) => self.check_text(path, text, errors),
            Value::Number(number) => self.check_number(path, number.as_f64().unwrap_or_default(), value, errors),
            Value::Array(items) => self.check_items(path, items, errors),
            Value::Object(fields) => self.check_fields(path, fields, errors),
            Value::Null | Value::Bool(_) => {}
        }
        self.check_alternatives(path, value, errors);
    }

    fn has_kind_of(&self, value: &Value) -> bool {
        match self.kind {
            // A schema that says no type takes anything that is something.
            None => !value.is_null() || self.preserves_unknown,
            Some(Kind::Object) => value.is_object(),
            Some(Kind::Array) => value.is_array(),
            Some(Kind::String) => value.is_string(),
            Some(Kind::Integer) => is_integer(value),
            Some(Kind::Number) => value.is_number(),
            Some(Kind::Boolean) => value.is_boolean(),
            Some(Kind::IntOrString) => value.is_string() || is_integer(value),
        }
    }

    fn check_values(&self, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
        let Some(values) = &self.limits.one_of_values else { return };
        if !values.contains(value) {
            let names: Vec<String> =
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            errors.push(FieldError::unsupported(path, value.clone(), &names));
        }
    }

    fn check_text(&self, path: &str, text: &str, errors: &mut Vec<FieldError>) {
        let limits = &self.limits;
        let length = text.chars().count();
        if let Some(least) = limits.length.least.filter(|least| length < *least) {
            let detail = format!("{path} in body should be at least {least} chars long");
            errors.push(FieldError::invalid(path, text, detail));
        }
        if let Some(most) = limits.length.most.filter(|most| length > *most) {
            errors.push(FieldError::too_long(path, most));
        }
        if let Some(pattern) = limits.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            let detail = format!("{path} in body should match '{pattern}'");
            errors.push(FieldError::invalid(path, text, detail));
        }
        let is_good = match limits.format.as_deref() {
            Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
            Some("ipv4") => text.parse::<std::net::Ipv4Addr>().is_ok(),
            Some("ipv6") => text.parse::<std::net::Ipv6Addr>().is_ok(),
            Some("cidr") => text.parse::<ipnet::IpNet>().is_ok(),
            _ => true,
        };
        if !is_good {
            let format = limits.format.as_deref().unwrap_or_default();
            let detail = format!("{path} in body must be of type {format}: \"{text}\"");
            errors.push(FieldError::invalid(path, text, detail));
        }
    }

    fn check_number(&self, path: &str, number: f64, value: &Value, errors: &mut Vec<FieldError>) {
        let limits = &self.limits;
        let too_small = |least: f64| if limits.excludes_minimum { number <= least } else { number < least };
        let too_large = |most: f64| if limits.excludes_maximum { number >= most } else { number > most };
        if let Some(least) = limits.minimum.filter(|least| too_small(*least)) {
            let words = if limits.excludes_minimum { "greater than" } else { "greater than or equal to" };
            errors.push(FieldError::invalid(path, value.clone(), format!("{path} in body should be {words} {least}")));
        }
        if let Some(most) = limits.maximum.filter(|most| too_large(*most)) {
            let words = if limits.excludes_maximum { "less than" } else { "less than or equal to" };
            errors.push(FieldError::invalid(path, value.clone(), format!("{path} in body should be {words} {most}")));
        }
        let fits = match limits.format.as_deref() {
            Some("int32") => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            _ => true,
        };
        if !fits {
            let detail = format!("{path} in body must be of type int32: \"{value}\"");
            errors.push(FieldError::invalid(path, value.clone(), detail));
        }
    }

    fn check_items(&self, path: &str, items: &[Value], errors: &mut Vec<FieldError>) {
        check_count(path, items.len(), self.limits.items, "items", errors);
        if let Some(schema) = &self.items {
            for (place, item) in items.iter().enumerate() {
                schema.check(&format!("{path}[{place}]"), item, errors);
            }
        }
        for (place, item) in items.iter().enumerate() {
            let is_twice = items[..place].iter().any(|other| self.is_same_entry(other, item));
            if is_twice {
                errors.push(FieldError::duplicate(format!("{path}[{place}]"), self.identity(item)));
            }
        }
    }

    /// Whether two entries of a list stand for the same.
    fn is_same_entry(&self, one: &Value, other: &Value) -> bool {
        match &self.topology {
            super::Topology::Map(keys) => keys.iter().all(|key| one[key] == other[key]),
            super::Topology::Set => one == other,
            _ => self.limits.has_unique_items && one == other,
        }
    }

    fn identity(&self, item: &Value) -> Value {
        match &self.topology {
            super::Topology::Map(keys) => keys.iter().map(|key| (key.clone(), item[key].clone())).collect(),
            _ => item.clone(),
        }
    }

    fn check_fields(&self, path: &str, fields: &Map<String, Value>, errors: &mut Vec<FieldError>) {
        check_count(path, fields.len(), self.limits.properties, "properties", errors);
        for name in self.required.iter().filter(|name| !fields.contains_key(*name)) {
            errors.push(FieldError::required(join(path, name), ""));
        }
        for (name, value) in fields {
            let is_metadata = super::is_of_object(name) && (path.is_empty() || self.is_embedded_object);
            if let Some(schema) = self.field(name).filter(|_| !is_metadata) {
                schema.check(&join(path, name), value, errors);
            }
        }
    }

    fn check_alternatives(&self, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
        let holds = |schema: &Self| {
            let mut errors = Vec::new();
            schema.check_as_alternative(path, value, &mut errors);
            errors.is_empty()
        };
        // The server does not say of which field it speaks, but in words.
        let mut refuse = |words: &str| {
            errors.push(FieldError::invalid(shown(""), "", format!("\"{path}\" must {words}")));
        };
        if !self.any_of.is_empty() && !self.any_of.iter().any(holds) {
            refuse("validate at least one schema (anyOf)");
        }
        let valid = self.one_of.iter().filter(|schema| holds(schema)).count();
        match (self.one_of.is_empty(), valid) {
            (true, _) | (false, 1) => {}
            (false, 0) => refuse("validate one and only one schema (oneOf). Found none valid"),
            (false, _) => {
                refuse(&format!("validate one and only one schema (oneOf). Found {valid} valid alternatives"))
            }
        }
        if self.not.as_ref().is_some_and(|schema| holds(schema)) {
            refuse("not validate the schema (not)");
        }
        if !self.all_of.iter().all(holds) {
            refuse("validate all the schemas (allOf)");
        }
    }

    /// Alternatives need not say the type again.
    fn check_as_alternative(&self, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
        if self.kind.is_some() || !value.is_null() {
            self.check(path, value, errors);
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::IntOrString => "integer,string",
        }
    }
}

fn check_count(path: &str, count: usize, bounds: Bounds, unit: &str, errors: &mut Vec<FieldError>) {
    if let Some(least) = bounds.least.filter(|least| count < *least) {
        let detail = format!("{} in body should have at least {least} {unit}", shown(path));
        errors.push(FieldError::invalid(shown(path), json!(count), detail));
    }
    if let Some(most) = bounds.most.filter(|most| count > *most) {
        errors.push(FieldError::too_many(shown(path), count, most));
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The whole object has no path; the API server shows it so.
fn shown(path: &str) -> &str {
    if path.is_empty() { "<nil>" } else { path }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if is_integer(value) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
