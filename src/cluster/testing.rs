//! Caches with objects in them, for tests.

use kube::runtime::watcher::Event;
use serde_json::Value;

use super::cache::{Cache, Feed};
use super::watch::Watched;

/// Puts objects into a cache, as its watch would.
pub(crate) fn fill<K: Watched>(cache: &Cache<K>, objects: &[Value]) {
    let mut feed = Feed::new(cache);
    for object in objects {
        feed.take(Event::Apply(serde_json::from_value(object.clone()).unwrap()));
    }
}
