//! Target groups.

use super::attribute::{self, Of};
use super::{Comparison, change, named, note, reason_to_delete};
use crate::actual::{ActualTargetGroup, Owned};
use crate::desired::TargetGroup;
use crate::diff::load_balancer::elb_tags;
use crate::id::{ProtocolVersion, ResourceKey, ResourceKind};
use crate::model::{HealthCheck, Matcher};
use crate::plan::{
    AwsChange, Change, CreateTargetGroup, DeleteTargetGroup, FieldChange, Held, ModifyTargetGroup,
    ModifyTargetGroupAttributes, Resource, TagList,
};
use crate::planted::{Bug, planted};
use crate::problem::Problem;

/// Whether an existing group can become the wanted one: type, protocol and address family cannot be changed.
pub(super) fn fits(wanted: &TargetGroup, found: &ActualTargetGroup) -> bool {
    (wanted.target_type, wanted.protocol, wanted.protocol_version, wanted.ip_address_type)
        == (found.target_type, found.protocol, found.protocol_version, found.ip_address_type)
}

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    for (id, group) in &wanted.target_groups {
        match comparison.target_groups.get(id.as_str()).copied() {
            Some(found) => update(comparison, id, group, found),
            None => match comparison.found.target_groups.iter().find(|found| found.resource_id() == id) {
                Some(unfit) => hold(comparison, id, group, unfit),
                None => create(comparison, id, group),
            },
        }
    }
}

/// What nothing wants any more.
pub(super) fn compare_surplus(comparison: &mut Comparison<'_>) {
    for found in &comparison.found.target_groups {
        let is_kept = comparison.wanted.target_groups.contains_key(found.resource_id())
            || comparison.is_set_aside(found.resource_id());
        if !is_kept && !planted(Bug::TargetGroupsStay) {
            delete(comparison, found);
        }
    }
}

fn create(comparison: &mut Comparison<'_>, id: &str, group: &TargetGroup) {
    if let Some(arn) = comparison.found.foreign_target_groups.named(&group.name) {
        let message = format!(
            "the name {} is taken by a target group that does not carry the tags of this cluster and stack: {arn}",
            group.name
        );
        comparison.problems.push(Problem::general(message).hint("delete that target group, if nothing needs it"));
        return;
    }
    let resource = Resource::new(ResourceKey::new(ResourceKind::TargetGroup, id));
    comparison.stages.target_groups.push(change(
        resource.clone(),
        AwsChange::CreateTargetGroup(request(group)),
        "no target group carries this stack's tags",
    ));
    let request = ModifyTargetGroupAttributes {
        target_group_arn: crate::desired::target_group_ref(id),
        attributes: TagList(attribute::of_new(Of::TargetGroup, &group.attributes)),
    };
    if !request.attributes.0.is_empty() {
        let reason = "attributes cannot be given at creation";
        comparison.stages.target_groups.push(change(resource, AwsChange::ModifyTargetGroupAttributes(request), reason));
    }
}

fn request(group: &TargetGroup) -> CreateTargetGroup {
    let TargetGroup {
        name,
        target_type,
        protocol,
        protocol_version,
        port,
        vpc,
        ip_address_type,
        health_check,
        attributes: _,
        tags,
    } = group;
    CreateTargetGroup {
        name: name.clone(),
        target_type: *target_type,
        protocol: *protocol,
        protocol_version: *protocol_version,
        port: port.clone(),
        vpc_id: vpc.clone(),
        ip_address_type: (*ip_address_type != crate::id::TargetIpAddressType::Ipv4).then_some(*ip_address_type),
        health_check_enabled: true,
        health_check: health_check.into(),
        tags: TagList(tags.clone()),
    }
}

