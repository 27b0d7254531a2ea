//! The Kubernetes side: watches, lists, writes of status, finalizers, bindings and events. The only user of a kube client.

mod apply;
mod cache;
mod clock;
mod confirm;
mod connect;
mod dry_run;
mod error;
mod events;
mod finalizer;
mod kind;
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
use k8s_openapi::api::networking::v1::{Ingress, IngressStatus};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Resource as _};
use northgate_planner::crd::{TargetGroupBinding, TargetGroupBindingStatus};
use northgate_planner::id::{Key, ObjectName, ObjectRef, StackId, Uid};
use northgate_planner::plan::{KubeChange, Resolved};
use northgate_planner::snapshot::{ClasslessServices, Settings, Snapshot};
use northgate_planner::spec::ingress::group;
use northgate_planner::targets::BINDING_FINALIZER;

use cache::Cache;
use error::ask;
use finalizer::Finalizer;
use kind::Kind;
use status::Served;
use written_status::WrittenStatus;

pub use apply::{Applied, apply, delete};
pub use clock::{Clock, now};
pub use connect::{ConnectOptions, connect};
pub use dry_run::{Refused, dry_run_apply};
pub use error::Error;
pub use kube::Client;
pub use list::{Listing, NodePlace, list, node_places};

pub(crate) use cache::Change;
pub(crate) use events::Severity;
pub(crate) use snapshot::{
    SERVICE_NAME_LABEL, classes, concerns_us, ingress_concerns_us, is_load_balancer, shares_group, stack_of,
};
pub(crate) use status::{Address, BindingStanding};
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
    written_ingresses: WrittenStatus<IngressStatus>,
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
        let (events, writer) = events::channel(client.clone(), instance, clock.clone());
        let cluster = Self {
            client,
            settings: Arc::new(settings),
            caches: Caches::default(),
            cloud_controller: lease::Seen::default(),
            events,
            clock,
            written_services: WrittenStatus::default(),
            written_ingresses: WrittenStatus::default(),
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
    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// What the decision about `key` needs, as it is known now. Only for after [`Self::synced`].
    pub(crate) fn snapshot(&self, key: &Key) -> Snapshot {
        snapshot::take(&self.caches, key, &self.settings, self.cloud_controller.get(), self.clock.now())
    }

    /// Puts the finalizer of a key on an object of the snapshot; gives whether it had to be written.
    ///
    /// # Errors
    ///
    /// The API server refuses, or the object is another one by now or going.
    pub(crate) async fn hold(&self, snapshot: &Snapshot, key: &Key, object: &ObjectRef) -> Result<bool, Error> {
        self.set_finalizer(snapshot, key, object, Finalizer::On).await
    }

    /// Takes the finalizer of a key off an object of the snapshot; gives whether it had to be written.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub(crate) async fn release(&self, snapshot: &Snapshot, key: &Key, object: &ObjectRef) -> Result<bool, Error> {
        self.set_finalizer(snapshot, key, object, Finalizer::Off).await
    }

    async fn set_finalizer(
        &self,
        snapshot: &Snapshot,
        key: &Key,
        object: &ObjectRef,
        wanted: Finalizer,
    ) -> Result<bool, Error> {
        let name = object.name();
        let stale = || Error::Stale { object: object.clone() };
        let finalizer = match key {
            Key::Stack(id) => id.finalizer(),
            Key::Binding(_) => BINDING_FINALIZER.to_owned(),
            Key::Rules(_) | Key::Cluster => unreachable!("no object holds on to {key}"),
        };
        match Kind::of(object).ok_or_else(stale)? {
            Kind::Service => {
                let service = snapshot.services.get(name).ok_or_else(stale)?;
                let api: Api<Service> = self.namespaced(name);
                finalizer::set(&api, object, &service.metadata, &finalizer, wanted).await
            }
            Kind::Ingress => {
                let ingress = snapshot.ingresses.get(name).ok_or_else(stale)?;
                let api: Api<Ingress> = self.namespaced(name);
                finalizer::set(&api, object, &ingress.metadata, &finalizer, wanted).await
            }
            Kind::Binding => {
                let binding = snapshot.bindings.get(name).ok_or_else(stale)?;
                let api: Api<TargetGroupBinding> = self.namespaced(name);
                finalizer::set(&api, object, &binding.metadata, &finalizer, wanted).await
            }
        }
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

    /// Brings an address into the status of a Service or an Ingress, or clears it; gives whether that had to be written. An
    /// object that is gone, or another one by now, is left alone.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub(crate) async fn set_address(
        &self,
        object: &ObjectRef,
        uid: &Uid,
        address: Option<&Address>,
    ) -> Result<bool, Error> {
        match Kind::of(object) {
            Some(Kind::Service) => {
                self.write_address(&self.caches.services, &self.written_services, object, uid, address).await
            }
            Some(Kind::Ingress) => {
                self.write_address(&self.caches.ingresses, &self.written_ingresses, object, uid, address).await
            }
            Some(Kind::Binding) | None => Ok(false),
        }
    }

    async fn write_address<K: Served>(
        &self,
        cache: &Cache<K>,
        written: &WrittenStatus<K::Status>,
        object: &ObjectRef,
        uid: &Uid,
        address: Option<&Address>,
    ) -> Result<bool, Error> {
        let name = object.name();
        let Some(cached) = cache.get(name).filter(|cached| cached.meta().uid.as_deref() == Some(uid.as_str())) else {
            return Ok(false);
        };
        let there = match written.standing(name, cached.meta()) {
            Some(status) => {
                let mut there = K::clone(&cached);
                *there.status() = Some(status);
                Arc::new(there)
            }
            None => Arc::clone(&cached),
        };
        let Some(patch) = status::address(there.as_ref(), address) else { return Ok(false) };
        let api: Api<K> = self.namespaced(name);
        let what = || format!("patch the status of {object}");
        let patched = ask(what, api.patch_status(&name.name, &PatchParams::default(), &Patch::Merge(&patch))).await;
        let Some(mut patched) = unless_gone(patched, object)? else { return Ok(false) };
        written.note(name, cached.meta(), patched.status().take().unwrap_or_default());
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
        let object = ObjectRef::new("TargetGroupBinding", name);
        let Some(written) = unless_gone(patched, &object)? else { return Ok(false) };
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
        let api: Api<TargetGroupBinding> = match id.owner() {
            Some(owner) => self.namespaced(owner),
            None => Api::all(self.client.clone()),
        };
        let params = ListParams::default().labels(&labels.join(",")).limit(1);
        let what = || format!("list the TargetGroupBindings of {}", id.object());
        Ok(!ask(what, api.list_metadata(&params)).await?.items.is_empty())
    }

    /// The objects of a key: what concerns it is said of them.
    pub(crate) fn objects(&self, key: &Key) -> Vec<ObjectRef> {
        match key {
            Key::Stack(id @ StackId::Group(_)) => {
                let snapshot = self.snapshot(key);
                let is_of = |ingress: &Ingress| group::groups_of(ingress, &snapshot).contains(id);
                let members = snapshot.ingresses.iter().filter(|(_, ingress)| is_of(ingress));
                members.map(|(name, _)| ObjectRef::new("Ingress", name)).collect()
            }
            Key::Stack(id) => vec![id.object()],
            Key::Binding(name) => vec![ObjectRef::new("TargetGroupBinding", name)],
            Key::Rules(_) | Key::Cluster => Vec::new(),
        }
    }

    /// Whether an object is being deleted, or is gone.
    pub(crate) fn is_going(&self, object: &ObjectRef) -> bool {
        let Some(kind) = Kind::of(object) else { return false };
        let metadata = kind.metadata(&self.caches, object.name());
        metadata.is_none_or(|metadata| metadata.deletion_timestamp.is_some())
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
            Kind::Ingress => self.caches.ingresses.get(name)?.object_ref(&()),
            Kind::Binding => self.caches.bindings.get(name)?.object_ref(&()),
        };
        Some(ObjectReference { resource_version: None, ..reference })
    }

    fn namespaced<K>(&self, name: &ObjectName) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &name.namespace)
    }
}

/// An object that is gone, or another one by now, has no status to write. One that somebody else writes in the same moment is
/// looked at again.
fn unless_gone<K>(result: Result<K, Error>, object: &ObjectRef) -> Result<Option<K>, Error> {
    match result {
        Ok(object) => Ok(Some(object)),
        Err(gone) if gone.is_not_found() || gone.is_another() => Ok(None),
        Err(conflict) if conflict.is_conflict() => Err(Error::Stale { object: object.clone() }),
        Err(error) => Err(error),
    }
}
