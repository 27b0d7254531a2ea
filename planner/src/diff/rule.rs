//! Rules of listeners. They belong to the stack of their load balancer, tagged or not.

mod checks;
mod join;
mod kept;
mod numbers;
mod order;
mod owner;

use std::collections::{BTreeMap, BTreeSet};

use self::checks::Checks;
use self::numbers::Numbers;
use self::order::{Id, Next, Op, Standing};
pub(super) use self::owner::may_be_of_set_aside;
use self::owner::{first_of_set_aside, is_let_go, keep, rank};
use super::{Comparison, Keys, change, note};
use crate::actual::{ActualListener, ActualRule};
use crate::desired::{Listener, Origin, Rule};
use crate::diff::load_balancer::elb_tags;
use crate::id::{ListenerArn, Protocol, Ref, ResourceKey, ResourceKind, RuleArn, TargetGroupArn};
use crate::model::{Action, Condition, Pairs, canonical_conditions};
use crate::plan::{
    AwsChange, Change, CreateRule, DeleteRule, FieldChange, Impact, ModifyRule, Resource, RulePriority,
    SetRulePriorities, TagList,
};
use crate::problem::Problem;

/// How many rules the listeners of an Application Load Balancer may have together, the default ones not counted, where AWS
/// was not asked to allow more (`reliability-and-limits.md` B.1).
pub(crate) const RULES_PER_LOAD_BALANCER: usize = 100;

/// A listener and what its rules are to become.
pub(super) struct Way<'a> {
    port: u16,
    reference: Ref<ListenerArn>,
    resource: Resource,
    wanted: &'a Listener,
    /// As it is; `None`: it is made first.
    listener: Option<&'a ActualListener>,
    found: &'a [ActualRule],
    /// The change of the listener itself that must not come before its new rules, nor after the old ones are gone.
    modify: Option<Change>,
    order: order::Listener,
    /// The priority of each wanted rule in the end, by its place among them.
    places: BTreeMap<usize, u16>,
}

/// Plans the rules of all listeners of the load balancer; they share what it has room for.
pub(super) fn compare(comparison: &mut Comparison<'_>, mut ways: Vec<Way<'_>>) {
    let allowed = comparison.wanted.rules_allowed.unwrap_or(RULES_PER_LOAD_BALANCER);
    let listeners = comparison.load_balancer.map(|found| found.listeners.as_slice()).unwrap_or_default();
    let gone = |found: &&ActualListener| !comparison.wanted.listeners.contains_key(&found.port);
    let goes = listeners.iter().filter(gone).map(|found| found.rules.len()).sum::<usize>();
    // What listeners that go leave room for is made after them.
    let stays = if comparison.wanted.set_aside.is_empty() { 0 } else { goes };
    let mut checks = Checks::of(comparison, &ways, allowed.saturating_sub(goes));
    let (early, late) = (checks.room(allowed.saturating_sub(goes)), checks.room(allowed.saturating_sub(stays)));
    let before = checks.hold_back(comparison, &mut ways);
    let rules = walk(comparison, &mut ways, early);
    let late_rules = walk(comparison, &mut ways, late);
    let waits = !checks.late.is_empty();
    let mut held_back = Vec::new();
    if waits {
        comparison.still_serving = ways.iter().flat_map(Way::target_groups).collect();
        ways.iter_mut().zip(&before).for_each(|(way, before)| way.release(before));
        held_back = walk(comparison, &mut ways, late);
        comparison.stages.held_back.remove_certificates = std::mem::take(&mut comparison.stages.remove_certificates);
    }
    checks.bridge(comparison, &ways, allowed, rules.iter().chain(&late_rules).chain(&held_back));
    comparison.stages.rules.extend(checks.create.iter().cloned().chain(rules));
    comparison.stages.late_rules.extend(late_rules);
    comparison.stages.held_back.rules.extend(held_back);
    checks.stage(comparison);
    comparison.kept = kept::of(comparison, &ways);
    for way in &ways {
        without_room(comparison, way, allowed);
        let tags = tags(comparison, way);
        match waits {
            false => comparison.stages.late_rules.extend(tags),
            true => comparison.stages.held_back.late_rules.extend(tags),
        }
    }
}

/// Write after write, of the first listener that has one to do.
fn walk(comparison: &Comparison<'_>, ways: &mut [Way<'_>], allowed: usize) -> Vec<Change> {
    let mut changes = Vec::new();
    loop {
        let used = ways.iter().map(|way| way.order.standing.len()).sum::<usize>();
        let room = allowed.saturating_sub(used);
        let next = ways.iter_mut().find_map(|way| match way.order.next(room) {
            Next::Do(op) => Some((way, op)),
            Next::NoRoom(_) | Next::Done => None,
        });
        let Some((way, op)) = next else { return changes };
        changes.extend(way.change(comparison, &op));
        way.order.apply(&op);
    }
}

