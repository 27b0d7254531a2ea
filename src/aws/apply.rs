//! One write: a change of a plan to one call of AWS.

use aws_sdk_ec2::operation::RequestId;
use northgate_planner::plan::AwsChange;

use super::error::AwsError;
use super::to_sdk::{id, texts};
use super::{Inner, Performed};

mod listener;
mod load_balancer;
mod rule;
mod security_group;
mod tags;
mod target_group;

/// Makes a change, says so in one log line, and lets the caches know.
pub(super) async fn perform(account: &Inner, change: &AwsChange) -> Result<Performed, AwsError> {
    let outcome = call(account, change).await;
    match &outcome {
        Ok(performed) => {
            let call = format!("{}:{}", change.service(), change.operation());
            let resource = performed.physical_id.clone().unwrap_or_else(|| resource(change));
            tracing::info!(call, resource, request_id = performed.request_id, "AWS did what it was told");
        }
        Err(error) => doubt(account, error),
    }
    outcome
}

async fn call(account: &Inner, change: &AwsChange) -> Result<Performed, AwsError> {
    match change {
        AwsChange::CreateSecurityGroup(request) => security_group::create(account, request).await,
        AwsChange::AuthorizeSecurityGroupIngress(request) => security_group::authorize(account, request).await,
        AwsChange::RevokeSecurityGroupIngress(request) => security_group::revoke(account, request).await,
        AwsChange::DeleteSecurityGroup(request) => security_group::delete(account, request).await,
        AwsChange::CreateTags(request) => security_group::create_tags(account, request).await,
        AwsChange::DeleteTags(request) => security_group::delete_tags(account, request).await,
        AwsChange::CreateTargetGroup(request) => target_group::create(account, request).await,
        AwsChange::ModifyTargetGroup(request) => target_group::modify(account, request).await,
        AwsChange::ModifyTargetGroupAttributes(request) => target_group::modify_attributes(account, request).await,
        AwsChange::DeleteTargetGroup(request) => target_group::delete(account, request).await,
        AwsChange::RegisterTargets(request) => target_group::register(account, request).await,
        AwsChange::DeregisterTargets(request) => target_group::deregister(account, request).await,
        AwsChange::CreateLoadBalancer(request) => load_balancer::create(account, request).await,
        AwsChange::ModifyLoadBalancerAttributes(request) => load_balancer::modify_attributes(account, request).await,
        AwsChange::SetSecurityGroups(request) => load_balancer::set_security_groups(account, request).await,
        AwsChange::SetSubnets(request) => load_balancer::set_subnets(account, request).await,
        AwsChange::SetIpAddressType(request) => load_balancer::set_ip_address_type(account, request).await,
        AwsChange::DeleteLoadBalancer(request) => load_balancer::delete(account, request).await,
        AwsChange::CreateListener(request) => listener::create(account, request).await,
        AwsChange::ModifyListener(request) => listener::modify(account, request).await,
        AwsChange::DeleteListener(request) => listener::delete(account, request).await,
        AwsChange::ModifyListenerAttributes(request) => listener::modify_attributes(account, request).await,
        AwsChange::AddListenerCertificates(request) => listener::add_certificates(account, request).await,
        AwsChange::RemoveListenerCertificates(request) => listener::remove_certificates(account, request).await,
        AwsChange::CreateRule(request) => rule::create(account, request).await,
        AwsChange::ModifyRule(request) => rule::modify(account, request).await,
        AwsChange::SetRulePriorities(request) => rule::set_priorities(account, request).await,
        AwsChange::DeleteRule(request) => rule::delete(account, request).await,
        AwsChange::AddTags(request) => tags::add(account, request).await,
        AwsChange::RemoveTags(request) => tags::remove(account, request).await,
    }
}

