//! Listeners. They belong to the stack of their load balancer, tagged or not.

use std::collections::BTreeSet;

use super::attribute::{self, Of};
use super::rule::{self, Way, resolved};
use super::{Comparison, Keys, change, named, note};
use crate::actual::ActualListener;
use crate::desired::Listener;
use crate::diff::load_balancer::elb_tags;
use crate::id::{
    CertificateArn, ListenerArn, LoadBalancerType, Protocol, Ref, ResourceKey, ResourceKind, TargetGroupArn,
};
use crate::model::{Action, Pairs, same_actions};
use crate::plan::{
    AwsChange, Change, CreateListener, DeleteListener, Impact, ListenerCertificates, ModifyListener,
    ModifyListenerAttributes, Resource, TagList,
};
use crate::planted::{Bug, planted};

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    let found = comparison.load_balancer.map(|found| found.listeners.as_slice()).unwrap_or_default();
    let kept = kept(comparison, found);
    let mut ways = Vec::new();
    for (port, listener) in wanted.listeners.iter().take(if planted(Bug::OnePortOnly) { 1 } else { usize::MAX }) {
        let found = found.iter().find(|found| found.port == *port);
        let modify = match found {
            None => {
                create(comparison, *port, listener);
                None
            }
            Some(found) => update(comparison, listener, found),
        };
        match is_application(comparison) {
            true => ways.push(Way::new(comparison, *port, listener, found, modify)),
            false => comparison.stages.listeners.extend(modify),
        }
        // None are wanted with the gate ListenerRulesTagging off: then those that are there are nobody's business.
        if let Some(found) = found.filter(|_| !listener.tags.is_empty()) {
            let untouched: &BTreeSet<String> = &wanted.untouched_tags;
            let tags = elb_tags(&live(found), &listener.tags, &found.tags, untouched, Keys::WithoutLegacy);
            comparison.stages.listeners.extend(tags);
        }
    }
    for (found, listener) in &kept {
        let modify = modify(comparison, listener, found);
        ways.push(Way::new(comparison, found.port, listener, Some(found), modify));
    }
    // A listener that begins to redirect sends its clients to one that must be ready for them.
    ways.sort_by_key(|way| way.protocol() != Protocol::Https);
    rule::compare(comparison, ways);
    // Without a wanted load balancer they go with it; one of a member that is set aside may still be needed.
    if wanted.load_balancer.is_some() && wanted.set_aside.is_empty() && !planted(Bug::ListenersStay) {
        for found in found.iter().filter(|found| !wanted.listeners.contains_key(&found.port)) {
            delete(comparison, found);
        }
    }
}

/// Whether listeners stay that nobody asks for: a member that is set aside may have them; and of a load balancer that is to go
/// those that clients still come to, who are on their way to another one, when others leave it for good.
pub(super) fn keeps_what_nobody_wants(comparison: &Comparison<'_>) -> bool {
    let wanted = comparison.wanted;
    match wanted.load_balancer {
        Some(_) => !wanted.set_aside.is_empty() && is_application(comparison),
        None => !wanted.moving.is_empty() && comparison.lets_some_go,
    }
}

/// Listeners that nobody asks for and that stay: as they are, but for what those asked for that are gone.
fn kept<'f>(comparison: &Comparison<'_>, found: &'f [ActualListener]) -> Vec<(&'f ActualListener, Listener)> {
    let wanted = comparison.wanted;
    if !keeps_what_nobody_wants(comparison) {
        return Vec::new();
    }
    let as_it_is = |found: &'f ActualListener| {
        let listener = Listener {
            protocol: found.protocol,
            default_actions: match rule::may_be_of_set_aside(comparison, &found.default_actions) {
                true => found.default_actions.clone(),
                false => vec![Action::not_found()],
            },
            default_origin: None,
            ssl_policy: found.ssl_policy.clone(),
            certificates: Vec::new(),
            attributes: Pairs::new(),
            rules: Vec::new(),
            tags: found.tags.clone(),
        };
        (found, listener)
    };
    found.iter().filter(|found| !wanted.listeners.contains_key(&found.port)).map(as_it_is).collect()
}

fn create(comparison: &mut Comparison<'_>, port: u16, listener: &Listener) {
    let Listener { protocol, default_actions, default_origin: _, ssl_policy, certificates, attributes, rules: _, tags } =
        listener;
    let request = CreateListener {
        load_balancer_arn: comparison.load_balancer_ref(),
        port,
        protocol: *protocol,
        default_actions: resolved(comparison, default_actions),
        certificate: certificates.first().cloned(),
        ssl_policy: ssl_policy.clone(),
        tags: TagList(tags.clone()),
    };
    let resource = Resource::new(ResourceKey::new(ResourceKind::Listener, port.to_string()));
    let reference = Ref::Made(resource.key.clone());
    let reason = "the load balancer has no listener on this port";
    let stage = &mut comparison.stages.listeners;
    stage.push(change(resource.clone(), AwsChange::CreateListener(request), reason));
    let certificates = certificates.iter().collect::<BTreeSet<_>>();
    stage.extend(certificates.into_iter().map(|one| add_certificate(&resource, &reference, one)));
    let attributes = attribute::of_new(Of::Listener, attributes);
    if !attributes.is_empty() {
        let request = ModifyListenerAttributes { listener_arn: reference, attributes: TagList(attributes) };
        let reason = "attributes cannot be given at creation";
        stage.push(change(resource, AwsChange::ModifyListenerAttributes(request), reason));
    }
}

