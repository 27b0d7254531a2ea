//! Who watches, and what keeps news from them.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use super::resource::ResourceId;
use super::state::State;

/// The open watches, and how they are disturbed.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    wakers: BTreeMap<WatchId, (ResourceId, Waker)>,
    begun: WatchId,
    /// Watches that began before this one are over.
    first_alive: WatchId,
    pub(crate) is_paused: bool,
    pub(crate) staleness: Staleness,
    /// How often the last events were told again, and how many the last time.
    pub(crate) replays: (u64, usize),
}

/// Which watch, in the order in which they began.
pub(crate) type WatchId = u64;

/// How far the replica that serves cached reads and watches is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// Not at all.
    #[default]
    None,
    /// It stands at a version.
    AsOf(u64),
    /// It learns of everything so much later.
    Lag(Duration),
}

impl Watching {
    /// A number for a new watch.
    pub(crate) fn begin(&mut self) -> WatchId {
        self.begun += 1;
        self.begun
    }

    pub(crate) fn is_alive(&self, watch: WatchId) -> bool {
        watch >= self.first_alive
    }

    /// Ends every watch that is open now.
    pub(crate) fn end_all(&mut self) {
        self.first_alive = self.begun + 1;
        self.wake_all();
    }

    /// Wakes a watch when there is something new.
    pub(crate) fn wait(&mut self, watch: WatchId, table: ResourceId, waker: &Waker) {
        match self.wakers.get_mut(&watch) {
            Some((_, there)) => there.clone_from(waker),
            None => drop(self.wakers.insert(watch, (table, waker.clone()))),
        }
    }

    /// A watch is over.
    pub(crate) fn forget(&mut self, watch: WatchId) {
        self.wakers.remove(&watch);
    }

    pub(crate) fn wake(&mut self, table: ResourceId) {
        self.wakers.values().filter(|(watched, _)| *watched == table).for_each(|(_, waker)| waker.wake_by_ref());
    }

    pub(crate) fn wake_all(&mut self) {
        self.wakers.values().for_each(|(_, waker)| waker.wake_by_ref());
    }
}

impl State {
    /// The version that cached reads and watches see.
    pub(crate) fn visible_version(&self) -> u64 {
        match self.watching.staleness {
            Staleness::None => self.store.version(),
            Staleness::AsOf(version) => version.min(self.store.version()),
            Staleness::Lag(lag) => match self.now().instant.checked_sub(lag) {
                Some(then) => self.store.version_at(then),
                None => 1,
            },
        }
    }
}
