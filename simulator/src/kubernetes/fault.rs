//! What can go wrong with reads and watches, at will.

use std::time::Duration;

use super::Kubernetes;
use super::watching::Staleness;

impl Kubernetes {
    /// Forgets how the present state came about, as etcd's compaction does: watches from older versions, and pages of
    /// older lists, are answered with 410. Open watches go on.
    pub fn compact(&self) {
        self.locked(|state| state.store.compact());
    }

    /// Ends every open watch, as a server that stops does.
    pub fn break_watches(&self) {
        self.locked(|state| state.watching.end_all());
    }

    /// Keeps all news from open watches until [`Self::resume_watches`].
    pub fn pause_watches(&self) {
        self.locked(|state| state.watching.is_paused = true);
    }

    /// Delivers what was kept back, in order and complete.
    pub fn resume_watches(&self) {
        self.locked(|state| {
            state.watching.is_paused = false;
            state.watching.wake_all();
        });
    }

    /// Ends the watches that were paused and forgets what they missed: their clients list again and see the present
    /// state, nothing of what was in between.
    pub fn resume_watches_with_relist(&self) {
        self.locked(|state| {
            state.watching.is_paused = false;
            state.store.compact();
            state.watching.end_all();
        });
    }

    /// Lets a replica answer that stands at a version: reads at resourceVersion 0 ("any") and watches see nothing that
    /// came after it, so that a client which saw more travels back in time. Reads of the most recent state are served
    /// right, and every write is carried out, as etcd does. Until [`Self::serve_reads_fresh`].
    pub fn serve_reads_as_of(&self, resource_version: u64) {
        self.set_staleness(Staleness::AsOf(resource_version));
    }

    /// Lets a replica answer that learns of everything so much later; see [`Self::serve_reads_as_of`].
    pub fn lag(&self, by: Duration) {
        self.set_staleness(if by.is_zero() { Staleness::None } else { Staleness::Lag(by) });
    }

    /// Lets every read see the present state again.
    pub fn serve_reads_fresh(&self) {
        self.set_staleness(Staleness::None);
    }

    /// Tells the last `count` events of every open watch once more.
    pub fn replay_events(&self, count: usize) {
        self.locked(|state| {
            let (replay, _) = state.watching.replays;
            state.watching.replays = (replay + 1, count);
            state.watching.wake_all();
        });
    }

    fn set_staleness(&self, staleness: Staleness) {
        self.locked(|state| {
            state.watching.staleness = staleness;
            state.watching.wake_all();
        });
    }
}
