//! One change in words: which resource, and what matters about it.

use super::rules;
use crate::id::{CertificateArn, ProtocolVersion, Ref, ResourceKey, ResourceKind, TargetGroupArn};
use crate::model::{self, TargetGroupTuple};
use crate::plan::{
    Action, AwsChange, Change, CreateListener, CreateLoadBalancer, CreateRule, CreateTargetGroup, FieldChange, Impact,
    KubeChange, Resource, TagList, Targets, Write,
};
use crate::plan::{HealthCheckRequest, ListenerCertificates};

/// How many targets are named; the others are counted.
const TARGETS_SHOWN: usize = 4;

/// The mark before a change.
pub(super) fn mark(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Delete => '-',
    }
}

/// The resource: `listener 80`. What there is one of in a stack needs no id.
pub(super) fn subject(resource: &Resource) -> String {
    let Resource { key, physical_id: _, retiring } = resource;
    let noun = match key.kind {
        ResourceKind::SecurityGroup => "security group",
        ResourceKind::TargetGroup => "target group",
        ResourceKind::LoadBalancer => "load balancer",
        ResourceKind::Listener => "listener",
        ResourceKind::ListenerRule => "rule",
        ResourceKind::TargetGroupBinding => "TargetGroupBinding",
    };
    let only_one = *key == ResourceKey::load_balancer()
        || *key == ResourceKey::managed_security_group()
        || *key == ResourceKey::backend_security_group();
    let id = if only_one { String::new() } else { format!(" {}", key.id) };
    let retiring = if *retiring { " (retiring)" } else { "" };
    format!("{noun}{id}{retiring}")
}

/// What matters about a change, in one line; empty when the resource says it all.
pub(super) fn details(change: &Change) -> String {
    match (told_by(&change.write), change.fields.as_slice()) {
        (Told::Fields(part), []) => settings(&change.write).unwrap_or_else(|| part.to_owned()),
        (Told::Fields(_), [field]) => format!("{}: {}", field.field, from_to(field, &change.write)),
        (Told::Fields(part), _) => format!("{part}:"),
        (Told::Request | Told::Both, _) => request(change),
    }
}

/// The fields that [`details`] has no room for, one line each.
pub(super) fn field_lines(change: &Change) -> Vec<String> {
    let shown = match (told_by(&change.write), change.fields.as_slice()) {
        (Told::Request, _) | (Told::Fields(_), [_]) => &[],
        (_, fields) => fields,
    };
    let width = shown.iter().map(|field| field.field.chars().count()).max().unwrap_or_default();
    shown.iter().map(|field| format!("{:width$}  {}", field.field, from_to(field, &change.write))).collect()
}

/// Whether a change's reason says more than its fields do.
pub(super) fn reason_helps(change: &Change) -> bool {
    !change.reason.is_empty() && !change.fields.iter().any(|field| change.reason.contains(&field.field))
}

/// What clients notice; `None`: nothing.
pub(super) fn impact(impact: Impact) -> Option<&'static str> {
    match impact {
        Impact::None => None,
        Impact::Brief => Some("brief (connections may see errors for seconds)"),
        Impact::Outage => Some("outage (minutes without service, or the host name changes)"),
        Impact::Destroys => Some("destroys (what serves now goes away)"),
    }
}