impl<'a> Way<'a> {
    /// The rules of a listener; `modify` is its own change, `found` is `None` for one that is made first.
    pub(super) fn new(
        comparison: &Comparison<'_>,
        port: u16,
        wanted: &'a Listener,
        found: Option<&'a ActualListener>,
        modify: Option<Change>,
    ) -> Self {
        let key = ResourceKey::new(ResourceKind::Listener, port.to_string());
        let (reference, resource) = match found {
            Some(found) => (Ref::Known(found.arn.clone()), Resource::live(key, &found.arn)),
            None => (Ref::Made(key.clone()), Resource::new(key)),
        };
        let listener = found;
        let found = found.map(|found| found.rules.as_slice()).unwrap_or_default();
        let mut numbers = Numbers::default();
        let settings = |numbers: &mut Numbers, rule: &Rule| {
            numbers.of(&rule.conditions, &resolved(comparison, &rule.actions), false)
        };
        let first = first_of_set_aside(comparison);
        let mut order = order::Listener {
            joins: BTreeMap::new(),
            wanted: wanted.rules.iter().map(|rule| settings(&mut numbers, rule)).collect(),
            standing: found
                .iter()
                .enumerate()
                .filter(|(_, rule)| !checks::is_check(rule))
                .map(|(place, rule)| Standing {
                    id: Id::Found(place),
                    priority: rule.priority,
                    settings: numbers.of(&rule.conditions, &rule.actions, rule.has_transforms),
                    keep: keep(comparison, &rule.actions),
                    rank: first,
                })
                .collect(),
            ranks: wanted.rules.iter().map(|rule| rank(comparison, rule.origin.object.name())).collect(),
            default_is_set: modify.is_none(),
            left_out: BTreeSet::new(),
        };
        let there = order.standing.iter().map(|one| one.settings.conditions).collect::<BTreeSet<_>>();
        for (place, rule) in wanted.rules.iter().enumerate() {
            if there.is_empty() || there.contains(&order.wanted[place].conditions) {
                continue;
            }
            let parts = join::taken_in(rule, &resolved(comparison, &rule.actions), found);
            if parts.len() > 1 {
                order.joins.insert(place, parts.into_iter().map(Id::Found).collect());
            }
        }
        let places = order.places();
        Self { port, reference, resource, wanted, listener, found, modify, order, places }
    }

    /// Leaves what forwards to these groups, and what must not change before it, as it is.
    fn hold_back(&mut self, late: &BTreeSet<Ref<TargetGroupArn>>, comparison: &Comparison<'_>) {
        let waits = |actions: &[Action]| forwards_to(&resolved(comparison, actions), late);
        let rules = self.wanted.rules.iter().enumerate();
        let waiting = rules.filter(|(_, rule)| waits(&rule.actions)).map(|(wanted, _)| wanted).collect::<BTreeSet<_>>();
        let changes_actions = self.modify.as_ref().is_some_and(changes_actions);
        if waiting.is_empty() && !(changes_actions && waits(&self.wanted.default_actions)) {
            return;
        }
        let by_number = self.conditions_by_number();
        let overlap = |one: usize, other: usize| Condition::may_overlap(by_number[&one], by_number[&other]);
        self.order = self.order.held_back(&waiting, overlap);
        let own = self.listener.map(|listener| listener.default_actions.as_slice()).unwrap_or_default();
        self.order.default_is_set |= changes_actions && !is_let_go(comparison, own);
    }

    /// Goes on to all that is wanted.
    fn release(&mut self, before: &order::Listener) {
        self.order = self.order.released(before);
        self.order.default_is_set = self.modify.is_none();
    }

