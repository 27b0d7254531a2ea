//! The load balancer itself.

use std::collections::BTreeSet;

use super::attribute::{self, Of};
use super::{Comparison, Keys, change, gone, note, reason_to_delete, tag_changes};
use crate::actual::{ActualLoadBalancer, CLUSTER_TAG, LoadBalancerState, Owned};
use crate::desired::LoadBalancer;
use crate::id::{Key, LoadBalancerArn, LoadBalancerType, Ref, ResourceKey, SecurityGroupId, StackId};
use crate::model::Pairs;
use crate::plan::{
    AddTags, AwsChange, Change, CreateLoadBalancer, DeleteLoadBalancer, FieldChange, Held, Impact,
    ModifyLoadBalancerAttributes, RemoveTags, Resource, SetIpAddressType, SetSecurityGroups, SetSubnets, TagList, Wait,
    WaitFor,
};
use crate::problem::Problem;
use crate::spec::StackSpec;

const DELETION_PROTECTION: &str = "deletion_protection.enabled";

pub(super) fn compare(comparison: &mut Comparison<'_>, spec: &StackSpec) {
    match (&comparison.wanted.load_balancer, comparison.load_balancer) {
        (Some(wanted), None) => create(comparison, wanted, spec),
        (Some(wanted), Some(found)) => update(comparison, wanted, found),
        (None, _) => {
            for found in &comparison.found.load_balancers {
                delete(comparison, spec, found);
            }
            wait_for_moves(comparison);
            wait_for_shared(comparison, spec);
        }
    }
    if comparison.wanted.load_balancer.is_some() && comparison.is_provisioning() {
        comparison.stages.active = Some(Wait {
            reason: WaitFor::LoadBalancerActive,
            resource: Some(ResourceKey::load_balancer()),
            entry: None,
            message: "the load balancer is being set up; its host name is written when it serves".to_owned(),
        });
    }
}

fn create(comparison: &mut Comparison<'_>, wanted: &LoadBalancer, spec: &StackSpec) {
    if let Some(arn) = comparison.found.foreign_load_balancers.named(&wanted.name) {
        let problem = taken(wanted, arn, spec.id());
        comparison.problems.push(problem);
        return;
    }
    let LoadBalancer {
        name,
        load_balancer_type,
        scheme,
        replacement_scheme: _,
        ip_address_type,
        subnets,
        subnets_reason,
        security_groups,
        attributes,
        tags,
    } = wanted;
    let security_groups = security_groups.iter().map(|group| comparison.security_group(group)).collect::<Vec<_>>();
    wait_for_backend_group(comparison, &security_groups);
    let request = CreateLoadBalancer {
        name: name.clone(),
        load_balancer_type: *load_balancer_type,
        scheme: *scheme,
        ip_address_type: *ip_address_type,
        subnet_mappings: subnets.clone(),
        security_groups,
        enable_prefix_for_ipv6_source_nat: prefix_for_source_nat(*load_balancer_type),
        tags: TagList(tags.clone()),
    };
    let reason = format!("no load balancer carries this stack's tags; {subnets_reason}");
    let resource = Resource::new(ResourceKey::load_balancer());
    let stage = &mut comparison.stages.load_balancer;
    stage.push(change(resource.clone(), AwsChange::CreateLoadBalancer(request), reason));
    let attributes = attribute::of_new(Of::LoadBalancer, attributes);
    if !attributes.is_empty() {
        let load_balancer_arn = Ref::Made(resource.key.clone());
        let request = ModifyLoadBalancerAttributes { load_balancer_arn, attributes: TagList(attributes) };
        let reason = "attributes cannot be given at creation";
        stage.push(change(resource, AwsChange::ModifyLoadBalancerAttributes(request), reason));
    }
}

