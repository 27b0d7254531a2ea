//! What Elastic Load Balancing holds for one account in one Region.

use std::collections::{BTreeMap, BTreeSet};

use super::arn::{Names, Resource};
use super::listeners::Listener;
use super::load_balancers::LoadBalancer;
use super::tags::Tags;
use super::target_groups::TargetGroup;
use crate::clock::Moment;
use crate::network::Scope;
use crate::options::AccountOptions;
use crate::wire::ApiError;

/// All resources by ARN. Which load balancer uses a target group is never stored: it follows from the listeners.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(super) names: Names,
    pub(super) load_balancers: BTreeMap<String, LoadBalancer>,
    pub(super) listeners: BTreeMap<String, Listener>,
    pub(super) target_groups: BTreeMap<String, TargetGroup>,
    options: AccountOptions,
}

/// The load balancers that use each target group.
pub(super) type Usage<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

impl Store {
    /// An empty account.
    pub(crate) fn new(scope: Scope, options: AccountOptions) -> Self {
        Self {
            names: Names::new(scope),
            load_balancers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            options,
        }
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
        Resource::LoadBalancer.check(arn)?;
        self.load_balancers.get(arn).ok_or_else(|| Resource::LoadBalancer.not_found())
    }

    pub(super) fn load_balancer_mut(&mut self, arn: &str) -> Result<&mut LoadBalancer, ApiError> {
        Resource::LoadBalancer.check(arn)?;
        self.load_balancers.get_mut(arn).ok_or_else(|| Resource::LoadBalancer.not_found())
    }

    pub(super) fn listener(&self, arn: &str) -> Result<&Listener, ApiError> {
        Resource::Listener.check(arn)?;
        self.listeners.get(arn).ok_or_else(|| Resource::Listener.not_found())
    }

    pub(super) fn listener_mut(&mut self, arn: &str) -> Result<&mut Listener, ApiError> {
        Resource::Listener.check(arn)?;
        self.listeners.get_mut(arn).ok_or_else(|| Resource::Listener.not_found())
    }

    pub(super) fn target_group(&self, arn: &str) -> Result<&TargetGroup, ApiError> {
        Resource::TargetGroup.check(arn)?;
        self.target_groups.get(arn).ok_or_else(|| Resource::TargetGroup.not_found())
    }

    pub(super) fn target_group_mut(&mut self, arn: &str) -> Result<&mut TargetGroup, ApiError> {
        Resource::TargetGroup.check(arn)?;
        self.target_groups.get_mut(arn).ok_or_else(|| Resource::TargetGroup.not_found())
    }

    pub(super) fn listeners_of<'a>(&'a self, load_balancer: &'a str) -> impl Iterator<Item = &'a Listener> {
        self.listeners.values().filter(move |listener| listener.load_balancer_arn == load_balancer)
    }

    /// Which load balancers use which target groups, as the listeners have it now.
    pub(super) fn usage(&self) -> Usage<'_> {
        let mut usage = Usage::new();
        for listener in self.listeners.values() {
            for group in listener.actions.target_groups() {
                usage.entry(group).or_default().insert(&listener.load_balancer_arn);
            }
        }
        usage
    }

    /// Keeps for each target group since when it is in use; to be called after the listeners changed.
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

    /// The tags of a load balancer, a target group, a listener or a rule.
    pub(super) fn tags(&self, arn: &str) -> Result<&Tags, ApiError> {
        match Resource::of(arn) {
            Some(Resource::LoadBalancer) => self.load_balancer(arn).map(|resource| &resource.tags),
            Some(Resource::Listener) => self.listener(arn).map(|resource| &resource.tags),
            Some(Resource::TargetGroup) => self.target_group(arn).map(|resource| &resource.tags),
            Some(Resource::Rule) => {
                let mut rules = self.listeners.values().map(|listener| &listener.default_rule);
                rules.find(|rule| rule.arn == arn).map(|rule| &rule.tags).ok_or_else(|| Resource::Rule.not_found())
            }
            None => Err(ApiError::validation(format!("'{arn}' is not a valid ARN of a resource that can be tagged"))),
        }
    }

    /// As [`Self::tags`], to be changed.
    pub(super) fn tags_mut(&mut self, arn: &str) -> Result<&mut Tags, ApiError> {
        match Resource::of(arn) {
            Some(Resource::LoadBalancer) => self.load_balancer_mut(arn).map(|resource| &mut resource.tags),
            Some(Resource::Listener) => self.listener_mut(arn).map(|resource| &mut resource.tags),
            Some(Resource::TargetGroup) => self.target_group_mut(arn).map(|resource| &mut resource.tags),
            Some(Resource::Rule) => {
                let mut rules = self.listeners.values_mut().map(|listener| &mut listener.default_rule);
                rules.find(|rule| rule.arn == arn).map(|rule| &mut rule.tags).ok_or_else(|| Resource::Rule.not_found())
            }
            None => Err(ApiError::validation(format!("'{arn}' is not a valid ARN of a resource that can be tagged"))),
        }
    }
}

/// Refuses a list of which some do not exist, otherwise hands them out in the order of `all`.
pub(super) fn select<'a, T>(
    all: &'a BTreeMap<String, T>,
    wanted: &[String],
    key: impl Fn(&'a T) -> &'a str,
    resource: Resource,
) -> Result<Vec<(String, &'a T)>, ApiError> {
    let found = all.iter().filter(|(_, item)| wanted.iter().any(|name| name == key(item)));
    let found = found.map(|(arn, item)| (arn.clone(), item)).collect::<Vec<_>>();
    let known = found.iter().map(|(_, item)| key(item)).collect::<BTreeSet<_>>();
    if wanted.iter().all(|name| known.contains(name.as_str())) { Ok(found) } else { Err(resource.not_found()) }
}
