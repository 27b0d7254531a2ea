//! What somebody else does to the account, past the program.

use kube::Api;
use kube::api::DeleteParams;
use northgate_planner::crd::TargetGroupBinding;
use northgate_simulator::{Observed, ObservedRule, Request, Service};

use super::{Stage, scope};
use crate::declared::Stack;
use crate::view::{is_our_rule, stack};
use crate::workload::{Drift, Route};

impl Stage {
    pub(super) async fn drift(&mut self, drift: &Drift) {
        let view = self.observe().await;
        let load_balancer =
            |owner: &Stack| view.load_balancers.iter().find(|(_, found)| stack(&found.tags).as_ref() == Some(owner));
        let group =
            |owner: &Stack| view.target_groups.iter().find(|(_, found)| stack(&found.tags).as_ref() == Some(owner));
        match drift {
            Drift::LoadBalancer(owner) => {
                if let Some((arn, found)) = load_balancer(owner) {
                    self.judge().deleted_by_others.insert(found.dns_name.clone());
                    self.ask(&[("Action", "DeleteLoadBalancer"), ("LoadBalancerArn", arn)]).await;
                }
            }
            Drift::Listener(owner, port) => {
                let Some((arn, _)) = load_balancer(owner) else { return };
                let mut listeners = view.listeners.iter();
                let found = listeners.find(|(_, found)| found.load_balancer_arn == *arn && found.port == *port);
                if let Some((listener, _)) = found {
                    self.ask(&[("Action", "DeleteListener"), ("ListenerArn", listener)]).await;
                }
            }
            Drift::Target(owner) => {
                let Some((arn, found)) = group(owner) else { return };
                if let Some(target) = found.targets.first() {
                    self.ask_targets("DeregisterTargets", arn, &target.id, target.port).await;
                }
            }
            Drift::ForeignTarget(owner) => {
                let Some((arn, found)) = group(owner) else { return };
                let id = if found.target_type == "ip" { "10.0.0.9" } else { "i-00000000000000004" };
                self.ask_targets("RegisterTargets", arn, id, 9999).await;
            }
            Drift::HealthCheck(owner) => {
                let Some((arn, _)) = group(owner) else { return };
                self.ask(&[
                    ("Action", "ModifyTargetGroup"),
                    ("TargetGroupArn", arn),
                    ("HealthCheckIntervalSeconds", "77"),
                ])
                .await;
            }
            Drift::Rule(owner) => {
                let Some((arn, _)) = load_balancer(owner) else { return };
                let here = |listener: &String| {
                    view.listeners.get(listener).is_some_and(|found| found.load_balancer_arn == *arn)
                };
                let mut rules = view.rules.iter().filter(|(_, rule)| rule.priority.is_some());
                if let Some((rule, found)) = rules.find(|(_, rule)| here(&rule.listener_arn)) {
                    self.declared.rob(owner, |route| is_way_of(found, route));
                    self.ask(&[("Action", "DeleteRule"), ("RuleArn", rule)]).await;
                }
            }
            Drift::Tags(owner) => {
                let Some((arn, found)) = load_balancer(owner) else { return };
                self.ask(&[
                    ("Action", "AddTags"),
                    ("ResourceArns.member.1", arn),
                    ("Tags.member.1.Key", "theirs"),
                    ("Tags.member.1.Value", "x"),
                ])
                .await;
                if let Some(asked) = found.tags.keys().find(|key| !key.contains('/')) {
                    self.ask(&[("Action", "RemoveTags"), ("ResourceArns.member.1", arn), ("TagKeys.member.1", asked)])
                        .await;
                }
            }
            Drift::WorkerRules => self.revoke_worker_rules(&view).await,
            Drift::Binding(service) => {
                let api: Api<TargetGroupBinding> = self.namespaced();
                let all = api.list(&Default::default()).await.map(|list| list.items).unwrap_or_default();
                let ours = all.into_iter().filter_map(|binding| binding.metadata.name);
                if let Some(name) = ours.into_iter().find(|name| name.starts_with(&format!("k8s-default-{service}-"))) {
                    let _ = api.delete(&name, &DeleteParams::default()).await;
                }
            }
        }
    }

    async fn ask_targets(&self, action: &str, arn: &str, id: &str, port: u16) {
        self.ask(&[
            ("Action", action),
            ("TargetGroupArn", arn),
            ("Targets.member.1.Id", id),
            ("Targets.member.1.Port", &port.to_string()),
        ])
        .await;
    }

    async fn revoke_worker_rules(&self, view: &Observed) {
        let Some(worker) = view.security_groups.get("sg-worker") else { return };
        for rule in worker.ingress.iter().filter(|rule| is_our_rule(rule)) {
            let (from, to) = rule.ports.unwrap_or_default();
            self.request(
                Service::Ec2,
                &[
                    ("Action", "RevokeSecurityGroupIngress"),
                    ("GroupId", "sg-worker"),
                    ("IpPermissions.1.IpProtocol", &rule.protocol),
                    ("IpPermissions.1.FromPort", &from.to_string()),
                    ("IpPermissions.1.ToPort", &to.to_string()),
                    ("IpPermissions.1.Groups.1.GroupId", &rule.peer),
                ],
            )
            .await;
        }
    }

    pub(super) async fn ask(&self, members: &[(&str, &str)]) {
        self.request(Service::ElasticLoadBalancing, members).await;
    }

    async fn request(&self, service: Service, members: &[(&str, &str)]) {
        let version = if service == Service::Ec2 { "2016-11-15" } else { "2015-12-01" };
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Version", version)
            .extend_pairs(members)
            .finish()
            .into_bytes();
        let response = self.simulator.handle(Request::query(service, scope(), body)).await;
        self.gate.note(format!("somebody else: {} -> {}", members[0].1, response.status));
    }
}

/// Whether a rule is the way of a route: it names its host, or none, and its path.
fn is_way_of(rule: &ObservedRule, route: &Route) -> bool {
    let values = |field: &str, config: &str| {
        let conditions = rule.description["Conditions"].as_array().into_iter().flatten();
        let values = conditions.filter(|one| one["Field"] == field).flat_map(|one| one[config]["Values"].as_array());
        values.flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (hosts, paths) = (values("host-header", "HostHeaderConfig"), values("path-pattern", "PathPatternConfig"));
    let host = if route.host.is_empty() { hosts.is_empty() } else { hosts.iter().any(|host| host == route.host) };
    let below = format!("{}/*", route.path.trim_end_matches('/'));
    // An exact path and all that begins with it are different rules.
    let is_met =
        if route.exact { paths.contains(&route.path) && !paths.contains(&below) } else { paths.contains(&below) };
    host && is_met
}
