//! What people do to Services, and the cluster to pods and nodes: plain writes to the API server, which never fail.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde_json::{Value, json};

use super::Stage;
use crate::declared::{self, POD_PORT};
use crate::workload::{self, INTERVAL, SOURCE_RANGES, TAGS, TARGET_TYPE};

/// Before the first node port that is given out.
const FIRST_NODE_PORT: u16 = 30_000;

/// The namespace of all Services.
pub(crate) const NAMESPACE: &str = "default";

impl Stage {
    pub(super) async fn create_service(&mut self, name: &str, ports: &[u16], ip: bool, pods: &[workload::Pod]) {
        let annotations = json!({ TARGET_TYPE: if ip { "ip" } else { "instance" } });
        let declared = declared::Service { ip, wanted: true, ..backend(pods) };
        self.create(name, "LoadBalancer", ports, annotations, declared).await;
    }

    pub(super) async fn create_backend(&mut self, name: &str, pods: &[workload::Pod]) {
        self.create(name, "NodePort", &[80], json!({}), backend(pods)).await;
    }

    async fn create(
        &mut self,
        name: &str,
        service_type: &str,
        ports: &[u16],
        annotations: Value,
        declared: declared::Service,
    ) {
        let service = json!({
            "metadata": { "name": name, "annotations": annotations },
            "spec": { "type": service_type, "selector": { "app": name }, "ports": self.ports_of(name, ports) },
        });
        let service = serde_json::from_value(service).expect("a Service");
        // One of the same name may still be on its way out: then there is none to make, as kubectl would say.
        let api: Api<Service> = self.namespaced();
        let Ok(created) = api.create(&PostParams::default(), &service).await else { return };
        let declared = declared::Service { ports: node_ports(&created), ..declared };
        self.declared.services.insert(name.to_owned(), declared);
        self.write_endpoints(name).await;
    }

    pub(super) async fn set_ports(&mut self, name: &str, ports: &[u16]) {
        let ports = self.ports_of(name, ports);
        self.edit(name, json!({ "spec": { "ports": ports } })).await;
        self.write_endpoints(name).await;
    }

    pub(super) async fn annotate(&mut self, name: &str, key: &str, value: Option<&str>) {
        self.edit(name, json!({ "metadata": { "annotations": { key: value } } })).await;
        let Some(declared) = self.declared.services.get_mut(name) else { return };
        if key == TAGS {
            let pairs = value.unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
            declared.tags = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        }
        if value.is_some_and(|value| is_refused(key, value)) {
            declared.refused.insert(key.to_owned());
        } else {
            declared.refused.remove(key);
        }
    }

    pub(super) async fn set_type(&mut self, name: &str, load_balancer: bool) {
        let kind = if load_balancer { "LoadBalancer" } else { "NodePort" };
        if let Some(declared) = self.declared.services.get_mut(name) {
            declared.wanted = load_balancer;
        }
        self.remember();
        self.edit(name, json!({ "spec": { "type": kind } })).await;
    }

    pub(super) async fn delete_service(&mut self, name: &str) {
        self.declared.services.remove(name);
        self.remember();
        let api: Api<Service> = self.namespaced();
        let _ = api.delete(name, &DeleteParams::default()).await;
        let slices: Api<EndpointSlice> = self.namespaced();
        let _ = slices.delete(name, &DeleteParams::default()).await;
        self.write_pods().await;
    }

    pub(super) async fn set_pods(&mut self, name: &str, pods: &[workload::Pod]) {
        if let Some(declared) = self.declared.services.get_mut(name) {
            declared.pods = pods.iter().copied().collect();
            self.remember();
            self.write_endpoints(name).await;
        }
    }

