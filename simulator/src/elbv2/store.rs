//! What Elastic Load Balancing holds for one account in one Region.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::arn::{Names, Resource};
use super::certificates::{AnyWellFormed, Certificates};
use super::listeners::Listener;
use super::load_balancers::LoadBalancer;
use super::rules::Rule;
use super::tags::Tags;
use super::target_groups::{TargetGroup, TargetType};
use super::trust_stores::TrustStore;
use crate::clock::Moment;
use crate::network::Scope;
use crate::options::AccountOptions;
use crate::wire::ApiError;

/// All resources by ARN. Which load balancer uses a target group is never stored: it follows from listeners and rules.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(super) names: Names,
    pub(super) load_balancers: BTreeMap<String, LoadBalancer>,
    pub(super) listeners: BTreeMap<String, Listener>,
    /// The rules that are not default rules.
    pub(super) rules: BTreeMap<String, Rule>,
    pub(super) target_groups: BTreeMap<String, TargetGroup>,
    pub(super) trust_stores: BTreeMap<String, TrustStore>,
    certificates: Arc<dyn Certificates>,
    options: AccountOptions,
}

/// The load balancers that use each target group.
pub(super) type Usage<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

impl Store {
    /// An empty account, in which every well-formed certificate ARN names a certificate.
    pub(crate) fn new(scope: Scope, options: AccountOptions) -> Self {
        Self {
            names: Names::new(scope),
            load_balancers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            rules: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            trust_stores: BTreeMap::new(),
            certificates: Arc::new(AnyWellFormed),
            options,
        }
    }

    /// The account with these certificates.
    pub(crate) fn with_certificates(self, certificates: Arc<dyn Certificates>) -> Self {
        Self { certificates, ..self }
    }

    pub(super) fn certificates(&self) -> &dyn Certificates {
        &*self.certificates
    }

    pub(crate) fn options(&self) -> &AccountOptions {
        &self.options
    }

    pub(crate) fn set_options(&mut self, options: AccountOptions) {
        self.options = options;
    }

    pub(super) fn scope(&self) -> &Scope {
        self.names.scope()
    }

    pub(super) fn load_balancer(&self, arn: &str) -> Result<&LoadBalancer, ApiError> {
        self.load_balancers.get(arn).ok_or_else(|| Resource::LoadBalancer.missing(arn))
    }

    pub(super) fn load_balancer_mut(&mut self, arn: &str) -> Result<&mut LoadBalancer, ApiError> {
        self.load_balancers.get_mut(arn).ok_or_else(|| Resource::LoadBalancer.missing(arn))
    }

    pub(super) fn listener(&self, arn: &str) -> Result<&Listener, ApiError> {
        self.listeners.get(arn).ok_or_else(|| Resource::Listener.missing(arn))
    }

    pub(super) fn listener_mut(&mut self, arn: &str) -> Result<&mut Listener, ApiError> {
        self.listeners.get_mut(arn).ok_or_else(|| Resource::Listener.missing(arn))
    }

    pub(super) fn target_group(&self, arn: &str) -> Result<&TargetGroup, ApiError> {
        self.target_groups.get(arn).ok_or_else(|| Resource::TargetGroup.missing(arn))
    }

    pub(super) fn target_group_mut(&mut self, arn: &str) -> Result<&mut TargetGroup, ApiError> {
        self.target_groups.get_mut(arn).ok_or_else(|| Resource::TargetGroup.missing(arn))
    }

    pub(super) fn trust_store(&self, arn: &str) -> Result<&TrustStore, ApiError> {
        self.trust_stores.get(arn).ok_or_else(|| Resource::TrustStore.missing(arn))
    }

    /// The Elastic IP addresses of load balancers, without the one meant.
    pub(super) fn allocations_of_others(&self, is_meant: impl Fn(&LoadBalancer) -> bool) -> BTreeSet<String> {
        let others = self.load_balancers.values().filter(|one| !is_meant(one));
        let zones = others.flat_map(|one| &one.settings.zones);
        zones.flat_map(|zone| zone.allocations().cloned()).collect()
    }

    /// The listeners of a load balancer.
    pub(crate) fn listeners_of<'a>(&'a self, load_balancer: &'a str) -> impl Iterator<Item = &'a Listener> {
        self.listeners.values().filter(move |listener| listener.load_balancer_arn == load_balancer)
    }

    /// The rules of a listener that are not its default rule, in the order in which they are tried.
    pub(crate) fn rules_of(&self, listener: &str) -> Vec<&Rule> {
        let mut rules = self.rules.values().filter(|rule| rule.listener_arn == listener).collect::<Vec<_>>();
        rules.sort_by_key(|rule| rule.priority);
        rules
    }

    /// The target groups that a load balancer uses.
    pub(super) fn groups_of(&self, load_balancer: &str) -> Vec<&TargetGroup> {
        let usage = self.usage();
        let used = |arn: &str| usage.get(arn).is_some_and(|users| users.contains(load_balancer));
        self.target_groups.values().filter(|group| used(&group.arn)).collect()
    }

