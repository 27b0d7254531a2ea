//! Deletion: with preconditions, grace, finalizers and propagation.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::admission;
use super::object::{ObjectKey, finalizers, generation, is_going, meta_text, set_meta};
use super::refusal::{FieldError, Refusal};
use super::request::Request;
use super::resource::{Builtin, Rules};
use super::selector::Selector;
use super::state::State;
use super::target::Target;

/// What a deletion says besides the name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeleteOptions {
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) preconditions: Option<Preconditions>,
    pub(crate) propagation_policy: Option<String>,
    dry_run: Vec<String>,
}

/// What the object must be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Preconditions {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What a deletion left.
#[derive(Clone, Debug)]
pub(crate) enum Deleted {
    /// It is kept until its finalizers are gone, or its grace is over.
    Going(Arc<Value>),
    /// It is gone: the object as it last was, and what is answered.
    Gone(Arc<Value>),
}

impl DeleteOptions {
    /// Reads the options of a request: its body, else its parameters.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub(crate) fn read(request: &Request) -> Result<Self, Refusal> {
        let mut options = match request.body.is_empty() {
            true => Self::default(),
            false => serde_json::from_slice(&request.body)
                .map_err(|error| Refusal::bad_request(format!("couldn't read the DeleteOptions: {error}")))?,
        };
        options.grace_period_seconds = options.grace_period_seconds.or(request.query.grace_period_seconds);
        options.propagation_policy = options.propagation_policy.or_else(|| request.query.propagation_policy.clone());
        if request.query.dry_run {
            options.dry_run.push("All".to_owned());
        }
        Ok(options)
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run.iter().any(|stage| stage == "All")
    }
}

impl State {
    /// Deletes one object, or begins to.
    pub(crate) fn delete(&mut self, target: &Target, options: &DeleteOptions) -> Result<Deleted, Refusal> {
        let resource = &target.resource;
        let live = self.get(resource, &target.key).cloned();
        let live = live.ok_or_else(|| Refusal::not_found(resource, target.name()))?;
        check_preconditions(target, options, &live)?;
        check_protected(target)?;
        let mut object = Value::clone(&live);
        set_propagation(&mut object, options, target)?;
        let grace = self.grace(target, options, &live);
        let was_going = is_going(&live);
        if was_going && is_pending(&live, options) {
            return Ok(Deleted::Going(live));
        }
        let is_kept = finalizers(&object).next().is_some() || grace > 0 || self.is_namespace_kept(target, &live);
        if !is_kept {
            if options.is_dry_run() {
                return Ok(Deleted::Gone(live));
            }
            let last = self.remove(resource, &target.key).unwrap_or(live);
            self.after_removal(target, &last);
            return Ok(Deleted::Gone(last));
        }
        self.mark(target, &mut object, &live, grace);
        if options.is_dry_run() || object == *live {
            return Ok(Deleted::Going(Arc::new(object)));
        }
        let kept = self.put(resource, object);
        self.after_write(target, &kept);
        Ok(Deleted::Going(kept))
    }

    /// Says in an object that it is going.
    fn mark(&self, target: &Target, object: &mut Value, live: &Value, grace: i64) {
        let now = self.now().wall;
        let until = now + std::time::Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        if !is_going(live) {
            set_meta(object, "deletionTimestamp", shown(until));
            set_meta(object, "deletionGracePeriodSeconds", grace);
            if generation(live) > 0 {
                set_meta(object, "generation", generation(live) + 1);
            }
        } else if live["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default() > grace {
            set_meta(object, "deletionTimestamp", shown(until));
            set_meta(object, "deletionGracePeriodSeconds", grace);
        }
        if target.resource.builtin() == Some(Builtin::Namespace) {
            object["status"]["phase"] = json!("Terminating");
            object["metadata"].as_object_mut().map(|metadata| metadata.remove("deletionGracePeriodSeconds"));
        }
    }

