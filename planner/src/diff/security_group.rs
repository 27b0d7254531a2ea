//! Front-end security groups: ports are opened before others are closed.

use super::{Comparison, change, reason_to_delete};
use crate::actual::{ActualSecurityGroup, Owned};
use crate::desired::SecurityGroup;
use crate::diff::tags::{Keys, changes as tag_changes};
use crate::id::{Ref, ResourceKey, ResourceKind, SecurityGroupId};
use crate::model::IngressRule;
use crate::plan::{
    AwsChange, Change, CreateSecurityGroup, CreateTags, DeleteSecurityGroup, DeleteTags, FieldChange, Resource,
    SecurityGroupIngress, TagList, Wait, WaitFor,
};

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    for (id, group) in &wanted.security_groups {
        match comparison.security_groups.get(id.as_str()).copied() {
            None => create(comparison, id, group),
            Some(found) => update(comparison, id, group, found),
        }
    }
    for found in &comparison.found.security_groups {
        let kept = comparison.security_groups.get(found.resource_id()).is_some_and(|current| current.id == found.id)
            && wanted.security_groups.contains_key(found.resource_id());
        if !kept {
            delete(comparison, found);
        }
    }
}

fn create(comparison: &mut Comparison<'_>, id: &str, group: &SecurityGroup) {
    let resource = Resource::new(ResourceKey::new(ResourceKind::SecurityGroup, id));
    let SecurityGroup { name, description, vpc, rules, tags } = group;
    comparison.stages.open_security_groups.push(change(
        resource.clone(),
        AwsChange::CreateSecurityGroup(CreateSecurityGroup {
            group_name: name.clone(),
            description: (*description).to_owned(),
            vpc_id: vpc.clone(),
            tags: TagList(tags.clone()),
        }),
        "no security group carries this stack's tags",
    ));
    let reference = Ref::Made(resource.key.clone());
    let (open, _) = rule_changes(resource, &reference, rules, &[], "clients reach the listeners");
    comparison.stages.open_security_groups.extend(open);
}

fn update(comparison: &mut Comparison<'_>, id: &str, group: &SecurityGroup, found: &Owned<ActualSecurityGroup>) {
    // Name, description and VPC are for creation only.
    let SecurityGroup { name: _, description: _, vpc: _, rules, tags } = group;
    let resource = Resource::live(ResourceKey::new(ResourceKind::SecurityGroup, id), &found.id);
    let reference = Ref::Known(found.id.clone());
    let reason = "the ports or source ranges of the Service ask for other rules";
    let (open, close) = rule_changes(resource.clone(), &reference, rules, &found.rules, reason);
    comparison.stages.open_security_groups.extend(open);
    // A port may be one of a member that is set aside.
    if comparison.wanted.set_aside.is_empty() {
        comparison.stages.close_security_groups.extend(close);
    }
    let untouched = &comparison.wanted.untouched_tags;
    let tags = tag_changes(tags, &found.tags, untouched, Keys::WithLegacy);
    let stage = &mut comparison.stages.open_security_groups;
    stage.extend(ec2_tags(&resource, &found.id, tags));
}

/// CreateTags and DeleteTags for what differs.
pub(crate) fn ec2_tags(resource: &Resource, id: &SecurityGroupId, tags: super::tags::TagChanges) -> Vec<Change> {
    let mut changes = Vec::new();
    let reason = "its tags differ";
    if !tags.set.is_empty() {
        let request = CreateTags { resources: vec![id.clone()], tags: TagList(tags.set) };
        changes.push(Change {
            fields: tags.set_fields,
            ..change(resource.clone(), AwsChange::CreateTags(request), reason)
        });
    }
    if !tags.remove.is_empty() {
        let request = DeleteTags { resources: vec![id.clone()], tags: TagList(tags.remove) };
        changes.push(Change {
            fields: tags.remove_fields,
            ..change(resource.clone(), AwsChange::DeleteTags(request), reason)
        });
    }
    changes
}

fn delete(comparison: &mut Comparison<'_>, found: &Owned<ActualSecurityGroup>) {
    let resource = Resource::live(ResourceKey::new(ResourceKind::SecurityGroup, found.resource_id()), &found.id);
    if comparison.load_balancer.is_some() && comparison.wanted.load_balancer.is_none() {
        comparison.stages.interfaces_gone = Some(Wait {
            reason: WaitFor::InterfacesGone,
            resource: Some(resource.key.clone()),
            entry: None,
            message: "the network interfaces of the deleted load balancer hold its security group for a while"
                .to_owned(),
        });
    }
    comparison.stages.delete_security_groups.push(change(
        resource,
        AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: found.id.clone() }),
        reason_to_delete(comparison.wanted),
    ));
}

/// One call that opens what is missing and one that closes what is not wanted: every rule of the group is ours.
fn rule_changes(
    resource: Resource,
    group: &Ref<SecurityGroupId>,
    wanted: &[IngressRule],
    found: &[IngressRule],
    reason: &str,
) -> (Option<Change>, Option<Change>) {
    let missing =
        wanted.iter().filter(|rule| !found.iter().any(|other| other.is_same_rule(rule))).cloned().collect::<Vec<_>>();
    let surplus =
        found.iter().filter(|rule| !wanted.iter().any(|other| other.is_same_rule(rule))).cloned().collect::<Vec<_>>();
    let request =
        |rules: &[IngressRule]| SecurityGroupIngress { group_id: group.clone(), ip_permissions: rules.to_vec() };
    let open = (!missing.is_empty()).then(|| Change {
        fields: missing.iter().map(|rule| rule_field(rule, true)).collect(),
        ..change(resource.clone(), AwsChange::AuthorizeSecurityGroupIngress(request(&missing)), reason)
    });
    let close = (!surplus.is_empty()).then(|| Change {
        fields: surplus.iter().map(|rule| rule_field(rule, false)).collect(),
        ..change(resource, AwsChange::RevokeSecurityGroupIngress(request(&surplus)), "nothing asks for these rules")
    });
    (open, close)
}

/// A rule that is opened or closed, as the field of a change.
pub(crate) fn rule_field(rule: &IngressRule, opened: bool) -> FieldChange {
    let ports = match rule.from_port == rule.to_port {
        true => rule.from_port.to_string(),
        false => format!("{}-{}", rule.from_port, rule.to_port),
    };
    let text = format!("{} {ports} from {}", rule.protocol, rule.peer);
    let (from, to) = if opened { (None, Some(text)) } else { (Some(text), None) };
    FieldChange { field: "IpPermissions".to_owned(), from, to }
}
