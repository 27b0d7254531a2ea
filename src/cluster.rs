//! The Kubernetes side: watches, lists, writes of status, finalizers, bindings and events. The only user of a kube client.

mod apply;
mod cache;
mod clock;
mod connect;
mod dry_run;
mod error;
mod events;
mod finalizer;
mod lease;
mod list;
mod snapshot;
mod status;
mod target_group_binding;
#[cfg(test)]
pub(crate) mod testing;
mod trim;
mod watch;
mod written_status;

use std::future::Future;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ObjectReference, Service, ServiceStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Resource as _};
use northgate_planner::crd::{TargetGroupBinding, TargetGroupBindingStatus};
use northgate_planner::id::{Key, ObjectName, ObjectRef, StackId, Uid};
use northgate_planner::plan::{KubeChange, Resolved};
use northgate_planner::snapshot::{ClasslessServices, Settings, Snapshot};
use northgate_planner::spec::class::SERVICE_FINALIZER;
use northgate_planner::targets::BINDING_FINALIZER;

use error::ask;
use finalizer::Finalizer;
use written_status::WrittenStatus;

pub use apply::{Applied, apply, delete};
pub use clock::{Clock, now};
pub use connect::{ConnectOptions, connect};
pub use dry_run::{Refused, dry_run_apply};
pub use error::Error;
pub use kube::Client;
pub use list::{Listing, list, node_instances};

pub(crate) use cache::Change;
pub(crate) use events::Severity;
pub(crate) use snapshot::{SERVICE_NAME_LABEL, concerns_us, is_load_balancer, shares_group, stack_of};
pub(crate) use status::BindingStanding;
pub(crate) use target_group_binding::Written;
pub(crate) use watch::{Caches, Changed};

/// One cluster, as the controller sees it and writes to it.
pub(crate) struct Cluster {
    client: Client,
    settings: Arc<Settings>,
    caches: Caches,
    cloud_controller: lease::Seen,
    events: events::Sender,
    clock: Clock,
    /// What we wrote into statuses and the caches do not show yet.
    written_services: WrittenStatus<ServiceStatus>,
    written_bindings: WrittenStatus<TargetGroupBindingStatus>,
}

impl Cluster {
    /// A cluster that knows nothing yet, and the writer of its events, which is to be run beside it. `instance` names
    /// this process in events.
    pub(crate) fn new(
        client: Client,
        settings: Settings,
        instance: String,
        clock: Clock,
    ) -> (Self, impl Future<Output = ()> + use<>) {
        let (events, writer) = events::channel(client.clone(), instance, clock);
        let cluster = Self {
            client,
            settings: Arc::new(settings),
            caches: Caches::default(),
            cloud_controller: lease::Seen::default(),
            events,
            clock,
            written_services: WrittenStatus::default(),
            written_bindings: WrittenStatus::default(),
        };
        (cluster, writer.run())
    }

    /// Keeps the caches up to date, for ever, and tells every change once it is in them.
    pub(crate) async fn watch(&self, tell: impl Fn(Changed)) {
        let other_controller = async {
            // Otherwise the flag decides alone.
            if self.settings.classless_services == ClasslessServices::Auto {
                self.cloud_controller.keep_fresh(&self.client).await;
            }
        };
        self.cloud_controller.refresh(&self.client).await;
        tokio::join!(self.caches.watch(&self.client, tell), other_controller);
    }

    /// Waits until every cache had its first complete list.
    pub(crate) async fn synced(&self) {
        self.caches.synced().await;
    }