    /// Seconds that a Pod may take to end; other kinds have none.
    fn grace(&self, target: &Target, options: &DeleteOptions, live: &Value) -> i64 {
        if target.resource.builtin() != Some(Builtin::Pod) {
            return 0;
        }
        let is_bound = live["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
        let has_ended = matches!(live["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
        if !is_bound || has_ended {
            return 0;
        }
        let own = live["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or_default();
        match options.grace_period_seconds.unwrap_or(own) {
            negative if negative < 0 => 1,
            grace => grace,
        }
    }

    /// A namespace stays until it was emptied.
    fn is_namespace_kept(&self, target: &Target, live: &Value) -> bool {
        target.resource.builtin() == Some(Builtin::Namespace)
            && live["spec"]["finalizers"].as_array().is_some_and(|keepers| !keepers.is_empty())
    }

    /// Deletes all objects of a collection that are selected; gives them as they were.
    pub(crate) fn delete_all(
        &mut self,
        target: &Target,
        selector: &Selector,
        options: &DeleteOptions,
    ) -> Result<Vec<Arc<Value>>, Refusal> {
        let namespace = &target.key.namespace;
        let in_reach = |key: &ObjectKey| namespace.is_empty() || key.namespace == *namespace;
        let selected: Vec<(ObjectKey, Arc<Value>)> = self
            .store
            .objects(target.resource.table)
            .filter(|(key, object)| in_reach(key) && selector.matches(object))
            .map(|(key, object)| (key.clone(), Arc::clone(object)))
            .collect();
        let mut deleted = Vec::with_capacity(selected.len());
        for (key, object) in selected {
            self.delete(&Target { key, ..target.clone() }, options)?;
            deleted.push(target.outward(object));
        }
        Ok(deleted)
    }

    /// What follows from a write: a definition is served, or served otherwise.
    pub(crate) fn after_write(&mut self, target: &Target, object: &Arc<Value>) {
        if target.resource.builtin() != Some(Builtin::CustomResourceDefinition) {
            return;
        }
        let name = meta_text(object, "name").to_owned();
        let defined = self.registry.put(|id| admission::defined_resource(object, id), &name);
        self.store.begin(defined);
        if object["status"]["conditions"].is_null() {
            let mut object = Value::clone(object);
            object["status"] = super::write::established(&object, &self.time());
            self.put(&target.resource, object);
        }
    }

    /// What follows when an object is gone: the objects of a definition go with it.
    pub(crate) fn after_removal(&mut self, target: &Target, object: &Value) {
        if target.resource.builtin() != Some(Builtin::CustomResourceDefinition) {
            return;
        }
        let defined = self.registry.by_name(meta_text(object, "name")).map(Arc::clone);
        let Some(defined) = defined.filter(|defined| defined.rules == Rules::Custom) else { return };
        let keys: Vec<ObjectKey> = self.store.objects(defined.table).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.remove(&defined, &key);
        }
        self.registry.remove(defined.id);
    }
}

fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn check_preconditions(target: &Target, options: &DeleteOptions, live: &Value) -> Result<(), Refusal> {
    let Some(Preconditions { uid, resource_version }) = &options.preconditions else { return Ok(()) };
    let refuse = |why: String| Err(Refusal::conflict(&target.resource, target.name(), &why));
    let there = meta_text(live, "uid");
    if let Some(uid) = uid.as_deref().filter(|uid| *uid != there) {
        return refuse(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({there}). The object might have been \
             deleted and then recreated"
        ));
    }
    let there = meta_text(live, "resourceVersion");
    if let Some(version) = resource_version.as_deref().filter(|version| *version != there) {
        return refuse(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({there}). \
             The object might have been modified"
        ));
    }
    Ok(())
}

/// Some namespaces are never deleted.
fn check_protected(target: &Target) -> Result<(), Refusal> {
    let is_protected = matches!(target.name(), "default" | "kube-system" | "kube-public");
    if target.resource.builtin() == Some(Builtin::Namespace) && is_protected {
        return Err(Refusal::forbidden(&target.resource, target.name(), "this namespace may not be deleted"));
    }
    Ok(())
}

/// Who waits for whom is said by a finalizer, which the garbage collector takes away.
fn set_propagation(object: &mut Value, options: &DeleteOptions, target: &Target) -> Result<(), Refusal> {
    let wanted = match options.propagation_policy.as_deref() {
        None => return Ok(()),
        Some("Background") => None,
        Some("Foreground") => Some(FOREGROUND),
        Some("Orphan") => Some(ORPHAN),
        Some(other) => {
            let supported = &["Background", "Foreground", "Orphan"];
            let error = FieldError::unsupported("propagationPolicy", other, supported);
            return Err(Refusal::invalid(&target.resource, target.name(), &[error]));
        }
    };
    let others = finalizers(object).filter(|name| *name != FOREGROUND && *name != ORPHAN);
    let all: Vec<Value> = others.chain(wanted).map(|name| json!(name)).collect();
    set_meta(object, "finalizers", if all.is_empty() { Value::Null } else { Value::Array(all) });
    Ok(())
}

/// Whether a deletion that is under way is not made shorter by this one.
fn is_pending(live: &Value, options: &DeleteOptions) -> bool {
    let left = live["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    left > 0 && options.grace_period_seconds.is_none_or(|wanted| wanted >= left)
}