/// Somebody else's load balancer has the name. What carries the cluster's tag alone is somebody else's too: whose it is the
/// stack's tags say, and only a person knows better.
fn taken(wanted: &LoadBalancer, arn: &LoadBalancerArn, stack: &StackId) -> Problem {
    let message = format!(
        "the name {} is taken by a load balancer that does not carry the tags of this cluster and stack: {arn}",
        wanted.name
    );
    let kind = match wanted.load_balancer_type {
        LoadBalancerType::Application => ":loadbalancer/app/",
        LoadBalancerType::Network => ":loadbalancer/net/",
    };
    if !arn.as_str().contains(kind) {
        return Problem::general(message).hint("delete that load balancer, if nothing needs it");
    }
    let keys = [CLUSTER_TAG.to_owned(), stack.stack_tag(), stack.resource_tag()];
    let tags = keys.iter().filter_map(|key| Some(format!(" Key={key},Value={}", wanted.tags.get(key)?)));
    Problem::general(message).hint(format!(
        "delete that load balancer, if nothing needs it; if it was made for this, tag it to have it adopted:\n`aws \
         elbv2 add-tags --resource-arns {arn} --tags{}`",
        tags.collect::<String>()
    ))
}

fn wait_for_backend_group(comparison: &mut Comparison<'_>, security_groups: &[Ref<SecurityGroupId>]) {
    if security_groups.contains(&Ref::Made(ResourceKey::backend_security_group())) {
        comparison.stages.backend_group = Some(Wait {
            reason: WaitFor::BackendGroup,
            resource: Some(ResourceKey::backend_security_group()),
            entry: Some(Key::Cluster),
            message: "the cluster's shared backend security group is made first".to_owned(),
        });
    }
}

fn update(comparison: &mut Comparison<'_>, wanted: &LoadBalancer, found: &Owned<ActualLoadBalancer>) {
    // The name is for creation only; the scheme decided is the one that is there.
    let LoadBalancer {
        name: _,
        load_balancer_type,
        scheme: _,
        replacement_scheme,
        ip_address_type,
        subnets,
        subnets_reason,
        security_groups,
        attributes,
        tags,
    } = wanted;
    let resource = Resource::live(ResourceKey::load_balancer(), &found.arn);
    if let Some(scheme) = replacement_scheme {
        hold_replacement(comparison, &resource, found, &[("Scheme", found.scheme.to_string(), scheme.to_string())]);
    }
    if let LoadBalancerState::Failed(why) = &found.state {
        let message = format!("AWS could not set up the load balancer: {why}");
        comparison
            .warnings
            .push(Problem::general(message).hint("mend the cause, then delete the load balancer in AWS"));
    }
    let untouched = &comparison.wanted.untouched_tags;
    let mut changes = elb_tags(&resource, tags, &found.tags, untouched, Keys::WithLegacy);
    set_security_groups(comparison, &resource, security_groups, found);
    let wanted_subnets = subnets.iter().map(|mapping| &mapping.subnet_id).collect::<BTreeSet<_>>();
    let found_subnets = found.subnets.iter().collect::<BTreeSet<_>>();
    if wanted_subnets != found_subnets {
        let mut fields = Vec::new();
        note(&mut fields, "SubnetMappings", joined(&found_subnets), joined(&wanted_subnets));
        let request = SetSubnets {
            load_balancer_arn: found.arn.clone(),
            subnet_mappings: subnets.clone(),
            enable_prefix_for_ipv6_source_nat: prefix_for_source_nat(*load_balancer_type),
        };
        // A zone that is left takes its connections with it.
        let impact = if found_subnets.is_subset(&wanted_subnets) { Impact::None } else { Impact::Brief };
        changes.push(Change {
            fields,
            impact,
            ..change(resource.clone(), AwsChange::SetSubnets(request), subnets_reason)
        });
    }
    if *ip_address_type != found.ip_address_type {
        let mut fields = Vec::new();
        note(&mut fields, "IpAddressType", found.ip_address_type, ip_address_type);
        let request = SetIpAddressType { load_balancer_arn: found.arn.clone(), ip_address_type: *ip_address_type };
        let update = change(
            resource.clone(),
            AwsChange::SetIpAddressType(request),
            "no annotation asks for the address type it has",
        );
        changes.push(Change { fields, impact: Impact::Brief, ..update });
    }
    let (set, fields) = attribute::changes(attributes, found.attributes.as_ref());
    if !set.is_empty() {
        let load_balancer_arn = Ref::Known(found.arn.clone());
        let request = ModifyLoadBalancerAttributes { load_balancer_arn, attributes: TagList(set) };
        let update = change(resource, AwsChange::ModifyLoadBalancerAttributes(request), "its attributes differ");
        changes.push(Change { fields, ..update });
    }
    let lingering = attribute::lingering(Of::LoadBalancer, "load balancer", attributes, found.attributes.as_ref());
    comparison.warnings.extend(lingering);
    comparison.stages.load_balancer.extend(changes);
}

