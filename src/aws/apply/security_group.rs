//! Writes to security groups.

use northgate_planner::actual::{BACKEND_SECURITY_GROUP, SHARED_RESOURCE_TAG};
use northgate_planner::id::SecurityGroupId;
use northgate_planner::plan::{CreateSecurityGroup, CreateTags, DeleteSecurityGroup, DeleteTags, SecurityGroupIngress};

use super::{done, done_or_gone};
use crate::aws::error::{AwsError, Call, failed};
use crate::aws::to_sdk::{ec2_tags, id, ip_permissions, security_group_tags, texts};
use crate::aws::{Inner, Performed};

pub(super) async fn create(account: &Inner, request: &CreateSecurityGroup) -> Result<Performed, AwsError> {
    let CreateSecurityGroup { group_name, description, vpc_id, tags } = request;
    let call = account.clients.ec2.create_security_group();
    let call = call.group_name(group_name).description(description).vpc_id(vpc_id.as_str());
    let answer = call.tag_specifications(security_group_tags(&tags.0)).send().await;
    let answer = answer.map_err(failed(Call::ec2("CreateSecurityGroup")))?;
    let Some(group) = answer.group_id() else {
        return Err(AwsError::Unreadable { resource: group_name.clone(), member: "GroupId", value: None });
    };
    if tags.0.get(SHARED_RESOURCE_TAG).is_some_and(|value| value == BACKEND_SECURITY_GROUP) {
        account.facts.note_backend_group(Some(SecurityGroupId::new(group)));
    }
    Ok(Performed { physical_id: Some(group.to_owned()), ..done(&answer) })
}

pub(super) async fn authorize(account: &Inner, request: &SecurityGroupIngress) -> Result<Performed, AwsError> {
    const CALL: Call = Call::ec2("AuthorizeSecurityGroupIngress");
    let SecurityGroupIngress { group_id, ip_permissions: rules } = request;
    let group = SecurityGroupId::new(id(group_id));
    let call = account.clients.ec2.authorize_security_group_ingress().group_id(group.as_str());
    let answer = call.set_ip_permissions(Some(ip_permissions(CALL, rules)?)).send().await.map_err(failed(CALL));
    let known = &account.facts.worker_groups;
    match answer {
        Ok(answer) => {
            known.update(&group, |facts| {
                facts.rules.extend(rules.iter().cloned());
                facts.rules.sort();
            });
            Ok(done(&answer))
        }
        Err(error) => {
            // It may have been opened all the same.
            known.forget(&group);
            Err(error)
        }
    }
}

pub(super) async fn revoke(account: &Inner, request: &SecurityGroupIngress) -> Result<Performed, AwsError> {
    const CALL: Call = Call::ec2("RevokeSecurityGroupIngress");
    let SecurityGroupIngress { group_id, ip_permissions: rules } = request;
    let group = SecurityGroupId::new(id(group_id));
    let call = account.clients.ec2.revoke_security_group_ingress().group_id(group.as_str());
    let answer = call.set_ip_permissions(Some(ip_permissions(CALL, rules)?)).send().await.map_err(failed(CALL));
    let known = &account.facts.worker_groups;
    match answer {
        Ok(answer) => {
            let is_revoked = |found: &_| rules.iter().any(|rule| rule.is_same_rule(found));
            known.update(&group, |facts| facts.rules.retain(|found| !is_revoked(found)));
            Ok(done(&answer))
        }
        Err(error) => {
            // It may have been closed all the same.
            known.forget(&group);
            Err(error)
        }
    }
}

pub(super) async fn delete(account: &Inner, request: &DeleteSecurityGroup) -> Result<Performed, AwsError> {
    let DeleteSecurityGroup { group_id } = request;
    let answer = account.clients.ec2.delete_security_group().group_id(group_id.as_str()).send().await;
    let answer = answer.map_err(failed(Call::ec2("DeleteSecurityGroup")));
    let performed = done_or_gone(answer, &["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"])?;
    account.facts.note_backend_group(None);
    account.facts.worker_groups.forget(group_id);
    Ok(performed)
}

pub(super) async fn create_tags(account: &Inner, request: &CreateTags) -> Result<Performed, AwsError> {
    let CreateTags { resources, tags } = request;
    let call = account.clients.ec2.create_tags().set_resources(Some(texts(resources)));
    let answer = call.set_tags(Some(ec2_tags(&tags.0))).send().await.map_err(failed(Call::ec2("CreateTags")));
    forget(account, resources);
    Ok(done(&answer?))
}

pub(super) async fn delete_tags(account: &Inner, request: &DeleteTags) -> Result<Performed, AwsError> {
    let DeleteTags { resources, tags } = request;
    let call = account.clients.ec2.delete_tags().set_resources(Some(texts(resources)));
    let answer = call.set_tags(Some(ec2_tags(&tags.0))).send().await.map_err(failed(Call::ec2("DeleteTags")));
    forget(account, resources);
    Ok(done(&answer?))
}

fn forget(account: &Inner, groups: &[SecurityGroupId]) {
    for group in groups {
        account.facts.worker_groups.forget(group);
    }
}
