//! An Application Load Balancer for a group of Ingresses.
//!
//! Members that facts of AWS show to be wrong (no certificate, no such subnet) are set aside, and the others are decided
//! again without them.

mod balancer;
mod certificates;
mod join;
mod listeners;
mod optimizer;
mod redirects;
mod rules;
mod shadows;
mod target_groups;

use std::collections::{BTreeMap, BTreeSet};

use super::{Desired, Listener, networking, tags};
use crate::facts::{Facts, Live, LiveLoadBalancer, Needs};
use crate::id::{ObjectName, ObjectRef, StackId};
use crate::model::Pairs;
use crate::planted::{Bug, planted};
use crate::problem::Problem;
use crate::spec::ingress::{Group, IngressSpec, Member, SecurityGroupName, Subnets};
use crate::spec::service::SubnetName;

/// Problems by the members that have them.
type Culprits = BTreeMap<ObjectName, Vec<Problem>>;

/// One decision: the group as it stands, and what is known.
#[derive(Clone, Copy)]
struct Deciding<'a> {
    spec: &'a IngressSpec,
    group: &'a Group<'a>,
    facts: &'a Facts,
    live: Option<&'a LiveLoadBalancer>,
    /// The target groups that are there by resource id, each with the number of rules that lead to it.
    target_groups: &'a BTreeMap<String, usize>,
}

/// The listeners, and what follows from them.
#[derive(Default)]
struct Listeners {
    listeners: BTreeMap<u16, Listener>,
    /// The resource ids of the target groups that they use.
    used: BTreeSet<String>,
    /// The way of a request, one line per rule.
    routes: Vec<String>,
    warnings: Vec<Problem>,
}

/// Why a group cannot be decided as it stands.
enum Stopped {
    /// These members are wrong; the others can go on.
    Culprits(Culprits),
    /// Nobody can go on.
    All(Vec<Problem>),
}

/// What has to be asked for a group.
pub(super) fn needs(spec: &IngressSpec, live: &Live) -> Needs {
    let group = spec.group(&Culprits::new());
    let live = live.load_balancer.as_ref();
    let mut needs = Needs::default();
    balancer::subnet_needs(spec, &group, live, &mut needs);
    for member in &group.heard {
        if member.discovers_certificates() {
            needs.certificate_hosts.extend(member.hosts.keys().cloned());
        }
        for name in member.settings.security_groups.iter().flatten() {
            match name {
                SecurityGroupName::Id(id) => _ = needs.security_group_ids.insert(id.clone()),
                SecurityGroupName::NameTag(name) => _ = needs.security_group_names.insert(name.clone()),
            }
        }
        needs.target_group_names.extend(member.rules.named_groups.keys().cloned());
        // Another member's subnets count once the one that names some is set aside.
        match &member.settings.subnets {
            Some(Subnets::Named(names) | Subnets::OfClass(names)) => {
                needs.availability_zones = true;
                for name in names {
                    match name {
                        SubnetName::Id(id) => _ = needs.subnet_ids.insert(id.clone()),
                        SubnetName::NameTag(_) => needs.subnets = true,
                    }
                }
            }
            Some(Subnets::Tagged(_)) => (needs.availability_zones, needs.subnets) = (true, true),
            None => {}
        }
    }
    let of_member = |member: &&Member| member.rules.rules.len() * member.settings.listeners.len();
    needs.rules_allowed = group.heard.iter().map(of_member).sum::<usize>() > rules::MOST_RULES;
    needs.certificate_authorities =
        !needs.certificate_hosts.is_empty() && !spec.settings.allowed_certificate_authorities.is_empty();
    needs.backend_security_group = networking::needs_shared_group(&spec.settings);
    needs
}

/// Decides what should exist for a group.
pub(super) fn decide(spec: &IngressSpec, facts: &Facts, live: &Live) -> Result<Desired, Vec<Problem>> {
    let (live, target_groups) = (live.load_balancer.as_ref(), &live.target_groups);
    let mut found = Culprits::new();
    // Every turn sets at least one more member aside.
    loop {
        let group = spec.group(&found);
        if group.good.is_empty() && live.is_none() {
            return Err(group.set_aside.into_values().flatten().collect());
        }
        match (Deciding { spec, group: &group, facts, live, target_groups }).decide() {
            Ok(desired) => return Ok(desired),
            Err(Stopped::All(problems)) => {
                return Err(problems.into_iter().chain(group.set_aside.into_values().flatten()).collect());
            }
            Err(Stopped::Culprits(culprits)) => {
                debug_assert!(culprits.keys().any(|name| !found.contains_key(name)), "a culprit was good before");
                found.extend(culprits);
            }
        }
    }
}

