//! Everything that a server holds, and the one way in which it changes.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::allocation::{Allocations, spread};
use super::object::{ObjectKey, meta_text};
use super::options::KubernetesOptions;
use super::resource::{Builtin, Registry, Resource};
use super::store::Store;
use super::watching::Watching;
use crate::clock::{Clock, Moment};

/// One server's state. Whoever has it locked sees it at rest.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: KubernetesOptions,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) allocations: Allocations,
    pub(crate) watching: Watching,
    pub(crate) log: Vec<Written>,
    /// The version of the last write, for those who wait for the next.
    pub(crate) changes: watch::Sender<u64>,
    clock: Clock,
    made: u64,
}

/// One write that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What was done.
    pub verb: WriteVerb,
    /// The resource's plural name with its group, `targetgroupbindings.elbv2.k8s.aws`.
    pub resource: String,
    /// The object's namespace; empty when it is in none.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The object's version since.
    pub resource_version: u64,
}

/// What a write did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteVerb {
    /// It was made.
    Create,
    /// It was changed.
    Update,
    /// It is gone.
    Delete,
}

impl State {
    pub(crate) fn new(options: KubernetesOptions) -> Self {
        let mut state = Self {
            registry: Registry::builtin(),
            store: Store::new(),
            allocations: Allocations::new(options.node_ports, options.service_addresses),
            watching: Watching::default(),
            log: Vec::new(),
            changes: watch::Sender::new(0),
            clock: Clock::starting_at(options.start),
            made: 0,
            options,
        };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            state.found_namespace(name);
        }
        state.log.clear();
        state
    }

    /// A namespace that every cluster begins with.
    fn found_namespace(&mut self, name: &str) {
        let resource = Arc::clone(self.registry.of(Builtin::Namespace));
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {
                "name": name, "uid": self.next_uid(), "creationTimestamp": self.time(),
                "labels": { "kubernetes.io/metadata.name": name },
            },
            "spec": { "finalizers": ["kubernetes"] },
            "status": { "phase": "Active" },
        });
        self.put(&resource, namespace);
    }

    /// This moment.
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// This moment as objects show it: to the second.
    pub(crate) fn time(&self) -> String {
        self.now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// A uid that no object has had.
    pub(crate) fn next_uid(&mut self) -> String {
        self.made += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", spread(self.made) & 0xffff_ffff, self.made)
    }

    /// Five letters and digits that complete a generated name.
    pub(crate) fn next_suffix(&mut self) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.made += 1;
        let mut rest = spread(self.made);
        let letters = (0..5).map(|_| {
            let place = usize::try_from(rest % 27).expect("less than 27");
            rest /= 27;
            char::from(ALPHABET[place])
        });
        letters.collect()
    }

    /// One object as it is now.
    pub(crate) fn get(&self, resource: &Resource, key: &ObjectKey) -> Option<&Arc<Value>> {
        self.store.get(resource.table, key)
    }

    /// Keeps an object under a new version; gives it as kept.
    pub(crate) fn put(&mut self, resource: &Resource, object: Value) -> Arc<Value> {
        let key = ObjectKey::of(&object);
        let before = self.get(resource, &key).cloned();
        let kept = self.store.put(resource.table, object, self.now().instant);
        if resource.builtin() == Some(Builtin::Service) {
            before.iter().for_each(|before| self.allocations.give_back(before));
            self.allocations.take(&kept);
        }
        let verb = if before.is_some() { WriteVerb::Update } else { WriteVerb::Create };
        self.tell(verb, resource, &kept);
        kept
    }

    /// Takes an object away; gives what it last was.
    pub(crate) fn remove(&mut self, resource: &Resource, key: &ObjectKey) -> Option<Arc<Value>> {
        let last = self.store.remove(resource.table, key, self.now().instant)?;
        if resource.builtin() == Some(Builtin::Service) {
            self.allocations.give_back(&last);
        }
        self.tell(WriteVerb::Delete, resource, &last);
        Some(last)
    }

    fn tell(&mut self, verb: WriteVerb, resource: &Resource, object: &Value) {
        self.log.push(Written {
            verb,
            resource: resource.qualified(),
            namespace: meta_text(object, "namespace").to_owned(),
            name: meta_text(object, "name").to_owned(),
            resource_version: self.store.version(),
        });
        self.watching.wake(resource.table);
        self.changes.send_replace(self.store.version());
    }
}
