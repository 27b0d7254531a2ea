//! Requests that are answered now are moved to a target group only when one of its targets is healthy.
//!
//! AWS checks the targets only of groups that a rule forwards to. So for a group that no listener uses yet a *check rule* is
//! made first: it forwards there, and no request meets its conditions. What would move requests waits behind it; everything
//! else changes as it should. When all is moved the check rule goes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::order::{self, LOWEST_PLACE};
use super::owner::is_let_go;
use super::{Way, forwards_to, resolved};
use crate::actual::{ActualListener, ActualRule, LoadBalancerState, TargetCount};
use crate::desired::target_group_ref;
use crate::diff::listener::keeps_what_nobody_wants;
use crate::diff::{Comparison, binding, change};
use crate::id::{ListenerArn, Ref, ResourceKey, ResourceKind, RuleArn, TargetGroupArn};
use crate::model::{Action, Condition, Forward, Pairs, Patterns, TargetGroupTuple, canonical_conditions, same_actions};
use crate::plan::{AwsChange, Change, CreateRule, DeleteRule, Resource, TagList, Write};

/// A host of a domain that can never exist (RFC 6761), and …
const HOST: &str = "check.northgate.invalid";
/// … an address that no client has: the first of a net for documents (RFC 5737).
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 0);
/// How many groups an action may forward to ("Quotas for your Application Load Balancers").
const GROUPS_PER_ACTION: usize = 5;

/// Whether a rule is a check rule, ours by its conditions.
pub(super) fn is_check(rule: &ActualRule) -> bool {
    canonical_conditions(&rule.conditions) == canonical_conditions(&conditions())
}

fn conditions() -> Vec<Condition> {
    let address = IpNet::new_assert(IpAddr::V4(ADDRESS), 32);
    vec![Condition::HostHeader(Patterns::Values(vec![HOST.to_owned()])), Condition::SourceIp(vec![address])]
}

/// What has to wait, and the check rules.
#[derive(Default)]
pub(super) struct Checks {
    /// The resource ids of the groups that requests must not be moved to yet.
    pub(super) late: BTreeSet<String>,
    references: BTreeSet<Ref<TargetGroupArn>>,
    /// The rules to be made, before all others.
    pub(super) create: Vec<Change>,
    delete: Vec<Change>,
    /// How many rules these are.
    count: usize,
}

impl Checks {
    /// Where there is no room for one rule more nothing waits: then rules could not be made before others go anyway.
    pub(super) fn of(comparison: &Comparison<'_>, ways: &[Way<'_>], allowed: usize) -> Self {
        let there = there(comparison);
        let late = late(comparison, ways);
        let is_unchecked = |id: &&String| !is_used(comparison, id) && !is_checked(comparison, id);
        let unchecked = late.iter().filter(is_unchecked).cloned().collect::<Vec<_>>();
        let more = unchecked.len().div_ceil(GROUPS_PER_ACTION);
        let rules = ways.iter().map(|way| way.order.standing.len() + way.order.missing()).sum::<usize>();
        let mut checks = Self { count: there.len(), ..Self::default() };
        if rules + there.len() + more <= allowed {
            checks.count += more;
            checks.references = late.iter().map(|id| group(comparison, id)).collect();
            checks.late = late;
            if let Some((way, listener)) = carrier(ways) {
                checks.create = create(comparison, way, listener, &unchecked, 0);
            }
        }
        checks.delete = there.into_iter().map(|(listener, rule)| delete(listener, rule)).collect();
        checks.delete.extend(checks.create.iter().map(delete_made));
        checks
    }

    /// Makes check rules for groups that would be in use before and after these changes, and not in between: AWS would stop
    /// checking their targets, and then begin anew.
    pub(super) fn bridge<'c>(
        &mut self,
        comparison: &Comparison<'_>,
        ways: &[Way<'_>],
        allowed: usize,
        changes: impl Iterator<Item = &'c Change>,
    ) {
        let (idle, most) = idle_between(comparison, changes);
        let is_idle = |id: &&String| {
            idle.contains(&group(comparison, id))
                && comparison.wanted_binding(id).is_some()
                && !is_checked(comparison, id)
        };
        let ids = comparison.wanted.bindings.keys().filter(is_idle).cloned().collect::<Vec<_>>();
        let fits = most + self.count + ids.len().div_ceil(GROUPS_PER_ACTION) <= allowed;
        if let Some((way, listener)) = carrier(ways).filter(|_| fits) {
            let made = create(comparison, way, listener, &ids, self.create.len());
            self.delete.extend(made.iter().map(delete_made));
            self.create.extend(made);
        }
    }

    /// What is left of the load balancer's room for rules.
    pub(super) fn room(&self, allowed: usize) -> usize {
        allowed.saturating_sub(self.count)
    }

    /// Holds back what waits; gives the orders as they were.
    pub(super) fn hold_back(&self, comparison: &Comparison<'_>, ways: &mut [Way<'_>]) -> Vec<order::Listener> {
        let before = ways.iter().map(|way| way.order.clone()).collect();
        if !self.late.is_empty() {
            ways.iter_mut().for_each(|way| way.hold_back(&self.references, comparison));
        }
        before
    }

    /// The waits, and the end of the check rules, in their places.
    pub(super) fn stage(self, comparison: &mut Comparison<'_>) {
        let Self { late, references: _, create: _, delete, count: _ } = self;
        late.iter().for_each(|id| binding::await_targets(comparison, id));
        match late.is_empty() {
            true => comparison.stages.rules.extend(delete),
            false => comparison.stages.held_back.rules.extend(delete),
        }
    }
}

