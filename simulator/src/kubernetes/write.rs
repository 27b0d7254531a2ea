//! Creates, replaces and patches.

use std::sync::Arc;

use serde_json::{Value, json};

use super::admission;
use super::object::{
    ObjectKey, carry, carry_meta, finalizers, generation, is_going, meta_text, metadata_mut, set_meta, version,
};
use super::refusal::{FieldError, Refusal};
use super::resource::{Builtin, Rules};
use super::state::State;
use super::target::{Part, Target};

/// Letters of `generateName` that are kept: the name is to fit into 63.
const LONGEST_BASE: usize = 58;

/// How something is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOptions {
    /// Everything is checked and answered, nothing kept.
    pub(crate) dry_run: bool,
    /// Who writes.
    pub(crate) manager: String,
    /// Unknown fields are refused, not dropped.
    pub(crate) strict: bool,
    /// A server-side apply takes fields from other managers.
    pub(crate) force: bool,
    /// The object already says who owns what: a server-side apply.
    pub(crate) is_apply: bool,
    /// A patch of any form: what it does not say is what is there.
    pub(crate) is_patch: bool,
}

/// What a write left.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// In the version that was asked for.
    pub(crate) object: Arc<Value>,
    pub(crate) is_new: bool,
}

impl State {
    /// Makes an object.
    pub(crate) fn create(&mut self, target: &Target, options: &WriteOptions, object: Value) -> Result<Kept, Refusal> {
        let resource = &target.resource;
        let mut object = admission::decode(target, object, options.strict)?;
        self.place(target, &mut object)?;
        if version(&object) != 0 {
            let why = "resourceVersion should not be set on objects to be created";
            return Err(Refusal::unexpected(why));
        }
        let generate_name: String = meta_text(&object, "generateName").chars().take(LONGEST_BASE).collect();
        if meta_text(&object, "name").is_empty() && !generate_name.is_empty() {
            let name = format!("{generate_name}{}", self.next_suffix());
            set_meta(&mut object, "name", name);
        }
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
            metadata_mut(&mut object).remove(field);
        }
        let (uid, time) = (self.next_uid(), self.time());
        set_meta(&mut object, "uid", uid);
        set_meta(&mut object, "creationTimestamp", time);
        if !options.is_apply {
            object = self.own(target, options, object, None);
        }
        let object = admission::create(self, target, object, options.dry_run)?;
        let key = ObjectKey::of(&object);
        if self.get(resource, &key).is_some() {
            return Err(Refusal::already_exists(resource, &key.name));
        }
        if options.dry_run {
            return Ok(Kept { object: target.outward(Arc::new(object)), is_new: true });
        }
        let kept = self.put(resource, object);
        self.after_write(target, &kept);
        Ok(Kept { object: target.outward(kept), is_new: true })
    }

    /// Puts a new object into the namespace of the request.
    fn place(&self, target: &Target, object: &mut Value) -> Result<(), Refusal> {
        let resource = &target.resource;
        let namespace = &target.key.namespace;
        match meta_text(object, "namespace") {
            "" => {}
            found if found == namespace => {}
            _ => {
                let why = "the namespace of the provided object does not match the namespace sent on the request";
                return Err(Refusal::bad_request(why));
            }
        }
        if !resource.namespaced {
            return Ok(());
        }
        set_meta(object, "namespace", namespace.as_str());
        let namespaces = self.registry.of(Builtin::Namespace);
        match self.get(namespaces, &ObjectKey::new("", namespace)) {
            None => Err(Refusal::not_found(namespaces, namespace)),
            Some(going) if is_going(going) => Err(Refusal::terminating(resource, meta_text(object, "name"), namespace)),
            Some(_) => Ok(()),
        }
    }

    /// Changes an object into what `change` makes of it as it is shown now. `None`, where nothing is there and the
    /// kind allows it, it is made of nothing.
    pub(crate) fn update(
        &mut self,
        target: &Target,
        options: &WriteOptions,
        change: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Kept, Refusal> {
        let resource = &target.resource;
        let live = self.get(resource, &target.key).cloned();
        let live = live.ok_or_else(|| Refusal::not_found(resource, target.name()))?;
        let changed = change(&target.in_version(Arc::clone(&live)))?;
        let mut object = admission::decode(target, changed, options.strict)?;
        check_identity(target, options, &mut object, &live)?;
        check_fixed(target, &mut object, &live)?;
        restrict(target, &mut object, &live);
        if !options.is_apply {
            object = self.own(target, options, object, Some(&live));
        }
        let object = admission::update(self, target, object, &live, options.dry_run)?;
        self.finish_update(target, options, object, &live)
    }

    fn finish_update(
        &mut self,
        target: &Target,
        options: &WriteOptions,
        mut object: Value,
        live: &Arc<Value>,
    ) -> Result<Kept, Refusal> {
        let resource = &target.resource;
        check_finalizers(target, &object, live)?;
        if counts_as_new_generation(target, &object, live) {
            set_meta(&mut object, "generation", generation(live) + 1);
        }
        ignore_times(&mut object, live);
        let is_same = object == **live;
        let is_done = is_going(live) && is_released(target, &object);
        if options.dry_run || is_same && !is_done {
            return Ok(Kept { object: target.outward(Arc::new(object)), is_new: false });
        }
        if is_done {
            self.remove(resource, &target.key);
            self.after_removal(target, live);
            return Ok(Kept { object: target.outward(Arc::new(object)), is_new: false });
        }
        let kept = self.put(resource, object);
        self.after_write(target, &kept);
        Ok(Kept { object: target.outward(kept), is_new: false })
    }
}

