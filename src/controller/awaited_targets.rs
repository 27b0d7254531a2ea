//! Which stacks wait until requests can be moved to the targets of a binding.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::id::{Key, ObjectName};

/// How long a stack is left alone after its first targets are healthy: those of its other groups, registered in the same
/// moment, are found healthy in the same moment, and requests are moved to all of them at once.
pub(crate) const GATHERED: Duration = Duration::from_secs(1);

/// The stacks that wait, by the binding whose pass will see the targets healthy. A controller that was just started knows of
/// none: its first pass over each stack looks for itself.
#[derive(Debug, Default)]
pub(crate) struct AwaitedTargets(Mutex<BTreeMap<ObjectName, Key>>);

impl AwaitedTargets {
    /// Notes that a stack waits.
    pub(crate) fn add(&self, binding: &ObjectName, stack: &Key) {
        self.lock().insert(binding.clone(), stack.clone());
    }

    /// The stack that waits for a binding; it waits no more.
    pub(crate) fn take(&self, binding: &ObjectName) -> Option<Key> {
        self.lock().remove(binding)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectName, Key>> {
        self.0.lock().expect("no thread panics while it holds what is waited for")
    }
}
