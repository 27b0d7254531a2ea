//! What the server makes of an object before it is kept: read as its kind, filled with defaults, allotted what it needs,
//! and checked.

mod custom;
mod deployment;
mod event;
mod ingress;
mod lease;
mod metadata;
mod namespace;
mod node;
mod pod;
mod service;
mod slice;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, Node, Pod, Secret, Service, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::object::{drop_empty_metadata, meta_text, normalize_metadata, set_meta};
use super::refusal::{FieldError, Refusal};
use super::resource::{Builtin, Rules};
use super::state::State;
use super::target::Target;

use service::Allotter;

pub(super) use custom::resource as defined_resource;
pub(super) use metadata::is_label_value;
pub(super) use namespace::KEEPER;
pub(super) use node::NOT_READY;

/// Reads an object as its kind: what the kind does not know is dropped (or refused, when `strict`), defaults filled in.
pub(super) fn decode(target: &Target, object: Value, strict: bool) -> Result<Value, Refusal> {
    let object = target.inward(object)?;
    let given = strict.then(|| object.clone());
    let read = match target.resource.rules {
        Rules::Builtin(builtin) => read(builtin, object),
        Rules::Custom => custom::read(target, object),
    };
    let object = read.map_err(|error| {
        let (version, kind) = (&target.version().name, &target.resource.kind);
        Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"))
    })?;
    let mut unknown = Vec::new();
    if let Some(given) = given {
        unknown_fields("", &given, &object, &mut unknown);
    }
    if unknown.is_empty() {
        return Ok(fill_custom_defaults(target, object));
    }
    let (version, kind) = (&target.version().name, &target.resource.kind);
    let unknown: Vec<String> = unknown.into_iter().map(|field| format!("unknown field \"{field}\"")).collect();
    Err(Refusal::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {}",
        unknown.join(", ")
    )))
}

fn fill_custom_defaults(target: &Target, mut object: Value) -> Value {
    if let Some(schema) = &target.version().schema {
        schema.fill_defaults(&mut object);
    }
    object
}

/// The fields of `given` that say something and are not in `kept`.
fn unknown_fields(path: &str, given: &Value, kept: &Value, unknown: &mut Vec<String>) {
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in given {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match kept.get(name) {
                    Some(kept) => unknown_fields(&path, value, kept, unknown),
                    None if says_nothing(value) => {}
                    None => unknown.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (place, (given, kept)) in given.iter().zip(kept).enumerate() {
                unknown_fields(&format!("{path}[{place}]"), given, kept, unknown);
            }
        }
        _ => {}
    }
}

fn read(builtin: Builtin, object: Value) -> Result<Value, serde_json::Error> {
    match builtin {
        Builtin::Namespace => through::<Namespace>(object, |_| ()),
        Builtin::Service => through::<Service>(object, service::fill_defaults),
        Builtin::Pod => through::<Pod>(object, pod::fill_defaults),
        Builtin::Node => through::<Node>(object, |_| ()),
        Builtin::EndpointSlice => through::<EndpointSlice>(object, slice::fill_defaults),
        Builtin::Event => through::<Event>(object, |_| ()),
        Builtin::Lease => through::<Lease>(object, |_| ()),
        Builtin::Deployment => through::<Deployment>(object, deployment::fill_defaults),
        Builtin::Ingress => through::<Ingress>(object, |_| ()),
        Builtin::IngressClass => through::<IngressClass>(object, |_| ()),
        Builtin::Secret => through::<Secret>(object, metadata::fill_secret_defaults),
        Builtin::ConfigMap => through::<ConfigMap>(object, |_| ()),
        Builtin::ServiceAccount => through::<ServiceAccount>(object, |_| ()),
        Builtin::CustomResourceDefinition => custom::read_definition(object),
    }
}

fn through<T: DeserializeOwned + Serialize>(
    object: Value,
    change: impl FnOnce(&mut T),
) -> Result<Value, serde_json::Error> {
    let mut typed: T = serde_json::from_value(object)?;
    change(&mut typed);
    written(&typed)
}

/// An object as the server writes it: nothing that is empty, where the kind leaves that out.
fn written<T: Serialize>(typed: &T) -> Result<Value, serde_json::Error> {
    let mut object = serde_json::to_value(typed)?;
    drop_empty_lists(&mut object);
    drop_empty_metadata(&mut object);
    Ok(object)
}

/// Maps that are left out when they hold nothing; other empty objects say something (`emptyDir: {}`).
const MAPS: &[&str] =
    &["labels", "annotations", "selector", "nodeSelector", "matchLabels", "data", "limits", "requests"];
/// Lists that are shown when they hold nothing.
const SHOWN_EMPTY: &[&str] = &["endpoints"];

fn drop_empty_lists(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| match value {
                Value::Null => false,
                Value::Array(list) => !list.is_empty() || SHOWN_EMPTY.contains(&name.as_str()),
                Value::Object(map) => !map.is_empty() || !MAPS.contains(&name.as_str()),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            });
            fields.values_mut().for_each(drop_empty_lists);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty_lists),
        _ => {}
    }
}