/// Name, namespace, uid and version must be those of the object that is there.
fn check_identity(target: &Target, options: &WriteOptions, object: &mut Value, live: &Value) -> Result<(), Refusal> {
    let resource = &target.resource;
    let name = target.name();
    if meta_text(object, "name") != name {
        return Err(Refusal::other_name(meta_text(object, "name"), name));
    }
    match meta_text(object, "namespace") {
        "" if resource.namespaced => set_meta(object, "namespace", target.key.namespace.as_str()),
        found if found == target.key.namespace => {}
        _ => {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad_request(why));
        }
    }
    let (given, there) = (meta_text(object, "uid"), meta_text(live, "uid"));
    if !options.is_patch && !given.is_empty() && given != there {
        let why = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {there}");
        return Err(Refusal::conflict(resource, name, &why));
    }
    let is_unguarded = meta_text(object, "resourceVersion").is_empty();
    if is_unguarded {
        if !resource.builtin().is_some_and(Builtin::allows_unconditional_update) {
            let error = FieldError::invalid("metadata.resourceVersion", 0, "must be specified for an update");
            return Err(Refusal::invalid(resource, name, &[error]));
        }
        carry_meta(live, object, "resourceVersion");
    }
    if meta_text(object, "resourceVersion") != meta_text(live, "resourceVersion") {
        return Err(Refusal::modified(resource, name));
    }
    Ok(())
}

/// What the server gave an object is carried over; what nobody may change must be as it is.
fn check_fixed(target: &Target, object: &mut Value, live: &Value) -> Result<(), Refusal> {
    const FIXED: &[&str] = &["uid", "deletionTimestamp", "deletionGracePeriodSeconds"];
    // Of its metadata the status of a custom resource takes nothing.
    let is_held = target.part != Part::Status || target.resource.rules != Rules::Custom;
    let mut errors = Vec::new();
    for field in FIXED {
        let (given, there) = (&object["metadata"][field], &live["metadata"][field]);
        // Null is no value; and what a deletion set cannot be taken back, silently.
        let may_be_given = *field == "uid" || !is_going(live);
        if is_held && may_be_given && !given.is_null() && given != there {
            errors.push(FieldError::invalid(format!("metadata.{field}"), given.clone(), "field is immutable"));
        }
        carry_meta(live, object, field);
    }
    for field in ["creationTimestamp", "generation"] {
        carry_meta(live, object, field);
    }
    set_meta(object, "selfLink", Value::Null);
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(&target.resource, target.name(), &errors)),
    }
}

/// Takes back what this part of an object may not write.
fn restrict(target: &Target, object: &mut Value, live: &Value) {
    let resource = &target.resource;
    match (target.part, resource.rules) {
        (Part::Main | Part::Binding, _) => {
            if target.version().has_status {
                carry(live, object, "status");
            }
        }
        (Part::Status, Rules::Custom) => {
            let managed = object["metadata"]["managedFields"].take();
            let status = object.get("status").cloned();
            *object = live.clone();
            set_meta(object, "managedFields", managed);
            match status {
                Some(status) => object["status"] = status,
                None => drop(object.as_object_mut().and_then(|fields| fields.remove("status"))),
            }
        }
        (Part::Status, Rules::Builtin(builtin)) => {
            carry(live, object, "spec");
            match builtin {
                Builtin::Pod => carry_meta(live, object, "ownerReferences"),
                Builtin::Deployment => carry_meta(live, object, "labels"),
                _ => {}
            }
        }
        (Part::Finalize, _) => carry(live, object, "status"),
    }
}