/// What a log line calls the resource of a change that does not give it an id.
fn resource(change: &AwsChange) -> String {
    match change {
        AwsChange::CreateSecurityGroup(request) => request.group_name.clone(),
        AwsChange::AuthorizeSecurityGroupIngress(request) | AwsChange::RevokeSecurityGroupIngress(request) => {
            id(&request.group_id)
        }
        AwsChange::DeleteSecurityGroup(request) => request.group_id.to_string(),
        AwsChange::CreateTags(request) => texts(&request.resources).join(","),
        AwsChange::DeleteTags(request) => texts(&request.resources).join(","),
        AwsChange::CreateTargetGroup(request) => request.name.clone(),
        AwsChange::ModifyTargetGroup(request) => request.target_group_arn.to_string(),
        AwsChange::ModifyTargetGroupAttributes(request) => id(&request.target_group_arn),
        AwsChange::DeleteTargetGroup(request) => request.target_group_arn.to_string(),
        AwsChange::RegisterTargets(request) | AwsChange::DeregisterTargets(request) => id(&request.target_group_arn),
        AwsChange::CreateLoadBalancer(request) => request.name.clone(),
        AwsChange::ModifyLoadBalancerAttributes(request) => id(&request.load_balancer_arn),
        AwsChange::SetSecurityGroups(request) => request.load_balancer_arn.to_string(),
        AwsChange::SetSubnets(request) => request.load_balancer_arn.to_string(),
        AwsChange::SetIpAddressType(request) => request.load_balancer_arn.to_string(),
        AwsChange::DeleteLoadBalancer(request) => request.load_balancer_arn.to_string(),
        AwsChange::CreateListener(request) => id(&request.load_balancer_arn),
        AwsChange::ModifyListener(request) => request.listener_arn.to_string(),
        AwsChange::DeleteListener(request) => request.listener_arn.to_string(),
        AwsChange::ModifyListenerAttributes(request) => id(&request.listener_arn),
        AwsChange::AddListenerCertificates(request) | AwsChange::RemoveListenerCertificates(request) => {
            id(&request.listener_arn)
        }
        AwsChange::CreateRule(request) => id(&request.listener_arn),
        AwsChange::ModifyRule(request) => request.rule_arn.to_string(),
        AwsChange::SetRulePriorities(request) => {
            request.rule_priorities.iter().map(|rule| id(&rule.rule_arn)).collect::<Vec<_>>().join(",")
        }
        AwsChange::DeleteRule(request) => id(&request.rule_arn),
        AwsChange::AddTags(request) => request.resource_arns.join(","),
        AwsChange::RemoveTags(request) => request.resource_arns.join(","),
    }
}

/// Drops the cached facts that an error contradicts, so that the next pass sees AWS as it is.
fn doubt(account: &Inner, error: &AwsError) {
    const GROUPS: &[&str] = &[
        "InvalidGroup.NotFound",
        "InvalidGroup.Duplicate",
        "InvalidSecurityGroupID.NotFound",
        "InvalidSecurityGroup",
        "InvalidPermission.NotFound",
        "InvalidPermission.Duplicate",
        "RulesPerSecurityGroupLimitExceeded",
    ];
    const NETWORK: &[&str] =
        &["SubnetNotFound", "InvalidSubnet", "InvalidSubnetID.NotFound", "AvailabilityZoneNotSupported"];
    if error.is_any(GROUPS) {
        account.facts.forget_security_groups();
    } else if error.is_any(NETWORK) {
        account.facts.forget_network();
    } else if error.is("InvalidTarget") {
        account.facts.forget_interfaces();
    }
}

/// A change that gives nothing an id.
fn done(answer: &impl RequestId) -> Performed {
    Performed { request_id: answer.request_id().map(str::to_owned), ..Performed::default() }
}

/// A delete of what is already gone is done.
fn done_or_gone<T: RequestId>(answer: Result<T, AwsError>, gone: &[&str]) -> Result<Performed, AwsError> {
    match answer {
        Ok(answer) => Ok(done(&answer)),
        Err(error) if error.is_any(gone) => {
            Ok(Performed { request_id: error.request_id().map(str::to_owned), ..Performed::default() })
        }
        Err(error) => Err(error),
    }
}
