//! Which keys may still use rules of worker security groups that no TargetGroupBinding asks for any more.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use northgate_planner::id::{Key, StackId};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::class;

/// What is known of each key since the start. What a controller that was stopped knew is lost with it, so until a key was
/// looked at it counts as one that lingers: the rules that its old targets need are written nowhere else.
#[derive(Debug, Default)]
pub(crate) struct Lingering(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Looked at since the start.
    looked_at: BTreeSet<Key>,
    /// Known to linger.
    lingering: BTreeSet<Key>,
}

impl Lingering {
    /// Notes that a key uses more than its bindings ask for.
    pub(crate) fn begins(&self, key: &Key) {
        self.lock().lingering.insert(key.clone());
    }

    /// Notes that a key was looked at: what it uses beside what it asks for is known now.
    pub(crate) fn looked_at(&self, key: &Key) {
        self.lock().looked_at.insert(key.clone());
    }

    /// Notes that a key uses nothing more than what it asks for. Gives whether it did before.
    pub(crate) fn ends(&self, key: &Key) -> bool {
        let mut known = self.lock();
        known.looked_at.insert(key.clone());
        known.lingering.remove(key)
    }

    /// Drops what is known of a key that is gone. Gives whether it lingered.
    pub(crate) fn forget(&self, key: &Key) -> bool {
        let mut known = self.lock();
        known.looked_at.remove(key);
        known.lingering.remove(key)
    }

    /// The keys of a snapshot that linger or may, and others that do.
    pub(crate) fn among(&self, snapshot: &Snapshot) -> BTreeSet<Key> {
        let known = self.lock();
        let mut keys = known.lingering.clone();
        let unknown = unknown(&known, snapshot);
        keys.extend(unknown);
        keys
    }

    /// Whether a key of the snapshot was not looked at since the start: then its pass is still to come.
    pub(crate) fn is_early(&self, snapshot: &Snapshot) -> bool {
        unknown(&self.lock(), snapshot).next().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no thread panics while it holds what is known of keys")
    }
}

fn unknown(known: &Known, snapshot: &Snapshot) -> impl Iterator<Item = Key> {
    // Without our finalizer a Service has no load balancer of ours that could use anything.
    let services = snapshot.services.iter().filter(|(_, service)| class::has_finalizer(service));
    let stacks = services.map(|(name, _)| Key::Stack(StackId::Service(name.clone())));
    let bindings = snapshot.bindings.keys().cloned().map(Key::Binding);
    stacks.chain(bindings).filter(|key| !known.looked_at.contains(key))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::core::v1::Service;
    use northgate_planner::crd::TargetGroupBinding;
    use northgate_planner::id::{ClusterName, ObjectName, Region, VpcId};
    use northgate_planner::snapshot::{CloudController, Settings};
    use serde_json::json;

    use super::*;

    fn name() -> ObjectName {
        ObjectName::new("default", "web")
    }

    fn stack() -> Key {
        Key::Stack(StackId::Service(name()))
    }

    fn binding() -> Key {
        Key::Binding(name())
    }

    /// A Service with our finalizer, one without, and a binding.
    fn snapshot() -> Snapshot {
        let service = |finalizers: &[&str]| {
            let service = json!({ "metadata": { "name": "web", "namespace": "default", "finalizers": finalizers } });
            Arc::new(serde_json::from_value::<Service>(service).unwrap())
        };
        let services =
            [(name(), service(&[class::SERVICE_FINALIZER])), (ObjectName::new("default", "plain"), service(&[]))];
        let bound = json!({ "metadata": {}, "spec": { "serviceRef": { "name": "web", "port": 80 } } });
        let bound = serde_json::from_value::<TargetGroupBinding>(bound).unwrap();
        let settings = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"));
        Snapshot {
            now: "2026-01-31T12:00:00Z".parse().unwrap(),
            settings: Arc::new(settings),
            services: services.into(),
            bindings: [(name(), Arc::new(bound))].into(),
            wanted_bindings: Default::default(),
            endpoint_slices: None,
            nodes: None,
            pods: None,
            cloud_controller: CloudController::NotAsked,
            lingering: BTreeSet::new(),
            files_alone: false,
        }
    }

    #[test]
    fn after_a_start_everything_lingers_until_it_was_looked_at() {
        let (lingering, snapshot) = (Lingering::default(), snapshot());
        assert_eq!(lingering.among(&snapshot), [stack(), binding()].into());
        lingering.looked_at(&stack());
        assert_eq!((lingering.among(&snapshot), lingering.is_early(&snapshot)), ([binding()].into(), true));
        assert!(!lingering.ends(&binding()), "it was never seen to linger");
        assert_eq!((lingering.among(&snapshot), lingering.is_early(&snapshot)), (BTreeSet::new(), false));
    }

    #[test]
    fn what_was_seen_to_linger_does_so_until_it_ends_or_is_gone() {
        let (lingering, snapshot) = (Lingering::default(), snapshot());
        for key in [stack(), binding()] {
            lingering.looked_at(&key);
            lingering.begins(&key);
        }
        lingering.looked_at(&binding());
        assert_eq!((lingering.among(&snapshot), lingering.is_early(&snapshot)), ([stack(), binding()].into(), false));
        assert!(lingering.ends(&binding()));
        assert!(lingering.forget(&stack()));
        let mut empty = snapshot;
        (empty.services, empty.bindings) = Default::default();
        assert_eq!(lingering.among(&empty), BTreeSet::new());
    }
}
