//! The objects of one kind as the API server last told them; each change comes with what was there before.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};

use kube::runtime::watcher;
use northgate_planner::id::ObjectName;
use tokio::sync::watch;

use super::watch::Watched;

/// A change of one object: what was known and what is known now. Never neither.
#[derive(Debug)]
pub(crate) struct Change<K> {
    /// `None`: it is new.
    pub(crate) before: Option<Arc<K>>,
    /// `None`: it is gone.
    pub(crate) after: Option<Arc<K>>,
}

impl<K> Change<K> {
    /// The object as it is, or as it last was.
    pub(crate) fn latest(&self) -> &Arc<K> {
        self.after.as_ref().or(self.before.as_ref()).expect("a change has an object before or after it")
    }
}

/// All objects of one kind, trimmed.
///
/// kube's own store tells neither what an object was before nor that a list after a lost watch no longer has it; both
/// are what triggers need.
#[derive(Debug)]
pub(crate) struct Cache<K> {
    objects: RwLock<BTreeMap<ObjectName, Arc<K>>>,
    synced: watch::Sender<bool>,
    trouble: Mutex<Option<String>>,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Self { objects: RwLock::default(), synced: watch::Sender::new(false), trouble: Mutex::default() }
    }
}

impl<K> Cache<K> {
    /// One object.
    pub(crate) fn get(&self, name: &ObjectName) -> Option<Arc<K>> {
        self.read().get(name).cloned()
    }

    /// The objects that `keep` keeps.
    pub(crate) fn filter(&self, keep: impl Fn(&ObjectName, &K) -> bool) -> BTreeMap<ObjectName, Arc<K>> {
        let objects = self.read();
        objects
            .iter()
            .filter(|(name, object)| keep(name, object))
            .map(|(name, object)| (name.clone(), Arc::clone(object)))
            .collect()
    }

    /// The objects of one namespace that `keep` keeps.
    pub(crate) fn in_namespace(&self, namespace: &str, keep: impl Fn(&K) -> bool) -> BTreeMap<ObjectName, Arc<K>> {
        let first = ObjectName::new(namespace, "");
        let objects = self.read();
        objects
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(|(name, _)| name.namespace == namespace)
            .filter(|(_, object)| keep(object))
            .map(|(name, object)| (name.clone(), Arc::clone(object)))
            .collect()
    }

    /// Every object.
    pub(crate) fn all(&self) -> BTreeMap<ObjectName, Arc<K>> {
        self.read().clone()
    }

    /// Waits until the first complete list is in.
    pub(super) async fn synced(&self) {
        let mut synced = self.synced.subscribe();
        // The sender lives as long as the cache, so waiting cannot fail.
        let _ = synced.wait_for(|synced| *synced).await;
    }

    /// Whether the first complete list is in.
    pub(super) fn is_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// What last went wrong with the watch; `None` while it runs.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock_trouble().clone()
    }

    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        *self.lock_trouble() = trouble;
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<ObjectName, Arc<K>>> {
        self.objects.read().expect("no thread panics while it holds the cache")
    }

    fn lock_trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().expect("no thread panics while it holds the message")
    }
}

/// The writing end of a cache: takes a watcher's events in their order.
pub(super) struct Feed<'c, K> {
    cache: &'c Cache<K>,
    listing: BTreeMap<ObjectName, Arc<K>>,
}

impl<'c, K: Watched> Feed<'c, K> {
    pub(super) fn new(cache: &'c Cache<K>) -> Self {
        Self { cache, listing: BTreeMap::new() }
    }

    /// Takes one event; gives the changes that it makes.
    pub(super) fn take(&mut self, event: watcher::Event<K>) -> Vec<Change<K>> {
        match event {
            watcher::Event::Apply(object) => {
                let after = Arc::new(object);
                let before = self.write().insert(ObjectName::of(after.meta()), Arc::clone(&after));
                vec![Change { before, after: Some(after) }]
            }
            watcher::Event::Delete(object) => {
                // The last state that the watch tells is newer than the cached one.
                self.write().remove(&ObjectName::of(object.meta()));
                vec![Change { before: Some(Arc::new(object)), after: None }]
            }
            watcher::Event::Init => {
                self.listing.clear();
                Vec::new()
            }
            watcher::Event::InitApply(object) => {
                self.listing.insert(ObjectName::of(object.meta()), Arc::new(object));
                Vec::new()
            }
            watcher::Event::InitDone => self.replace(),
        }
    }