/// Completes and checks an object that is to be made.
pub(super) fn create(state: &State, target: &Target, mut object: Value, is_dry_run: bool) -> Result<Value, Refusal> {
    let resource = &target.resource;
    match resource.rules {
        Rules::Builtin(builtin) => {
            let has_status = target.version().has_status;
            if let Some(fields) = object.as_object_mut().filter(|_| has_status && builtin.resets_status_on_create()) {
                fields.remove("status");
            }
            if builtin.has_generation() {
                set_meta(&mut object, "generation", 1);
            }
        }
        Rules::Custom => {
            if let Some(fields) = object.as_object_mut().filter(|_| target.version().has_status) {
                fields.remove("status");
            }
            set_meta(&mut object, "generation", 1);
        }
    }
    let completion = Completion { state, target, is_dry_run, live: None };
    let (object, errors) = completion.run(object)?;
    let name = meta_text(&object, "name").to_owned();
    if errors.is_empty() { Ok(object) } else { Err(Refusal::invalid(resource, &name, &errors)) }
}

/// Completes and checks an object that is to take the place of `live`.
pub(super) fn update(
    state: &State,
    target: &Target,
    object: Value,
    live: &Value,
    is_dry_run: bool,
) -> Result<Value, Refusal> {
    let completion = Completion { state, target, is_dry_run, live: Some(live) };
    let (object, errors) = completion.run(object)?;
    if errors.is_empty() { Ok(object) } else { Err(Refusal::invalid(&target.resource, target.name(), &errors)) }
}

/// Where an object is completed and checked.
struct Completion<'c> {
    state: &'c State,
    target: &'c Target,
    is_dry_run: bool,
    live: Option<&'c Value>,
}

impl Completion<'_> {
    /// The object, and what is wrong with it.
    fn run(&self, object: Value) -> Result<(Value, Vec<FieldError>), Refusal> {
        let mut wrong = Vec::new();
        let object = match self.target.resource.rules {
            Rules::Custom => {
                wrong = custom::check(self.target, &object, self.live);
                object
            }
            Rules::Builtin(builtin) => self.complete(builtin, object, &mut wrong)?,
        };
        // Of the whole object: a kind may give itself labels.
        let mut errors = match self.live {
            None => metadata::check_new(self.target, &object),
            Some(_) => metadata::check(self.target, &object),
        };
        errors.extend(wrong);
        Ok((object, errors))
    }

    fn complete(&self, builtin: Builtin, object: Value, errors: &mut Vec<FieldError>) -> Result<Value, Refusal> {
        let part = self.target.part;
        match builtin {
            Builtin::Service => {
                let allotter = Allotter::new(self.state, self.is_dry_run);
                let mut refused = Ok(());
                let admit = |new: &mut Service, old: Option<&Service>| {
                    refused = service::admit(allotter, new, old, part, errors);
                };
                let object = self.admit(object, admit)?;
                refused.map(|()| object)
            }
            Builtin::Pod => self.admit(object, |new: &mut Pod, old| pod::admit(new, old, part, errors)),
            Builtin::Deployment => self.admit(object, |new: &mut Deployment, old| deployment::admit(new, old, errors)),
            Builtin::Ingress => self.admit(object, |new: &mut Ingress, _| ingress::admit(new, errors)),
            Builtin::IngressClass => {
                self.admit(object, |new: &mut IngressClass, old| ingress::admit_class(new, old, errors))
            }
            Builtin::Node => self.admit(object, |new: &mut Node, old| node::admit(new, old, errors)),
            Builtin::Namespace => self.admit(object, |new: &mut Namespace, old| namespace::admit(new, old, part)),
            Builtin::EndpointSlice => self.admit(object, |new: &mut EndpointSlice, old| slice::admit(new, old, errors)),
            Builtin::Lease => self.admit(object, |new: &mut Lease, _| lease::admit(new, errors)),
            Builtin::ConfigMap => {
                self.admit(object, |new: &mut ConfigMap, old| metadata::check_config_map(new, old, errors))
            }
            Builtin::Secret => self.admit(object, |new: &mut Secret, old| metadata::check_secret(new, old, errors)),
            Builtin::Event if !self.target.resource.group.is_empty() => {
                self.admit(object, |new: &mut Event, old| event::admit(new, old, errors))
            }
            Builtin::CustomResourceDefinition => {
                custom::check_definition(&object, errors);
                Ok(object)
            }
            Builtin::Event | Builtin::ServiceAccount => Ok(object),
        }
    }

    fn admit<T: DeserializeOwned + Serialize>(
        &self,
        object: Value,
        change: impl FnOnce(&mut T, Option<&T>),
    ) -> Result<Value, Refusal> {
        let read = |object: Value| serde_json::from_value::<T>(object).map_err(Refusal::internal);
        let live = self.live.cloned().map(read).transpose()?;
        let mut object = read(object)?;
        change(&mut object, live.as_ref());
        written(&object).map_err(Refusal::internal)
    }
}

/// Brings the metadata of an object of any kind into form.
fn in_form(mut object: Value) -> Result<Value, serde_json::Error> {
    normalize_metadata(&mut object)?;
    Ok(object)
}