impl<'a> Deciding<'a> {
    fn decide(self) -> Result<Desired, Stopped> {
        let mut culprits = Culprits::new();
        let certificates = certificates::of_members(self, &mut culprits);
        // One that is set aside is heard, and was told already.
        culprits.retain(|name, _| !self.group.set_aside.contains_key(name));
        let listeners = listeners::decide(self, &certificates, &mut culprits);
        target_groups::check(self, &mut culprits);
        let balancer = match balancer::decide(self, &mut culprits) {
            Ok(balancer) => balancer,
            Err(problems) if culprits.is_empty() => return Err(Stopped::All(problems)),
            Err(_) => return Err(Stopped::Culprits(culprits)),
        };
        if !culprits.is_empty() {
            return Err(Stopped::Culprits(culprits));
        }
        let mut desired = Desired {
            holding: self.group.good.iter().map(|member| member.object()).collect(),
            set_aside: self.kept(),
            rules_allowed: self.facts.rules_allowed,
            problems: self.group.set_aside.values().flatten().cloned().collect(),
            untouched_tags: self.spec.settings.external_managed_tags.clone(),
            routes: listeners.routes,
            warnings: listeners.warnings.into_iter().chain(balancer.warnings).collect(),
            ..Desired::default()
        };
        // What they have here serves until their new load balancer does.
        desired.moving = self.moving();
        desired.set_aside.extend(desired.moving.keys().cloned());
        desired.members = self.in_order(&desired.set_aside);
        desired.warnings.extend(desired.moving.iter().map(|(name, group)| {
            let message = format!("it moves to {group}; what it has here stays until its status has the new host name");
            Problem::of(ObjectRef::new("Ingress", name), message)
        }));
        let unnamed = self.unnamed();
        if !unnamed.is_empty() {
            desired.partial = true;
            let message =
                "the load balancer serves Ingresses that the files do not name; what is theirs is left as it is";
            desired
                .warnings
                .push(Problem::of(self.spec.id.object(), message).hint("use --cluster to plan the whole group"));
            desired.set_aside.extend(unnamed);
        }
        desired.security_groups.extend(balancer.managed);
        target_groups::decide(self, &listeners.used, balancer.source.as_ref(), &mut desired);
        desired.listeners = listeners.listeners;
        desired.load_balancer = Some(balancer.load_balancer);
        Ok(desired)
    }

    /// The members that are set aside and may have something in AWS. A newcomer that is wrong has nothing, and must not keep
    /// the others from giving up what is theirs.
    fn kept(self) -> BTreeSet<ObjectName> {
        let spec = self.spec;
        let may_have = |member: &&Member| (spec.files_alone || member.holds) && !planted(Bug::SetAsideRulesDropped);
        let members = spec.members.iter().filter(|member| self.group.set_aside.contains_key(&member.name));
        members.filter(may_have).map(|member| member.name.clone()).collect()
    }

    /// The good members and these others, in the group's order.
    fn in_order(self, others: &BTreeSet<ObjectName>) -> Vec<ObjectName> {
        let members = self.spec.members.iter().map(|member| (member.order, &member.name));
        let leaving = self.spec.leaving.iter().map(|one| (one.order, &one.name));
        let is_good = |name: &ObjectName| self.group.good.iter().any(|member| member.name == *name);
        let mut all =
            members.chain(leaving).filter(|(_, name)| is_good(name) || others.contains(*name)).collect::<Vec<_>>();
        all.sort_by_key(|(order, name)| (*order, name.to_string()));
        all.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Ingresses that have target groups and that the files do not name, as far as their names can be told: up to the first
    /// dash. (A target group's id is `<namespace>/<Ingress>-<Service>:<port>`.)
    fn unnamed(self) -> BTreeSet<ObjectName> {
        if !self.spec.files_alone {
            return BTreeSet::new();
        }
        let members = self.spec.members.iter().map(|member| &member.name);
        let known = members.chain(self.spec.leaving.iter().map(|one| &one.name)).map(|name| format!("{name}-"));
        let known = known.collect::<Vec<_>>();
        let others = self.target_groups.keys().filter(|id| !known.iter().any(|name| id.starts_with(name)));
        let name = |id: &String| {
            let (namespace, rest) = id.split_once('/')?;
            Some(ObjectName::new(namespace, rest.split('-').next()?))
        };
        others.filter_map(name).collect()
    }

    /// The Ingresses that belong to another group by now and are still served here.
    fn moving(self) -> BTreeMap<ObjectName, StackId> {
        if planted(Bug::LeftTooEarly) {
            return BTreeMap::new();
        }
        let live = Live { load_balancer: self.live.cloned(), ..Live::default() };
        super::moving(&self.spec.leaving, &live)
    }

    /// Whether a member that cannot be read may have asked for more of what there is: that stays as it is then.
    fn is_unknown(self) -> bool {
        self.live.is_some() && !self.group.is_settled
    }

    /// Tags of a listener or a rule.
    fn listener_tags(self, of_object: &Pairs, resource_id: &str) -> Pairs {
        match self.spec.settings.gates.listener_rules_tagging {
            true => self.tags(of_object, resource_id),
            false => Pairs::new(),
        }
    }

    /// Tags of a resource of the group.
    fn tags(self, of_object: &Pairs, resource_id: &str) -> Pairs {
        let settings = &self.spec.settings;
        let others = tags::with_defaults(of_object, settings);
        tags::of_resource(&others, &settings.cluster_name, &self.spec.id, resource_id)
    }

    /// The good members that listen on a port, in the group's order.
    fn listening(self, port: u16) -> impl Iterator<Item = &'a Member> {
        self.group.good.iter().copied().filter(move |member| member.settings.listeners.contains_key(&port))
    }

    /// Of some members the one that was made last: where something does not fit, it is the one too many.
    fn youngest(members: impl Iterator<Item = &'a Member>) -> Option<&'a Member> {
        members.max_by_key(|member| (member.created.is_none(), member.created, member.order, &member.name))
    }
}

/// Notes a problem of a member.
fn blame(culprits: &mut Culprits, member: &Member, problem: Problem) {
    let problem = Problem { object: problem.object.or_else(|| Some(member.object())), ..problem };
    culprits.entry(member.name.clone()).or_default().push(problem);
}

#[cfg(test)]
mod tests;
