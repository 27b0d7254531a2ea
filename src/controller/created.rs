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
#[derive(Debug, Default)]
pub(crate) struct Created {
    keys: Mutex<BTreeMap<Key, OfKey>>,
    /// What an object names and AWS does not show, and since when.
    missing: Mutex<BTreeMap<(Key, String), Instant>>,
}

#[derive(Debug, Default)]
struct OfKey {
    /// Since when something may have been made that nobody knows: the answer never came, or it was made by the program before
    /// this one.
    unknown: Option<Instant>,
    /// Since when something is being made.
    begun: Option<Instant>,
    /// What AWS said that it made.
    ids: BTreeMap<String, Instant>,
}

impl Created {
    /// Notes the keys that the program before this one may have worked on.
    pub(crate) fn start(&self, keys: impl IntoIterator<Item = Key>) {
        let mut known = self.lock();
        for key in keys {
            known.entry(key).or_default().unknown = Some(Instant::now());
        }
    }

    /// Notes that something is about to be made.
    pub(crate) fn begin(&self, key: &Key) {
        let mut keys = self.lock();
        keys.retain(|_, of| of.settling().is_some());
        let of = keys.entry(key.clone()).or_default();
        // The one before never had an answer.
        of.unknown = of.begun.or(of.unknown);
        of.begun = Some(Instant::now());
    }

    /// Notes that it is made; `id`: what AWS calls it, where it has a life of its own.
    pub(crate) fn made(&self, key: &Key, id: Option<&str>) {
        if let Some(of) = self.lock().get_mut(key) {
            of.begun = None;
            of.ids.extend(id.map(|id| (id.to_owned(), Instant::now())));
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

    /// For how long finding nothing does not mean that nothing is there.
    pub(crate) fn settling(&self, key: &Key) -> Option<Duration> {
        self.lock().get(key)?.settling()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, OfKey>> {
        self.keys.lock().expect("no thread panics while it holds the list")
    }
}

impl OfKey {
    fn settling(&self) -> Option<Duration> {
        let Self { unknown, begun, ids } = self;
        let since = unknown.iter().chain(begun).chain(ids.values());
        since.copied().filter_map(rest).max()
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
        assert_eq!((created.unseen(&key, |_| false), created.settling(&key)), (None, None));
        created.begin(&key);
        created.made(&key, Some("sg-1"));
        tokio::time::advance(Duration::from_secs(10)).await;
        created.begin(&key);
        created.made(&key, Some("sg-2"));
        created.made(&key, None);
        assert_eq!(created.unseen(&key, |id| id == "sg-1"), Some(SEEN_WITHIN), "sg-2");
        created.deleted(&key, "sg-2");
        assert_eq!(created.unseen(&key, |id| id == "sg-1"), None);
        assert_eq!(created.settling(&key), Some(Duration::from_secs(20)), "sg-1");
        created.deleted(&key, "sg-1");
        assert_eq!(created.settling(&key), None, "all that was made is deleted");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_knows_of_has_to_be_shown_after_a_while() {
        let key = Key::Stack(StackId::Service(ObjectName::new("default", "web")));
        let created = Created::default();
        created.begin(&key);
        assert_eq!((created.unseen(&key, |_| false), created.settling(&key)), (None, Some(SEEN_WITHIN)), "no answer");
        tokio::time::advance(Duration::from_secs(10)).await;
        created.begin(&key);
        created.made(&key, None);
        assert_eq!(
            created.settling(&key),
            Some(Duration::from_secs(20)),
            "the answer of another one says nothing of it"
        );
        tokio::time::advance(SEEN_WITHIN).await;
        assert_eq!(created.settling(&key), None);
        created.start([key.clone()]);
        assert_eq!(created.settling(&key), Some(SEEN_WITHIN), "another program may have made something");
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