/// What differs but for the tags; gives the change of the listener itself, whose place is among the changes of its rules.
fn update(comparison: &mut Comparison<'_>, wanted: &Listener, found: &ActualListener) -> Option<Change> {
    let Listener {
        protocol: _,
        default_actions: _,
        default_origin: _,
        ssl_policy: _,
        certificates,
        attributes,
        rules: _,
        tags: _,
    } = wanted;
    let resource = live(found);
    let reference = Ref::Known(found.arn.clone());
    let certificates = certificates.iter().collect::<BTreeSet<_>>();
    let missing = certificates.iter().filter(|one| !found.certificates.contains(**one));
    comparison.stages.listeners.extend(missing.map(|one| add_certificate(&resource, &reference, one)));
    if comparison.wanted.set_aside.is_empty() {
        let surplus = found.certificates.iter().filter(|one| !certificates.contains(one));
        let removed = surplus.map(|one| remove_certificate(&resource, &reference, one));
        comparison.stages.remove_certificates.extend(removed);
    }
    let (set, fields) = attribute::changes(attributes, found.attributes.as_ref());
    if !set.is_empty() {
        let request = ModifyListenerAttributes { listener_arn: reference, attributes: TagList(set) };
        let update = change(resource, AwsChange::ModifyListenerAttributes(request), "its attributes differ");
        comparison.stages.listeners.push(Change { fields, ..update });
    }
    let name = format!("listener {}", found.port);
    let lingering = attribute::lingering(Of::Listener, &name, attributes, found.attributes.as_ref());
    comparison.warnings.extend(lingering);
    modify(comparison, wanted, found)
}

fn modify(comparison: &Comparison<'_>, wanted: &Listener, found: &ActualListener) -> Option<Change> {
    let Listener { protocol, default_actions, default_origin, ssl_policy, certificates, .. } = wanted;
    let mut fields = Vec::new();
    note(&mut fields, "Protocol", found.protocol, protocol);
    // What nobody asks for may be what a member that is set aside asked for.
    let is_set_aside = !comparison.wanted.set_aside.is_empty();
    let default_actions =
        match default_origin.is_none() && rule::may_be_of_set_aside(comparison, &found.default_actions) {
            true => found.default_actions.clone(),
            false => resolved(comparison, default_actions),
        };
    if !same_actions(&default_actions, &found.default_actions) {
        note(&mut fields, "DefaultActions", text(&found.default_actions), text(&default_actions));
    }
    let certificate = match (certificates.first(), &found.default_certificate) {
        (Some(_), Some(found)) if is_set_aside => Some(found.clone()),
        (first, _) => first.cloned(),
    };
    if let Some(certificate) = &certificate {
        let there = found.default_certificate.as_ref().map(CertificateArn::as_str).unwrap_or_default();
        note(&mut fields, "Certificates", there, certificate);
    }
    if let Some(policy) = ssl_policy {
        note(&mut fields, "SslPolicy", found.ssl_policy.as_deref().unwrap_or_default(), policy);
    }
    if fields.is_empty() {
        return None;
    }
    // An Application Load Balancer ends no connection for another action, certificate or policy.
    let impact = if is_application(comparison) && found.protocol == *protocol { Impact::None } else { Impact::Brief };
    let request = ModifyListener {
        listener_arn: found.arn.clone(),
        port: found.port,
        protocol: *protocol,
        default_actions,
        certificate,
        ssl_policy: ssl_policy.clone(),
    };
    let reason = format!("the listener differs: {}", named(&fields));
    Some(Change { fields, impact, ..change(live(found), AwsChange::ModifyListener(request), reason) })
}

fn is_application(comparison: &Comparison<'_>) -> bool {
    let wanted = comparison.wanted.load_balancer.as_ref();
    wanted.is_some_and(|wanted| wanted.load_balancer_type == LoadBalancerType::Application)
}

fn delete(comparison: &mut Comparison<'_>, found: &ActualListener) {
    let request = DeleteListener { listener_arn: found.arn.clone() };
    let reason = match is_application(comparison) {
        true => "no Ingress listens on this port any more",
        false => "the Service has no such port any more",
    };
    let deletion = change(live(found), AwsChange::DeleteListener(request), reason);
    comparison.stages.delete_listeners.push(Change { impact: Impact::Destroys, ..deletion });
}

fn add_certificate(resource: &Resource, listener: &Ref<ListenerArn>, certificate: &CertificateArn) -> Change {
    let request = ListenerCertificates { listener_arn: listener.clone(), certificates: vec![certificate.clone()] };
    let reason = "clients ask for a host that it is for";
    change(resource.clone(), AwsChange::AddListenerCertificates(request), reason)
}

fn remove_certificate(resource: &Resource, listener: &Ref<ListenerArn>, certificate: &CertificateArn) -> Change {
    let request = ListenerCertificates { listener_arn: listener.clone(), certificates: vec![certificate.clone()] };
    let reason = "no Ingress of the port names it any more";
    change(resource.clone(), AwsChange::RemoveListenerCertificates(request), reason)
}

fn live(found: &ActualListener) -> Resource {
    Resource::live(ResourceKey::new(ResourceKind::Listener, found.port.to_string()), &found.arn)
}

/// Actions as a field's value: one that forwards to a single group is that group.
pub(super) fn text(actions: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::Forward(forward) if forward.target_groups.len() == 1 && !forward.is_sticky() => {
            group(&forward.target_groups[0].target_group_arn)
        }
        other => other.to_string(),
    };
    actions.iter().map(one).collect::<Vec<_>>().join(", then ")
}

fn group(reference: &Ref<TargetGroupArn>) -> String {
    match reference {
        Ref::Known(arn) => arn.to_string(),
        Ref::Made(key) => key.id.clone(),
    }
}
