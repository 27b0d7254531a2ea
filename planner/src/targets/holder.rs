//! Which binding holds which target group: two on one group would take each other's targets out.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::declared::Group;
use super::{has_finalizer, object};
use crate::id::{ObjectName, StackId};
use crate::snapshot::Snapshot;

/// All bindings that hold a target group, by the name of the group.
pub(super) struct Holders<'a>(BTreeMap<String, Vec<Holder<'a>>>);

struct Holder<'a> {
    name: &'a ObjectName,
    group: Group,
    since: Option<Timestamp>,
    going: bool,
}

impl<'a> Holders<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut holders = BTreeMap::<String, Vec<Holder<'a>>>::new();
        for (name, binding) in &snapshot.bindings {
            let going = binding.metadata.deletion_timestamp.is_some();
            let is_generated = || binding.metadata.labels.as_ref().and_then(StackId::from_labels).is_some();
            // On its way out, only a hand-made object with our finalizer still does something to its group.
            if going && (is_generated() || !has_finalizer(binding)) {
                continue;
            }
            let group = object::group(binding);
            let since = binding.metadata.creation_timestamp.as_ref().map(|time| time.0);
            holders.entry(group.name().to_owned()).or_default().push(Holder { name, group, since, going });
        }
        Self(holders)
    }

    /// The binding that `name` has to give way to: an older one, or one that is about to empty the group.
    pub(super) fn before(&self, name: &ObjectName, group: &Group) -> Option<&'a ObjectName> {
        let since = self.others(group).find(|holder| holder.name == name).and_then(|holder| holder.since);
        let age = |since: Option<Timestamp>, name| (since.is_none(), since, name);
        self.others(group)
            .filter(|holder| holder.name != name)
            .find(|holder| holder.going || age(holder.since, holder.name) < age(since, name))
            .map(|holder| holder.name)
    }

    /// Another binding that stays and holds the group too.
    pub(super) fn besides(&self, name: &ObjectName, group: &Group) -> Option<&'a ObjectName> {
        self.others(group).find(|holder| holder.name != name && !holder.going).map(|holder| holder.name)
    }

    fn others<'s>(&'s self, group: &'s Group) -> impl Iterator<Item = &'s Holder<'a>> {
        self.0.get(group.name()).into_iter().flatten().filter(move |holder| holder.group.is_same(group))
    }
}
