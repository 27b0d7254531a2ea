//! What one load balancer may have in all, over its listeners, rules and target groups.

use std::collections::BTreeMap;

use super::protocol::Family;
use super::quotas::Quota;
use super::store::Store;
use super::target_groups::{TargetGroup, TargetType};
use crate::wire::ApiError;

/// An application load balancer as a target counts as so many targets of its network load balancer: without and with
/// cross-zone load balancing. Source: Network Load Balancer quotas.
const LOAD_BALANCER_AS_TARGET: (usize, usize) = (50, 100);

impl Store {
    /// Refuses more targets or target groups than a load balancer may have; to be asked after a change.
    pub(super) fn check_load_balancer(&self, load_balancer: &str) -> Result<(), ApiError> {
        let groups = self.groups_of(load_balancer);
        match self.load_balancer(load_balancer)?.family() {
            Family::Application => self.check_application(&groups),
            Family::Network => {
                self.check_server_ids(load_balancer)?;
                self.check_network(load_balancer, &groups)
            }
        }
    }

    /// Server ids of QUIC targets are unique among the targets of one listener.
    fn check_server_ids(&self, load_balancer: &str) -> Result<(), ApiError> {
        for listener in self.listeners_of(load_balancer).filter(|listener| listener.protocol.carries_quic()) {
            let mut owners = BTreeMap::<&str, &str>::new();
            let groups = listener.actions.target_groups().filter_map(|arn| self.target_groups.get(arn));
            for (key, target) in groups.flat_map(TargetGroup::registered) {
                let Some(id) = target.quic_server_id.as_deref() else { continue };
                if owners.insert(id, &key.id).is_some_and(|owner| owner != key.id) {
                    let message = format!("The QuicServerId '{id}' is in use by another target of the listener");
                    return Err(ApiError::new("InvalidTarget", message));
                }
            }
        }
        Ok(())
    }

    fn check_application(&self, groups: &[&TargetGroup]) -> Result<(), ApiError> {
        let quotas = &self.options().quotas;
        quotas.check(Quota::TargetGroupsPerApplicationLoadBalancer, groups.len())?;
        let targets = groups.iter().flat_map(|group| group.registered());
        let mut registrations = BTreeMap::<&str, usize>::new();
        for (key, _) in targets {
            *registrations.entry(&key.id).or_default() += 1;
        }
        quotas.check(Quota::RegistrationsPerTarget, registrations.values().copied().max().unwrap_or(0))?;
        quotas.check(Quota::TargetsPerApplicationLoadBalancer, registrations.values().sum())
    }

    /// A target in several groups counts several times. With cross-zone load balancing the quota of one zone is the
    /// quota of all. Source: Network Load Balancer quotas.
    fn check_network(&self, load_balancer: &str, groups: &[&TargetGroup]) -> Result<(), ApiError> {
        let owner = self.load_balancer(load_balancer)?;
        let cross_zone = owner.attributes.get("load_balancing.cross_zone.enabled").is_some_and(|value| value == "true");
        let (mut total, mut anywhere) = (0, 0);
        let mut per_zone = BTreeMap::<&str, usize>::new();
        for group in groups {
            for (_, target) in group.registered() {
                if group.settings.target_type == TargetType::Alb {
                    let (without, with) = LOAD_BALANCER_AS_TARGET;
                    let counted = if cross_zone { with } else { without };
                    (total, anywhere) = (total + counted, anywhere + counted);
                } else {
                    total += 1;
                    if let Some(zone) = &target.zone {
                        *per_zone.entry(zone).or_default() += 1;
                    }
                }
            }
        }
        let quotas = &self.options().quotas;
        let fullest = anywhere + per_zone.values().copied().max().unwrap_or(0);
        quotas.check(Quota::TargetsPerZoneAndNetworkLoadBalancer, if cross_zone { total } else { fullest })?;
        quotas.check(Quota::TargetsPerNetworkLoadBalancer, total)
    }

    /// Refuses more targets than a group may have, and than its load balancers may have with it.
    pub(super) fn check_group(&self, arn: &str) -> Result<(), ApiError> {
        let group = self.target_group(arn)?;
        let quotas = &self.options().quotas;
        quotas.check(Quota::TargetsPerTargetGroup, group.registered().count())?;
        let usage = self.usage();
        let mut users = usage.get(arn).into_iter().flatten();
        users.try_for_each(|user| self.check_load_balancer(user))
    }
}
