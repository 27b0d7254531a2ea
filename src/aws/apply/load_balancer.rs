//! Writes to load balancers.

use northgate_planner::plan::{
    CreateLoadBalancer, DeleteLoadBalancer, ModifyLoadBalancerAttributes, SetIpAddressType, SetSecurityGroups,
    SetSubnets,
};

use super::tags::check_tags;
use super::{done, done_or_gone};
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::{elb_tags, id, load_balancer_attributes, subnet_mappings};
use crate::aws::{Inner, Performed};

/// Makes a load balancer. AWS answers a second create with the same settings with the first one's ARN, whoever owns it.
pub(super) async fn create(account: &Inner, request: &CreateLoadBalancer) -> Result<Performed, AwsError> {
    let CreateLoadBalancer {
        name,
        load_balancer_type,
        scheme,
        ip_address_type,
        subnet_mappings: mappings,
        security_groups,
        enable_prefix_for_ipv6_source_nat,
        tags,
    } = request;
    let groups = (!security_groups.is_empty()).then(|| security_groups.iter().map(id).collect());
    let call = account.clients.elb.create_load_balancer();
    let call = call.name(name).r#type(load_balancer_type.as_str().into()).scheme(scheme.as_str().into());
    let call =
        call.ip_address_type(ip_address_type.as_str().into()).set_subnet_mappings(Some(subnet_mappings(mappings)));
    let call = call.set_enable_prefix_for_ipv6_source_nat(enable_prefix_for_ipv6_source_nat.map(Into::into));
    let answer = call.set_security_groups(groups).set_tags(Some(elb_tags(&tags.0))).send().await;
    let answer = answer.map_err(failed(Call::elb("CreateLoadBalancer")))?;
    let made = answer.load_balancers().first();
    let Some(arn) = made.and_then(|made| made.load_balancer_arn()) else {
        return Err(AwsError::Unreadable { resource: name.clone(), member: "LoadBalancerArn", value: None });
    };
    check_tags(account, arn, name, &tags.0).await?;
    let dns_name = made.and_then(|made| made.dns_name()).map(str::to_owned);
    Ok(Performed { physical_id: Some(arn.to_owned()), dns_name, ..done(&answer) })
}

pub(super) async fn modify_attributes(
    account: &Inner,
    request: &ModifyLoadBalancerAttributes,
) -> Result<Performed, AwsError> {
    let ModifyLoadBalancerAttributes { load_balancer_arn, attributes } = request;
    let call = account.clients.elb.modify_load_balancer_attributes().load_balancer_arn(id(load_balancer_arn));
    let answer = call.set_attributes(Some(load_balancer_attributes(&attributes.0))).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("ModifyLoadBalancerAttributes")))?))
}

pub(super) async fn set_security_groups(account: &Inner, request: &SetSecurityGroups) -> Result<Performed, AwsError> {
    let SetSecurityGroups { load_balancer_arn, security_groups } = request;
    let call = account.clients.elb.set_security_groups().load_balancer_arn(load_balancer_arn.as_str());
    let answer = call.set_security_groups(Some(security_groups.iter().map(id).collect())).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("SetSecurityGroups")))?))
}

pub(super) async fn set_subnets(account: &Inner, request: &SetSubnets) -> Result<Performed, AwsError> {
    let SetSubnets { load_balancer_arn, subnet_mappings: mappings, enable_prefix_for_ipv6_source_nat } = request;
    let call = account.clients.elb.set_subnets().load_balancer_arn(load_balancer_arn.as_str());
    let call = call.set_enable_prefix_for_ipv6_source_nat(enable_prefix_for_ipv6_source_nat.map(Into::into));
    let answer = call.set_subnet_mappings(Some(subnet_mappings(mappings))).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("SetSubnets")))?))
}

pub(super) async fn set_ip_address_type(account: &Inner, request: &SetIpAddressType) -> Result<Performed, AwsError> {
    let SetIpAddressType { load_balancer_arn, ip_address_type } = request;
    let call = account.clients.elb.set_ip_address_type().load_balancer_arn(load_balancer_arn.as_str());
    let answer = call.ip_address_type(ip_address_type.as_str().into()).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("SetIpAddressType")))?))
}

/// Deletes a load balancer; AWS deletes its listeners with it.
pub(super) async fn delete(account: &Inner, request: &DeleteLoadBalancer) -> Result<Performed, AwsError> {
    let DeleteLoadBalancer { load_balancer_arn } = request;
    let answer = account.clients.elb.delete_load_balancer().load_balancer_arn(load_balancer_arn.as_str()).send().await;
    let performed = done_or_gone(answer.map_err(failed(Call::elb("DeleteLoadBalancer"))), &["LoadBalancerNotFound"])?;
    account.tags.forget(load_balancer_arn.as_str());
    Ok(performed)
}
