//! Nodes that are not ready take no Pods: their taint follows their condition.

use k8s_openapi::api::core::v1::{Node, Taint};
use tokio::time::Instant;

use super::{Controller, Hand};
use crate::kubernetes::admission::NOT_READY;
use crate::kubernetes::target::Part;

pub(super) struct Nodes;

impl Controller for Nodes {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        for node in hand.all::<Node>() {
            let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
            let is_tainted = taints.filter(|taint| is_not_ready(taint)).count() > 0;
            match is_ready(&node) {
                Some(true) if is_tainted => hand.edit(Part::Main, &node.metadata, |node: &mut Node| {
                    node.spec
                        .get_or_insert_default()
                        .taints
                        .get_or_insert_default()
                        .retain(|taint| !is_not_ready(taint));
                }),
                Some(false) if !is_tainted => hand.edit(Part::Main, &node.metadata, |node: &mut Node| {
                    let taints = node.spec.get_or_insert_default().taints.get_or_insert_default();
                    let (key, effect) = (NOT_READY.to_owned(), "NoSchedule".to_owned());
                    taints.push(Taint { key, effect, ..Taint::default() });
                }),
                _ => {}
            }
        }
        None
    }
}

/// What a Node says of itself; `None`: nothing yet.
pub(super) fn is_ready(node: &Node) -> Option<bool> {
    let mut conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.find(|condition| condition.type_ == "Ready").map(|condition| condition.status == "True")
}

fn is_not_ready(taint: &Taint) -> bool {
    taint.key == NOT_READY
}