    fn conditions_by_number(&self) -> BTreeMap<usize, &'a [Condition]> {
        let wanted = self.order.wanted.iter().zip(&self.wanted.rules);
        let wanted = wanted.map(|(settings, rule)| (settings.conditions, rule.conditions.as_slice()));
        let found = self.order.standing.iter().filter_map(|one| Some((one.settings.conditions, self.rule(one.id)?)));
        wanted.chain(found.map(|(number, rule)| (number, rule.conditions.as_slice()))).collect()
    }

    /// The groups that requests come to now.
    fn target_groups(&self) -> impl Iterator<Item = TargetGroupArn> {
        let rules = self.order.standing.iter().filter_map(|one| self.rule(one.id)).flat_map(|rule| &rule.actions);
        let own = self.listener.iter().flat_map(|listener| &listener.default_actions);
        rules.chain(own).flat_map(Action::target_groups).filter_map(Ref::known).cloned()
    }

    /// What the listener speaks.
    pub(super) fn protocol(&self) -> Protocol {
        self.wanted.protocol
    }

    /// A write of the order as a change.
    fn change(&mut self, comparison: &Comparison<'_>, op: &Op) -> Option<Change> {
        Some(match op {
            Op::Create { wanted, priority } => self.create(comparison, *wanted, *priority),
            Op::Modify { rule, wanted } => self.update(comparison, self.rule(*rule)?, *wanted),
            Op::Prioritize(moves) => self.prioritize(moves),
            Op::SetDefault => self.modify.take()?,
            Op::Delete { rule, early } => self.delete(self.rule(*rule)?, *early),
        })
    }

    fn create(&self, comparison: &Comparison<'_>, wanted: usize, priority: u16) -> Change {
        let Rule { conditions, actions, origin, tags: _ } = &self.wanted.rules[wanted];
        let request = CreateRule {
            listener_arn: self.reference.clone(),
            priority,
            conditions: conditions.clone(),
            actions: resolved(comparison, actions),
            tags: TagList(self.tags(wanted)),
        };
        change(Resource::new(self.key(wanted)), AwsChange::CreateRule(request), asked_for(origin))
    }

    fn update(&self, comparison: &Comparison<'_>, found: &ActualRule, wanted: usize) -> Change {
        let Rule { conditions, actions, origin, tags: _ } = &self.wanted.rules[wanted];
        let actions = resolved(comparison, actions);
        let mut fields = Vec::new();
        if canonical_conditions(conditions) != canonical_conditions(&found.conditions) {
            note(&mut fields, "Conditions", text(&found.conditions), text(conditions));
        }
        if !crate::model::same_actions(&actions, &found.actions) {
            note(&mut fields, "Actions", super::listener::text(&found.actions), super::listener::text(&actions));
        }
        if found.has_transforms {
            fields.push(FieldChange { field: "Transforms".to_owned(), from: Some("some".to_owned()), to: None });
        }
        let request =
            ModifyRule { rule_arn: found.arn.clone(), conditions: conditions.clone(), actions, reset_transforms: true };
        let resource = Resource::live(self.key(wanted), &found.arn);
        Change { fields, ..change(resource, AwsChange::ModifyRule(request), asked_for(origin)) }
    }

    fn prioritize(&self, moves: &[(Id, u16)]) -> Change {
        let priority = |(id, priority): &(Id, u16)| RulePriority { rule_arn: self.arn(*id), priority: *priority };
        let field = |(id, priority): &(Id, u16)| FieldChange {
            field: format!("Priority[{}]", text(self.conditions(*id))),
            from: self.order.standing.iter().find(|one| one.id == *id).map(|one| one.priority.to_string()),
            to: Some(priority.to_string()),
        };
        let request = SetRulePriorities { rule_priorities: moves.iter().map(priority).collect() };
        let reason = "the rules must match in another order";
        let update = change(self.resource.clone(), AwsChange::SetRulePriorities(request), reason);
        Change { fields: moves.iter().map(field).collect(), ..update }
    }

    fn delete(&self, found: &ActualRule, early: bool) -> Change {
        let conditions = canonical_conditions(&found.conditions);
        let is_replaced = self.wanted.rules.iter().any(|rule| canonical_conditions(&rule.conditions) == conditions);
        let (impact, reason) = match (early, is_replaced) {
            _ if self.is_taken_in(found) => (Impact::None, "a rule before it takes its requests, and does the same"),
            (true, _) => (Impact::Brief, "it makes room for the rules that are wanted"),
            (false, true) => (Impact::None, "another rule stands in its place"),
            (false, false) => (Impact::Destroys, "nobody asks for it any more"),
        };
        let id = format!("{}:{}", self.port, found.priority);
        let retiring = self.places.values().any(|place| format!("{}:{place}", self.port) == id);
        let key = ResourceKey::new(ResourceKind::ListenerRule, id);
        let resource = Resource { retiring, ..Resource::live(key, &found.arn) };
        let reason = format!("{reason}: {}", text(&found.conditions));
        let request = DeleteRule { rule_arn: Ref::Known(found.arn.clone()) };
        Change { impact, ..change(resource, AwsChange::DeleteRule(request), reason) }
    }

    /// Whether a wanted rule that stands by now takes a rule in.
    fn is_taken_in(&self, found: &ActualRule) -> bool {
        let stands = |wanted: &usize| {
            let settings = self.order.wanted[*wanted];
            let place = |one: &Standing| one.settings == settings && one.priority < found.priority;
            self.order.standing.iter().any(place)
        };
        let is_it = |id: &Id| self.rule(*id).is_some_and(|rule| rule.arn == found.arn);
        self.order.joins.iter().any(|(wanted, parts)| parts.iter().any(is_it) && stands(wanted))
    }

    fn rule(&self, id: Id) -> Option<&'a ActualRule> {
        match id {
            Id::Found(place) => self.found.get(place),
            // What this plan makes is made as it should be, and stays.
            Id::Made(_) => None,
        }
    }

    fn arn(&self, id: Id) -> Ref<RuleArn> {
        match id {
            Id::Found(place) => Ref::Known(self.found[place].arn.clone()),
            Id::Made(wanted) => Ref::Made(self.key(wanted)),
        }
    }

    fn conditions(&self, id: Id) -> &[Condition] {
        match id {
            Id::Found(place) => &self.found[place].conditions,
            Id::Made(wanted) => &self.wanted.rules[wanted].conditions,
        }
    }

    fn place(&self, wanted: usize) -> u16 {
        self.places.get(&wanted).copied().unwrap_or_default()
    }

    fn key(&self, wanted: usize) -> ResourceKey {
        ResourceKey::new(ResourceKind::ListenerRule, format!("{}:{}", self.port, self.place(wanted)))
    }

    /// The tags that are wanted, with the id that the rule has where kept rules stand before it.
    fn tags(&self, wanted: usize) -> Pairs {
        let own = format!("{}:{}", self.port, wanted + 1);
        let mut tags = self.wanted.rules[wanted].tags.clone();
        for (key, value) in &mut tags {
            if key.ends_with("/resource") && *value == own {
                *value = format!("{}:{}", self.port, self.place(wanted));
            }
        }
        tags
    }
}

