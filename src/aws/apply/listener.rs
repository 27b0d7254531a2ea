//! Writes to listeners.

use northgate_planner::plan::{
    CreateListener, DeleteListener, ListenerCertificates, ModifyListener, ModifyListenerAttributes,
};

use super::{done, done_or_gone};
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::{actions, certificate, elb_tags, id, listener_attributes};
use crate::aws::{Inner, Performed};

pub(super) async fn create(account: &Inner, request: &CreateListener) -> Result<Performed, AwsError> {
    let CreateListener { load_balancer_arn, port, protocol, default_actions, certificate: default, ssl_policy, tags } =
        request;
    let load_balancer = id(load_balancer_arn);
    let call = account.clients.elb.create_listener().load_balancer_arn(&load_balancer);
    let call = call.port(i32::from(*port)).protocol(protocol.as_str().into());
    let call = call.set_default_actions(Some(actions(default_actions))).set_tags(Some(elb_tags(&tags.0)));
    let call = call.set_certificates(default.as_ref().map(|arn| vec![certificate(arn)]));
    let call = call.set_ssl_policy(ssl_policy.clone());
    let answer = call.send().await.map_err(failed(Call::elb("CreateListener")))?;
    let Some(arn) = answer.listeners().first().and_then(|listener| listener.listener_arn()) else {
        return Err(AwsError::Unreadable { resource: load_balancer, member: "ListenerArn", value: None });
    };
    Ok(Performed { physical_id: Some(arn.to_owned()), ..done(&answer) })
}

pub(super) async fn modify(account: &Inner, request: &ModifyListener) -> Result<Performed, AwsError> {
    let ModifyListener { listener_arn, port, protocol, default_actions, certificate: default, ssl_policy } = request;
    let call = account.clients.elb.modify_listener().listener_arn(listener_arn.as_str());
    let call = call.port(i32::from(*port)).protocol(protocol.as_str().into());
    let call = call.set_default_actions(Some(actions(default_actions)));
    let call = call.set_certificates(default.as_ref().map(|arn| vec![certificate(arn)]));
    let answer = call.set_ssl_policy(ssl_policy.clone()).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("ModifyListener")))?))
}

pub(super) async fn delete(account: &Inner, request: &DeleteListener) -> Result<Performed, AwsError> {
    let DeleteListener { listener_arn } = request;
    let answer = account.clients.elb.delete_listener().listener_arn(listener_arn.as_str()).send().await;
    let performed = done_or_gone(answer.map_err(failed(Call::elb("DeleteListener"))), &["ListenerNotFound"])?;
    account.tags.forget(listener_arn.as_str());
    Ok(performed)
}

pub(super) async fn modify_attributes(
    account: &Inner,
    request: &ModifyListenerAttributes,
) -> Result<Performed, AwsError> {
    let ModifyListenerAttributes { listener_arn, attributes } = request;
    let call = account.clients.elb.modify_listener_attributes().listener_arn(id(listener_arn));
    let answer = call.set_attributes(Some(listener_attributes(&attributes.0))).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("ModifyListenerAttributes")))?))
}

/// Adding one that is there already changes nothing.
pub(super) async fn add_certificates(account: &Inner, request: &ListenerCertificates) -> Result<Performed, AwsError> {
    let ListenerCertificates { listener_arn, certificates } = request;
    let call = account.clients.elb.add_listener_certificates().listener_arn(id(listener_arn));
    let answer = call.set_certificates(Some(certificates.iter().map(certificate).collect())).send().await;
    Ok(done(&answer.map_err(failed(Call::elb("AddListenerCertificates")))?))
}

pub(super) async fn remove_certificates(
    account: &Inner,
    request: &ListenerCertificates,
) -> Result<Performed, AwsError> {
    let ListenerCertificates { listener_arn, certificates } = request;
    let call = account.clients.elb.remove_listener_certificates().listener_arn(id(listener_arn));
    let answer = call.set_certificates(Some(certificates.iter().map(certificate).collect())).send().await;
    done_or_gone(answer.map_err(failed(Call::elb("RemoveListenerCertificates"))), &["ListenerNotFound"])
}