/// LBC sends it for Network Load Balancers, the only ones that have it.
fn prefix_for_source_nat(load_balancer_type: LoadBalancerType) -> Option<&'static str> {
    (load_balancer_type == LoadBalancerType::Network).then_some("off")
}

/// The targets let in one of its groups: it keeps what it has until they let in another that it has by then.
fn set_security_groups(
    comparison: &mut Comparison<'_>,
    resource: &Resource,
    wanted: &[Ref<SecurityGroupId>],
    found: &Owned<ActualLoadBalancer>,
) {
    // One that was made without any can never have one; the list sent is never empty.
    if wanted.is_empty() {
        return;
    }
    let wanted = wanted.iter().map(|group| comparison.security_group(group)).collect::<Vec<_>>();
    let mut there = found.security_groups.iter().cloned().map(Ref::Known).collect::<Vec<_>>();
    there.sort();
    let goes = there.iter().filter(|group| !wanted.contains(group)).cloned().collect::<Vec<_>>();
    let set = |from: &[Ref<SecurityGroupId>], to: &[Ref<SecurityGroupId>], reason: &str| {
        let mut fields = Vec::new();
        note(&mut fields, "SecurityGroups", listed(from), listed(to));
        let request = SetSecurityGroups { load_balancer_arn: found.arn.clone(), security_groups: to.to_vec() };
        Change { fields, ..change(resource.clone(), AwsChange::SetSecurityGroups(request), reason) }
    };
    if wanted.iter().any(|group| !there.contains(group)) {
        wait_for_backend_group(comparison, &wanted);
        let with_both = [&wanted[..], &goes].concat();
        comparison.stages.joined_security_groups.push(set(&there, &with_both, "its security groups differ"));
        there = with_both;
    }
    if !goes.is_empty() {
        super::binding::await_rules_of_all(comparison);
        let reason = "its targets let in the security groups that it keeps";
        comparison.stages.behind_rules.push(set(&there, &wanted, reason));
    }
}