fn update(comparison: &mut Comparison<'_>, id: &str, wanted: &TargetGroup, found: &Owned<ActualTargetGroup>) {
    // Name, port and VPC are for creation only; type, protocol and family are part of whether it fits.
    let TargetGroup {
        name: _,
        target_type: _,
        protocol: _,
        protocol_version: _,
        port: _,
        vpc: _,
        ip_address_type: _,
        health_check,
        attributes,
        tags,
    } = wanted;
    let resource = Resource::live(ResourceKey::new(ResourceKind::TargetGroup, id), &found.arn);
    let untouched = &comparison.wanted.untouched_tags;
    let tag_changes = elb_tags(&resource, tags, &found.tags, untouched, crate::diff::Keys::WithLegacy);
    comparison.stages.target_groups.extend(tag_changes);
    let mut fields = Vec::new();
    health_check_fields(health_check, &found.health_check, &mut fields);
    if !fields.is_empty() && !planted(Bug::HealthChecksIgnored) {
        let request = ModifyTargetGroup { target_group_arn: found.arn.clone(), health_check: health_check.into() };
        let reason = format!("the health check differs: {}", named(&fields));
        let moves = fields.iter().any(|field| field.field == "HealthCheckPort");
        let update = Change { fields, ..change(resource.clone(), AwsChange::ModifyTargetGroup(request), reason) };
        // Checks that move to a port that is closed fail, and take every target out of service.
        if moves && super::binding::await_rules(comparison, id) {
            comparison.stages.behind_rules.push(update);
        } else {
            comparison.stages.target_groups.push(update);
        }
    }
    let (set, fields) = attribute::changes(attributes, found.attributes.as_ref());
    if !set.is_empty() {
        let request = ModifyTargetGroupAttributes {
            target_group_arn: crate::id::Ref::Known(found.arn.clone()),
            attributes: TagList(set),
        };
        let update = change(resource, AwsChange::ModifyTargetGroupAttributes(request), "its attributes differ");
        comparison.stages.target_groups.push(Change { fields, ..update });
    }
    // Those of a Network Load Balancer's groups have no annotation yet.
    if wanted.protocol_version.is_some() {
        let name = format!("target group {id}");
        let lingering = attribute::lingering(Of::TargetGroup, &name, attributes, found.attributes.as_ref());
        comparison.warnings.extend(lingering);
    }
}

fn health_check_fields(wanted: &HealthCheck, found: &HealthCheck, fields: &mut Vec<FieldChange>) {
    // In full: a field added to the model and forgotten here must not compile.
    let HealthCheck { protocol, port, path, matcher, interval, timeout, healthy_threshold, unhealthy_threshold } =
        wanted;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    note(fields, "HealthCheckProtocol", found.protocol, protocol);
    note(fields, "HealthCheckPort", &found.port, port);
    // AWS may keep a path and a matcher from before; without HTTP they mean nothing.
    if path.is_some() {
        note(fields, "HealthCheckPath", text(&found.path), text(path));
    }
    if let Some(matcher) = matcher {
        let field = match matcher {
            Matcher::Http(_) => "Matcher.HttpCode",
            Matcher::Grpc(_) => "Matcher.GrpcCode",
        };
        note(fields, field, found.matcher.as_ref().map(ToString::to_string).unwrap_or_default(), matcher);
    }
    note(fields, "HealthCheckIntervalSeconds", found.interval, interval);
    note(fields, "HealthCheckTimeoutSeconds", found.timeout, timeout);
    note(fields, "HealthyThresholdCount", found.healthy_threshold, healthy_threshold);
    note(fields, "UnhealthyThresholdCount", found.unhealthy_threshold, unhealthy_threshold);
}

/// A group that cannot become the wanted one goes on serving; replacing it without a gap is not built yet.
fn hold(comparison: &mut Comparison<'_>, id: &str, wanted: &TargetGroup, found: &Owned<ActualTargetGroup>) {
    let mut fields = Vec::new();
    note(&mut fields, "TargetType", found.target_type, wanted.target_type);
    note(&mut fields, "Protocol", found.protocol, wanted.protocol);
    let version = |version: Option<ProtocolVersion>| version.map(ProtocolVersion::as_str).unwrap_or_default();
    note(&mut fields, "ProtocolVersion", version(found.protocol_version), version(wanted.protocol_version));
    note(&mut fields, "IpAddressType", found.ip_address_type, wanted.ip_address_type);
    let resource = Resource::new(ResourceKey::new(ResourceKind::TargetGroup, id));
    // Only groups of an Application Load Balancer have one.
    let objects = super::made_again(wanted.protocol_version.is_some());
    comparison.held.push(Held {
        change: Change {
            fields,
            ..change(
                resource,
                AwsChange::CreateTargetGroup(request(wanted)),
                "a target group of another type is needed",
            )
        },
        why: format!(
            "a live target group cannot be changed so, and replacing it is not supported yet; {} goes on serving. \
             Undo the change, or delete {objects} again",
            found.arn
        ),
        acknowledge: None,
    });
}

fn delete(comparison: &mut Comparison<'_>, found: &Owned<ActualTargetGroup>) {
    let deletion = change(
        Resource::live(ResourceKey::new(ResourceKind::TargetGroup, found.resource_id()), &found.arn),
        AwsChange::DeleteTargetGroup(DeleteTargetGroup { target_group_arn: found.arn.clone() }),
        reason_to_delete(comparison.wanted),
    );
    match comparison.still_serving.contains(&found.arn) {
        false => comparison.stages.delete_target_groups.push(deletion),
        true => comparison.stages.held_back.delete_target_groups.push(deletion),
    }
}