/// While an object is going, finalizers may only be taken away.
fn check_finalizers(target: &Target, object: &Value, live: &Value) -> Result<(), Refusal> {
    if !is_going(live) {
        return Ok(());
    }
    let mut new: Vec<&str> = finalizers(object).filter(|name| !finalizers(live).any(|old| old == *name)).collect();
    new.sort_unstable();
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        new.join(", ")
    );
    Err(Refusal::invalid(&target.resource, target.name(), &[FieldError::forbidden("metadata.finalizers", detail)]))
}

/// Whether a change is one that observers of the generation wait for.
fn counts_as_new_generation(target: &Target, object: &Value, live: &Value) -> bool {
    if target.part == Part::Status {
        return false;
    }
    let differs = |field: &str| object.get(field) != live.get(field);
    match target.resource.rules {
        Rules::Builtin(builtin) if !builtin.has_generation() => false,
        Rules::Builtin(Builtin::Deployment) => {
            differs("spec") || object["metadata"]["annotations"] != live["metadata"]["annotations"]
        }
        Rules::Builtin(Builtin::EndpointSlice) => {
            ["endpoints", "ports", "addressType"].into_iter().any(differs)
                || object["metadata"]["labels"] != live["metadata"]["labels"]
        }
        Rules::Builtin(_) => differs("spec"),
        Rules::Custom => {
            let has_status = target.version().has_status;
            let is_counted = |field: &str| field != "metadata" && !(has_status && field == "status");
            let fields = |object: &Value| -> serde_json::Map<String, Value> {
                let fields = object.as_object().into_iter().flatten().filter(|(field, _)| is_counted(field));
                fields.map(|(field, value)| (field.clone(), value.clone())).collect()
            };
            fields(object) != fields(live)
        }
    }
}

/// A write that changes nothing but when somebody last wrote changes nothing.
fn ignore_times(object: &mut Value, live: &Value) {
    let timeless = |object: &Value| {
        let mut managed = object["metadata"]["managedFields"].clone();
        managed.as_array_mut().into_iter().flatten().for_each(|entry| entry["time"] = Value::Null);
        managed
    };
    if object != live && timeless(object) == timeless(live) {
        let mut as_before = object.clone();
        carry_meta(live, &mut as_before, "managedFields");
        if as_before == *live {
            *object = as_before;
        }
    }
}

/// Whether nothing keeps a going object any more.
fn is_released(target: &Target, object: &Value) -> bool {
    let has_no_grace = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default() == 0;
    let own = match target.resource.builtin() {
        Some(Builtin::Namespace) => object["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty),
        _ => true,
    };
    has_no_grace && own && finalizers(object).next().is_none()
}

/// The status of a definition whose names were accepted.
pub(crate) fn established(definition: &Value, time: &str) -> Value {
    let condition = |kind: &str, reason: &str, message: &str| json!({ "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": time });
    let stored = definition["spec"]["versions"].as_array().into_iter().flatten();
    let stored: Vec<&Value> =
        stored.filter(|version| version["storage"] == true).map(|version| &version["name"]).collect();
    json!({
        "acceptedNames": definition["spec"]["names"],
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "storedVersions": stored,
    })
}

impl State {
    /// Gives a Pod its node, as a scheduler does.
    pub(crate) fn bind(&mut self, target: &Target, node: &str) -> Result<Kept, Refusal> {
        let options = WriteOptions { manager: "kube-scheduler".to_owned(), ..WriteOptions::default() };
        let live = self.get(&target.resource, &target.key);
        let bound = live.is_some_and(|live| !live["spec"]["nodeName"].is_null());
        if bound {
            let why = format!("pod {} is already assigned to node", target.name());
            return Err(Refusal::conflict(&target.resource, target.name(), &why));
        }
        let time = self.time();
        self.update(target, &options, |live| {
            let mut object = live.clone();
            object["spec"]["nodeName"] = json!(node);
            Ok(object)
        })?;
        let target = Target { part: Part::Status, ..target.clone() };
        self.update(&target, &options, |live| {
            let mut object = live.clone();
            let condition = json!({ "type": "PodScheduled", "status": "True", "lastTransitionTime": time });
            match object["status"]["conditions"].as_array_mut() {
                Some(conditions) => conditions.push(condition),
                None => object["status"]["conditions"] = json!([condition]),
            }
            Ok(object)
        })
    }
}