fn listed(groups: &[Ref<SecurityGroupId>]) -> String {
    let text = |group: &Ref<SecurityGroupId>| match group {
        Ref::Known(id) => id.to_string(),
        Ref::Made(key) => key.id.clone(),
    };
    groups.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// What cannot be changed in place is held: the one that is there stays and serves.
fn hold_replacement(
    comparison: &mut Comparison<'_>,
    resource: &Resource,
    found: &ActualLoadBalancer,
    fields: &[(&str, String, String)],
) {
    let fields = fields
        .iter()
        .map(|(field, from, to)| FieldChange {
            field: (*field).to_owned(),
            from: Some(from.clone()),
            to: Some(to.clone()),
        })
        .collect();
    let request = AwsChange::DeleteLoadBalancer(DeleteLoadBalancer { load_balancer_arn: found.arn.clone() });
    let objects = super::made_again(found.load_balancer_type == LoadBalancerType::Application.to_string());
    comparison.held.push(Held {
        change: Change { fields, impact: Impact::Outage, ..change(resource.clone(), request, "it would have to be replaced") },
        why: format!(
            "a load balancer's scheme cannot be changed, and replacing it is not supported yet; the one that is there goes on \
             serving. Undo the change, or delete {objects} again (its host name changes then)"
        ),
        acknowledge: None,
    });
}

fn delete(comparison: &mut Comparison<'_>, spec: &StackSpec, found: &Owned<ActualLoadBalancer>) {
    let resource = Resource::live(ResourceKey::load_balancer(), &found.arn);
    let deletion = Change {
        impact: Impact::Destroys,
        ..change(
            resource.clone(),
            AwsChange::DeleteLoadBalancer(DeleteLoadBalancer { load_balancer_arn: found.arn.clone() }),
            reason_to_delete(comparison.wanted),
        )
    };
    let protected =
        found.attributes.as_ref().and_then(|all| all.get(DELETION_PROTECTION)).is_some_and(|value| value == "true");
    if protected && !gone(spec).is_some_and(|gone| gone.unprotected) {
        comparison.held.push(Held {
            change: deletion,
            why: format!(
                "the load balancer is protected against deletion in AWS; switch the protection off there, or say \
                 deletion_protection.enabled=false in the annotation {}",
                match spec.id() {
                    StackId::Service(_) => "service.beta.kubernetes.io/aws-load-balancer-attributes",
                    StackId::Ingress(_) | StackId::Group(_) => "alb.ingress.kubernetes.io/load-balancer-attributes",
                }
            ),
            acknowledge: None,
        });
        comparison.protected = true;
        return;
    }
    if protected {
        let attributes = Pairs::from([(DELETION_PROTECTION.to_owned(), "false".to_owned())]);
        let mut fields = Vec::new();
        note(&mut fields, "Attributes[deletion_protection.enabled]", "true", "false");
        let request = ModifyLoadBalancerAttributes {
            load_balancer_arn: Ref::Known(found.arn.clone()),
            attributes: TagList(attributes),
        };
        let update = change(resource, AwsChange::ModifyLoadBalancerAttributes(request), "the annotation says so");
        comparison.stages.delete_load_balancers.push(Change { fields, ..update });
    }
    comparison.stages.delete_load_balancers.push(deletion);
}

/// A load balancer that clients still come to is not deleted before the one that its Ingresses moved to serves.
fn wait_for_moves(comparison: &mut Comparison<'_>) {
    if let Some((name, group)) = comparison.wanted.moving.first_key_value() {
        comparison.stages.moved = Some(Wait {
            reason: WaitFor::LoadBalancerActive,
            resource: Some(ResourceKey::load_balancer()),
            entry: Some(Key::Stack(group.clone())),
            message: format!("Ingress {name} moves to {group}, whose host name its status does not have yet"),
        });
    }
}

/// The last stack of a cluster keeps its finalizer until what the cluster shares is gone.
fn wait_for_shared(comparison: &mut Comparison<'_>, spec: &StackSpec) {
    if gone(spec).is_some_and(|gone| gone.last_of_cluster) && comparison.wanted.shared_is_there {
        comparison.stages.shared_gone = Some(Wait {
            reason: WaitFor::BackendGroup,
            resource: Some(ResourceKey::backend_security_group()),
            entry: Some(Key::Cluster),
            message: "nothing needs the cluster's shared backend security group any more; it is deleted before the last finalizer"
                .to_owned(),
        });
    }
}

fn joined<T: ToString>(items: &BTreeSet<T>) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// AddTags and RemoveTags for what differs.
pub(super) fn elb_tags(
    resource: &Resource,
    wanted: &Pairs,
    found: &Pairs,
    untouched: &BTreeSet<String>,
    keys: Keys,
) -> Vec<Change> {
    let tags = tag_changes(wanted, found, untouched, keys);
    let arns = resource.physical_id.iter().cloned().collect::<Vec<_>>();
    let mut changes = Vec::new();
    if !tags.set.is_empty() {
        let request = AddTags { resource_arns: arns.clone(), tags: TagList(tags.set) };
        changes.push(Change {
            fields: tags.set_fields,
            ..change(resource.clone(), AwsChange::AddTags(request), "its tags differ")
        });
    }
    if !tags.remove.is_empty() {
        let request = RemoveTags { resource_arns: arns, tag_keys: tags.remove.into_keys().collect() };
        let update = change(resource.clone(), AwsChange::RemoveTags(request), "its tags differ");
        changes.push(Change { fields: tags.remove_fields, ..update });
    }
    changes
}
