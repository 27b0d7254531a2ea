//! One Ingress of a group, read as far as it can be read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::Ingress;

use super::reading::Reading;
use super::rules::{self, Rules};
use super::settings::{self, LoadBalancerSettings};
use super::{group, ports};
use crate::crd::IngressClassParams;
use crate::id::{ObjectName, ObjectRef, Protocol, StackId};
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::spec::annotation::ingress as annotation;

/// One Ingress of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: ObjectName,
    /// Its place: lower numbers first.
    pub order: i32,
    /// When it was made; `None`: no API server has seen it. Of two that disagree the older one holds.
    pub created: Option<Timestamp>,
    /// Whether it carries the group's finalizer: then it may have been accepted before, and what it has stays.
    pub holds: bool,
    /// The IngressClassParams of its class, by name.
    pub parameters: Option<String>,
    /// What it asks of the load balancer.
    pub settings: LoadBalancerSettings,
    /// Whether something that it asks of the load balancer cannot be read.
    pub is_unsettled: bool,
    /// The hosts of its rules and of `spec.tls`, with the first field that names each.
    pub hosts: BTreeMap<String, String>,
    /// Its rules, and the Service ports behind them.
    pub rules: Rules,
    /// What is wrong with it; it is set aside then.
    pub problems: Vec<Problem>,
    /// What is odd about it but does no harm.
    pub warnings: Vec<Problem>,
}

impl Member {
    /// Reads an Ingress.
    pub(super) fn read(
        ingress: &Ingress,
        class: Option<&IngressClassParams>,
        id: &StackId,
        snapshot: &Snapshot,
    ) -> Self {
        let mut reading = Reading::of(ingress, class, snapshot);
        let settings = settings::read(&mut reading);
        let is_unsettled = reading.problems() > 0 || reading.annotations.has_unsupported();
        let order = group::order(ingress);
        if let Err(message) = &order {
            reading.annotations.refuse(&annotation::GROUP_ORDER, message.clone(), None);
        }
        let rules = rules::read(&mut reading);
        let hosts = hosts(&reading);
        let (problems, warnings) = reading.finish();
        Self {
            name: ObjectName::of(&ingress.metadata),
            order: order.unwrap_or_default(),
            created: ingress.metadata.creation_timestamp.as_ref().map(|time| time.0),
            holds: group::holds(ingress, id),
            parameters: class.and_then(|class| class.metadata.name.clone()),
            settings,
            is_unsettled,
            hosts,
            rules,
            problems,
            warnings,
        }
    }

    /// An Ingress whose class cannot be told, or that may not go: its own annotations still count for the load balancer.
    pub(super) fn set_aside(ingress: &Ingress, id: &StackId, snapshot: &Snapshot, problem: Problem) -> Self {
        let member = Self::read(ingress, None, id, snapshot);
        Self { is_unsettled: true, problems: vec![problem], ..member }
    }

    /// The Ingress, as messages name it.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new("Ingress", &self.name)
    }

    /// Whether certificates are found by its hosts.
    pub fn discovers_certificates(&self) -> bool {
        let discovers = |listener: &ports::ListenerSettings| {
            listener.protocol == Protocol::Https && listener.certificates.is_empty()
        };
        self.settings.listeners.values().any(discovers)
    }
}

fn hosts(reading: &Reading<'_>) -> BTreeMap<String, String> {
    let mut hosts = BTreeMap::new();
    let mut note = |host: &String, field: String| {
        if !host.is_empty() {
            hosts.entry(host.clone()).or_insert(field);
        }
    };
    for (index, rule) in reading.spec.rules.iter().flatten().enumerate() {
        rule.host.iter().for_each(|host| note(host, format!("spec.rules[{index}].host")));
    }
    for (index, tls) in reading.spec.tls.iter().flatten().enumerate() {
        for (place, host) in tls.hosts.iter().flatten().enumerate() {
            note(host, format!("spec.tls[{index}].hosts[{place}]"));
        }
    }
    hosts
}
