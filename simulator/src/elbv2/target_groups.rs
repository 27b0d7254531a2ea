//! Target groups: create, describe, modify, delete.

mod description;
mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use self::description::Description;
pub(crate) use self::kinds::ProtocolVersion;
pub(super) use self::kinds::{check_target_type, control_port, protocol_version};
use super::arn::Resource;
use super::attributes::{self, Attributes, Catalogue};
use super::health::{Fixed, TargetKey};
use super::health_check::{
    Checking, HealthCheck, HealthCheckRequest, Interval, MatcherRequest, Path, Threshold, Timeout,
};
use super::listeners::Port;
use super::paging::{PageSize, Paging};
use super::protocol::{Family, Protocol};
use super::quotas::Quota;
use super::store::{Store, Usage, by_arn, by_name};
use super::tags::{self, TagList, Tags};
use super::targets::Target;
use super::{Done, names, network_failure};
use crate::network::Network;
use crate::wire::ApiError;

/// A target group.
#[derive(Clone, Debug)]
pub(crate) struct TargetGroup {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
    /// Every target by id and port, those that drain included.
    pub(super) targets: BTreeMap<TargetKey, Target>,
    /// Health that a test has fixed.
    pub(super) forced: BTreeMap<(String, Option<i64>), Fixed>,
    /// Since when a listener or a rule forwards to the group.
    pub(super) in_use_since: Option<Instant>,
    /// Load balancers that a description says use the group, though no described listener or rule does.
    pub(super) described_users: BTreeSet<String>,
}

/// What a create call is compared by: the same name with the same settings is the same group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) protocol: Protocol,
    pub(super) family: Family,
    /// Of groups for application load balancers, and only of them.
    pub(crate) protocol_version: Option<ProtocolVersion>,
    pub(super) port: i64,
    pub(super) vpc_id: String,
    pub(crate) target_type: TargetType,
    pub(super) ip_address_type: GroupAddressType,
    pub(super) target_control_port: Option<i64>,
    pub(crate) health_check: HealthCheck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TargetType {
    Instance,
    Ip,
    Lambda,
    Alb,
}

