//! Who set which field: `metadata.managedFields`, and server-side apply, which is decided by it.

use serde_json::{Map, Value, json};

use super::fields::{Comparison, Fields};
use super::object::{carry_meta, meta_text, set_meta};
use super::refusal::Refusal;
use super::state::State;
use super::target::{Part, Target};
use super::topology::Shape;
use super::write::{Kept, WriteOptions};

/// Fields that belong to nobody.
const OF_THE_SERVER: &[&str] =
    &["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"];

/// One who set fields.
#[derive(Clone, Debug, PartialEq)]
struct Manager {
    name: String,
    /// By server-side apply, not by another write.
    applies: bool,
    api_version: String,
    subresource: String,
    time: String,
    fields: Fields,
}

impl State {
    /// Notes in an object who changed what in it.
    pub(crate) fn own(
        &self,
        target: &Target,
        options: &WriteOptions,
        mut object: Value,
        live: Option<&Value>,
    ) -> Value {
        if !self.options.managed_fields {
            set_meta(&mut object, "managedFields", Value::Null);
            return object;
        }
        if object["metadata"]["managedFields"] == json!([{}]) {
            // How a client says that it wants to hear of no manager any more.
            set_meta(&mut object, "managedFields", Value::Null);
            return object;
        }
        let mut managers = live.map(read).unwrap_or_default();
        let shape = Shape::of(target);
        let mut comparison = Comparison::of(&shape, live, Some(&object));
        strip(target.part, &mut comparison.changed);
        strip(target.part, &mut comparison.removed);
        if comparison.changed.is_empty() && comparison.removed.is_empty() {
            if let Some(live) = live {
                carry_meta(live, &mut object, "managedFields");
            }
            return object;
        }
        for manager in &mut managers {
            manager.give_up(&comparison.changed);
            manager.give_up(&comparison.removed);
        }
        if !comparison.changed.is_empty() {
            let new = Manager::new(self, target, &options.manager, false, comparison.changed);
            match managers.iter_mut().find(|manager| manager.is_same(&new)) {
                Some(there) => {
                    there.fields = std::mem::take(&mut there.fields).union(&new.fields);
                    there.time = new.time;
                }
                None => managers.push(new),
            }
        }
        set_meta(&mut object, "managedFields", write(managers));
        object
    }

    /// Carries out a server-side apply: changes the object that is there, or makes it.
    pub(crate) fn apply_object(
        &mut self,
        target: &Target,
        options: &WriteOptions,
        given: &Value,
    ) -> Result<Kept, Refusal> {
        let text = |field: &str| given[field].as_str().unwrap_or_default();
        if text("apiVersion").is_empty() || text("kind").is_empty() {
            let words = format!("invalid object type: {}, Kind={}", text("apiVersion"), text("kind"));
            return Err(Refusal::bad_request(words));
        }
        let resource = &target.resource;
        let mut given = given.clone();
        match meta_text(&given, "name") {
            "" => set_meta(&mut given, "name", target.name()),
            name if name == target.name() => {}
            name => return Err(Refusal::other_name(name, target.name())),
        }
        let Some(live) = self.get(resource, &target.key).cloned() else {
            let uid = meta_text(&given, "uid");
            if !uid.is_empty() {
                let why =
                    format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
                return Err(Refusal::conflict(resource, target.name(), &why));
            }
            let object = self.apply(target, options, &Value::Null, &given)?;
            return self.create(target, options, object);
        };
        let object = self.apply(target, options, &target.in_version(live), &given)?;
        self.update(target, options, |_| Ok(object))
    }

    /// What a server-side apply makes of an object; `live` is null where there is none.
    fn apply(&self, target: &Target, options: &WriteOptions, live: &Value, given: &Value) -> Result<Value, Refusal> {
        if !given["metadata"]["managedFields"].is_null() {
            return Err(Refusal::bad_request("metadata.managedFields must be nil"));
        }
        let shape = Shape::of(target);
        let mut managers = read(live);
        let old = (!live.is_null()).then_some(live);
        if managers.is_empty() && old.is_some() {
            managers.push(self.unknown_manager(target, &shape, live));
        }
        let mut fields = Fields::of(&shape, given);
        strip(target.part, &mut fields);
        let new = Manager::new(self, target, &options.manager, true, fields);
        let before = managers.iter().position(|manager| manager.is_same(&new)).map(|place| managers.remove(place));
        let mut object = live.clone();
        merge(&shape, &mut object, given);
        if let Some(before) = &before {
            let kept = managers.iter().fold(new.fields.clone(), |kept, manager| kept.union(&manager.fields));
            before.fields.remove_from(&kept, &shape, &mut object);
        }
        let mut comparison = Comparison::of(&shape, old, Some(&object));
        strip(target.part, &mut comparison.changed);
        let conflicts: Vec<(String, Vec<String>)> = managers
            .iter()
            .map(|manager| (manager.shown(), manager.fields.intersection(&comparison.changed).paths()))
            .filter(|(_, paths)| !paths.is_empty())
            .collect();
        if !conflicts.is_empty() && !options.force {
            return Err(Refusal::apply_conflict(&conflicts));
        }
        for manager in &mut managers {
            manager.give_up(&comparison.changed);
            manager.give_up(&comparison.removed);
        }
        let is_as_before = before.as_ref().is_some_and(|before| before.fields == new.fields);
        let time = before.filter(|_| is_as_before && old == Some(&object)).map(|before| before.time);
        managers.push(Manager { time: time.unwrap_or(new.time), ..new });
        set_meta(&mut object, "managedFields", write(managers));
        Ok(object)
    }

