//! The garbage collector: what has no owner left goes, and who waits for what it owns is let go in the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Controller, Hand};
use crate::kubernetes::object::{finalizers, is_going, meta_text, set_meta};
use crate::kubernetes::resource::Resource;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

pub(super) struct Garbage;

/// All objects, and what they belong to.
type Everything = [(Arc<Resource>, Arc<Value>)];

impl Controller for Garbage {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        let everything = hand.everything();
        let uids: BTreeSet<&str> = everything.iter().map(|(_, object)| meta_text(object, "uid")).collect();
        for (resource, object) in &everything {
            if is_going(object) {
                release(hand, resource, object, &everything);
            } else if is_orphaned(hand, object, &uids) {
                hand.delete_any(resource, object);
            }
        }
        None
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

/// Whether an object had owners and none is left. An owner of a kind that the server does not know may be anywhere.
fn is_orphaned(hand: &Hand<'_>, object: &Value, uids: &BTreeSet<&str>) -> bool {
    let text = |owner: &Value, field: &str| owner[field].as_str().unwrap_or_default().to_owned();
    let is_gone = |owner: &Value| {
        let is_known = hand.of_kind(&text(owner, "apiVersion"), &text(owner, "kind")).is_some();
        is_known && !uids.contains(text(owner, "uid").as_str())
    };
    owners(object).next().is_some() && owners(object).all(is_gone)
}

/// Does what a deletion asked for with the objects that a going one owns, and lets it go after that.
fn release(hand: &mut Hand<'_>, resource: &Arc<Resource>, object: &Value, everything: &Everything) {
    let uid = meta_text(object, "uid");
    let is_owner = |owner: &Value| owner["uid"] == *uid;
    let owned: Vec<_> = everything.iter().filter(|(_, other)| owners(other).any(is_owner)).collect();
    for waits_for in finalizers(object).filter(|name| [FOREGROUND, ORPHAN].contains(name)) {
        for (resource, other) in &owned {
            if waits_for == ORPHAN {
                let left: Vec<Value> = owners(other).filter(|owner| !is_owner(owner)).cloned().collect();
                let left = if left.is_empty() { Value::Null } else { json!(left) };
                hand.edit_any(resource, other, |other| set_meta(other, "ownerReferences", left));
            } else if !is_going(other) && owners(other).all(is_owner) {
                hand.delete_any(resource, other);
            }
        }
        let blocks = |owner: &Value| is_owner(owner) && owner["blockOwnerDeletion"] == true;
        let is_done = waits_for == ORPHAN || !owned.iter().any(|(_, other)| owners(other).any(blocks));
        if is_done {
            let left: Vec<Value> =
                finalizers(object).filter(|name| *name != waits_for).map(|name| json!(name)).collect();
            hand.edit_any(resource, object, |object| set_meta(object, "finalizers", json!(left)));
        }
    }
}
