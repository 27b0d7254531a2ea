//! A Kubernetes API server in process: requests of a real `kube::Client` in, the server's answers out, no sockets.
//!
//! It follows kube-apiserver 1.36; the checks in `simulator/tests/kubernetes/conformance` run against both.
//!
//! In reading order:
//! - `options`: how it starts
//! - `service`, `request`, `target`: the door, and what a request is about
//! - `state`, `store`, `resource`, `object`: what it holds
//! - `read`, `selector`, `watch`, `watching`: reads
//! - `write`, `delete`, `patch`, `strategic`: writes
//! - `managed`, `fields`, `topology`: who owns which field, and server-side apply
//! - `admission`, `schema`, `allocation`: what objects must be, and what they are given
//! - `refusal`, `discovery`: what else it answers
//! - `fault`: what can go wrong with reads and watches, at will
//! - [`controllers`]: what else runs in a cluster, where it is wanted

mod admission;
mod allocation;
pub mod controllers;
mod delete;
mod discovery;
mod fault;
mod fields;
mod managed;
mod object;
mod options;
mod patch;
mod read;
mod refusal;
mod request;
mod resource;
mod schema;
mod selector;
mod service;
mod state;
mod store;
mod strategic;
mod target;
mod topology;
mod watch;
mod watching;
mod write;

use std::fmt;
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use options::KubernetesOptions;
pub use service::{AnswerBody, ApiService};
pub use state::{WriteVerb, Written};

use object::{ObjectKey, meta_text};
use refusal::Refusal;
use state::State;
use target::{Part, Target};
use write::WriteOptions;

/// A Kubernetes API. Clones are handles to the same one.
#[derive(Clone)]
pub struct Kubernetes {
    state: Arc<Mutex<State>>,
}

/// An object that the server would not take.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind} {name}: {message}")]
pub struct NotTaken {
    kind: String,
    name: String,
    message: String,
}

impl Kubernetes {
    /// A server with the namespaces that every cluster begins with, and nothing else.
    #[must_use]
    pub fn new(options: KubernetesOptions) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(options))) }
    }

    /// The door that requests come in by.
    #[must_use]
    pub fn service(&self) -> ApiService {
        ApiService { state: Arc::clone(&self.state) }
    }

    /// A client of this server whose default namespace is `default`. It needs a tokio runtime.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.service(), "default")
    }

    /// Makes an object, or brings the one that is there to what is given, without a request: nothing waits, no layer
    /// sees it. A namespaced object without a namespace is put into `default`; a status that is given is kept, unlike by a
    /// create.
    ///
    /// # Errors
    ///
    /// The server does not know the kind, or would refuse the object.
    pub fn put(&self, object: Value) -> Result<Arc<Value>, NotTaken> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
        self.locked(|state| state.put_object(object)).map_err(|message| NotTaken { kind, name, message })
    }

    /// One object as it is now; no request. `resource` is a plural name, with its group where it is not unique:
    /// `services`, `targetgroupbindings.elbv2.k8s.aws`. `namespace` is empty for resources that are in none.
    #[must_use]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.locked(|state| {
            let resource = state.registry.by_name(resource)?;
            state.get(resource, &ObjectKey::new(namespace, name)).cloned()
        })
    }

    /// Every object of a resource as it is now, in order of namespace and name; no request.
    #[must_use]
    pub fn objects(&self, resource: &str) -> Vec<Arc<Value>> {
        self.locked(|state| match state.registry.by_name(resource) {
            Some(resource) => state.store.objects(resource.table).map(|(_, object)| Arc::clone(object)).collect(),
            None => Vec::new(),
        })
    }

    /// One object as it is now, as its Rust type.
    ///
    /// # Errors
    ///
    /// The object does not fit the type.
    pub fn get<K>(&self, namespace: &str, name: &str) -> Result<Option<K>, serde_json::Error>
    where
        K: kube::Resource<DynamicType = ()> + DeserializeOwned,
    {
        self.object(&qualified::<K>(), namespace, name).map(|object| K::deserialize(&*object)).transpose()
    }

    /// Every object of a kind as it is now, as its Rust type.
    ///
    /// # Errors
    ///
    /// An object does not fit the type.
    pub fn list<K>(&self) -> Result<Vec<K>, serde_json::Error>
    where
        K: kube::Resource<DynamicType = ()> + DeserializeOwned,
    {
        self.objects(&qualified::<K>()).iter().map(|object| K::deserialize(&**object)).collect()
    }

    /// The version of the last write.
    #[must_use]
    pub fn resource_version(&self) -> u64 {
        self.locked(|state| state.store.version())
    }

    /// Hears of every new [`Kubernetes::resource_version`].
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.locked(|state| state.changes.subscribe())
    }

    /// The writes that were kept, from the `from`th on.
    #[must_use]
    pub fn log(&self, from: usize) -> Vec<Written> {
        self.locked(|state| state.log.get(from..).unwrap_or_default().to_vec())
    }

    fn locked<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().expect("no thread panics while it holds the state"))
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Kubernetes").finish_non_exhaustive()
    }
}

fn qualified<K: kube::Resource<DynamicType = ()>>() -> String {
    let (plural, group) = (K::plural(&()), K::group(&()));
    if group.is_empty() { plural.into_owned() } else { format!("{plural}.{group}") }
}

impl State {
    fn put_object(&mut self, object: Value) -> Result<Arc<Value>, String> {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let known = self.registry.find_kind(text("apiVersion"), text("kind"));
        let (resource, _) = known.ok_or_else(|| "the server does not know this kind".to_owned())?;
        let resource = Arc::clone(resource);
        let namespace = match (resource.namespaced, meta_text(&object, "namespace")) {
            (false, _) => "",
            (true, "") => "default",
            (true, namespace) => namespace,
        };
        let key = ObjectKey::new(namespace, meta_text(&object, "name"));
        self.put_at(&resource, &key, object).map_err(|refusal| refusal.message().to_owned())
    }

    fn put_at(
        &mut self,
        resource: &Arc<resource::Resource>,
        key: &ObjectKey,
        object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        let options = WriteOptions { manager: "simulator".to_owned(), ..WriteOptions::default() };
        let target = Target::object(resource, key.clone(), Part::Main);
        let status = object.get("status").cloned();
        let kept = match self.get(resource, key) {
            Some(_) => self.update(&target, &options, |_| Ok(object))?,
            None => self.create(&target, &options, object)?,
        };
        let Some(status) = status.filter(|_| target.version().has_status) else { return Ok(kept.object) };
        let target = Target::object(resource, key.clone(), Part::Status);
        let with_status = |live: &Value| {
            let mut object = live.clone();
            object["status"] = status;
            Ok(object)
        };
        Ok(self.update(&target, &options, with_status)?.object)
    }
}
