//! What is written into the status of objects, and only when it differs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{LoadBalancerIngress, PortStatus, Service, ServiceStatus};
use k8s_openapi::api::networking::v1::{Ingress, IngressStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::Resource;
use kube::core::NamespaceResourceScope;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::targets::TargetCount;
use serde_json::{Value, json};

use super::watch::Watched;

/// The condition that we write on TargetGroupBindings.
const READY: &str = "Ready";
/// The longest message of a condition (the API's own limit is 32768).
const LONGEST_MESSAGE: usize = 1024;

/// How a TargetGroupBinding stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BindingStanding {
    /// How many targets receive traffic, of how many; `None`: not observed.
    pub(crate) targets: Option<TargetCount>,
    /// Whether the last pass came to its end.
    pub(crate) ready: bool,
    /// The condition's reason, in one word.
    pub(crate) reason: &'static str,
    /// The condition's message.
    pub(crate) message: String,
}

/// Where the clients of an object find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The load balancer's host name.
    pub(crate) host: String,
    /// The ports that the load balancer listens on, in ascending order.
    pub(crate) ports: Vec<u16>,
}

/// A kind whose objects say in their status where they are found.
pub(super) trait Served: Watched + Resource<Scope = NamespaceResourceScope> {
    /// The status.
    type Status: Clone + Default;

    /// The status, to be read and replaced.
    fn status(&mut self) -> &mut Option<Self::Status>;

    /// The list at `status.loadBalancer.ingress` that is wanted; `None`: the one that is there will do.
    fn entries(&self, address: Option<&Address>) -> Option<Vec<Value>>;
}

/// The merge patch that brings an address into an object's status, `None` when it is there. No address clears the status.
///
/// The uid makes the API server refuse when the object is another one by now.
pub(super) fn address<K: Served>(object: &K, address: Option<&Address>) -> Option<Value> {
    let entries = object.entries(address)?;
    // An empty list would stay as `ingress: []`; null leaves `loadBalancer: {}`.
    let ingress = if entries.is_empty() { Value::Null } else { json!(entries) };
    Some(json!({ "metadata": { "uid": object.meta().uid }, "status": { "loadBalancer": { "ingress": ingress } } }))
}

impl Served for Service {
    type Status = ServiceStatus;

    fn status(&mut self) -> &mut Option<ServiceStatus> {
        &mut self.status
    }

    /// Host name and ports as LBC writes them (`service-nlb.md` §5.2): all the Service's own ports.
    fn entries(&self, address: Option<&Address>) -> Option<Vec<Value>> {
        let status = self.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let found = status.and_then(|all| all.ingress.as_deref()).unwrap_or_default();
        let wanted = address.map(|address| vec![of_service(self, &address.host)]).unwrap_or_default();
        (found != wanted).then(|| wanted.iter().map(|entry| json!(entry)).collect())
    }
}

impl Served for Ingress {
    type Status = IngressStatus;

    fn status(&mut self) -> &mut Option<IngressStatus> {
        &mut self.status
    }

    /// Host name and ports as LBC writes and compares them (`ingress-alb.md` §11.4): the ports of all listeners, without a
    /// protocol.
    fn entries(&self, address: Option<&Address>) -> Option<Vec<Value>> {
        let status = self.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let found = status.and_then(|all| all.ingress.as_deref()).unwrap_or_default();
        let there = found.iter().map(|entry| {
            let ports = entry.ports.iter().flatten().map(|port| port.port).collect::<BTreeSet<_>>();
            (entry.hostname.clone(), entry.ip.is_none(), ports)
        });
        let wanted = address.map(|address| {
            let ports = address.ports.iter().map(|port| i32::from(*port)).collect::<BTreeSet<_>>();
            (Some(address.host.to_ascii_lowercase()), true, ports)
        });
        if there.eq(wanted.clone()) {
            return None;
        }
        let entry = |(host, _, ports): (Option<String>, bool, BTreeSet<i32>)| {
            let ports = ports.into_iter().map(|port| json!({ "port": port, "protocol": "" })).collect::<Vec<_>>();
            json!({ "hostname": host, "ports": ports })
        };
        Some(wanted.into_iter().map(entry).collect())
    }
}

fn of_service(service: &Service, host: &str) -> LoadBalancerIngress {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    LoadBalancerIngress {
        hostname: Some(host.to_ascii_lowercase()),
        ports: Some(
            ports
                .iter()
                .map(|port| PortStatus {
                    port: port.port,
                    protocol: port.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
                    error: None,
                })
                .collect(),
        ),
        ..LoadBalancerIngress::default()
    }
}