    /// What is not listed yet, each with what keeps it; empty when everything is.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.caches.missing()
    }

    /// What the watches know.
    pub(crate) fn caches(&self) -> &Caches {
        &self.caches
    }

    /// The flags.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the decision about `key` needs, as it is known now. Only for after [`Self::synced`].
    pub(crate) fn snapshot(&self, key: &Key) -> Snapshot {
        snapshot::take(&self.caches, key, &self.settings, self.cloud_controller.get(), self.clock.now())
    }

    /// Puts our finalizer on an object of the snapshot; gives whether it had to be written.
    ///
    /// # Errors
    ///
    /// The API server refuses, or the object is another one by now or going.
    pub(crate) async fn hold(&self, snapshot: &Snapshot, object: &ObjectRef) -> Result<bool, Error> {
        self.set_finalizer(snapshot, object, Finalizer::On).await
    }

    /// Takes our finalizer off an object of the snapshot; gives whether it had to be written.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub(crate) async fn release(&self, snapshot: &Snapshot, object: &ObjectRef) -> Result<bool, Error> {
        self.set_finalizer(snapshot, object, Finalizer::Off).await
    }

    async fn set_finalizer(&self, snapshot: &Snapshot, object: &ObjectRef, wanted: Finalizer) -> Result<bool, Error> {
        let name = object.name();
        let stale = || Error::Stale { object: object.clone() };
        match Kind::of(object).ok_or_else(stale)? {
            Kind::Service => {
                let service = snapshot.services.get(name).ok_or_else(stale)?;
                let api: Api<Service> = self.namespaced(name);
                finalizer::set(&api, object, &service.metadata, SERVICE_FINALIZER, wanted).await
            }
            Kind::Binding => {
                let binding = snapshot.bindings.get(name).ok_or_else(stale)?;
                let api: Api<TargetGroupBinding> = self.namespaced(name);
                finalizer::set(&api, object, &binding.metadata, BINDING_FINALIZER, wanted).await
            }
        }
    }

    /// Asks the API server whether the object of a decision still says what was decided from: the caches may be behind.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] when it does not, or is gone; or the API server could not be asked.
    pub(crate) async fn confirm(&self, snapshot: &Snapshot, key: &Key) -> Result<(), Error> {
        let same = match key {
            Key::Stack(id) => {
                let name = id.owner();
                let found = self.read::<Service>(name).await?;
                let seen = snapshot.services.get(name);
                found.zip(seen).is_some_and(|(mut found, seen)| {
                    trim::service(&mut found);
                    is_same(&found.metadata, &seen.metadata) && found.spec == seen.spec
                })
            }
            Key::Binding(name) => {
                let found = self.read::<TargetGroupBinding>(name).await?;
                let seen = snapshot.bindings.get(name);
                found.zip(seen).is_some_and(|(mut found, seen)| {
                    trim::target_group_binding(&mut found);
                    is_same(&found.metadata, &seen.metadata)
                        && found.metadata.labels == seen.metadata.labels
                        && found.spec == seen.spec
                })
            }
            // They are decided from all objects at once; each of those is confirmed by its own key.
            Key::Rules(_) | Key::Cluster => true,
        };
        if same { Ok(()) } else { Err(Error::Stale { object: object_of(key) }) }
    }

    /// Writes a TargetGroupBinding.
    ///
    /// # Errors
    ///
    /// The API server refuses, or the object is not as it was when this was decided.
    pub(crate) async fn write(&self, change: &Resolved<KubeChange>) -> Result<Option<Written>, Error> {
        let seen = self.caches.bindings.get(change.name()).and_then(|binding| binding.metadata.uid.clone());
        target_group_binding::write(&self.client, change, seen).await
    }

    /// Brings a host name into a Service's status, or clears it; gives whether that had to be written. A Service that is
    /// gone, or another one by now, is left alone.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub(crate) async fn set_host(&self, name: &ObjectName, uid: &Uid, host: Option<&str>) -> Result<bool, Error> {
        let Some(service) = self.caches.services.get(name) else { return Ok(false) };
        if service.metadata.uid.as_deref() != Some(uid.as_str()) {
            return Ok(false);
        }
        let object = match self.written_services.standing(name, &service.metadata) {
            Some(status) => Arc::new(Service { status: Some(status), ..Service::clone(&service) }),
            None => Arc::clone(&service),
        };
        let Some(patch) = status::service(&object, host) else { return Ok(false) };
        let api: Api<Service> = self.namespaced(name);
        let what = || format!("patch the status of Service/{name}");
        let patched = ask(what, api.patch_status(&name.name, &PatchParams::default(), &Patch::Merge(&patch))).await;
        let Some(written) = unless_another(patched)? else { return Ok(false) };
        self.written_services.note(name, &service.metadata, written.status.unwrap_or_default());
        Ok(true)
    }

    /// Brings a TargetGroupBinding's status to how it stands; gives whether that had to be written.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub(crate) async fn set_standing(
        &self,
        snapshot: &Snapshot,
        name: &ObjectName,
        standing: &BindingStanding,
    ) -> Result<bool, Error> {
        let Some(seen) = snapshot.bindings.get(name) else { return Ok(false) };
        // The generation is that of the decision; what stands in the status is newer in the cache.
        let mut object = TargetGroupBinding::clone(seen);
        let cached = self.caches.bindings.get(name).filter(|cached| cached.metadata.uid == seen.metadata.uid);
        let cached = cached.as_ref().unwrap_or(seen);
        let written = self.written_bindings.standing(name, &cached.metadata);
        object.status = written.or_else(|| cached.status.clone());
        let Some(patch) = status::binding(&object, standing, snapshot.now) else { return Ok(false) };
        let api: Api<TargetGroupBinding> = self.namespaced(name);
        let what = || format!("patch the status of TargetGroupBinding/{name}");
        let patched = ask(what, api.patch_status(&name.name, &PatchParams::default(), &Patch::Merge(&patch))).await;
        let Some(written) = unless_another(patched)? else { return Ok(false) };
        self.written_bindings.note(name, &cached.metadata, written.status.unwrap_or_default());
        Ok(true)
    }

    /// Whether the API server holds a TargetGroupBinding of a stack, whatever the caches show.
    ///
    /// # Errors
    ///
    /// The API server cannot be asked.
    pub(crate) async fn has_bindings(&self, id: &StackId) -> Result<bool, Error> {
        let labels = id.labels().into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
        let api: Api<TargetGroupBinding> = self.namespaced(id.owner());
        let params = ListParams::default().labels(&labels.join(",")).limit(1);
        let what = || format!("list the TargetGroupBindings of {}", id.object());
        Ok(!ask(what, api.list_metadata(&params)).await?.items.is_empty())
    }

    /// Whether an object is being deleted, or is gone.
    pub(crate) fn is_going(&self, object: &ObjectRef) -> bool {
        let name = object.name();
        let is_going = |metadata: &ObjectMeta| metadata.deletion_timestamp.is_some();
        match Kind::of(object) {
            Some(Kind::Service) => self.caches.services.get(name).is_none_or(|service| is_going(&service.metadata)),
            Some(Kind::Binding) => self.caches.bindings.get(name).is_none_or(|binding| is_going(&binding.metadata)),
            None => false,
        }
    }

    /// Says something about an object, where `kubectl describe` shows it. Best effort: nothing waits for it.
    pub(crate) fn say(&self, object: &ObjectRef, severity: Severity, reason: &'static str, note: impl Into<String>) {
        if let Some(about) = self.reference(object) {
            self.events.send(events::Said { about, severity, reason, note: note.into() });
        }
    }

    /// What is gone from the cache has nobody to read an event about it.
    fn reference(&self, object: &ObjectRef) -> Option<ObjectReference> {
        let name = object.name();
        let reference = match Kind::of(object)? {
            Kind::Service => self.caches.services.get(name)?.object_ref(&()),
            Kind::Binding => self.caches.bindings.get(name)?.object_ref(&()),
        };
        Some(ObjectReference { resource_version: None, ..reference })
    }

    async fn read<K>(&self, name: &ObjectName) -> Result<Option<K>, Error>
    where
        K: watch::Watched + kube::Resource<Scope = kube::core::NamespaceResourceScope>,
    {
        let api: Api<K> = self.namespaced(name);
        ask(|| format!("get {}/{name}", K::kind(&())), api.get_opt(&name.name)).await
    }

    fn namespaced<K>(&self, name: &ObjectName) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &name.namespace)
    }
}