/// With the ARNs of the target groups that exist.
pub(super) fn resolved(comparison: &Comparison<'_>, actions: &[Action]) -> Vec<Action> {
    actions.iter().map(|action| action.with_target_groups(|group| comparison.target_group(group))).collect()
}

/// Whether a change of a listener is one of its own actions.
fn changes_actions(modify: &Change) -> bool {
    modify.fields.iter().any(|field| field.field == "DefaultActions")
}

fn forwards_to(actions: &[Action], groups: &BTreeSet<Ref<TargetGroupArn>>) -> bool {
    actions.iter().flat_map(Action::target_groups).any(|group| groups.contains(group))
}

/// The tags of the rules that were there before.
fn tags(comparison: &Comparison<'_>, way: &Way<'_>) -> Vec<Change> {
    let untouched: &BTreeSet<String> = &comparison.wanted.untouched_tags;
    let rules = way.order.standing_for().into_iter().filter_map(|(wanted, id)| Some((wanted, way.rule(id)?)));
    // None are wanted with the gate ListenerRulesTagging off: then those that are there are nobody's business.
    let rules = rules.filter(|(wanted, _)| !way.wanted.rules[*wanted].tags.is_empty());
    rules
        .flat_map(|(wanted, found)| {
            let resource = Resource::live(way.key(wanted), &found.arn);
            elb_tags(&resource, &way.tags(wanted), &found.tags, untouched, Keys::WithoutLegacy)
        })
        .collect()
}

/// Rules for which the load balancer has no room: a problem of each object that asks for one.
fn without_room(comparison: &mut Comparison<'_>, way: &Way<'_>, allowed: usize) {
    let made = way.order.standing_for();
    let all = comparison.wanted.listeners.values().map(|listener| listener.rules.len()).sum::<usize>();
    let missing = way.wanted.rules.iter().enumerate().filter(|(wanted, _)| !made.contains_key(wanted));
    for (_, rule) in missing {
        let Origin { object, field } = &rule.origin;
        let message = format!(
            "its rule for {} on port {} has no room: the load balancer would have {all} rules of its own, and {allowed} \
             are allowed, kept ones included",
            text(&rule.conditions),
            way.port
        );
        let problem = Problem::of(object.clone(), message).at(field);
        comparison.shortages.push(problem.hint("use fewer rules or another group, or ask AWS for a higher quota"));
    }
}

fn asked_for(origin: &Origin) -> String {
    format!("{} asks for it in {}", origin.object, origin.field)
}

fn text(conditions: &[Condition]) -> String {
    conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
