//! Who waits until requests can be moved to the targets of a binding.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::id::{Key, ObjectName};
use tokio::time::Instant;

/// How long a stack is left alone after its first targets are healthy: those of its other groups, registered in the same
/// moment, are found healthy in the same moment, and requests are moved to all of them at once.
pub(crate) const GATHERED: Duration = Duration::from_secs(1);

/// What is waited for. A controller that was just started knows of nothing: its first pass over each stack looks for itself.
#[derive(Debug, Default)]
pub(crate) struct AwaitedTargets(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The stacks that wait, by the binding whose pass will see the targets healthy.
    stacks: BTreeMap<ObjectName, Key>,
    /// Since when an Ingress is held back until a binding's targets take requests.
    since: BTreeMap<ObjectName, Instant>,
}

impl AwaitedTargets {
    /// Notes that a stack waits.
    pub(crate) fn add(&self, binding: &ObjectName, stack: &Key) {
        self.lock().stacks.insert(binding.clone(), stack.clone());
    }

    /// The stack that waits for a binding; it waits no more.
    pub(crate) fn take(&self, binding: &ObjectName) -> Option<Key> {
        self.lock().stacks.remove(binding)
    }

    /// How long ago an Ingress was first held back because of a binding.
    pub(crate) fn waited_for(&self, binding: &ObjectName) -> Duration {
        self.lock().since.entry(binding.clone()).or_insert_with(Instant::now).elapsed()
    }

    /// Notes that a binding's targets take requests.
    pub(crate) fn came(&self, binding: &ObjectName) {
        self.lock().since.remove(binding);
    }

    /// Drops what was remembered of a binding that is gone.
    pub(crate) fn forget(&self, binding: &ObjectName) {
        let mut known = self.lock();
        known.stacks.remove(binding);
        known.since.remove(binding);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no thread panics while it holds what is waited for")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_of_targets_begins_when_they_are_first_waited_for() {
        let awaited = AwaitedTargets::default();
        let name = ObjectName::new("default", "web");
        let minute = Duration::from_secs(60);
        assert_eq!(awaited.waited_for(&name), Duration::ZERO);
        tokio::time::advance(minute).await;
        assert_eq!(awaited.waited_for(&name), minute);
        awaited.came(&name);
        assert_eq!(awaited.waited_for(&name), Duration::ZERO, "the next Ingress has its own time");
        tokio::time::advance(minute).await;
        awaited.forget(&name);
        assert_eq!(awaited.waited_for(&name), Duration::ZERO, "another one of the same name");
    }
}
