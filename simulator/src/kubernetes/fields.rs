//! Sets of an object's fields, as `managedFields` hold them (`FieldsV1`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::topology::Shape;

/// A set of fields: a tree whose branches are named as in `FieldsV1` (`f:spec`, `k:{"port":80}`, `v:"text"`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    /// The field at the root of this tree is in the set.
    is_in: bool,
    branches: BTreeMap<String, Fields>,
}

/// How one object differs from another.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Fields that were added or have another value.
    pub(crate) changed: Fields,
    pub(crate) removed: Fields,
}

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_in && self.branches.values().all(Self::is_empty)
    }

    /// Reads `FieldsV1`.
    pub(crate) fn read(fields: &Value) -> Self {
        let children = fields.as_object().into_iter().flatten();
        let mut read = Self { is_in: fields.get(".").is_some(), branches: BTreeMap::new() };
        for (name, child) in children.filter(|(name, _)| *name != ".") {
            let mut branch = Self::read(child);
            // A branch that says nothing is a field of its own.
            branch.is_in |= child.as_object().is_none_or(Map::is_empty);
            read.branches.insert(name.clone(), branch);
        }
        read
    }

    /// Writes `FieldsV1`.
    pub(crate) fn write(&self) -> Value {
        let mut written = Map::new();
        let branches = self.branches.iter().filter(|(_, branch)| !branch.is_empty());
        written.extend(branches.map(|(name, branch)| (name.clone(), branch.write())));
        if self.is_in && !written.is_empty() {
            written.insert(".".to_owned(), Value::Object(Map::new()));
        }
        Value::Object(written)
    }

    /// All fields that an object says, as server-side apply counts them.
    pub(crate) fn of(shape: &Shape<'_>, object: &Value) -> Self {
        let mut fields = Self::default();
        match object {
            Value::Object(map) if !shape.is_atomic(object) => {
                for (name, value) in map {
                    let mut branch = Self::of(&shape.field(name), value);
                    branch.is_in |= value.is_null() || value.as_object().is_some_and(Map::is_empty);
                    fields.branches.insert(format!("f:{name}"), branch);
                }
            }
            Value::Array(list) if !shape.is_atomic(object) => {
                for entry in list {
                    let mut branch = Self::of(&shape.entry(), entry);
                    branch.is_in = true;
                    fields.branches.insert(shape.name_of(entry), branch);
                }
            }
            _ => fields.is_in = true,
        }
        fields
    }

    /// The fields that are in either.
    pub(crate) fn union(mut self, other: &Self) -> Self {
        self.is_in |= other.is_in;
        for (name, branch) in &other.branches {
            let there = self.branches.remove(name).unwrap_or_default();
            self.branches.insert(name.clone(), there.union(branch));
        }
        self
    }

    /// The fields that are in this one only.
    pub(crate) fn without(mut self, other: &Self) -> Self {
        self.is_in &= !other.is_in;
        for (name, branch) in &other.branches {
            if let Some(there) = self.branches.remove(name) {
                let left = there.without(branch);
                if !left.is_empty() {
                    self.branches.insert(name.clone(), left);
                }
            }
        }
        self
    }

    /// The fields that are in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let branches = self.branches.iter().filter_map(|(name, branch)| {
            let both = branch.intersection(other.branches.get(name)?);
            (!both.is_empty()).then(|| (name.clone(), both))
        });
        Self { is_in: self.is_in && other.is_in, branches: branches.collect() }
    }

    /// Takes the whole object out, but nothing of what is in it.
    pub(crate) fn take_out_root(&mut self) {
        self.is_in = false;
    }

    /// Takes a field out, with all that is below it when `is_whole`.
    pub(crate) fn take_out(&mut self, path: &[&str], is_whole: bool) {
        let Some((first, rest)) = path.split_first() else { return };
        let name = format!("f:{first}");
        match rest {
            [] if is_whole => drop(self.branches.remove(&name)),
            [] => {
                if let Some(branch) = self.branches.get_mut(&name) {
                    branch.is_in = false;
                }
            }
            rest => {
                if let Some(branch) = self.branches.get_mut(&name) {
                    branch.take_out(rest, is_whole);
                }
            }
        }
    }

    /// Keeps only what is below one field.
    pub(crate) fn keep_only(&mut self, names: &[&str]) {
        self.branches.retain(|branch, _| branch.strip_prefix("f:").is_some_and(|name| names.contains(&name)));
    }

    /// The fields as the API server names them in messages: `.spec.ports[port=80,protocol="TCP"].name`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_paths("", &mut paths);
        paths
    }

    fn collect_paths(&self, path: &str, paths: &mut Vec<String>) {
        if self.is_in {
            paths.push(path.to_owned());
        }
        for (name, branch) in &self.branches {
            branch.collect_paths(&format!("{path}{}", shown(name)), paths);
        }
    }

    /// Takes out of an object what is in this set and not in `kept`; what is left empty goes too.
    pub(crate) fn remove_from(&self, kept: &Self, shape: &Shape<'_>, object: &mut Value) {
        match object {
            Value::Object(map) => {
                let names: Vec<String> = map.keys().cloned().collect();
                for name in names {
                    let branch = format!("f:{name}");
                    let Some(gone) = self.branches.get(&branch) else { continue };
                    let stays = kept.branches.get(&branch);
                    let value = map.get_mut(&name).expect("the name is one of the map's");
                    if !gone.leaves(stays, &shape.field(&name), value) {
                        map.remove(&name);
                    }
                }
            }
            Value::Array(list) if !shape.is_atomic(&Value::Array(Vec::new())) => {
                list.retain_mut(|entry| match self.branches.get(&shape.name_of(entry)) {
                    Some(gone) => gone.leaves(kept.branches.get(&shape.name_of(entry)), &shape.entry(), entry),
                    None => true,
                });
            }
            _ => {}
        }
    }

    /// Takes this set out of a value; gives whether the value is still there.
    fn leaves(&self, kept: Option<&Self>, shape: &Shape<'_>, value: &mut Value) -> bool {
        let nothing = Self::default();
        let kept = kept.unwrap_or(&nothing);
        let is_container = matches!(value, Value::Object(_) | Value::Array(_)) && !shape.is_atomic(value);
        if !is_container {
            return !self.is_in || kept.is_in;
        }
        if self.is_in && kept.is_empty() {
            return false;
        }
        let was_empty = is_empty(value);
        self.remove_from(kept, shape, value);
        was_empty || !is_empty(value) || kept.is_in
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn shown(branch: &str) -> String {
    let keyed = |text: &str| {
        let keys: Value = serde_json::from_str(text).unwrap_or_default();
        let pairs = keys.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
        format!("[{}]", pairs.collect::<Vec<_>>().join(","))
    };
    match branch.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => keyed(keys),
        Some(("v", value)) => format!("[={value}]"),
        _ => format!("[{branch}]"),
    }
}