/// The groups that would be given requests which somebody answers now, and that have no healthy target yet.
fn late(comparison: &Comparison<'_>, ways: &[Way<'_>]) -> BTreeSet<String> {
    let serves = comparison.load_balancer.is_some_and(|found| found.state == LoadBalancerState::Active);
    if !serves {
        return BTreeSet::new();
    }
    let waits = |id: &&String| {
        let group = [group(comparison, id)].into();
        comparison.wanted_binding(id).is_some()
            && !has_targets(comparison, id)
            && ways.iter().any(|way| takes_over(comparison, way, &group))
    };
    comparison.wanted.bindings.keys().filter(waits).cloned().collect()
}

/// Whether a group can be given requests. What its binding says counts only while AWS checks the group; of one in use of which
/// nothing is said it is believed.
fn has_targets(comparison: &Comparison<'_>, id: &str) -> bool {
    let group = group(comparison, id);
    let mut bindings = comparison.bindings.iter().filter(|found| !found.deleting);
    let count = bindings.find(|found| found.binding.target_group == group).and_then(|found| found.targets);
    match count {
        Some(TargetCount { total: 0, .. }) => true,
        Some(count) => count.can_serve() && (is_used(comparison, id) || is_checked(comparison, id)),
        None => is_used(comparison, id),
    }
}

/// Whether a listener forwards requests to a group.
fn is_used(comparison: &Comparison<'_>, id: &str) -> bool {
    let group = [group(comparison, id)].into();
    let rules = |listener: &ActualListener| {
        listener.rules.iter().any(|rule| !is_check(rule) && forwards_to(&rule.actions, &group))
    };
    listeners(comparison).any(|listener| forwards_to(&listener.default_actions, &group) || rules(listener))
}

/// Whether a check rule forwards to a group.
fn is_checked(comparison: &Comparison<'_>, id: &str) -> bool {
    let group = [group(comparison, id)].into();
    there(comparison).iter().any(|(_, rule)| forwards_to(&rule.actions, &group))
}

