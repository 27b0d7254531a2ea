//! Tags: what is ours says so from its creation on, and in the end bears what was asked for and nothing else.

use std::collections::BTreeMap;

use northgate_simulator::Observed;

use crate::declared::{Declared, Stack};
use crate::view::{self, Tags, is_ours, is_owned, ownership, resource, shared_ownership, stack, tagged, tagged_parts};

/// Whatever is ours and does not say whose it is.
pub(super) fn everything_says_whose_it_is(view: &Observed, found: &mut Vec<String>) {
    let ours = tagged(view).filter(|(_, tags)| is_ours(tags));
    for (kind, tags) in ours.chain(tagged_parts(view)).filter(|(_, tags)| !is_owned(tags)) {
        found.push(format!("S2: a {kind} does not say in full whose it is: {tags:?}"));
    }
}

/// Whatever has other tags than it is to have.
pub(crate) fn disagreements(view: &Observed, declared: &Declared) -> Vec<String> {
    let mut found = Vec::new();
    let ours = tagged(view).filter(|(_, tags)| is_ours(tags));
    for (kind, tags) in ours.chain(tagged_parts(view)) {
        let expected = match stack(tags) {
            Some(stack) => expected(kind, tags, &stack, declared),
            None => Some(shared_ownership()),
        };
        if let Some(expected) = expected.filter(|expected| expected != tags) {
            found.push(format!("L1: a {kind} has the tags {tags:?}, not {expected:?}"));
        }
    }
    found
}

/// The tags that something is to have; `None`: that depends on what nobody can read.
fn expected(kind: &str, tags: &Tags, stack: &Stack, declared: &Declared) -> Option<Tags> {
    let asked = match stack {
        Stack::Service(name) => {
            let service = declared.services.get(name).filter(|service| service.is_served())?;
            service.tags.clone()
        }
        Stack::Group(id) if declared.has_set_aside(id) => return None,
        Stack::Group(id) => of_group(kind, tags, id, declared)?,
    };
    Some(asked.into_iter().chain(ownership(stack, resource(tags))).collect())
}

fn of_group(kind: &str, tags: &Tags, id: &str, declared: &Declared) -> Option<Tags> {
    let groups = declared.groups();
    let members = groups.get(id)?;
    let own = |(name, ingress): &(&String, &crate::workload::Ingress)| {
        ingress.tag.map(|value| ((*name).clone(), format!("t{value}")))
    };
    match kind {
        "target group" => {
            let name = view::purpose(tags)?.ingress?;
            Some(members.iter().filter(|(member, _)| **member == name).filter_map(own).collect())
        }
        // The order says which member a rule is of; judged by the routes.
        "rule" => None,
        "listener" => {
            let port = resource(tags).parse().ok()?;
            Some(members.iter().filter(|(_, one)| one.ports().contains(&port)).filter_map(own).collect())
        }
        _ => Some(members.iter().filter_map(own).collect::<BTreeMap<_, _>>()),
    }
}
