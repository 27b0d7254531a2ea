//! Small caches with an age limit. No lock is held over a call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How old a cached answer may be.
pub(super) const MAX_AGE: Duration = Duration::from_secs(600);

/// One answer as a whole, asked once however many want it at the same time.
#[derive(Debug)]
pub(super) struct Whole<T>(Mutex<Option<(Instant, Arc<OnceCell<T>>)>>);

impl<T> Default for Whole<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Whole<T> {
    /// The answer: the cached one, the one under way, or a new one. A failure is not kept.
    pub(super) async fn get<E>(&self, ask: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, E> {
        self.get_younger_than(MAX_AGE, ask).await
    }

    /// The same, with an age limit of its own.
    pub(super) async fn get_younger_than<E>(
        &self,
        age: Duration,
        ask: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let cell = self.cell(age);
        cell.get_or_try_init(|| ask()).await.cloned()
    }

    /// Keeps an answer that came with a write.
    pub(super) fn put(&self, answer: T) {
        *lock(&self.0) = Some((Instant::now(), Arc::new(OnceCell::new_with(Some(answer)))));
    }

    /// Drops the answer, and the one under way.
    pub(super) fn forget(&self) {
        *lock(&self.0) = None;
    }

    /// Its age counts from when it was asked for, not from when the answer came.
    fn cell(&self, age: Duration) -> Arc<OnceCell<T>> {
        let mut slot = lock(&self.0);
        match &*slot {
            Some((asked, cell)) if asked.elapsed() < age => Arc::clone(cell),
            _ => {
                let cell = Arc::new(OnceCell::new());
                *slot = Some((Instant::now(), Arc::clone(&cell)));
                cell
            }
        }
    }
}

/// Answers by key, asked for many keys at a time.
#[derive(Debug)]
pub(super) struct Keyed<K, V>(Mutex<Entries<K, V>>);

#[derive(Debug)]
struct Entries<K, V> {
    /// Grows with every write, so that an answer that was under way during a write is not kept.
    epoch: u64,
    known: BTreeMap<K, (Instant, V)>,
}

/// What a cache knows of what was asked.
pub(super) struct Asked<K, V> {
    /// The answers that are known.
    pub(super) found: BTreeMap<K, V>,
    /// The keys that must be asked.
    pub(super) missing: Vec<K>,
    epoch: u64,
    at: Instant,
}

impl<K, V> Default for Keyed<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Entries { epoch: 0, known: BTreeMap::new() }))
    }
}

impl<K: Ord + Clone, V: Clone> Keyed<K, V> {
    /// Splits the keys into the known and the missing.
    pub(super) fn ask<'k>(&self, keys: impl IntoIterator<Item = &'k K>) -> Asked<K, V>
    where
        K: 'k,
    {
        let entries = lock(&self.0);
        let mut asked = Asked { found: BTreeMap::new(), missing: Vec::new(), epoch: entries.epoch, at: Instant::now() };
        for key in keys {
            match entries.known.get(key) {
                Some((at, value)) if at.elapsed() < MAX_AGE => {
                    asked.found.insert(key.clone(), value.clone());
                }
                _ => asked.missing.push(key.clone()),
            }
        }
        asked
    }

    /// Keeps the answers to what was missing, unless a write came in between; drops what is too old.
    pub(super) fn fill(&self, asked: &Asked<K, V>, answers: &BTreeMap<K, V>) {
        let mut entries = lock(&self.0);
        if entries.epoch == asked.epoch {
            entries.known.retain(|_, (at, _)| at.elapsed() < MAX_AGE);
            entries.known.extend(answers.iter().map(|(key, value)| (key.clone(), (asked.at, value.clone()))));
        }
    }

    /// Changes an answer as a write changed AWS; one that is not known stays unknown.
    pub(super) fn update(&self, key: &K, change: impl FnOnce(&mut V)) {
        let mut entries = lock(&self.0);
        entries.epoch += 1;
        if let Some((_, value)) = entries.known.get_mut(key) {
            change(value);
        }
    }

    /// Drops one answer.
    pub(super) fn forget(&self, key: &K) {
        let mut entries = lock(&self.0);
        entries.epoch += 1;
        entries.known.remove(key);
    }

    /// Drops every answer.
    pub(super) fn clear(&self) {
        let mut entries = lock(&self.0);
        entries.epoch += 1;
        entries.known.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds a cache")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_whole_answer_is_asked_once_until_it_is_too_old_or_forgotten() {
        let cache = Whole::default();
        let asked = AtomicU32::new(0);
        let ask = async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, ()>(asked.fetch_add(1, Ordering::Relaxed))
        };
        let (one, other) = tokio::join!(cache.get(ask), cache.get(ask));
        assert_eq!((one, other), (Ok(0), Ok(0)), "both share one flight");
        tokio::time::advance(MAX_AGE).await;
        assert_eq!(cache.get(ask).await, Ok(1));
        cache.forget();
        assert_eq!(cache.get(ask).await, Ok(2));
        cache.put(7);
        assert_eq!(cache.get(ask).await, Ok(7));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = Whole::default();
        assert_eq!(cache.get(async || Err::<u8, _>("no")).await, Err("no"));
        assert_eq!(cache.get(async || Ok::<_, &str>(1)).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_by_key_age_one_by_one() {
        let cache = Keyed::default();
        cache.fill(&cache.ask(&["a"]), &BTreeMap::from([("a", 1)]));
        tokio::time::advance(MAX_AGE / 2).await;
        cache.fill(&cache.ask(&["b"]), &BTreeMap::from([("b", 2)]));
        let asked = cache.ask(&["a", "b", "c"]);
        assert_eq!((asked.found, asked.missing), (BTreeMap::from([("a", 1), ("b", 2)]), vec!["c"]));
        tokio::time::advance(MAX_AGE / 2).await;
        assert_eq!(cache.ask(&["a", "b"]).missing, ["a"]);
    }

    #[tokio::test]
    async fn an_answer_older_than_a_write_is_not_kept() {
        let cache = Keyed::default();
        let before = cache.ask(&["a"]);
        cache.update(&"a", |value: &mut u8| *value += 1);
        cache.fill(&before, &BTreeMap::from([("a", 1)]));
        assert_eq!(cache.ask(&["a"]).missing, ["a"]);
        let after = cache.ask(&["a"]);
        cache.fill(&after, &BTreeMap::from([("a", 1)]));
        cache.update(&"a", |value| *value += 1);
        assert_eq!(cache.ask(&["a"]).found, BTreeMap::from([("a", 2)]));
    }
}
