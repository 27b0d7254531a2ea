//! Forward actions: target groups with weights, and stickiness among them.

use serde::{Deserialize, Serialize};

use super::super::load_balancers::{IpAddressType, LoadBalancer};
use super::super::placement::invalid_configuration;
use super::super::protocol::{Family, Protocol};
use super::super::quotas::Quota;
use super::super::settings::check_group_addresses;
use super::super::store::Store;
use super::super::target_groups::{GroupAddressType, ProtocolVersion, TargetGroup, TargetType};
use crate::wire::ApiError;
use crate::wire::constraint::Int;

/// Where a forward action sends requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Forward {
    /// Sorted by ARN: the order in which groups are given means nothing.
    pub(crate) target_groups: Vec<Weighted>,
    pub(crate) target_group_stickiness_config: Stickiness,
}

/// A target group and its share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Weighted {
    pub(crate) target_group_arn: String,
    pub(crate) weight: i64,
}

/// Whether a client's later requests go to the same group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Stickiness {
    pub(crate) enabled: bool,
    pub(crate) duration_seconds: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ForwardConfigRequest {
    target_groups: Option<Vec<TupleRequest>>,
    target_group_stickiness_config: Option<StickinessRequest>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TupleRequest {
    target_group_arn: String,
    weight: Option<Int<0, 999>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StickinessRequest {
    enabled: Option<bool>,
    duration_seconds: Option<Int<1, 604_800>>,
}

impl Forward {
    pub(super) fn read(arn: Option<String>, config: Option<ForwardConfigRequest>) -> Result<Self, ApiError> {
        let (tuples, stickiness) = match config {
            Some(config) => (config.target_groups.unwrap_or_default(), config.target_group_stickiness_config),
            None => (Vec::new(), None),
        };
        let weight = |tuple: &TupleRequest| tuple.weight.map_or(1, Int::get);
        let mut groups = tuples
            .iter()
            .map(|tuple| Weighted { target_group_arn: tuple.target_group_arn.clone(), weight: weight(tuple) })
            .collect::<Vec<_>>();
        match (arn, groups.as_slice()) {
            (None, []) => return Err(ApiError::validation("A target group ARN must be specified")),
            (Some(arn), []) => groups.push(Weighted { target_group_arn: arn, weight: 1 }),
            (Some(arn), [only]) if only.target_group_arn == arn => {}
            (Some(_), _) => {
                return Err(ApiError::validation(
                    "TargetGroupArn and ForwardConfig must name the same target group when both are specified",
                ));
            }
            (None, _) => {}
        }
        groups.sort();
        if groups.windows(2).any(|pair| pair[0].target_group_arn == pair[1].target_group_arn) {
            return Err(ApiError::validation("A target group ARN can only be specified once in an action"));
        }
        let stickiness = stickiness.map(|given| Stickiness {
            enabled: given.enabled.unwrap_or(false),
            duration_seconds: given.duration_seconds.map(Int::get),
        });
        Ok(Self { target_groups: groups, target_group_stickiness_config: stickiness.unwrap_or_default() })
    }

    pub(super) fn target_groups(&self) -> impl Iterator<Item = &str> {
        self.target_groups.iter().map(|group| group.target_group_arn.as_str())
    }

    /// The group, when it is one alone.
    pub(super) fn only_target_group(&self) -> Option<&str> {
        match self.target_groups.as_slice() {
            [only] => Some(&only.target_group_arn),
            _ => None,
        }
    }

    /// Refuses groups that do not exist, do not fit, or belong to another load balancer.
    pub(super) fn check(&self, store: &Store, owner: &LoadBalancer, protocol: Protocol) -> Result<(), ApiError> {
        let quota = match owner.family() {
            Family::Network => Quota::TargetGroupsPerNetworkAction,
            Family::Application => Quota::TargetGroupsPerApplicationAction,
        };
        store.options().quotas.check(quota, self.target_groups.len())?;
        let usage = store.usage();
        let mut groups = Vec::new();
        for arn in self.target_groups() {
            let group = store
                .target_group(arn)
                .map_err(|error| ApiError { message: format!("Target groups '{arn}' not found"), ..error })?;
            check_group(group, owner, protocol)?;
            if usage.get(arn).is_some_and(|users| users.iter().any(|user| *user != owner.arn)) {
                return Err(ApiError::new(
                    "TargetGroupAssociationLimit",
                    format!("The following target groups cannot be associated with more than one load balancer: {arn}"),
                ));
            }
            groups.push(group);
        }
        self.check_stickiness(&groups, owner, protocol)?;
        match owner.family() {
            Family::Network => check_together(&groups, owner, protocol),
            Family::Application => Ok(()),
        }
    }

    fn check_stickiness(
        &self,
        groups: &[&TargetGroup],
        owner: &LoadBalancer,
        protocol: Protocol,
    ) -> Result<(), ApiError> {
        let Stickiness { enabled, duration_seconds } = self.target_group_stickiness_config;
        if enabled && duration_seconds.is_none() && owner.family() == Family::Application {
            return Err(ApiError::validation(
                "Target group stickiness duration must be specified when stickiness is enabled",
            ));
        }
        if enabled && protocol == Protocol::Tls {
            return Err(invalid_configuration("Target group stickiness is not supported for 'TLS' listeners"));
        }
        let sticky = |group: &&TargetGroup| group.attributes.get("stickiness.enabled").is_some_and(|it| it == "true");
        if !enabled && groups.len() > 1 && groups.iter().any(sticky) {
            return Err(invalid_configuration(
                "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups",
            ));
        }
        Ok(())
    }
}

fn check_group(group: &TargetGroup, owner: &LoadBalancer, protocol: Protocol) -> Result<(), ApiError> {
    let (arn, settings) = (&group.arn, &group.settings);
    let alb = settings.target_type == TargetType::Alb;
    if !protocol.may_forward_to(settings.protocol) || (alb && protocol != Protocol::Tcp) {
        let message = format!(
            "The listener and its associated target group '{arn}' have incompatible protocols: '{protocol}' and '{}'",
            settings.protocol
        );
        return Err(ApiError::new("IncompatibleProtocols", message));
    }
    if settings.vpc_id != owner.vpc_id {
        return Err(invalid_configuration(format!(
            "The target group '{arn}' and the load balancer '{}' are in different VPCs",
            owner.arn
        )));
    }
    if let Some(version @ (ProtocolVersion::Http2 | ProtocolVersion::Grpc)) = settings.protocol_version
        && protocol == Protocol::Http
    {
        return Err(invalid_configuration(format!(
            "Listener protocol 'HTTP' is not supported with a target group with the protocol-version '{}'",
            version.as_str()
        )));
    }
    check_group_addresses(group, owner, owner.settings.ip_address_type)?;
    let dualstack = owner.settings.ip_address_type == IpAddressType::Dualstack;
    if settings.ip_address_type == GroupAddressType::Ipv4 && dualstack && protocol.carries_udp() {
        return Err(invalid_configuration(format!(
            "A '{protocol}' listener of a dualstack load balancer cannot use the target group '{arn}' with the IP \
             address type 'ipv4'"
        )));
    }
    Ok(())
}

/// What a network load balancer does not mix in one action. Source: guide, "Default actions".
fn check_together(groups: &[&TargetGroup], owner: &LoadBalancer, protocol: Protocol) -> Result<(), ApiError> {
    let differ = |one: &TargetGroup, other: &TargetGroup| one.settings.protocol != other.settings.protocol;
    if protocol == Protocol::Tls && groups.windows(2).any(|pair| differ(pair[0], pair[1])) {
        return Err(invalid_configuration("All target groups of a 'TLS' listener must use the same protocol"));
    }
    let differ =
        |one: &TargetGroup, other: &TargetGroup| one.settings.ip_address_type != other.settings.ip_address_type;
    if owner.settings.ip_address_type.has_ipv6() && groups.windows(2).any(|pair| differ(pair[0], pair[1])) {
        return Err(invalid_configuration("All target groups of an action must use the same IP address type"));
    }
    Ok(())
}
