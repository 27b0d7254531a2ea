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

    /// The keys that linger, and those of these that may: all that were not looked at since the start.
    pub(crate) fn among(&self, keys: &BTreeSet<Key>) -> BTreeSet<Key> {
        let known = self.lock();
        known.lingering.iter().chain(keys.difference(&known.looked_at)).cloned().collect()
    }

    /// Whether all of these were looked at since the start.
    pub(crate) fn knows(&self, keys: &BTreeSet<Key>) -> bool {
        keys.is_subset(&self.lock().looked_at)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no thread panics while it holds what is known of keys")
    }
}

/// The keys that can use rules: bindings, and stacks that carry our finalizer. Without it there is no load balancer of ours.
pub(crate) fn users(snapshot: &Snapshot) -> BTreeSet<Key> {
    let services = snapshot.services.iter().filter(|(_, service)| class::has_finalizer(service));
    let stacks = services.map(|(name, _)| Key::Stack(StackId::Service(name.clone())));
    let bindings = snapshot.bindings.keys().cloned().map(Key::Binding);
    stacks.chain(bindings).collect()
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::ObjectName;

    use super::*;

    fn stack() -> Key {
        Key::Stack(StackId::Service(ObjectName::new("default", "web")))
    }

    fn binding() -> Key {
        Key::Binding(ObjectName::new("default", "web"))
    }

    #[test]
    fn after_a_start_everything_lingers_until_it_was_looked_at() {
        let (lingering, keys) = (Lingering::default(), [stack(), binding()].into());
        assert_eq!(lingering.among(&keys), keys);
        lingering.looked_at(&stack());
        assert_eq!((lingering.among(&keys), lingering.knows(&keys)), ([binding()].into(), false));
        assert!(!lingering.ends(&binding()), "it was never seen to linger");
        assert_eq!((lingering.among(&keys), lingering.knows(&keys)), (BTreeSet::new(), true));
    }

    #[test]
    fn what_was_seen_to_linger_does_so_until_it_ends_or_is_gone() {
        let (lingering, keys) = (Lingering::default(), [stack(), binding()].into());
        for key in &keys {
            lingering.begins(key);
            lingering.looked_at(key);
        }
        assert_eq!((lingering.among(&keys), lingering.knows(&keys)), (keys.clone(), true));
        assert!(lingering.ends(&binding()));
        assert_eq!(lingering.among(&BTreeSet::new()), [stack()].into(), "also when nothing names it any more");
        assert!(lingering.forget(&stack()));
        assert_eq!((lingering.among(&keys), lingering.knows(&keys)), ([stack()].into(), false));
    }
}