    pub(super) fn node_joins(&mut self, node: workload::Node) {
        let provider = format!("aws:///{}/{}", declared::zone_of(node), declared::instance_of(node));
        let object = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": declared::node_name(node) },
            "spec": { "providerID": provider, "taints": [] },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
        });
        // A new node is tainted as not ready, whatever it says; then it is not.
        self.put(object.clone());
        self.put(object);
        self.declared.nodes.insert(node);
        self.declared.drained.remove(&node);
    }

    /// The node takes no more pods, and those that it has go.
    pub(super) async fn node_drains(&mut self, node: workload::Node) {
        if !self.declared.nodes.contains(&node) {
            return;
        }
        self.declared.drained.insert(node);
        self.remember();
        let api: Api<Node> = Api::all(self.admin.clone());
        let cordoned = json!({ "spec": { "unschedulable": true } });
        let _ = api.patch(&declared::node_name(node), &PatchParams::default(), &Patch::Merge(&cordoned)).await;
        self.write_all_endpoints().await;
    }

    pub(super) async fn node_leaves(&mut self, node: workload::Node) {
        self.declared.nodes.remove(&node);
        // The program may see it before the call is back.
        self.remember();
        let api: Api<Node> = Api::all(self.admin.clone());
        let _ = api.delete(&declared::node_name(node), &DeleteParams::default()).await;
        self.write_all_endpoints().await;
    }

    /// Ports with node ports in the order in which they were asked for: what the API server gives by chance would not be
    /// the same in two episodes.
    fn ports_of(&mut self, name: &str, ports: &[u16]) -> Value {
        let known = self.declared.services.get(name).map(|service| service.ports.clone()).unwrap_or_default();
        let mut list = Vec::new();
        for port in ports {
            let node_port = known.get(port).copied().unwrap_or_else(|| {
                self.node_ports_given += 1;
                FIRST_NODE_PORT + self.node_ports_given
            });
            list.push(json!({ "name": port_name(*port), "port": port, "targetPort": POD_PORT, "nodePort": node_port }));
        }
        Value::Array(list)
    }

    async fn edit(&mut self, name: &str, patch: Value) {
        let api: Api<Service> = self.namespaced();
        let Ok(edited) = api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await else { return };
        if let Some(declared) = self.declared.services.get_mut(name) {
            declared.ports = node_ports(&edited);
        }
    }

    pub(super) async fn write_all_endpoints(&mut self) {
        for name in self.declared.services.keys().cloned().collect::<Vec<_>>() {
            self.write_endpoints(&name).await;
        }
    }

    /// The EndpointSlice of a Service, and the pods in it.
    async fn write_endpoints(&mut self, name: &str) {
        self.write_pods().await;
        let Some(declared) = self.declared.services.get(name) else { return };
        let running = self.declared.pods();
        let endpoints = declared.pods.iter().filter(|pod| running.contains(pod)).map(|pod| {
            json!({
                "addresses": [declared::address_of(*pod).to_string()],
                "conditions": { "ready": true, "serving": true, "terminating": false },
                "nodeName": declared::node_name(declared::node_of(*pod)),
                "targetRef": { "kind": "Pod", "name": pod_name(*pod), "namespace": NAMESPACE },
            })
        });
        let ports =
            declared.ports.keys().map(|port| json!({ "name": port_name(*port), "port": POD_PORT, "protocol": "TCP" }));
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": { "name": name, "labels": { "kubernetes.io/service-name": name } },
            "addressType": "IPv4",
            "ports": ports.collect::<Vec<_>>(),
            "endpoints": endpoints.collect::<Vec<_>>(),
        });
        self.put(slice);
    }

    async fn write_pods(&self) {
        let api: Api<Pod> = self.namespaced();
        let wanted = self.declared.pods();
        let there = self.objects("pods");
        let there = there.iter().filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned));
        let there = there.collect::<BTreeSet<_>>();
        for pod in wanted.iter().filter(|pod| !there.contains(&pod_name(**pod))) {
            self.put(pod_object(*pod));
        }
        let names = wanted.iter().map(|pod| pod_name(*pod)).collect::<BTreeSet<_>>();
        for gone in there.difference(&names) {
            let _ = api.delete(gone, &DeleteParams::default().grace_period(0)).await;
        }
    }

    /// Writes an object as it is given, its status too.
    pub(super) fn put(&self, object: Value) {
        self.kubernetes.put(object).expect("the objects of an episode are well formed");
    }

    pub(super) fn namespaced<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(Client::clone(&self.admin), NAMESPACE)
    }
}

/// Sources that are no addresses, and checks that begin before the last one is over: it may take 10 s.
fn is_refused(key: &str, value: &str) -> bool {
    match key {
        SOURCE_RANGES => value == "everybody",
        INTERVAL => value.parse::<u16>().is_ok_and(|interval| interval < 10),
        _ => false,
    }
}

fn pod_name(pod: workload::Pod) -> String {
    format!("pod-{pod}")
}

fn pod_object(pod: workload::Pod) -> Value {
    let address = declared::address_of(pod).to_string();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": pod_name(pod) },
        "spec": {
            "nodeName": declared::node_name(declared::node_of(pod)),
            "containers": [{ "name": "web", "image": "web", "ports": [{ "containerPort": POD_PORT }] }],
        },
        "status": {
            "phase": "Running", "podIP": address, "podIPs": [{ "ip": address }],
            "conditions": [{ "type": "Ready", "status": "True" }, { "type": "ContainersReady", "status": "True" }],
        },
    })
}

fn port_name(port: u16) -> String {
    format!("p{port}")
}

/// A Service for Ingresses, before it has its ports.
fn backend(pods: &[workload::Pod]) -> declared::Service {
    declared::Service {
        ports: BTreeMap::new(),
        ip: false,
        pods: pods.iter().copied().collect(),
        wanted: false,
        refused: BTreeSet::new(),
        tags: BTreeMap::new(),
    }
}

fn node_ports(service: &Service) -> BTreeMap<u16, u16> {
    let ports = service.spec.iter().filter_map(|spec| spec.ports.as_ref()).flatten();
    let number = |port: i32| u16::try_from(port).unwrap_or_default();
    ports.map(|port| (number(port.port), port.node_port.map(number).unwrap_or_default())).collect()
}
