//! What has to be there: what was made a moment ago, and what our objects name. A read that does not show it is no ground to
//! decide anything on, until it has not shown it for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::id::Key;
use tokio::time::Instant;

/// How late a read may be that misses what was made before it.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// What was made for each key within the last while.
#[derive(Debug)]
pub(crate) struct Created {
    /// Who was here before may have made something just before that.
    start: Instant,
    keys: Mutex<BTreeMap<Key, OfKey>>,
    /// What an object names and AWS does not show, and since when.
    missing: Mutex<BTreeMap<(Key, String), Instant>>,
}

impl Default for Created {
    fn default() -> Self {
        Self { start: Instant::now(), keys: Mutex::default(), missing: Mutex::default() }
    }
}

#[derive(Debug)]
struct OfKey {
    /// When something was last begun to be made, whether or not the answer came.
    last: Instant,
    /// What AWS said that it made.
    ids: BTreeMap<String, Instant>,
}

impl Created {
    /// Notes that something is about to be made.
    pub(crate) fn begin(&self, key: &Key) {
        let now = Instant::now();
        let mut keys = self.lock();
        keys.retain(|_, of| rest(of.last).is_some());
        keys.entry(key.clone()).or_insert_with(|| OfKey { last: now, ids: BTreeMap::new() }).last = now;
    }

    /// Notes what AWS made.
    pub(crate) fn made(&self, key: &Key, id: &str) {
        if let Some(of) = self.lock().get_mut(key) {
            of.ids.insert(id.to_owned(), Instant::now());
        }
    }

    /// Notes that it is deleted.
    pub(crate) fn deleted(&self, key: &Key, id: &str) {
        if let Some(of) = self.lock().get_mut(key) {
            of.ids.remove(id);
        }
    }

    /// For how long a read that does not show all that was made may be too old; `None`: it shows all, or whatever it does not
    /// show is gone.
    pub(crate) fn unseen(&self, key: &Key, shows: impl Fn(&str) -> bool) -> Option<Duration> {
        let keys = self.lock();
        let unseen = keys.get(key)?.ids.iter().filter(|(id, _)| !shows(id));
        unseen.filter_map(|(_, at)| rest(*at)).max()
    }

    /// The same for what an object of ours names: its program was told of it, be it another one's before this.
    pub(crate) fn missing(&self, key: &Key, id: &str, is_shown: bool) -> Option<Duration> {
        let mut missing = self.missing.lock().expect("no thread panics while it holds the list");
        let place = (key.clone(), id.to_owned());
        if is_shown {
            missing.remove(&place);
            return None;
        }
        let since = *missing.entry(place.clone()).or_insert_with(Instant::now);
        let rest = rest(since);
        if rest.is_none() {
            missing.remove(&place);
        }
        rest
    }

    /// For how long finding nothing does not mean that nothing is there: what was made may have no id, because its answer
    /// was lost, or by the program before this one.
    pub(crate) fn settling(&self, key: &Key) -> Option<Duration> {
        rest(self.lock().get(key).map_or(self.start, |of| of.last))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, OfKey>> {
        self.keys.lock().expect("no thread panics while it holds the list")
    }
}

fn rest(since: Instant) -> Option<Duration> {
    SEEN_WITHIN.checked_sub(since.elapsed()).filter(|rest| !rest.is_zero())
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::{ObjectName, StackId};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_made_has_to_be_shown_for_a_while() {
        let key = Key::Stack(StackId::Service(ObjectName::new("default", "web")));
        let created = Created::default();
        assert_eq!(
            (created.unseen(&key, |_| false), created.settling(&key)),
            (None, Some(SEEN_WITHIN)),
            "just started"
        );
        tokio::time::advance(SEEN_WITHIN).await;
        assert_eq!(created.settling(&key), None);
        created.begin(&key);
        assert_eq!(created.unseen(&key, |_| false), None, "nobody knows its id");
        assert_eq!(created.settling(&key), Some(SEEN_WITHIN));
        tokio::time::advance(Duration::from_secs(10)).await;
        created.made(&key, "sg-1");
        created.made(&key, "sg-2");
        assert_eq!(created.unseen(&key, |id| id == "sg-1"), Some(SEEN_WITHIN), "sg-2");
        created.deleted(&key, "sg-2");
        assert_eq!(created.unseen(&key, |id| id == "sg-1"), None);
        assert_eq!(created.settling(&key), Some(Duration::from_secs(20)));
        tokio::time::advance(SEEN_WITHIN).await;
        assert_eq!((created.unseen(&key, |_| false), created.settling(&key)), (None, None), "it is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_object_names_is_missing_only_after_a_while() {
        let key = Key::Stack(StackId::Service(ObjectName::new("default", "web")));
        let created = Created::default();
        assert_eq!(created.missing(&key, "tg", true), None);
        assert_eq!(created.missing(&key, "tg", false), Some(SEEN_WITHIN));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(created.missing(&key, "tg", false), Some(Duration::from_secs(10)));
        assert_eq!(created.missing(&key, "tg", true), None, "there it is again");
        assert_eq!(created.missing(&key, "tg", false), Some(SEEN_WITHIN));
        tokio::time::advance(SEEN_WITHIN).await;
        assert_eq!(created.missing(&key, "tg", false), None, "it is gone");
    }
}
