//! What Elastic Load Balancing holds now, for who watches it and is no caller.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::health::{Health, TargetKey, View};
use super::health_check::HealthCheck;
use super::listeners::Listener;
use super::load_balancers::LoadBalancer;
use super::rules::Rule;
use super::store::{Store, Usage};
use super::target_groups::TargetGroup;
use super::targets::Target;
use crate::clock::Moment;
use crate::network::Network;
use crate::observed::{
    Observed, ObservedListener, ObservedLoadBalancer, ObservedRule, ObservedTarget, ObservedTargetGroup,
};
use crate::wire::{ApiError, answer};

impl Store {
    /// Everything but the security groups, which are EC2's.
    pub(crate) async fn observe(&self, network: &dyn Network, now: Moment) -> Result<Observed, ApiError> {
        let usage = self.usage();
        let mut target_groups = BTreeMap::new();
        for (arn, group) in &self.target_groups {
            let view = View::among(self, &usage, network, group, now).await?;
            target_groups.insert(arn.clone(), group.observe(&usage, view.targets().map(observe_target).collect()));
        }
        let load_balancers = self.load_balancers.iter();
        let default_rules = self.listeners.values().map(|listener| (&listener.default_rule.arn, listener));
        let rules = self.rules.iter().map(|(arn, rule)| (arn.clone(), rule.observe()));
        Ok(Observed {
            load_balancers: load_balancers.map(|(arn, item)| (arn.clone(), item.observe(now))).collect(),
            listeners: self.listeners.iter().map(|(arn, item)| (arn.clone(), item.observe())).collect(),
            rules: rules.chain(default_rules.map(|(arn, owner)| (arn.clone(), owner.observe_default_rule()))).collect(),
            target_groups,
            security_groups: BTreeMap::new(),
        })
    }
}

impl LoadBalancer {
    fn observe(&self, now: Moment) -> ObservedLoadBalancer {
        let zones = self.settings.zones.iter();
        ObservedLoadBalancer {
            name: self.name.clone(),
            r#type: self.family().as_str().to_owned(),
            dns_name: self.dns_name.clone(),
            scheme: word(&self.settings.scheme),
            ip_address_type: word(&self.settings.ip_address_type),
            state: word(&self.life.state(now).code),
            vpc_id: self.vpc_id.clone(),
            subnets: zones.map(|zone| (zone.zone_name.clone(), zone.subnet_id.clone())).collect(),
            security_groups: self.settings.security_groups.clone(),
            attributes: self.attributes.clone(),
            tags: self.tags.clone(),
        }
    }
}

impl Listener {
    fn observe(&self) -> ObservedListener {
        ObservedListener {
            load_balancer_arn: self.load_balancer_arn.clone(),
            protocol: self.protocol.to_string(),
            port: port(self.port),
            certificates: self.certificates(),
            default_actions: answer(&self.actions.describe()),
            attributes: self.attributes.clone(),
            tags: self.tags.clone(),
        }
    }

    /// The default certificate, and the others after it.
    fn certificates(&self) -> Vec<String> {
        let Some(security) = &self.security else { return Vec::new() };
        let default = security.default_certificate.iter();
        let others = security.certificates.iter().filter(|arn| Some(*arn) != security.default_certificate.as_ref());
        default.chain(others).cloned().collect()
    }

    fn observe_default_rule(&self) -> ObservedRule {
        ObservedRule {
            listener_arn: self.arn.clone(),
            priority: None,
            description: answer(&self.describe_default_rule()),
            tags: self.default_rule.tags.clone(),
        }
    }
}

impl Rule {
    fn observe(&self) -> ObservedRule {
        ObservedRule {
            listener_arn: self.listener_arn.clone(),
            priority: u32::try_from(self.priority).ok(),
            description: answer(&self.describe()),
            tags: self.tags.clone(),
        }
    }
}

impl TargetGroup {
    fn observe(&self, usage: &Usage<'_>, targets: Vec<ObservedTarget>) -> ObservedTargetGroup {
        let users = usage.get(self.arn.as_str()).into_iter().flatten();
        ObservedTargetGroup {
            name: self.name.clone(),
            protocol: self.settings.protocol.to_string(),
            protocol_version: self.settings.protocol_version.as_ref().map(word),
            port: port(self.settings.port),
            vpc_id: self.settings.vpc_id.clone(),
            target_type: word(&self.settings.target_type),
            health_check: self.settings.health_check.observe(),
            load_balancer_arns: users.map(|arn| (*arn).to_owned()).collect(),
            targets,
            attributes: self.attributes.clone(),
            tags: self.tags.clone(),
        }
    }
}

impl HealthCheck {
    fn observe(&self) -> Value {
        json!({
            "HealthCheckProtocol": self.protocol.to_string(),
            "HealthCheckPort": self.port,
            "HealthCheckPath": self.path,
            "HealthCheckIntervalSeconds": self.interval_seconds,
            "HealthCheckTimeoutSeconds": self.timeout_seconds,
            "HealthyThresholdCount": self.healthy_threshold,
            "UnhealthyThresholdCount": self.unhealthy_threshold,
            "Matcher": self.matcher,
        })
    }
}

fn observe_target((key, target, health): (&TargetKey, &Target, Health)) -> ObservedTarget {
    let zone = target.zone.clone().or_else(|| target.availability_zone.clone());
    ObservedTarget { id: key.id.clone(), port: port(key.port), state: word(&health.state), zone }
}

/// A value of an enum, as answers write it.
fn word(value: &impl Serialize) -> String {
    match answer(value) {
        Value::String(word) => word,
        other => other.to_string(),
    }
}

/// Requests are refused when they name another port than this.
fn port(number: i64) -> u16 {
    u16::try_from(number).expect("ports were checked when they came in")
}
