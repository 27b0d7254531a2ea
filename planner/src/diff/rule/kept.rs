//! What the listeners keep for members that are set aside, for those who follow a request.

use std::collections::{BTreeMap, BTreeSet};

use super::{Comparison, Id, Way, may_be_of_set_aside};
use crate::id::{ObjectName, Ref};
use crate::model::{Action, same_actions};
use crate::plan::{Kept, KeptGroup, KeptListener, KeptRule};

/// What stays, once all writes are planned.
pub(super) fn of(comparison: &Comparison<'_>, ways: &[Way<'_>]) -> Kept {
    let listeners = ways.iter().filter_map(|way| Some((way.port, listener(comparison, way)?)));
    let listeners = listeners.collect::<BTreeMap<_, _>>();
    let of_listener = |listener: &KeptListener| {
        let own = listener.default_actions.iter().flat_map(|(actions, _)| actions).cloned();
        own.chain(listener.rules.values().flat_map(|rule| &rule.actions).cloned()).collect::<Vec<_>>()
    };
    let actions = listeners.values().flat_map(of_listener).collect::<Vec<_>>();
    let arns = actions.iter().flat_map(Action::target_groups).filter_map(Ref::known).collect::<BTreeSet<_>>();
    let groups = comparison.found.target_groups.iter().filter(|group| arns.contains(&group.arn));
    let group = |group: &crate::actual::ActualTargetGroup, id: &str| KeptGroup {
        id: id.to_owned(),
        name: group.name.clone(),
        target_type: group.target_type,
        protocol: group.protocol,
        binding: comparison
            .bindings
            .iter()
            .find(|found| found.binding.target_group.known() == Some(&group.arn))
            .map(|found| found.binding.clone()),
    };
    let target_groups = groups.map(|found| (found.arn.clone(), group(found, found.resource_id()))).collect();
    Kept { listeners, target_groups }
}

fn listener(comparison: &Comparison<'_>, way: &Way<'_>) -> Option<KeptListener> {
    let found = way.listener.filter(|_| !comparison.wanted.set_aside.is_empty())?;
    let rule = |(id, priority): (Id, u16)| {
        let rule = way.rule(id)?;
        let members = members(comparison, &rule.actions);
        let (conditions, actions) = (rule.conditions.clone(), rule.actions.clone());
        Some((priority, KeptRule { conditions, actions, members }))
    };
    let rules = way.order.kept().into_iter().filter_map(rule).collect::<BTreeMap<_, _>>();
    let is_kept = way.wanted.default_origin.is_none()
        && !same_actions(&found.default_actions, &[Action::not_found()])
        && may_be_of_set_aside(comparison, &found.default_actions);
    let default_actions = is_kept.then(|| (found.default_actions.clone(), members(comparison, &found.default_actions)));
    let is_any = !rules.is_empty() || default_actions.is_some() || !comparison.wanted.listeners.contains_key(&way.port);
    is_any.then_some(KeptListener { protocol: found.protocol, default_actions, rules })
}

/// Who may have asked for actions: whose target groups they forward to, and where that does not tell, any.
fn members(comparison: &Comparison<'_>, actions: &[Action]) -> BTreeSet<ObjectName> {
    let arns = actions.iter().flat_map(Action::target_groups).filter_map(Ref::known).collect::<BTreeSet<_>>();
    let groups = comparison.found.target_groups.iter().filter(|group| arns.contains(&group.arn));
    let ids = groups.map(|group| group.resource_id()).collect::<Vec<_>>();
    let all = &comparison.wanted.set_aside;
    let told = all.iter().filter(|member| ids.iter().any(|id| comparison.is_of(member, id)));
    let told = told.cloned().collect::<BTreeSet<_>>();
    if told.is_empty() { all.clone() } else { told }
}