/// Whether a listener that is there would give one of these groups requests that it answers otherwise now. What is answered for
/// an object that is let go is taken from nobody.
fn takes_over(comparison: &Comparison<'_>, way: &Way<'_>, groups: &BTreeSet<Ref<TargetGroupArn>>) -> bool {
    let Some(listener) = way.listener else { return false };
    let standing = || way.order.standing.iter().filter_map(|one| Some((one.settings.conditions, way.rule(one.id)?)));
    let answers = |actions: &[Action]| answers(actions) && !is_let_go(comparison, actions);
    let answering = || standing().filter(|(_, rule)| answers(&rule.actions));
    let of_rule = |place: usize| {
        let (rule, own) = (&way.wanted.rules[place], way.order.wanted[place].conditions);
        let actions = resolved(comparison, &rule.actions);
        // What an earlier wanted rule takes is taken from that one.
        let is_before = |number: usize| way.order.wanted[..place].iter().any(|earlier| earlier.conditions == number);
        let from_rule = |(number, there): (usize, &ActualRule)| {
            !same_actions(&there.actions, &actions)
                && !is_before(number)
                && Condition::may_overlap(&rule.conditions, &there.conditions)
        };
        let is_there = || standing().any(|(number, _)| number == own);
        let from_default =
            || answers(&listener.default_actions) && !same_actions(&listener.default_actions, &actions) && !is_there();
        forwards_to(&actions, groups) && (answering().any(from_rule) || from_default())
    };
    let of_default = || {
        let actions = resolved(comparison, &way.wanted.default_actions);
        let is_wanted = |number: usize| way.order.wanted.iter().any(|wanted| wanted.conditions == number);
        forwards_to(&actions, groups)
            && !same_actions(&listener.default_actions, &actions)
            && (answers(&listener.default_actions) || answering().any(|(number, _)| !is_wanted(number)))
    };
    (0..way.wanted.rules.len()).any(of_rule) || of_default()
}

/// The groups that are in use before and after all of these changes, and after one of them not; and the most rules that there
/// are on the way, check rules apart.
fn idle_between<'c>(
    comparison: &Comparison<'_>,
    changes: impl Iterator<Item = &'c Change>,
) -> (BTreeSet<Ref<TargetGroupArn>>, usize) {
    let groups = |actions: &[Action]| actions.iter().flat_map(Action::target_groups).cloned().collect::<BTreeSet<_>>();
    let mut forwards = BTreeMap::new();
    for listener in listeners(comparison) {
        forwards.insert(listener.arn.to_string(), groups(&listener.default_actions));
        let rules = listener.rules.iter().filter(|rule| !is_check(rule));
        forwards.extend(rules.map(|rule| (rule.arn.to_string(), groups(&rule.actions))));
    }
    let used = |forwards: &BTreeMap<String, BTreeSet<Ref<TargetGroupArn>>>| {
        forwards.values().flatten().cloned().collect::<BTreeSet<_>>()
    };
    let before = used(&forwards);
    let of_listeners = listeners(comparison).count();
    let (mut idle, mut most) = (BTreeSet::new(), forwards.len());
    for change in changes {
        match &change.write {
            Write::Aws(AwsChange::CreateRule(made)) => {
                forwards.insert(change.resource.key.to_string(), groups(&made.actions));
            }
            Write::Aws(AwsChange::ModifyRule(rule)) => {
                forwards.insert(rule.rule_arn.to_string(), groups(&rule.actions));
            }
            Write::Aws(AwsChange::ModifyListener(listener)) => {
                forwards.insert(listener.listener_arn.to_string(), groups(&listener.default_actions));
            }
            Write::Aws(AwsChange::DeleteRule(DeleteRule { rule_arn: Ref::Known(arn) })) => {
                forwards.remove(arn.as_str());
            }
            Write::Aws(_) | Write::Kube(_) => {}
        }
        most = most.max(forwards.len());
        idle.extend(before.difference(&used(&forwards)).cloned());
    }
    (idle.intersection(&used(&forwards)).cloned().collect(), most - of_listeners)
}

/// Whether actions give a client what it came for, and no error in its place.
fn answers(actions: &[Action]) -> bool {
    actions.iter().any(|action| match action {
        Action::Forward(_) | Action::Redirect(_) => true,
        Action::FixedResponse(response) => response.status_code.starts_with('2'),
        Action::Other(_) => false,
    })
}

