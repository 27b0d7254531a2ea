//! Writes to target groups and their targets.

use aws_sdk_elasticloadbalancingv2::types as elb;
use northgate_planner::model::{HealthCheckPort, Matcher, Target};
use northgate_planner::plan::{
    CreateTargetGroup, DeleteTargetGroup, ModifyTargetGroup, ModifyTargetGroupAttributes, Targets,
};

use super::tags::check_tags;
use super::{done, done_or_gone};
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::{elb_tags, id, known, target_group_attributes, targets};
use crate::aws::{Inner, Performed};

const GONE: &[&str] = &["TargetGroupNotFound"];
/// The refusals of a registration that fewer targets might not get.
const NO_ROOM: &[&str] = &["TooManyTargets", "TooManyRegistrationsForTargetId"];

/// Puts a health check into a request. The two requests that hold one share nothing but the names of their setters.
macro_rules! with_health_check {
    ($request:expr, $check:expr, $call:expr) => {{
        let check = $check;
        if let HealthCheckPort::Port(port) = &check.health_check_port {
            known($call, "HealthCheckPort", port)?;
        }
        let matcher = check.matcher.as_ref().map(|matcher| match matcher {
            Matcher::Http(codes) => elb::Matcher::builder().http_code(codes).build(),
            Matcher::Grpc(codes) => elb::Matcher::builder().grpc_code(codes).build(),
        });
        $request
            .health_check_protocol(check.health_check_protocol.as_str().into())
            .health_check_port(check.health_check_port.to_string())
            .set_health_check_path(check.health_check_path.clone())
            .set_matcher(matcher)
            .health_check_interval_seconds(i32::from(check.health_check_interval_seconds))
            .health_check_timeout_seconds(i32::from(check.health_check_timeout_seconds))
            .healthy_threshold_count(i32::from(check.healthy_threshold_count))
            .unhealthy_threshold_count(i32::from(check.unhealthy_threshold_count))
    }};
}

/// Makes a target group. AWS answers a second create with the same settings with the first one's ARN, whoever owns it.
pub(super) async fn create(account: &Inner, request: &CreateTargetGroup) -> Result<Performed, AwsError> {
    const CALL: Call = Call::elb("CreateTargetGroup");
    let CreateTargetGroup {
        name,
        target_type,
        protocol,
        protocol_version,
        port,
        vpc_id,
        ip_address_type,
        health_check_enabled,
        health_check,
        tags,
    } = request;
    let call = with_health_check!(account.clients.elb.create_target_group(), health_check, CALL);
    let call = call.name(name).target_type(target_type.as_str().into()).protocol(protocol.as_str().into());
    let call = call.port(i32::from(known(CALL, "Port", port)?)).vpc_id(vpc_id.as_str());
    let call = call.set_protocol_version(protocol_version.map(|version| version.to_string()));
    let call = call.set_ip_address_type(ip_address_type.map(|family| family.as_str().into()));
    let call = call.health_check_enabled(*health_check_enabled).set_tags(Some(elb_tags(&tags.0)));
    let answer = call.send().await.map_err(failed(CALL))?;
    let made = answer.target_groups().first().and_then(|group| group.target_group_arn());
    let Some(arn) = made else {
        return Err(AwsError::Unreadable { resource: name.clone(), member: "TargetGroupArn", value: None });
    };
    check_tags(account, arn, name, &tags.0).await?;
    Ok(Performed { physical_id: Some(arn.to_owned()), ..done(&answer) })
}

pub(super) async fn modify(account: &Inner, request: &ModifyTargetGroup) -> Result<Performed, AwsError> {
    const CALL: Call = Call::elb("ModifyTargetGroup");
    let ModifyTargetGroup { target_group_arn, health_check } = request;
    let call = account.clients.elb.modify_target_group().target_group_arn(target_group_arn.as_str());
    let call = with_health_check!(call, health_check, CALL);
    Ok(done(&call.send().await.map_err(failed(CALL))?))
}

pub(super) async fn modify_attributes(
    account: &Inner,
    request: &ModifyTargetGroupAttributes,
) -> Result<Performed, AwsError> {
    let ModifyTargetGroupAttributes { target_group_arn, attributes } = request;
    let call = account.clients.elb.modify_target_group_attributes().target_group_arn(id(target_group_arn));
    let answer = call.set_attributes(Some(target_group_attributes(&attributes.0))).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("ModifyTargetGroupAttributes")))?))
}

pub(super) async fn delete(account: &Inner, request: &DeleteTargetGroup) -> Result<Performed, AwsError> {
    let DeleteTargetGroup { target_group_arn } = request;
    let answer = account.clients.elb.delete_target_group().target_group_arn(target_group_arn.as_str()).send().await;
    let performed = done_or_gone(answer.map_err(failed(Call::elb("DeleteTargetGroup"))), GONE)?;
    account.tags.forget(target_group_arn.as_str());
    Ok(performed)
}

/// Registers targets. AWS takes all of a call or none; where a quota has no room for all, as many as fit are registered
/// before the refusal is given back: those that serve now may be waiting for the first of them.
pub(super) async fn register(account: &Inner, request: &Targets) -> Result<Performed, AwsError> {
    let Targets { target_group_arn, targets: wanted } = request;
    let answer = register_all(account, &id(target_group_arn), wanted).await;
    let Err(refusal) = &answer else { return answer };
    if refusal.is_any(NO_ROOM) {
        let (mut rest, mut size) = (wanted.as_slice(), wanted.len() / 2);
        while size > 0 && !rest.is_empty() {
            let (some, others) = rest.split_at(size.min(rest.len()));
            match register_all(account, &id(target_group_arn), some).await {
                Ok(_) => rest = others,
                Err(refusal) if refusal.is_any(NO_ROOM) => size /= 2,
                Err(error) => return Err(error),
            }
        }
    }
    answer
}

async fn register_all(account: &Inner, target_group_arn: &str, wanted: &[Target]) -> Result<Performed, AwsError> {
    let call = account.clients.elb.register_targets().target_group_arn(target_group_arn);
    let answer = call.set_targets(Some(targets(wanted))).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("RegisterTargets")))?))
}

/// Removes targets; a group that is gone has none.
pub(super) async fn deregister(account: &Inner, request: &Targets) -> Result<Performed, AwsError> {
    let Targets { target_group_arn, targets: unwanted } = request;
    let call = account.clients.elb.deregister_targets().target_group_arn(id(target_group_arn));
    let answer = call.set_targets(Some(targets(unwanted))).send().await;
    done_or_gone(answer.map_err(failed(Call::elb("DeregisterTargets"))), GONE)
}
