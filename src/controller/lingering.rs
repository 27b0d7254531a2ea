//! Which keys may still use rules of worker security groups that no TargetGroupBinding asks for any more.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use northgate_planner::id::{Key, SecurityGroupId, StackId};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::class;
use northgate_planner::spec::ingress::group;

/// What the controller that was stopped knew of its keys is lost with it: the rules that their old targets need are written
/// nowhere else. So each of them counts as one that lingers until it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Lingering(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Were there at the start, and not looked at since.
    unseen: BTreeSet<Key>,
    /// Known to linger.
    lingering: BTreeSet<Key>,
    /// The security groups with rules that stayed because not everything was known.
    kept: BTreeSet<SecurityGroupId>,
}

impl Lingering {
    /// Notes what is there at the start.
    pub(crate) fn start(&self, keys: BTreeSet<Key>) {
        self.lock().unseen = keys;
    }

    /// Notes that a key uses more than its bindings ask for.
    pub(crate) fn begins(&self, key: &Key) {
        self.lock().lingering.insert(key.clone());
    }

    /// Notes that a key was looked at: what it uses beside what it asks for is known now.
    pub(crate) fn looked_at(&self, key: &Key) {
        self.lock().unseen.remove(key);
    }

    /// Notes that a key uses nothing more than what it asks for, or is gone. Gives whether it did before.
    pub(crate) fn ends(&self, key: &Key) -> bool {
        let mut known = self.lock();
        known.unseen.remove(key);
        known.lingering.remove(key)
    }

    /// The keys that linger or may.
    pub(crate) fn keys(&self) -> BTreeSet<Key> {
        let known = self.lock();
        known.lingering.union(&known.unseen).cloned().collect()
    }

    /// Whether a key was not looked at since the start.
    pub(crate) fn is_early(&self) -> bool {
        !self.lock().unseen.is_empty()
    }

    /// Notes whether rules of a security group stayed only because not everything is known.
    pub(crate) fn note_kept(&self, group: &SecurityGroupId, kept: bool) {
        let groups = &mut self.lock().kept;
        match kept {
            true => _ = groups.insert(group.clone()),
            false => _ = groups.remove(group),
        }
    }

    /// The security groups with such rules.
    pub(crate) fn kept(&self) -> BTreeSet<SecurityGroupId> {
        self.lock().kept.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no thread panics while it holds what is known of keys")
    }
}

/// The keys of a snapshot that can use rules: bindings, and stacks whose objects carry our finalizer, without which there is no load
/// balancer of ours.
pub(crate) fn users(snapshot: &Snapshot) -> BTreeSet<Key> {
    let services = snapshot.services.iter().filter(|(_, service)| class::has_finalizer(service));
    let stacks = services.map(|(name, _)| Key::Stack(StackId::Service(name.clone())));
    let groups = snapshot.ingresses.values().flat_map(|ingress| group::held(ingress)).map(Key::Stack);
    let bindings = snapshot.bindings.keys().cloned().map(Key::Binding);
    stacks.chain(groups).chain(bindings).collect()
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
    fn what_is_there_at_the_start_lingers_until_it_was_looked_at() {
        let lingering = Lingering::default();
        assert!(!lingering.is_early());
        lingering.start([stack(), binding()].into());
        lingering.looked_at(&stack());
        assert_eq!((lingering.keys(), lingering.is_early()), ([binding()].into(), true));
        assert!(!lingering.ends(&binding()), "it was never seen to linger");
        assert_eq!((lingering.keys(), lingering.is_early()), (BTreeSet::new(), false));
    }

    #[test]
    fn stacks_with_our_finalizer_can_use_rules() {
        let ingress = |name: &str, finalizers: &[&str]| {
            let object =
                serde_json::json!({ "metadata": { "namespace": "shop", "name": name, "finalizers": finalizers } });
            (ObjectName::new("shop", name), std::sync::Arc::new(serde_json::from_value(object).unwrap()))
        };
        let settings = northgate_planner::snapshot::Settings::new(
            northgate_planner::id::ClusterName::new("demo"),
            northgate_planner::id::VpcId::new("vpc-1"),
            northgate_planner::id::Region::new("us-west-2"),
        );
        let mut snapshot = Snapshot::empty(&std::sync::Arc::new(settings), jiff::Timestamp::UNIX_EPOCH);
        snapshot.ingresses = [
            ingress("alone", &["ingress.k8s.aws/resources"]),
            ingress("one", &["group.ingress.k8s.aws/door"]),
            ingress("moving", &["group.ingress.k8s.aws/door", "group.ingress.k8s.aws/gate"]),
            ingress("other", &["x/theirs"]),
        ]
        .into();
        let users = users(&snapshot).into_iter().map(|key| key.to_string()).collect::<Vec<_>>();
        assert_eq!(users, ["ingress/shop/alone", "group/door", "group/gate"]);
    }

    #[test]
    fn rules_are_kept_until_a_look_that_knows_everything() {
        let (lingering, group) = (Lingering::default(), SecurityGroupId::new("sg-1"));
        lingering.note_kept(&group, true);
        assert_eq!(lingering.kept(), [group.clone()].into());
        lingering.note_kept(&group, false);
        assert_eq!(lingering.kept(), BTreeSet::new());
    }

    #[test]
    fn what_was_seen_to_linger_does_so_until_it_ends() {
        let lingering = Lingering::default();
        lingering.begins(&binding());
        lingering.looked_at(&binding());
        assert_eq!((lingering.keys(), lingering.is_early()), ([binding()].into(), false));
        assert!(lingering.ends(&binding()));
        assert_eq!(lingering.keys(), BTreeSet::new());
    }
}