    /// Puts a complete list in place of what was known: what it no longer has is gone.
    fn replace(&mut self) -> Vec<Change<K>> {
        let listing = std::mem::take(&mut self.listing);
        let mut before = std::mem::replace(&mut *self.write(), listing.clone());
        let mut changes: Vec<Change<K>> = Vec::with_capacity(listing.len());
        for (name, after) in listing {
            changes.push(Change { before: before.remove(&name), after: Some(after) });
        }
        changes.extend(before.into_values().map(|gone| Change { before: Some(gone), after: None }));
        self.cache.set_trouble(None);
        self.cache.synced.send_replace(true);
        changes
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'c, BTreeMap<ObjectName, Arc<K>>> {
        self.cache.objects.write().expect("no thread panics while it holds the cache")
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Service;
    use kube::runtime::watcher::Event;

    use super::*;

    fn service(namespace: &str, name: &str, version: &str) -> Service {
        let mut service = Service::default();
        service.metadata.namespace = Some(namespace.to_owned());
        service.metadata.name = Some(name.to_owned());
        service.metadata.resource_version = Some(version.to_owned());
        service
    }

    fn told(changes: &[Change<Service>]) -> Vec<(String, Option<String>, Option<String>)> {
        let version =
            |object: &Option<Arc<Service>>| object.as_ref().and_then(|object| object.metadata.resource_version.clone());
        changes
            .iter()
            .map(|change| {
                (ObjectName::of(&change.latest().metadata).to_string(), version(&change.before), version(&change.after))
            })
            .collect()
    }

    fn change(name: &str, before: Option<&str>, after: Option<&str>) -> (String, Option<String>, Option<String>) {
        (name.to_owned(), before.map(str::to_owned), after.map(str::to_owned))
    }

    #[test]
    fn a_change_comes_with_what_was_there_before() {
        let cache = Cache::default();
        let mut feed = Feed::new(&cache);
        assert_eq!(told(&feed.take(Event::Apply(service("a", "web", "1")))), [change("a/web", None, Some("1"))]);
        assert_eq!(told(&feed.take(Event::Apply(service("a", "web", "2")))), [change("a/web", Some("1"), Some("2"))]);
        assert_eq!(told(&feed.take(Event::Delete(service("a", "web", "3")))), [change("a/web", Some("3"), None)]);
        assert!(cache.all().is_empty());
    }

    #[test]
    fn what_a_new_list_no_longer_has_is_gone() {
        let cache = Cache::default();
        let mut feed = Feed::new(&cache);
        for event in
            [Event::Init, Event::InitApply(service("a", "one", "1")), Event::InitApply(service("a", "two", "1"))]
        {
            assert!(feed.take(event).is_empty(), "nothing is told before the list is complete");
        }
        assert!(!cache.is_synced());
        feed.take(Event::InitDone);
        assert!(cache.is_synced());
        feed.take(Event::Init);
        feed.take(Event::InitApply(service("a", "two", "2")));
        assert_eq!(cache.all().len(), 2, "the old list stands until the new one is complete");
        let changes = feed.take(Event::InitDone);
        assert_eq!(told(&changes), [change("a/two", Some("1"), Some("2")), change("a/one", Some("1"), None)]);
    }

    #[test]
    fn a_list_that_breaks_off_leaves_no_trace() {
        let cache = Cache::default();
        let mut feed = Feed::new(&cache);
        feed.take(Event::Init);
        feed.take(Event::InitApply(service("a", "one", "1")));
        feed.take(Event::Init);
        assert!(feed.take(Event::InitDone).is_empty());
    }

    #[test]
    fn a_namespace_is_read_alone() {
        let cache = Cache::default();
        let mut feed = Feed::new(&cache);
        for (namespace, name) in [("a", "z"), ("ab", "one"), ("ab", "two"), ("abc", "one"), ("b", "one")] {
            feed.take(Event::Apply(service(namespace, name, "1")));
        }
        let names: Vec<String> = cache.in_namespace("ab", |_| true).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["ab/one", "ab/two"]);
    }
}