impl Comparison {
    /// How `new` differs from `old`; either may be absent.
    pub(crate) fn of(shape: &Shape<'_>, old: Option<&Value>, new: Option<&Value>) -> Self {
        let mut comparison = Self::default();
        if old == new {
            return comparison;
        }
        let is_leaf = |value: Option<&Value>| value.is_none_or(|value| shape.is_atomic(value));
        let empty = |value: Option<&Value>| value.is_none_or(is_empty);
        let is_whole = is_leaf(old) && is_leaf(new) || empty(old) && empty(new);
        if is_whole || is_leaf(old) && old.is_some() || is_leaf(new) && new.is_some() {
            match new {
                Some(_) => comparison.changed.is_in = true,
                None => comparison.removed.is_in = true,
            }
            return comparison;
        }
        match (old, new) {
            (None, Some(_)) => comparison.changed.is_in = true,
            (Some(_), None) => comparison.removed.is_in = true,
            _ => {}
        }
        let (before, after) = (branches(shape, old), branches(shape, new));
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            let (_, shape) = new.or(old).expect("the name is one of theirs");
            let below = Self::of(shape, old.map(|(value, _)| *value), new.map(|(value, _)| *value));
            if !below.changed.is_empty() {
                comparison.changed.branches.insert(name.clone(), below.changed);
            }
            if !below.removed.is_empty() {
                comparison.removed.branches.insert(name.clone(), below.removed);
            }
        }
        comparison
    }
}

fn branches<'v, 's>(shape: &Shape<'s>, value: Option<&'v Value>) -> BTreeMap<String, (&'v Value, Shape<'s>)> {
    match value {
        Some(Value::Object(map)) => {
            map.iter().map(|(name, value)| (format!("f:{name}"), (value, shape.field(name)))).collect()
        }
        Some(Value::Array(list)) => list.iter().map(|entry| (shape.name_of(entry), (entry, shape.entry()))).collect(),
        _ => BTreeMap::new(),
    }
}