/// Where the text of a change comes from.
enum Told {
    /// Its request.
    Request,
    /// Its fields, which are settings of this part of the resource.
    Fields(&'static str),
    /// Both: fields are the reason of a replacement.
    Both,
}

fn told_by(write: &Write) -> Told {
    match write {
        Write::Aws(change) => match change {
            AwsChange::AuthorizeSecurityGroupIngress(_)
            | AwsChange::RevokeSecurityGroupIngress(_)
            | AwsChange::AddListenerCertificates(_)
            | AwsChange::RemoveListenerCertificates(_)
            | AwsChange::RegisterTargets(_)
            | AwsChange::DeregisterTargets(_) => Told::Request,
            AwsChange::ModifyTargetGroup(_) => Told::Fields("health check"),
            AwsChange::ModifyTargetGroupAttributes(_)
            | AwsChange::ModifyLoadBalancerAttributes(_)
            | AwsChange::ModifyListenerAttributes(_) => Told::Fields("attributes"),
            AwsChange::SetSecurityGroups(_) => Told::Fields("security groups"),
            AwsChange::SetSubnets(_) => Told::Fields("subnets"),
            AwsChange::SetIpAddressType(_) => Told::Fields("address type"),
            AwsChange::ModifyListener(_) | AwsChange::ModifyRule(_) => Told::Fields("settings"),
            AwsChange::SetRulePriorities(_) => Told::Fields("order of its rules"),
            AwsChange::CreateTags(_) | AwsChange::AddTags(_) => Told::Fields("tags"),
            AwsChange::DeleteTags(_) | AwsChange::RemoveTags(_) => Told::Fields("remove tags"),
            AwsChange::CreateSecurityGroup(_)
            | AwsChange::DeleteSecurityGroup(_)
            | AwsChange::CreateTargetGroup(_)
            | AwsChange::DeleteTargetGroup(_)
            | AwsChange::CreateLoadBalancer(_)
            | AwsChange::DeleteLoadBalancer(_)
            | AwsChange::CreateListener(_)
            | AwsChange::DeleteListener(_)
            | AwsChange::CreateRule(_)
            | AwsChange::DeleteRule(_) => Told::Both,
        },
        Write::Kube(KubeChange::Patch(_)) => Told::Fields("object"),
        Write::Kube(KubeChange::Create(_) | KubeChange::Delete(_)) => Told::Both,
    }
}

fn request(change: &Change) -> String {
    match &change.write {
        Write::Aws(AwsChange::CreateSecurityGroup(request)) => request.group_name.clone(),
        Write::Aws(AwsChange::AuthorizeSecurityGroupIngress(request)) => {
            format!("open {}", rules::summary(&request.ip_permissions))
        }
        Write::Aws(AwsChange::RevokeSecurityGroupIngress(request)) => {
            format!("close {}", rules::summary(&request.ip_permissions))
        }
        Write::Aws(AwsChange::CreateTargetGroup(request)) => target_group(request),
        Write::Aws(AwsChange::CreateLoadBalancer(request)) => load_balancer(request),
        Write::Aws(AwsChange::CreateListener(request)) => listener(request),
        Write::Aws(AwsChange::CreateRule(request)) => rule(request),
        Write::Aws(AwsChange::AddListenerCertificates(request)) => certificates("add", request),
        Write::Aws(AwsChange::RemoveListenerCertificates(request)) => certificates("remove", request),
        Write::Aws(AwsChange::RegisterTargets(request)) => targets("register", request),
        Write::Aws(AwsChange::DeregisterTargets(request)) => targets("deregister", request),
        Write::Kube(write) => write.name().to_string(),
        Write::Aws(_) => live_name(&change.resource),
    }
}

/// The settings that an update sends, for one that has nothing to compare with: its resource is new.
fn settings(write: &Write) -> Option<String> {
    let Write::Aws(change) = write else {
        return None;
    };
    match change {
        AwsChange::ModifyTargetGroupAttributes(request) => Some(pairs(&request.attributes)),
        AwsChange::ModifyLoadBalancerAttributes(request) => Some(pairs(&request.attributes)),
        AwsChange::ModifyListenerAttributes(request) => Some(pairs(&request.attributes)),
        AwsChange::CreateTags(request) => Some(pairs(&request.tags)),
        AwsChange::AddTags(request) => Some(pairs(&request.tags)),
        _ => None,
    }
}

fn pairs(TagList(pairs): &TagList) -> String {
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

fn from_to(FieldChange { field: _, from, to }: &FieldChange, write: &Write) -> String {
    let is_listener = matches!(write, Write::Aws(AwsChange::ModifyListener(_) | AwsChange::ModifyRule(_)));
    let side = |value: &Option<String>| match value.as_deref() {
        None => "(none)".to_owned(),
        Some("") => "\"\"".to_owned(),
        // A listener forwards to ARNs; the name is what a person knows.
        Some(text) if is_listener => with_names(text),
        Some(value) => value.to_owned(),
    };
    format!("{} -> {}", side(from), side(to))
}

fn target_group(request: &CreateTargetGroup) -> String {
    let CreateTargetGroup {
        name,
        target_type,
        protocol,
        protocol_version,
        port,
        vpc_id: _,
        ip_address_type,
        health_check_enabled: _,
        health_check,
        tags: _,
    } = request;
    let HealthCheckRequest {
        health_check_protocol,
        health_check_port,
        health_check_path,
        health_check_interval_seconds: _,
        health_check_timeout_seconds: _,
        healthy_threshold_count: _,
        unhealthy_threshold_count: _,
        matcher: _,
    } = health_check;
    let family = ip_address_type.map(|family| format!(" {family}")).unwrap_or_default();
    let path = health_check_path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
    let health_check = format!("health check {health_check_protocol} {health_check_port}{path}");
    // HTTP/1.1 goes without saying.
    let version = protocol_version.filter(|version| *version != ProtocolVersion::Http1);
    let version = version.map(|version| format!(" ({version})")).unwrap_or_default();
    format!("{name}, {target_type}{family} {protocol}{version} {port}, {health_check}")
}

fn load_balancer(request: &CreateLoadBalancer) -> String {
    let CreateLoadBalancer {
        name,
        load_balancer_type,
        scheme,
        ip_address_type,
        subnet_mappings,
        security_groups: _,
        enable_prefix_for_ipv6_source_nat: _,
        tags: _,
    } = request;
    let subnets: Vec<_> = subnet_mappings.iter().map(|mapping| mapping.subnet_id.as_str()).collect();
    format!("{name}, {load_balancer_type}, {scheme}, {ip_address_type}, subnets {}", subnets.join(", "))
}

fn listener(request: &CreateListener) -> String {
    let CreateListener {
        load_balancer_arn: _,
        port: _,
        protocol,
        default_actions,
        certificate: _,
        ssl_policy: _,
        tags: _,
    } = request;
    format!("{protocol}, {}", actions(default_actions))
}

fn rule(request: &CreateRule) -> String {
    let CreateRule { listener_arn: _, priority: _, conditions, actions: wanted, tags: _ } = request;
    let conditions = conditions.iter().map(ToString::to_string).collect::<Vec<_>>();
    format!("{}: {}", conditions.join(", "), actions(wanted))
}

fn certificates(verb: &str, request: &ListenerCertificates) -> String {
    let ListenerCertificates { listener_arn: _, certificates } = request;
    let arns = certificates.iter().map(CertificateArn::as_str).collect::<Vec<_>>();
    format!("{verb} certificate {}", arns.join(", "))
}

/// What is done with a request, one action after the other.
fn actions(actions: &[model::Action]) -> String {
    let one = |action: &model::Action| match action {
        model::Action::Forward(forward) => forward_to(forward),
        other => other.to_string(),
    };
    actions.iter().map(one).collect::<Vec<_>>().join(", then ")
}

fn forward_to(forward: &model::Forward) -> String {
    let tuple = |tuple: &TargetGroupTuple| {
        let weight = tuple.weight.map(|weight| format!(" (weight {weight})")).unwrap_or_default();
        format!("{}{weight}", target_group_name(&tuple.target_group_arn))
    };
    let groups = forward.target_groups.iter().map(tuple).collect::<Vec<_>>();
    format!("to target group {}", groups.join(", "))
}

fn target_group_name(reference: &Ref<TargetGroupArn>) -> &str {
    match reference {
        Ref::Known(arn) => name_in_arn(arn.as_str()),
        Ref::Made(key) => &key.id,
    }
}

fn targets(verb: &str, Targets { target_group_arn: _, targets }: &Targets) -> String {
    let noun = if targets.len() == 1 { "target" } else { "targets" };
    let mut shown: Vec<_> = targets.iter().take(TARGETS_SHOWN).map(ToString::to_string).collect();
    if targets.len() > TARGETS_SHOWN {
        shown.push(format!("and {} more", targets.len() - TARGETS_SHOWN));
    }
    format!("{verb} {} {noun}: {}", targets.len(), shown.join(", "))
}

/// The name of a resource that exists, where the subject does not already say it.
fn live_name(Resource { key, physical_id, retiring: _ }: &Resource) -> String {
    match (key.kind, physical_id) {
        (ResourceKind::Listener | ResourceKind::ListenerRule, _) | (_, None) => String::new(),
        (_, Some(id)) if *id == key.id => String::new(),
        (_, Some(id)) => name_in_arn(id).to_owned(),
    }
}

/// A text with the names of the resources whose ARNs it holds.
fn with_names(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches(',');
        format!("{}{}", name_in_arn(bare), &word[bare.len()..])
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `…:targetgroup/NAME/ID`, `…:loadbalancer/net/NAME/ID`; anything else as it is.
fn name_in_arn(text: &str) -> &str {
    match text.rsplit('/').nth(1) {
        Some(name) if text.starts_with("arn:") => name,
        _ => text,
    }
}