/// The address family of a group's targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GroupAddressType {
    Ipv4,
    Ipv6,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateTargetGroup {
    name: String,
    protocol: Option<Protocol>,
    protocol_version: Option<String>,
    port: Option<Port>,
    vpc_id: Option<String>,
    target_type: Option<TargetType>,
    ip_address_type: Option<GroupAddressType>,
    target_control_port: Option<Port>,
    tags: Option<TagList>,
    health_check_protocol: Option<Protocol>,
    health_check_port: Option<String>,
    health_check_enabled: Option<bool>,
    health_check_path: Option<Path>,
    health_check_interval_seconds: Option<Interval>,
    health_check_timeout_seconds: Option<Timeout>,
    healthy_threshold_count: Option<Threshold>,
    unhealthy_threshold_count: Option<Threshold>,
    matcher: Option<MatcherRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyTargetGroup {
    target_group_arn: String,
    health_check_protocol: Option<Protocol>,
    health_check_port: Option<String>,
    health_check_enabled: Option<bool>,
    health_check_path: Option<Path>,
    health_check_interval_seconds: Option<Interval>,
    health_check_timeout_seconds: Option<Timeout>,
    healthy_threshold_count: Option<Threshold>,
    unhealthy_threshold_count: Option<Threshold>,
    matcher: Option<MatcherRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeTargetGroups {
    load_balancer_arn: Option<String>,
    target_group_arns: Option<Vec<String>>,
    names: Option<Vec<String>>,
    marker: Option<String>,
    page_size: Option<PageSize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteTargetGroup {
    target_group_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TargetGroupsResult {
    target_groups: Vec<Description>,
    next_marker: Option<String>,
}

/// `CreateTargetGroup`.
///
/// A repeated call with the same settings answers with what stands; tags are no settings and stay as they are.
pub(crate) async fn create(
    store: &mut Store,
    network: &dyn Network,
    mut request: CreateTargetGroup,
) -> Result<TargetGroupsResult, ApiError> {
    names::check("Target group", &request.name)?;
    let tags = tags::of_new_resource(request.tags.take())?;
    let name = request.name.clone();
    let settings = Settings::read(request)?;
    if network.vpc(store.scope(), &settings.vpc_id).await.map_err(network_failure)?.is_none() {
        return Err(ApiError::validation(format!("The VPC ID '{}' is not found", settings.vpc_id)));
    }
    if let Some(existing) = store.target_groups.values().find(|group| group.name == name) {
        if existing.settings != settings {
            let message = format!("A target group with the same name '{name}' exists, but with different settings");
            return Err(ApiError::new("DuplicateTargetGroupName", message));
        }
        return Ok(one(existing.describe(&store.usage())));
    }
    store.options().quotas.check(Quota::TargetGroups, store.target_groups.len() + 1)?;
    let id = store.names.id();
    let group = TargetGroup::new(store.names.target_group(&name, &id), name, settings, tags);
    let description = group.describe(&Usage::new());
    store.target_groups.insert(group.arn.clone(), group);
    Ok(one(description))
}

/// `DescribeTargetGroups`: all, those named, or those that a load balancer uses (perhaps none).
pub(crate) fn describe(store: &Store, request: DescribeTargetGroups) -> Result<TargetGroupsResult, ApiError> {
    let arns = request.target_group_arns.unwrap_or_default();
    let names = request.names.unwrap_or_default();
    let all = &store.target_groups;
    let usage = store.usage();
    let found = match (&request.load_balancer_arn, arns.as_slice(), names.as_slice()) {
        (None, [], []) => all.iter().map(|(arn, group)| (arn.clone(), group)).collect(),
        (Some(user), [], []) => {
            store.load_balancer(user)?;
            let used = |arn: &str| usage.get(arn).is_some_and(|users| users.contains(user.as_str()));
            all.iter().filter(|(arn, _)| used(arn)).map(|(arn, group)| (arn.clone(), group)).collect()
        }
        (None, arns, []) => by_arn(all, arns, Resource::TargetGroup)?,
        (None, [], names) => by_name(all, names, |group| &group.name, Resource::TargetGroup)?,
        _ => {
            return Err(ApiError::validation(
                "You can specify one of the following: target group names, target group ARNs, or a load balancer ARN",
            ));
        }
    };
    let (page, next_marker) = Paging { marker: request.marker, size: request.page_size }.page(found)?;
    let target_groups = page.into_iter().map(|group| group.describe(&usage)).collect();
    Ok(TargetGroupsResult { target_groups, next_marker })
}

/// `ModifyTargetGroup`: the health check; nothing else of a group can be changed.
pub(crate) fn modify(store: &mut Store, request: ModifyTargetGroup) -> Result<TargetGroupsResult, ApiError> {
    let arn = request.target_group_arn.clone();
    let settings = &store.target_group(&arn)?.settings;
    let changed = settings.health_check.with(settings.checking(), request.into())?;
    let group = store.target_group_mut(&arn)?;
    group.settings.health_check = changed;
    Ok(one(store.target_group(&arn)?.describe(&store.usage())))
}

/// `DeleteTargetGroup`: one that is not there is deleted already.
pub(crate) fn delete(store: &mut Store, request: DeleteTargetGroup) -> Result<Done, ApiError> {
    let arn = request.target_group_arn;
    if !store.target_groups.contains_key(&arn) && Resource::of(&arn) != Some(Resource::TargetGroup) {
        return Err(Resource::TargetGroup.missing(&arn));
    }
    if store.usage().contains_key(arn.as_str()) {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(ApiError::new("ResourceInUse", message));
    }
    store.target_groups.remove(&arn);
    Ok(Done {})
}

impl Settings {
    fn read(request: CreateTargetGroup) -> Result<Self, ApiError> {
        let target_type = request.target_type.unwrap_or(TargetType::Instance);
        let missing = |what: &str| ApiError::validation(format!("A {what} must be specified"));
        let protocol = request.protocol.ok_or_else(|| missing("protocol"))?;
        let port = request.port.ok_or_else(|| missing("port"))?.get();
        let vpc_id = request.vpc_id.clone().ok_or_else(|| missing("VPC ID"))?;
        let family = protocol.family()?;
        let ip_address_type = request.ip_address_type.unwrap_or(GroupAddressType::Ipv4);
        kinds::check_target_type(target_type, protocol, ip_address_type)?;
        let protocol_version = kinds::protocol_version(family, protocol, request.protocol_version.as_deref())?;
        let target_control_port = kinds::control_port(family, request.target_control_port)?;
        let checking = Checking::of(family, protocol_version, target_type);
        let defaults = HealthCheck::defaults(checking, request.health_check_protocol);
        Ok(Self {
            protocol,
            family,
            protocol_version,
            port,
            vpc_id,
            target_type,
            ip_address_type,
            target_control_port,
            health_check: defaults.with(checking, request.into())?,
        })
    }

    /// What health checks of the group depend on.
    pub(super) fn checking(&self) -> Checking {
        Checking::of(self.family, self.protocol_version, self.target_type)
    }

    /// The attributes that a group with these settings has.
    pub(super) fn catalogue(&self) -> Catalogue {
        attributes::of_target_group(self.protocol, self.family, self.target_type)
    }
}

impl TargetGroup {
    pub(super) fn new(arn: String, name: String, settings: Settings, tags: Tags) -> Self {
        let attributes = settings.catalogue().defaults();
        Self {
            arn,
            name,
            settings,
            attributes,
            tags,
            targets: BTreeMap::new(),
            forced: BTreeMap::new(),
            in_use_since: None,
            described_users: BTreeSet::new(),
        }
    }
}

impl From<CreateTargetGroup> for HealthCheckRequest {
    fn from(request: CreateTargetGroup) -> Self {
        Self {
            protocol: request.health_check_protocol,
            port: request.health_check_port,
            enabled: request.health_check_enabled,
            path: request.health_check_path,
            interval_seconds: request.health_check_interval_seconds,
            timeout_seconds: request.health_check_timeout_seconds,
            healthy_threshold: request.healthy_threshold_count,
            unhealthy_threshold: request.unhealthy_threshold_count,
            matcher: request.matcher,
        }
    }
}

impl From<ModifyTargetGroup> for HealthCheckRequest {
    fn from(request: ModifyTargetGroup) -> Self {
        Self {
            protocol: request.health_check_protocol,
            port: request.health_check_port,
            enabled: request.health_check_enabled,
            path: request.health_check_path,
            interval_seconds: request.health_check_interval_seconds,
            timeout_seconds: request.health_check_timeout_seconds,
            healthy_threshold: request.healthy_threshold_count,
            unhealthy_threshold: request.unhealthy_threshold_count,
            matcher: request.matcher,
        }
    }
}

fn one(description: Description) -> TargetGroupsResult {
    TargetGroupsResult { target_groups: vec![description], next_marker: None }
}
