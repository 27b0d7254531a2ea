//! The queues, by the kind of their keys.

use northgate_planner::id::Key;

use super::queue::{Backlog, Queue};
use crate::metrics::Work;

/// One queue for each kind of key, so that none waits behind another.
#[derive(Debug)]
pub(crate) struct Queues {
    pub(crate) stacks: Queue<Key>,
    pub(crate) bindings: Queue<Key>,
    pub(crate) rules: Queue<Key>,
    pub(crate) cluster: Queue<Key>,
}

impl Queues {
    /// As metrics name them, in the order of [`Self::each`].
    const NAMES: [&'static str; 4] = ["stacks", "bindings", "rules", "cluster"];

    /// The queue of a key.
    pub(crate) fn of(&self, key: &Key) -> &Queue<Key> {
        match key {
            Key::Stack(_) => &self.stacks,
            Key::Binding(_) => &self.bindings,
            Key::Rules(_) => &self.rules,
            Key::Cluster => &self.cluster,
        }
    }

    /// Queues whose times are noted there.
    pub(super) fn timed(work: &Work) -> Self {
        let queue = |name| Queue::timed(work.queue(name));
        let [stacks, bindings, rules, cluster] = Self::NAMES.map(queue);
        Self { stacks, bindings, rules, cluster }
    }

    /// How far each is with its work.
    pub(crate) fn backlogs(&self) -> [(&'static str, Backlog); 4] {
        let backlogs = self.each().map(Queue::backlog);
        std::array::from_fn(|n| (Self::NAMES[n], backlogs[n]))
    }

    /// Gives out no more keys.
    pub(crate) fn close(&self) {
        self.each().into_iter().for_each(Queue::close);
    }

    fn each(&self) -> [&Queue<Key>; 4] {
        let Self { stacks, bindings, rules, cluster } = self;
        [stacks, bindings, rules, cluster]
    }
}