    /// Who set what is there before anybody noted it.
    fn unknown_manager(&self, target: &Target, shape: &Shape<'_>, live: &Value) -> Manager {
        let mut fields = Comparison::of(shape, None, Some(live)).changed;
        strip(target.part, &mut fields);
        Manager::new(self, target, "before-first-apply", false, fields)
    }
}

impl Manager {
    fn new(state: &State, target: &Target, name: &str, applies: bool, fields: Fields) -> Self {
        let subresource = match target.part {
            Part::Main => "",
            Part::Status => "status",
            Part::Finalize => "finalize",
            Part::Binding => "binding",
        };
        Self {
            name: name.to_owned(),
            applies,
            api_version: target.version().api_version.clone(),
            subresource: subresource.to_owned(),
            time: state.time(),
            fields,
        }
    }

    /// Whether two entries are one manager's. Who applies is the same in every version.
    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.applies == other.applies
            && self.subresource == other.subresource
            && (self.applies || self.api_version == other.api_version)
    }

    fn give_up(&mut self, fields: &Fields) {
        self.fields = std::mem::take(&mut self.fields).without(fields);
    }

    /// As the API server speaks of it.
    fn shown(&self) -> String {
        let Self { name, applies, api_version, subresource, time: _, fields: _ } = self;
        let part = if subresource.is_empty() { String::new() } else { format!(" with subresource \"{subresource}\"") };
        let version = if *applies { String::new() } else { format!(" using {api_version}") };
        format!("\"{name}\"{part}{version}")
    }
}

fn read(object: &Value) -> Vec<Manager> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| Manager {
            name: text(&entry["manager"]),
            applies: entry["operation"] == "Apply",
            api_version: text(&entry["apiVersion"]),
            subresource: text(&entry["subresource"]),
            time: text(&entry["time"]),
            fields: Fields::read(&entry["fieldsV1"]),
        })
        .collect()
}

fn write(mut managers: Vec<Manager>) -> Value {
    managers.retain(|manager| !manager.fields.is_empty());
    let key = |manager: &Manager| (!manager.applies, manager.time.clone(), manager.name.clone());
    managers.sort_by_key(key);
    let entries: Vec<Value> = managers
        .into_iter()
        .map(|manager| {
            let mut entry = json!({
                "manager": manager.name,
                "operation": if manager.applies { "Apply" } else { "Update" },
                "apiVersion": manager.api_version,
                "time": manager.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": manager.fields.write(),
            });
            if !manager.subresource.is_empty() {
                entry["subresource"] = json!(manager.subresource);
            }
            entry
        })
        .collect();
    if entries.is_empty() { Value::Null } else { Value::Array(entries) }
}

/// Takes out of a set what nobody owns, and what this part of an object may not write.
fn strip(part: Part, fields: &mut Fields) {
    fields.take_out_root();
    fields.take_out(&["apiVersion"], true);
    fields.take_out(&["kind"], true);
    fields.take_out(&["metadata"], false);
    for field in OF_THE_SERVER {
        fields.take_out(&["metadata", field], true);
    }
    match part {
        Part::Main => fields.take_out(&["status"], true),
        Part::Status => fields.keep_only(&["metadata", "status"]),
        Part::Finalize | Part::Binding => {}
    }
}

/// Lays what is given over what is there.
fn merge(shape: &Shape<'_>, there: &mut Value, given: &Value) {
    match (&mut *there, given) {
        (Value::Object(fields), Value::Object(given_fields)) if !shape.is_atomic(given) => {
            for (name, value) in given_fields {
                merge(&shape.field(name), fields.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(list), Value::Array(given_list)) if !shape.is_atomic(given) => {
            *list = merge_lists(shape, std::mem::take(list), given_list);
        }
        // Into nothing, entry by entry as well: keys that a list repeats are one.
        (Value::Null, Value::Object(_)) if !shape.is_atomic(given) => {
            *there = Value::Object(Map::new());
            merge(shape, there, given);
        }
        _ => *there = given.clone(),
    }
}

/// The entries that are given come in their order, each where the first of them was; the others stay where they are.
fn merge_lists(shape: &Shape<'_>, there: Vec<Value>, given: &[Value]) -> Vec<Value> {
    let names: Vec<String> = given.iter().map(|entry| shape.name_of(entry)).collect();
    let old: Vec<(String, Value)> = there.into_iter().map(|entry| (shape.name_of(&entry), entry)).collect();
    let mut merged = Vec::with_capacity(old.len() + given.len());
    let mut next = 0;
    let mut take_until = |end: usize, merged: &mut Vec<Value>| {
        while next < end {
            let same = old.iter().find(|(name, _)| *name == names[next]);
            let mut entry = same.map_or(Value::Null, |(_, entry)| entry.clone());
            merge(&shape.entry(), &mut entry, &given[next]);
            merged.push(entry);
            next += 1;
        }
    };
    for (name, entry) in &old {
        match names.iter().position(|given| given == name) {
            None => merged.push(entry.clone()),
            Some(place) => take_until(place + 1, &mut merged),
        }
    }
    take_until(given.len(), &mut merged);
    merged
}