/// The group of a resource id, as rules name it.
fn group(comparison: &Comparison<'_>, id: &str) -> Ref<TargetGroupArn> {
    comparison.target_group(&target_group_ref(id))
}

/// The listener that carries the check rules: one that is there.
fn carrier<'w, 'a>(ways: &'w [Way<'a>]) -> Option<(&'w Way<'a>, &'a ActualListener)> {
    ways.iter().find_map(|way| Some((way, way.listener?)))
}

fn listeners<'a>(comparison: &Comparison<'a>) -> impl Iterator<Item = &'a ActualListener> {
    comparison.load_balancer.into_iter().flat_map(|found| &found.listeners)
}

/// The check rules of listeners that stay.
fn there<'a>(comparison: &Comparison<'a>) -> Vec<(&'a ActualListener, &'a ActualRule)> {
    let all_stay = keeps_what_nobody_wants(comparison);
    let stays = |listener: &&ActualListener| all_stay || comparison.wanted.listeners.contains_key(&listener.port);
    let rules = listeners(comparison)
        .filter(stays)
        .flat_map(|listener| listener.rules.iter().map(move |rule| (listener, rule)));
    rules.filter(|(_, rule)| is_check(rule)).collect()
}

fn create(
    comparison: &Comparison<'_>,
    way: &Way<'_>,
    listener: &ActualListener,
    groups: &[String],
    others: usize,
) -> Vec<Change> {
    let is_free = |priority: &u16| listener.rules.iter().all(|rule| rule.priority != *priority);
    let lowest_first = (1..=LOWEST_PLACE).rev().filter(is_free).skip(others);
    let one = |(priority, groups): (u16, &[String])| {
        let reference: Ref<ListenerArn> = Ref::Known(listener.arn.clone());
        let request = CreateRule {
            listener_arn: reference,
            priority,
            conditions: conditions(),
            actions: vec![forward_to(comparison, groups)],
            tags: TagList(tags(way, priority)),
        };
        let reason = "no request meets it: AWS checks the targets of a group only where a rule forwards to it";
        change(Resource::new(key(way.port, priority)), AwsChange::CreateRule(request), reason)
    };
    lowest_first.zip(groups.chunks(GROUPS_PER_ACTION)).map(one).collect()
}

fn forward_to(comparison: &Comparison<'_>, groups: &[String]) -> Action {
    let weight = (groups.len() > 1).then_some(1);
    let tuple = |id: &String| TargetGroupTuple { target_group_arn: group(comparison, id), weight };
    Action::Forward(Forward { target_groups: groups.iter().map(tuple).collect(), target_group_stickiness_config: None })
}

const REASON_TO_DELETE: &str = "the targets of its groups were checked";

fn delete_made(made: &Change) -> Change {
    let request = DeleteRule { rule_arn: Ref::<RuleArn>::Made(made.resource.key.clone()) };
    change(made.resource.clone(), AwsChange::DeleteRule(request), REASON_TO_DELETE)
}

fn delete(listener: &ActualListener, rule: &ActualRule) -> Change {
    let request = DeleteRule { rule_arn: Ref::Known(rule.arn.clone()) };
    let resource = Resource::live(key(listener.port, rule.priority), &rule.arn);
    change(resource, AwsChange::DeleteRule(request), REASON_TO_DELETE)
}

fn key(port: u16, priority: u16) -> ResourceKey {
    ResourceKey::new(ResourceKind::ListenerRule, format!("{port}:{priority}"))
}

/// The listener's tags, with the rule's own id.
fn tags(way: &Way<'_>, priority: u16) -> Pairs {
    let own = way.port.to_string();
    let tag = |(key, value): (&String, &String)| match key.ends_with("/resource") && *value == own {
        true => (key.clone(), format!("{own}:{priority}")),
        false => (key.clone(), value.clone()),
    };
    way.wanted.tags.iter().map(tag).collect()
}
