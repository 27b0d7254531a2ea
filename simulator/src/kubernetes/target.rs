//! What a request is about, once its path is resolved, and how objects look in the version that was asked for.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::object::ObjectKey;
use super::refusal::Refusal;
use super::request::ObjectPath;
use super::resource::{Builtin, Registry, Resource, Rules, Version};

/// A collection or an object of a resource, in one of its versions.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: Arc<Resource>,
    /// The place of the version among those that are served.
    pub(super) served: usize,
    /// The name is empty for collections; the namespace for resources that are in none, and for all of them.
    pub(crate) key: ObjectKey,
    pub(crate) part: Part,
    /// Only the metadata of objects is shown.
    pub(crate) is_partial: bool,
}

/// Which part of an object is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but the status, where the resource has one apart.
    Main,
    /// The status.
    Status,
    /// A namespace's own finalizers.
    Finalize,
    /// The node of a Pod.
    Binding,
}

impl Target {
    /// Finds what a path names; `None`: the server knows no such place.
    pub(crate) fn find(registry: &Registry, path: &ObjectPath) -> Option<Self> {
        let (resource, version) = registry.find(&path.group, &path.version, &path.plural)?;
        let served = &resource.versions[version];
        let part = match (path.subresource.as_str(), resource.builtin()) {
            ("", _) => Part::Main,
            ("status", _) if served.has_status => Part::Status,
            ("finalize", Some(Builtin::Namespace)) => Part::Finalize,
            ("binding", Some(Builtin::Pod)) => Part::Binding,
            _ => return None,
        };
        if !resource.namespaced && !path.namespace.is_empty() {
            return None;
        }
        let key = ObjectKey::new(&path.namespace, &path.name);
        Some(Self { resource: Arc::clone(resource), served: version, key, part, is_partial: false })
    }

    /// The object of a resource that `key` names, in the preferred version.
    pub(crate) fn object(resource: &Arc<Resource>, key: ObjectKey, part: Part) -> Self {
        Self { resource: Arc::clone(resource), served: 0, key, part, is_partial: false }
    }

    /// The version that was asked for.
    pub(crate) fn version(&self) -> &Version {
        &self.resource.versions[self.served]
    }

    /// The name of the object, in refusals.
    pub(crate) fn name(&self) -> &str {
        &self.key.name
    }

    /// An object as it is kept, as it is answered.
    pub(crate) fn outward(&self, object: Arc<Value>) -> Arc<Value> {
        if !self.is_partial {
            return self.in_version(object);
        }
        let metadata = &object["metadata"];
        Arc::new(json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata }))
    }

    /// What a list says that it is: its kind and version.
    pub(crate) fn list_type(&self) -> (String, &str) {
        match self.is_partial {
            true => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1"),
            false => (format!("{}List", self.resource.kind), &self.version().api_version),
        }
    }

    /// An object as it is kept, as it is in this version.
    pub(crate) fn in_version(&self, object: Arc<Value>) -> Arc<Value> {
        let api_version = &self.version().api_version;
        if object["apiVersion"] == **api_version {
            return object;
        }
        let mut shown = Value::clone(&object);
        shown["apiVersion"] = Value::String(api_version.clone());
        if self.resource.builtin() == Some(Builtin::Event) {
            rename(&mut shown, EVENT_FIELDS.iter().map(|(core, new)| (*core, *new)));
        }
        Arc::new(shown)
    }

    /// An object in this version, as it is kept.
    ///
    /// # Errors
    ///
    /// It says of itself that it is something else.
    pub(crate) fn inward(&self, mut object: Value) -> Result<Value, Refusal> {
        let Some(fields) = object.as_object_mut() else {
            return Err(Refusal::bad_request("the object provided is no object"));
        };
        self.check_type(fields)?;
        let stored = self.stored_version();
        object["apiVersion"] = Value::String(stored.to_owned());
        if self.resource.builtin() == Some(Builtin::Event) && !self.resource.group.is_empty() {
            rename(&mut object, EVENT_FIELDS.iter().map(|(core, new)| (*new, *core)));
        }
        Ok(object)
    }

    fn check_type(&self, fields: &mut Map<String, Value>) -> Result<(), Refusal> {
        let api_version = &self.version().api_version;
        let kind = &self.resource.kind;
        let name = fields.get("metadata").and_then(|metadata| metadata["name"].as_str()).unwrap_or_default().to_owned();
        let name = name.as_str();
        for (field, expected) in [("apiVersion", api_version), ("kind", kind)] {
            match fields.get(field).and_then(Value::as_str).unwrap_or_default() {
                "" if self.resource.rules == Rules::Custom && field == "kind" => {
                    return Err(Refusal::bad_request("Object 'Kind' is missing"));
                }
                "" => {
                    fields.insert(field.to_owned(), Value::String(expected.clone()));
                }
                found if found == expected => {}
                found => {
                    return Err(self.wrong_type(field, found, expected, name));
                }
            }
        }
        Ok(())
    }

    fn wrong_type(&self, field: &str, found: &str, expected: &str, name: &str) -> Refusal {
        let kind = &self.resource.kind;
        match (field, self.resource.rules) {
            ("apiVersion", Rules::Custom) => Refusal::bad_request(format!(
                "the API version in the data ({found}) does not match the expected API version ({expected})"
            )),
            ("apiVersion", Rules::Builtin(_)) => Refusal::bad_request(format!(
                "{kind} in version \"{found}\" cannot be handled as a {kind}: no kind \"{kind}\" is registered for version \
                 \"{found}\""
            )),
            (_, Rules::Custom) => Refusal::wrong_kind(&self.resource, name, found),
            (_, Rules::Builtin(_)) => Refusal::bad_request(format!(
                "{found} in version \"{}\" cannot be handled as a {kind}",
                self.version().name
            )),
        }
    }

    /// The `apiVersion` under which objects are kept.
    fn stored_version(&self) -> &str {
        match self.resource.builtin() {
            Some(Builtin::Event) => "v1",
            _ => &self.resource.versions[0].api_version,
        }
    }
}

/// Fields of an Event: in the core group, in which it is kept, and in `events.k8s.io`.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename<'n>(object: &mut Value, names: impl Iterator<Item = (&'n str, &'n str)>) {
    let Some(fields) = object.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
}
