//! How a controller reads and writes: by the kinds' own types, while it has the server to itself.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::kubernetes::delete::DeleteOptions;
use crate::kubernetes::object::ObjectKey;
use crate::kubernetes::options::KubernetesOptions;
use crate::kubernetes::refusal::Refusal;
use crate::kubernetes::resource::Resource;
use crate::kubernetes::state::State;
use crate::kubernetes::target::{Part, Target};
use crate::kubernetes::write::WriteOptions;

/// A built-in kind.
pub(super) trait Kind:
    k8s_openapi::Resource + k8s_openapi::Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned
{
}

impl<K> Kind for K where K: k8s_openapi::Resource + k8s_openapi::Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned
{}

/// One controller's access to the server. What the server refuses is left for the next look.
pub(super) struct Hand<'s> {
    state: &'s mut State,
    manager: &'static str,
}

impl<'s> Hand<'s> {
    pub(super) fn new(state: &'s mut State, manager: &'static str) -> Self {
        Self { state, manager }
    }

    pub(super) fn options(&self) -> &KubernetesOptions {
        &self.state.options
    }

    /// This moment as pauses are measured.
    pub(super) fn now(&self) -> Instant {
        self.state.now().instant
    }

    /// This moment as objects show it.
    pub(super) fn time(&self) -> Time {
        Time(self.state.now().wall)
    }

    /// Every object of a kind, in order of namespace and name.
    pub(super) fn all<K: Kind>(&self) -> Vec<K> {
        let objects = self.state.store.objects(self.resource::<K>().table);
        objects.map(|(_, object)| K::deserialize(&**object).expect("objects are kept as their kind")).collect()
    }

    /// Every object of every resource.
    pub(super) fn everything(&self) -> Vec<(Arc<Resource>, Arc<Value>)> {
        let resources = self.state.registry.all().filter(|resource| resource.id == resource.table);
        let objects = resources.flat_map(|resource| {
            let objects = self.state.store.objects(resource.table);
            objects.map(|(_, object)| (Arc::clone(resource), Arc::clone(object)))
        });
        objects.collect()
    }

    /// The resource that objects of a kind belong to, when the server knows it.
    pub(super) fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.state.registry.find_kind(api_version, kind).map(|(resource, _)| resource)
    }

    pub(super) fn create<K: Kind>(&mut self, object: &K) {
        let target = Target::object(&self.resource::<K>(), key_of(object.metadata()), Part::Main);
        let object = serde_json::to_value(object).expect("objects are JSON");
        let written = self.state.create(&target, &self.write_options(), object);
        self.tell(&target, written);
    }

    /// Changes a part of an object as it is now.
    pub(super) fn edit<K: Kind>(&mut self, part: Part, metadata: &ObjectMeta, change: impl FnOnce(&mut K)) {
        let target = Target::object(&self.resource::<K>(), key_of(metadata), part);
        let written = self.state.update(&target, &self.write_options(), |live| {
            let mut object = K::deserialize(live).map_err(Refusal::internal)?;
            change(&mut object);
            serde_json::to_value(object).map_err(Refusal::internal)
        });
        self.tell(&target, written);
    }

    /// Changes an object of any resource as it is now.
    pub(super) fn edit_any(&mut self, resource: &Arc<Resource>, object: &Value, change: impl FnOnce(&mut Value)) {
        let target = Target::object(resource, ObjectKey::of(object), Part::Main);
        let written = self.state.update(&target, &self.write_options(), |live| {
            let mut object = live.clone();
            change(&mut object);
            Ok(object)
        });
        self.tell(&target, written);
    }

    /// Gives a Pod its Node.
    pub(super) fn bind(&mut self, pod: &ObjectMeta, node: &str) {
        let resource = self.resource::<k8s_openapi::api::core::v1::Pod>();
        let target = Target::object(&resource, key_of(pod), Part::Binding);
        let written = self.state.bind(&target, node);
        self.tell(&target, written);
    }

    /// Deletes an object; `grace` in seconds, `None`: its own.
    pub(super) fn delete<K: Kind>(&mut self, metadata: &ObjectMeta, grace: Option<i64>) {
        let target = Target::object(&self.resource::<K>(), key_of(metadata), Part::Main);
        self.delete_target(&target, grace);
    }

    /// Deletes an object of any resource.
    pub(super) fn delete_any(&mut self, resource: &Arc<Resource>, object: &Value) {
        self.delete_target(&Target::object(resource, ObjectKey::of(object), Part::Main), None);
    }

    fn delete_target(&mut self, target: &Target, grace: Option<i64>) {
        let mut options = DeleteOptions::default();
        options.grace_period_seconds = grace;
        let deleted = self.state.delete(target, &options);
        self.tell(target, deleted);
    }

    fn resource<K: Kind>(&self) -> Arc<Resource> {
        let known = self.state.registry.find_kind(K::API_VERSION, K::KIND);
        Arc::clone(known.expect("the built-in resources are never removed").0)
    }

    fn write_options(&self) -> WriteOptions {
        WriteOptions { manager: self.manager.to_owned(), ..WriteOptions::default() }
    }

    fn tell<T>(&self, target: &Target, written: Result<T, Refusal>) {
        if let Err(refusal) = written {
            let (kind, name) = (&target.resource.kind, target.name());
            tracing::debug!(controller = self.manager, kind, name, "refused: {}", refusal.message());
        }
    }
}

/// A reference that makes an object go with its owner.
pub(super) fn owned_by<K: Kind>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::API_VERSION.to_owned(),
        kind: K::KIND.to_owned(),
        name: owner.metadata().name.clone().unwrap_or_default(),
        uid: owner.metadata().uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Whether an object is the controller of another one.
pub(super) fn owns(owner: &ObjectMeta, other: &ObjectMeta) -> bool {
    let mut owners = other.owner_references.iter().flatten().filter(|owner| owner.controller == Some(true));
    owners.any(|reference| Some(&reference.uid) == owner.uid.as_ref())
}

fn key_of(metadata: &ObjectMeta) -> ObjectKey {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    ObjectKey::new(text(&metadata.namespace), text(&metadata.name))
}