/// The kinds of objects that we write to.
enum Kind {
    Service,
    Binding,
}

impl Kind {
    /// `None`: an object of another kind, which is only spoken of.
    fn of(object: &ObjectRef) -> Option<Self> {
        match object.kind() {
            "Service" => Some(Self::Service),
            "TargetGroupBinding" => Some(Self::Binding),
            _ => None,
        }
    }
}

fn object_of(key: &Key) -> ObjectRef {
    match key {
        Key::Stack(id) => id.object(),
        Key::Binding(name) => ObjectRef::new("TargetGroupBinding", name),
        Key::Rules(_) | Key::Cluster => unreachable!("only stacks and bindings are confirmed"),
    }
}

/// Whether nothing that a decision reads has changed. Our finalizer may have: we put it on after the decision.
fn is_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.uid == other.uid
        && one.deletion_timestamp.is_some() == other.deletion_timestamp.is_some()
        && one.annotations == other.annotations
}

/// An object that is gone, or another one by now, has no status to write.
fn unless_another<K>(result: Result<K, Error>) -> Result<Option<K>, Error> {
    match result {
        Ok(object) => Ok(Some(object)),
        Err(gone) if gone.is_not_found() || gone.is_conflict() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(object: Value) -> ObjectMeta {
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn an_object_is_the_same_while_it_says_the_same() {
        let seen = json!({ "uid": "u-1", "resourceVersion": "1", "annotations": { "a": "b" } });
        for (what, pointer, value, same) in [
            ("a version", "resourceVersion", json!("2"), true),
            ("our finalizer", "finalizers", json!([SERVICE_FINALIZER]), true),
            ("a uid", "uid", json!("u-2"), false),
            ("an annotation", "annotations", json!({ "a": "c" }), false),
            ("a deletion", "deletionTimestamp", json!("2026-01-31T12:00:00Z"), false),
        ] {
            let mut found = seen.clone();
            found[pointer] = value;
            assert_eq!(is_same(&metadata(found), &metadata(seen.clone())), same, "{what}");
        }
    }
}