    /// A target group in which a load balancer is a target, with the port that it is a target on.
    pub(super) fn group_with_target_load_balancer(&self, load_balancer: &str) -> Option<(&str, i64)> {
        let groups = self.target_groups.values().filter(|group| group.settings.target_type == TargetType::Alb);
        let mut targets = groups.flat_map(|group| group.registered().map(move |(key, _)| (group, key)));
        let found = targets.find(|(_, key)| key.id == load_balancer);
        found.map(|(group, key)| (group.arn.as_str(), key.port))
    }

    /// Which load balancers use which target groups, as listeners and rules have it now.
    pub(super) fn usage(&self) -> Usage<'_> {
        let mut usage = Usage::new();
        for listener in self.listeners.values() {
            for group in listener.actions.target_groups() {
                usage.entry(group).or_default().insert(&listener.load_balancer_arn);
            }
        }
        for rule in self.rules.values() {
            let Some(listener) = self.listeners.get(&rule.listener_arn) else { continue };
            for group in rule.actions.target_groups() {
                usage.entry(group).or_default().insert(&listener.load_balancer_arn);
            }
        }
        for group in self.target_groups.values().filter(|group| !group.described_users.is_empty()) {
            usage.entry(&group.arn).or_default().extend(group.described_users.iter().map(String::as_str));
        }
        usage
    }

    /// Keeps for each target group since when it is in use; to be called after listeners or rules changed.
    pub(super) fn settle_usage(&mut self, now: Moment) {
        let used = self.usage().keys().map(|group| (*group).to_owned()).collect::<BTreeSet<_>>();
        for (arn, group) in &mut self.target_groups {
            group.in_use_since = match group.in_use_since {
                _ if !used.contains(arn) => None,
                None => Some(now.instant),
                since => since,
            };
        }
    }

    /// The tags of a resource of any kind.
    pub(super) fn tags(&self, arn: &str) -> Result<&Tags, ApiError> {
        let default_rule = || self.listeners.values().map(|one| &one.default_rule).find(|rule| rule.arn == arn);
        let found = None
            .or_else(|| self.load_balancers.get(arn).map(|one| &one.tags))
            .or_else(|| self.target_groups.get(arn).map(|one| &one.tags))
            .or_else(|| self.listeners.get(arn).map(|one| &one.tags))
            .or_else(|| self.rules.get(arn).map(|one| &one.tags))
            .or_else(|| self.trust_stores.get(arn).map(|one| &one.tags))
            .or_else(|| default_rule().map(|rule| &rule.tags));
        found.ok_or_else(|| no_such_resource(arn))
    }

    /// As [`Self::tags`], to be changed.
    pub(super) fn tags_mut(&mut self, arn: &str) -> Result<&mut Tags, ApiError> {
        let Self { load_balancers, target_groups, listeners, rules, trust_stores, .. } = self;
        if let Some(one) = load_balancers.get_mut(arn) {
            return Ok(&mut one.tags);
        }
        if let Some(one) = target_groups.get_mut(arn) {
            return Ok(&mut one.tags);
        }
        if let Some(one) = rules.get_mut(arn) {
            return Ok(&mut one.tags);
        }
        if let Some(one) = trust_stores.get_mut(arn) {
            return Ok(&mut one.tags);
        }
        let tags = listeners.values_mut().find_map(|listener| match arn {
            _ if listener.arn == arn => Some(&mut listener.tags),
            _ if listener.default_rule.arn == arn => Some(&mut listener.default_rule.tags),
            _ => None,
        });
        tags.ok_or_else(|| no_such_resource(arn))
    }
}

fn no_such_resource(arn: &str) -> ApiError {
    match Resource::of(arn) {
        Some(resource) => resource.not_found(),
        None => ApiError::validation(format!("'{arn}' is not a valid ARN of a resource that can be tagged")),
    }
}

/// The resources with these ARNs, in the order of `all`; refused when one does not exist.
pub(super) fn by_arn<'a, T>(
    all: &'a BTreeMap<String, T>,
    arns: &[String],
    resource: Resource,
) -> Result<Vec<(String, &'a T)>, ApiError> {
    if let Some(missing) = arns.iter().find(|arn| !all.contains_key(*arn)) {
        return Err(resource.missing(missing));
    }
    Ok(all.iter().filter(|(arn, _)| arns.contains(arn)).map(|(arn, item)| (arn.clone(), item)).collect())
}

/// The resources with these names, in the order of `all`; refused when one does not exist.
pub(super) fn by_name<'a, T>(
    all: &'a BTreeMap<String, T>,
    names: &[String],
    name: impl Fn(&'a T) -> &'a str,
    resource: Resource,
) -> Result<Vec<(String, &'a T)>, ApiError> {
    let found = all.iter().filter(|(_, item)| names.iter().any(|wanted| wanted == name(item)));
    let found = found.map(|(arn, item)| (arn.clone(), item)).collect::<Vec<_>>();
    let known = found.iter().map(|(_, item)| name(item)).collect::<BTreeSet<_>>();
    if names.iter().all(|wanted| known.contains(wanted.as_str())) { Ok(found) } else { Err(resource.not_found()) }
}
