//! What the server keeps: the present objects of every resource, and every change that led there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use super::object::{ObjectKey, set_meta};
use super::resource::ResourceId;

/// Changes of one resource that are kept at most; of more than that the older half is compacted away.
const MOST_CHANGES: usize = 50_000;

/// All objects. One counter of versions serves them all, as etcd's revision does.
#[derive(Debug)]
pub(crate) struct Store {
    version: u64,
    /// What came before this version is gone.
    compacted: u64,
    tables: BTreeMap<ResourceId, Table>,
}

/// The objects of one resource.
#[derive(Debug, Default)]
pub(crate) struct Table {
    objects: Objects,
    /// In order of their versions.
    changes: Vec<Change>,
    /// Changes up to this version are not kept any more.
    forgotten: u64,
    /// Nobody kept changes of the resource before this version: it was not defined.
    begun: u64,
}

/// Objects in the order of lists.
pub(crate) type Objects = BTreeMap<ObjectKey, Arc<Value>>;

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) at: Instant,
    /// `None`: it was made.
    pub(crate) before: Option<Arc<Value>>,
    /// The object as written; a deleted one as it last was, with the version of its deletion.
    pub(crate) after: Arc<Value>,
    pub(crate) is_deletion: bool,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self { version: 1, compacted: 0, tables: BTreeMap::new() }
    }

    /// The version of the last write.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn get(&self, table: ResourceId, key: &ObjectKey) -> Option<&Arc<Value>> {
        self.tables.get(&table)?.objects.get(key)
    }

    /// Keeps an object under a new version; gives it as kept.
    pub(crate) fn put(&mut self, table: ResourceId, mut object: Value, at: Instant) -> Arc<Value> {
        self.version += 1;
        set_meta(&mut object, "resourceVersion", self.version.to_string());
        let (key, object) = (ObjectKey::of(&object), Arc::new(object));
        let version = self.version;
        let table = self.tables.entry(table).or_default();
        let before = table.objects.insert(key, Arc::clone(&object));
        table.log(Change { version, at, before, after: Arc::clone(&object), is_deletion: false });
        object
    }

    /// Takes an object away; gives what it last was.
    pub(crate) fn remove(&mut self, table: ResourceId, key: &ObjectKey, at: Instant) -> Option<Arc<Value>> {
        let table = self.tables.get_mut(&table)?;
        let before = table.objects.remove(key)?;
        self.version += 1;
        let mut last = Value::clone(&before);
        set_meta(&mut last, "resourceVersion", self.version.to_string());
        let after = Arc::new(last);
        let version = self.version;
        table.log(Change { version, at, before: Some(before), after: Arc::clone(&after), is_deletion: true });
        Some(after)
    }

    /// The present objects.
    pub(crate) fn objects(&self, table: ResourceId) -> impl Iterator<Item = (&ObjectKey, &Arc<Value>)> {
        self.tables.get(&table).into_iter().flat_map(|table| &table.objects)
    }

    /// The objects as they were at a version; `None` when that is compacted.
    pub(crate) fn as_of(&self, table: ResourceId, version: u64) -> Option<Cow<'_, Objects>> {
        if version < self.floor(table) {
            return None;
        }
        let Some(table) = self.tables.get(&table) else { return Some(Cow::Owned(Objects::new())) };
        if table.changes.last().is_none_or(|last| last.version <= version) {
            return Some(Cow::Borrowed(&table.objects));
        }
        let mut objects = table.objects.clone();
        for change in table.changes.iter().rev().take_while(|change| change.version > version) {
            let key = ObjectKey::of(&change.after);
            match &change.before {
                Some(before) => objects.insert(key, Arc::clone(before)),
                None => objects.remove(&key),
            };
        }
        Some(Cow::Owned(objects))
    }

    /// What changed after a version, compacted or not: an open watch misses nothing. `None` when it is not kept.
    pub(crate) fn changes_kept_after(&self, table: ResourceId, version: u64) -> Option<&[Change]> {
        let Some(table) = self.tables.get(&table) else { return Some(&[]) };
        if version < table.forgotten {
            return None;
        }
        Some(&table.changes[table.changes.partition_point(|change| change.version <= version)..])
    }

    /// The last version that is at least as old as `then`.
    pub(crate) fn version_at(&self, then: Instant) -> u64 {
        let last = |table: &Table| {
            let upto = table.changes.partition_point(|change| change.at <= then);
            table.changes[..upto].last().map(|change| change.version)
        };
        // Before the first change of all there is the empty store.
        self.tables.values().filter_map(last).max().unwrap_or(1)
    }

    /// Forgets what led to the present state: only it and what comes can be watched.
    pub(crate) fn compact(&mut self) {
        self.compacted = self.version;
    }

    /// From now on the changes of a resource are kept.
    pub(crate) fn begin(&mut self, table: ResourceId) {
        let begun = self.version;
        self.tables.entry(table).or_insert_with(|| Table { begun, ..Table::default() });
    }

    /// When it began.
    pub(crate) fn begun(&self, table: ResourceId) -> u64 {
        self.tables.get(&table).map_or(0, |table| table.begun)
    }

    /// The oldest version from which a resource can be watched.
    pub(crate) fn floor(&self, table: ResourceId) -> u64 {
        self.tables.get(&table).map_or(0, |table| table.forgotten).max(self.compacted)
    }
}

impl Table {
    fn log(&mut self, change: Change) {
        self.changes.push(change);
        if self.changes.len() > MOST_CHANGES {
            let half = MOST_CHANGES / 2;
            self.forgotten = self.changes[half - 1].version;
            self.changes.drain(..half);
        }
    }
}
