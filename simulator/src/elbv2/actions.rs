//! Actions of listeners: what a network load balancer takes, and how AWS shows it again.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::load_balancers::{IpAddressType, LoadBalancer};
use super::placement::invalid_configuration;
use super::protocol::Protocol;
use super::quotas::Quota;
use super::store::Store;
use super::target_groups::{GroupAddressType, TargetGroup};
use crate::wire::ApiError;
use crate::wire::constraint::{Int, List};

/// The actions of a listener or a rule; a network load balancer has one, which forwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actions {
    forward: Forward,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Forward {
    order: Option<i64>,
    /// Sorted by ARN: the order in which groups are given means nothing.
    groups: Vec<Weighted>,
    stickiness: Stickiness,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Weighted {
    target_group_arn: String,
    weight: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stickiness {
    enabled: bool,
    duration_seconds: Option<i64>,
}

/// The member `DefaultActions` of a request.
pub(crate) type ActionList = List<ActionRequest, 1, 1>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ActionRequest {
    r#type: ActionType,
    target_group_arn: Option<String>,
    order: Option<Int<1, 50000>>,
    forward_config: Option<ForwardConfigRequest>,
    authenticate_cognito_config: Option<IgnoredAny>,
    authenticate_oidc_config: Option<IgnoredAny>,
    fixed_response_config: Option<IgnoredAny>,
    jwt_validation_config: Option<IgnoredAny>,
    redirect_config: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionType {
    Forward,
    AuthenticateOidc,
    AuthenticateCognito,
    Redirect,
    FixedResponse,
    JwtValidation,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ForwardConfigRequest {
    target_groups: Option<Vec<TupleRequest>>,
    target_group_stickiness_config: Option<StickinessRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TupleRequest {
    target_group_arn: String,
    weight: Option<Int<0, 999>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StickinessRequest {
    enabled: Option<bool>,
    duration_seconds: Option<Int<1, 604_800>>,
}

/// An action as AWS shows it: a forward always with its configuration, and with the group's ARN when it is one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ActionDescription {
    r#type: &'static str,
    order: Option<i64>,
    target_group_arn: Option<String>,
    forward_config: ForwardConfig,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForwardConfig {
    target_groups: Vec<Weighted>,
    target_group_stickiness_config: Stickiness,
}

impl Actions {
    /// Reads the actions of a listener of a network load balancer.
    pub(crate) fn read(list: ActionList) -> Result<Self, ApiError> {
        let action = list.into_vec().pop().expect("the list has one member");
        if action.r#type != ActionType::Forward {
            return Err(ApiError::new(
                "InvalidLoadBalancerAction",
                "Listeners of load balancers of type 'network' have actions of type 'forward' only",
            ));
        }
        let others = [
            &action.authenticate_cognito_config,
            &action.authenticate_oidc_config,
            &action.fixed_response_config,
            &action.jwt_validation_config,
            &action.redirect_config,
        ];
        if others.iter().any(|config| config.is_some()) {
            return Err(ApiError::validation("An action of type 'forward' takes no configuration of another type"));
        }
        let order = action.order.map(Int::get);
        let (groups, stickiness) = forward(action.target_group_arn, action.forward_config)?;
        Ok(Self { forward: Forward { order, groups, stickiness } })
    }

    /// The ARNs of the target groups that the actions name.
    pub(crate) fn target_groups(&self) -> impl Iterator<Item = &str> {
        self.forward.groups.iter().map(|group| group.target_group_arn.as_str())
    }

    /// Refuses actions that the listener cannot have: groups that do not exist, do not fit, or belong to another.
    pub(crate) fn check(&self, store: &Store, owner: &LoadBalancer, protocol: Protocol) -> Result<(), ApiError> {
        store.options().quotas.check(Quota::TargetGroupsPerNetworkAction, self.forward.groups.len())?;
        let usage = store.usage();
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
        }
        Ok(())
    }

    /// The actions as AWS shows them.
    pub(crate) fn describe(&self) -> Vec<ActionDescription> {
        let Forward { order, groups, stickiness } = self.forward.clone();
        let target_group_arn = match groups.as_slice() {
            [only] => Some(only.target_group_arn.clone()),
            _ => None,
        };
        vec![ActionDescription {
            r#type: "forward",
            order,
            target_group_arn,
            forward_config: ForwardConfig { target_groups: groups, target_group_stickiness_config: stickiness },
        }]
    }
}

fn forward(arn: Option<String>, config: Option<ForwardConfigRequest>) -> Result<(Vec<Weighted>, Stickiness), ApiError> {
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
    Ok((groups, read_stickiness(stickiness)?))
}

fn read_stickiness(request: Option<StickinessRequest>) -> Result<Stickiness, ApiError> {
    let Some(request) = request else {
        return Ok(Stickiness::default());
    };
    let (enabled, duration_seconds) = (request.enabled.unwrap_or(false), request.duration_seconds.map(Int::get));
    if enabled && duration_seconds.is_none() {
        return Err(ApiError::validation(
            "Target group stickiness duration must be specified when stickiness is enabled",
        ));
    }
    Ok(Stickiness { enabled, duration_seconds })
}

fn check_group(group: &TargetGroup, owner: &LoadBalancer, protocol: Protocol) -> Result<(), ApiError> {
    let (arn, settings) = (&group.arn, &group.settings);
    if !protocol.may_forward_to(settings.protocol) {
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
    let dualstack = owner.settings.ip_address_type == IpAddressType::Dualstack;
    match settings.ip_address_type {
        GroupAddressType::Ipv6 if !dualstack => Err(invalid_configuration(format!(
            "The target group '{arn}' with the IP address type 'ipv6' needs a load balancer with the IP address type 'dualstack'"
        ))),
        GroupAddressType::Ipv4 if dualstack && protocol.carries_udp() => Err(invalid_configuration(format!(
            "A '{protocol}' listener of a dualstack load balancer cannot use the target group '{arn}' with the IP address type 'ipv4'"
        ))),
        _ => Ok(()),
    }
}
