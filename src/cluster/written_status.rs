//! What was written into statuses and the watches have not told yet: until then the caches show what stood there before.

use std::collections::BTreeMap;
use std::sync::Mutex;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use northgate_planner::id::ObjectName;

/// Our last write into the status of each object of a kind, as long as it is news.
#[derive(Debug)]
pub(super) struct WrittenStatus<S>(Mutex<BTreeMap<ObjectName, (Option<String>, S)>>);

impl<S> Default for WrittenStatus<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S: Clone> WrittenStatus<S> {
    /// Notes what an object's status is after our write; `seen` is the object as it was cached then.
    pub(super) fn note(&self, name: &ObjectName, seen: &ObjectMeta, status: S) {
        self.lock().insert(name.clone(), (seen.resource_version.clone(), status));
    }

    /// The status of an object of the cache: what we wrote, while the cached object is still the one from before.
    pub(super) fn standing(&self, name: &ObjectName, cached: &ObjectMeta) -> Option<S> {
        let mut written = self.lock();
        let (seen, status) = written.get(name)?;
        if *seen == cached.resource_version {
            return Some(status.clone());
        }
        written.remove(name);
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ObjectName, (Option<String>, S)>> {
        self.0.lock().expect("no thread panics while it holds the list")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_wrote_stands_until_the_watch_tells_something_newer() {
        let at = |version: &str| ObjectMeta { resource_version: Some(version.to_owned()), ..ObjectMeta::default() };
        let name = ObjectName::new("default", "web");
        let written = WrittenStatus::default();
        assert_eq!(written.standing(&name, &at("1")), None);
        written.note(&name, &at("1"), "a");
        assert_eq!(written.standing(&name, &at("1")), Some("a"));
        written.note(&name, &at("1"), "b");
        assert_eq!(written.standing(&name, &at("1")), Some("b"));
        assert_eq!(written.standing(&name, &at("2")), None, "told");
        assert_eq!(written.standing(&name, &at("1")), None, "and not kept for ever");
    }
}
