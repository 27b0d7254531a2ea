//! Custom resources and their definitions.

use std::sync::Arc;

use serde_json::{Value, json};

use super::in_form;
use super::metadata::check_subdomain;
use crate::kubernetes::object::meta_text;
use crate::kubernetes::refusal::FieldError;
use crate::kubernetes::resource::{Resource, ResourceId, Rules, Version, api_version};
use crate::kubernetes::schema::Schema;
use crate::kubernetes::target::Target;

/// Reads a custom resource: what its schema does not know is dropped.
pub(super) fn read(target: &Target, object: Value) -> Result<Value, serde_json::Error> {
    let mut object = in_form(object)?;
    if let Some(schema) = &target.version().schema {
        schema.prune(&mut object);
    }
    Ok(object)
}

/// Checks a custom resource against its schema. What was wrong before may stay as it was.
pub(super) fn check(target: &Target, object: &Value, live: Option<&Value>) -> Vec<FieldError> {
    let Some(schema) = &target.version().schema else { return Vec::new() };
    let mut errors = schema.validate(object);
    if let Some(live) = live {
        errors.retain(|error| {
            let field = error.field();
            // What is missing is the fault of what it is missing in.
            let place =
                if error.is_required() { field.rsplit_once('.').map_or("", |(parent, _)| parent) } else { field };
            place.is_empty() || find(object, place).is_none_or(|value| Some(value) != find(live, place))
        });
    }
    errors
}

/// What is at a path as messages have it: `spec.list[0].name`.
fn find<'o>(object: &'o Value, path: &str) -> Option<&'o Value> {
    path.split(['.', '[']).try_fold(object, |value, step| match step.strip_suffix(']') {
        Some(place) => value.get(place.parse::<usize>().ok()?),
        None => value.get(step),
    })
}

/// Reads a definition. Its schemas are kept as they were written.
pub(super) fn read_definition(object: Value) -> Result<Value, serde_json::Error> {
    let mut object = in_form(object)?;
    let names = &mut object["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if names.is_object() {
        if names["singular"].as_str().is_none_or(str::is_empty) {
            names["singular"] = json!(kind.to_lowercase());
        }
        if names["listKind"].as_str().is_none_or(str::is_empty) {
            names["listKind"] = json!(format!("{kind}List"));
        }
    }
    let conversion = &mut object["spec"]["conversion"];
    if conversion.is_null() {
        *conversion = json!({ "strategy": "None" });
    }
    Ok(object)
}

/// Checks a definition.
pub(super) fn check_definition(definition: &Value, errors: &mut Vec<FieldError>) {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    if let Err(why) = check_subdomain(&group) {
        errors.push(FieldError::invalid("spec.group", group.as_str(), why));
    }
    let name = meta_text(definition, "name");
    if name != format!("{plural}.{group}") {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid("metadata.name", name, why));
    }
    if !matches!(spec["scope"].as_str(), Some("Namespaced" | "Cluster")) {
        errors.push(FieldError::unsupported("spec.scope", spec["scope"].clone(), &["Cluster", "Namespaced"]));
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", spec["versions"].clone(), why));
    }
    for (place, version) in versions.iter().enumerate() {
        let field = format!("spec.versions[{place}].schema.openAPIV3Schema");
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_null() {
            errors.push(FieldError::required(field, "schemas are required"));
        } else if let Err(why) = Schema::parse(schema) {
            errors.push(FieldError::invalid(field, Value::Null, why));
        }
    }
}

/// The resource that a checked definition defines. Its first version is the one in which objects are kept.
pub(in crate::kubernetes) fn resource(definition: &Value, id: ResourceId) -> Resource {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let group = text(&spec["group"]);
    let served = spec["versions"].as_array().into_iter().flatten().filter(|version| version["served"] == true);
    let mut versions: Vec<(bool, Version)> = served
        .map(|version| {
            let name = text(&version["name"]);
            let parsed = Version {
                api_version: api_version(&group, &name),
                name,
                has_status: !version["subresources"]["status"].is_null(),
                schema: Schema::parse(&version["schema"]["openAPIV3Schema"]).ok().map(Arc::new),
            };
            (version["storage"] == true, parsed)
        })
        .collect();
    versions.sort_by_key(|(is_stored, _)| !is_stored);
    let names = &spec["names"];
    Resource {
        id,
        table: id,
        plural: text(&names["plural"]),
        singular: text(&names["singular"]),
        kind: text(&names["kind"]),
        short_names: names["shortNames"].as_array().into_iter().flatten().map(text).collect(),
        namespaced: spec["scope"] == "Namespaced",
        versions: versions.into_iter().map(|(_, version)| version).collect(),
        rules: Rules::Custom,
        group,
    }
}