/// The merge patch that brings a TargetGroupBinding's status to how it stands, `None` when it is there.
pub(super) fn binding(binding: &TargetGroupBinding, standing: &BindingStanding, now: Timestamp) -> Option<Value> {
    let found = binding.status.clone().unwrap_or_default();
    let mut wanted = found.clone();
    wanted.observed_generation = binding.metadata.generation;
    if let Some(TargetCount { ready, total }) = standing.targets {
        wanted.ready_targets = Some(number(ready));
        wanted.total_targets = Some(number(total));
    }
    let mut ready = condition(standing, binding.metadata.generation, now);
    match wanted.conditions.iter_mut().find(|condition| condition.type_ == READY) {
        Some(there) => {
            // The time is that of the last change of the status, not of the last look.
            if there.status == ready.status {
                ready.last_transition_time = there.last_transition_time.clone();
            }
            *there = ready;
        }
        None => wanted.conditions.push(ready),
    }
    if found == wanted {
        return None;
    }
    Some(json!({ "metadata": { "uid": binding.metadata.uid }, "status": wanted }))
}

/// A target group holds at most a few thousand targets.
fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn condition(standing: &BindingStanding, generation: Option<i64>, now: Timestamp) -> Condition {
    Condition {
        type_: READY.to_owned(),
        status: if standing.ready { "True" } else { "False" }.to_owned(),
        reason: standing.reason.to_owned(),
        message: super::events::shorten(&standing.message, LONGEST_MESSAGE),
        observed_generation: generation,
        last_transition_time: Time(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(status: Value) -> Service {
        serde_json::from_value(json!({
            "metadata": { "name": "web", "namespace": "default", "uid": "u-1" },
            "spec": { "ports": [{ "port": 80 }, { "port": 53, "protocol": "UDP" }] },
            "status": status
        }))
        .unwrap()
    }

    fn served(host: &str) -> Value {
        json!({ "loadBalancer": { "ingress": [{
            "hostname": host, "ports": [{ "port": 80, "protocol": "TCP" }, { "port": 53, "protocol": "UDP" }]
        }] } })
    }

    fn service(service: &Service, host: Option<&str>) -> Option<Value> {
        let at = host.map(|host| Address { host: host.to_owned(), ports: vec![1] });
        address(service, at.as_ref())
    }

    #[test]
    fn an_ingress_has_the_ports_of_all_listeners() {
        let ingress = |status: Value| -> Ingress {
            serde_json::from_value(json!({ "metadata": { "name": "web", "uid": "u-1" }, "status": status })).unwrap()
        };
        let served = json!({ "loadBalancer": { "ingress": [{
            "hostname": "k8s-web-1.elb.amazonaws.com", "ports": [{ "port": 80, "protocol": "" }, { "port": 443, "protocol": "" }]
        }] } });
        let at = Address { host: "K8s-Web-1.elb.amazonaws.com".to_owned(), ports: vec![80, 443] };
        let patch = json!({ "metadata": { "uid": "u-1" }, "status": served });
        assert_eq!(address(&ingress(json!({})), Some(&at)), Some(patch.clone()));
        assert_eq!(address(&ingress(served.clone()), Some(&at)), None);
        let mut with_protocols = served.clone();
        with_protocols["loadBalancer"]["ingress"][0]["ports"] =
            json!([{ "port": 443, "protocol": "TCP" }, { "port": 80, "protocol": "TCP" }]);
        assert_eq!(address(&ingress(with_protocols), Some(&at)), None, "ports are compared as a set of numbers");
        let mut other = served.clone();
        other["loadBalancer"]["ingress"][0]["ports"] = json!([{ "port": 80, "protocol": "" }]);
        assert_eq!(address(&ingress(other), Some(&at)), Some(patch.clone()));
        let mut two = served.clone();
        two["loadBalancer"]["ingress"] = json!([two["loadBalancer"]["ingress"][0], { "ip": "192.0.2.1" }]);
        assert_eq!(address(&ingress(two), Some(&at)), Some(patch));
        let cleared = json!({ "metadata": { "uid": "u-1" }, "status": { "loadBalancer": { "ingress": null } } });
        assert_eq!(address(&ingress(served), None), Some(cleared));
        assert_eq!(address(&ingress(json!({})), None), None);
    }

    #[test]
    fn a_host_name_is_written_in_lower_case_with_the_ports() {
        assert_eq!(
            service(&web(json!({})), Some("K8s-Web-1.elb.us-west-2.amazonaws.com")),
            Some(json!({ "metadata": { "uid": "u-1" }, "status": served("k8s-web-1.elb.us-west-2.amazonaws.com") }))
        );
    }

    #[test]
    fn a_status_that_stands_is_not_written() {
        assert_eq!(service(&web(served("a.example")), Some("A.example")), None);
        assert_eq!(service(&web(json!({})), None), None);
        assert_eq!(service(&web(json!({ "loadBalancer": {} })), None), None);
    }

    #[test]
    fn any_difference_is_written() {
        let differs = |change: fn(&mut Value)| {
            let mut status = served("a.example");
            change(&mut status["loadBalancer"]["ingress"]);
            service(&web(status), Some("a.example")).is_some()
        };
        assert!(differs(|ingress| ingress[0]["hostname"] = json!("b.example")));
        assert!(differs(|ingress| ingress[0]["ip"] = json!("192.0.2.1")));
        assert!(differs(|ingress| ingress[0]["ports"][1]["protocol"] = json!("TCP")));
        assert!(differs(|ingress| ingress[0]["ports"] = json!([{ "port": 80, "protocol": "TCP" }])));
        assert!(differs(|ingress| *ingress = json!([ingress[0], { "hostname": "b.example" }])));
    }

    #[test]
    fn a_load_balancer_that_is_gone_leaves_an_empty_status() {
        assert_eq!(
            service(&web(served("a.example")), None),
            Some(json!({ "metadata": { "uid": "u-1" }, "status": { "loadBalancer": { "ingress": null } } }))
        );
    }

    fn bound(status: Value) -> TargetGroupBinding {
        serde_json::from_value(json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": { "name": "web", "namespace": "default", "uid": "u-2", "generation": 3 },
            "spec": { "serviceRef": { "name": "web", "port": 80 } },
            "status": status
        }))
        .unwrap()
    }

    fn standing(ready: usize, total: usize) -> BindingStanding {
        BindingStanding {
            targets: Some(TargetCount { ready, total }),
            ready: true,
            reason: "Reconciled",
            message: "targets are as wanted".to_owned(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_bindings_status_tells_targets_generation_and_condition() {
        assert_eq!(
            binding(&bound(json!(null)), &standing(1, 2), at("2026-01-31T12:00:00Z")),
            Some(json!({
                "metadata": { "uid": "u-2" },
                "status": {
                    "observedGeneration": 3, "readyTargets": 1, "totalTargets": 2,
                    "conditions": [{
                        "type": "Ready", "status": "True", "reason": "Reconciled", "message": "targets are as wanted",
                        "observedGeneration": 3, "lastTransitionTime": "2026-01-31T12:00:00Z"
                    }]
                }
            }))
        );
    }

    #[test]
    fn a_second_look_writes_nothing_and_a_new_count_keeps_the_time() {
        let first = binding(&bound(json!(null)), &standing(1, 2), at("2026-01-31T12:00:00Z")).unwrap();
        let there = bound(first["status"].clone());
        assert_eq!(binding(&there, &standing(1, 2), at("2026-01-31T12:05:00Z")), None);
        let second = binding(&there, &standing(2, 2), at("2026-01-31T12:05:00Z")).unwrap();
        assert_eq!(second["status"]["readyTargets"], 2);
        assert_eq!(second["status"]["conditions"][0]["lastTransitionTime"], "2026-01-31T12:00:00Z");
    }

    #[test]
    fn conditions_of_others_and_counts_that_were_not_observed_stay() {
        let other = json!({
            "type": "Other", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-30T12:00:00Z"
        });
        let there = bound(json!({ "readyTargets": 1, "totalTargets": 2, "conditions": [other] }));
        let failed = BindingStanding {
            targets: None,
            ready: false,
            reason: "FailedReconcile",
            message: "there is no such target group".to_owned(),
        };
        let status = binding(&there, &failed, at("2026-01-31T12:00:00Z")).unwrap()["status"].clone();
        assert_eq!((&status["readyTargets"], &status["totalTargets"]), (&json!(1), &json!(2)));
        assert_eq!(status["conditions"][0]["type"], "Other");
        assert_eq!(status["conditions"][1]["status"], "False");
    }
}
