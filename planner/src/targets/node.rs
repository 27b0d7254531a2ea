//! Instance targets: the nodes that may take traffic (`deploy-and-targets.md` §4.4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::id::InstanceId;
use crate::label_selector;
use crate::model::TargetId;

/// Labels that keep a node from being a target, whatever their value.
const EXCLUDING_LABELS: [&str; 3] = [
    "node-role.kubernetes.io/master",
    "node.kubernetes.io/exclude-from-external-load-balancers",
    "alpha.service-controller.kubernetes.io/exclude-balancer",
];
const COMPUTE_TYPE_LABEL: &str = "eks.amazonaws.com/compute-type";
const AUTOSCALER_TAINT: &str = "ToBeDeletedByClusterAutoscaler";
const KARPENTER_TAINT: &str = "karpenter.sh/disrupted";

/// The nodes of the cluster, as targets.
pub(super) struct Pool<'a> {
    suitable: Vec<Suitable<'a>>,
    /// Those that match no selector at all: what nearly every binding asks for.
    all: Arc<BTreeSet<TargetId>>,
    alive: Arc<BTreeSet<TargetId>>,
    odd: Vec<(&'a Node, String)>,
}

struct Suitable<'a> {
    node: &'a Node,
    id: TargetId,
    readiness: Readiness,
}

/// What a node's Ready condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    NotReady,
    /// The node has not been heard of for a while.
    Unknown,
}

impl<'a> Pool<'a> {
    pub(super) fn of(nodes: &'a BTreeMap<String, Arc<Node>>) -> Self {
        let (mut suitable, mut alive, mut odd) = (Vec::new(), BTreeSet::new(), Vec::new());
        for (name, node) in nodes {
            let node = node.as_ref();
            let readiness = readiness(node);
            if readiness == Readiness::NotReady {
                continue;
            }
            match instance_id(node) {
                Ok(id) => {
                    let id = TargetId::Instance(id);
                    if node.metadata.deletion_timestamp.is_none() {
                        alive.insert(id.clone());
                    }
                    if is_suitable(node) {
                        suitable.push(Suitable { node, id, readiness });
                    }
                }
                // One odd node costs only itself.
                Err(why) if is_suitable(node) => odd.push((node, format!("Node {name} cannot be a target: {why}"))),
                Err(_) => {}
            }
        }
        let all = Arc::new(open_if_none_is_ready(suitable.iter()));
        Self { suitable, all, alive: Arc::new(alive), odd }
    }

    /// The nodes that take a binding's traffic.
    pub(super) fn matching(&self, selector: Option<&LabelSelector>) -> Arc<BTreeSet<TargetId>> {
        match selector {
            None => Arc::clone(&self.all),
            Some(selector) => {
                let matching = self
                    .suitable
                    .iter()
                    .filter(|suitable| label_selector::selects(selector, suitable.node.metadata.labels.as_ref()));
                Arc::new(open_if_none_is_ready(matching))
            }
        }
    }

    /// All nodes that may still serve, wanted or not.
    pub(super) fn alive(&self) -> Arc<BTreeSet<TargetId>> {
        Arc::clone(&self.alive)
    }

    /// Nodes that would be targets if it could be told which instance they are.
    pub(super) fn odd(&self, selector: Option<&LabelSelector>) -> impl Iterator<Item = &str> {
        self.odd
            .iter()
            .filter(move |(node, _)| {
                selector.is_none_or(|selector| label_selector::selects(selector, node.metadata.labels.as_ref()))
            })
            .map(|(_, message)| message.as_str())
    }
}

/// Where no node is ready, those that went silent are better than none (gate `EndpointsFailOpen`, on by default).
fn open_if_none_is_ready<'p, 'n: 'p>(nodes: impl Iterator<Item = &'p Suitable<'n>> + Clone) -> BTreeSet<TargetId> {
    let with = |readiness| nodes.clone().filter(move |node| node.readiness == readiness).map(|node| node.id.clone());
    let ready = with(Readiness::Ready).collect::<BTreeSet<_>>();
    if ready.is_empty() { with(Readiness::Unknown).collect() } else { ready }
}

/// What the Ready condition says; none is not ready.
pub(super) fn readiness(node: &Node) -> Readiness {
    let conditions = node.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    match conditions.into_iter().find(|condition| condition.type_ == "Ready").map(|ready| ready.status.as_str()) {
        Some("True") => Readiness::Ready,
        Some("Unknown") => Readiness::Unknown,
        _ => Readiness::NotReady,
    }
}

/// The EC2 instance that a node is; `None`: it is none, or does not say.
pub(super) fn instance(node: &Node) -> Option<InstanceId> {
    instance_id(node).ok()
}

fn is_suitable(node: &Node) -> bool {
    let label = |key: &str| node.metadata.labels.as_ref().and_then(|labels| labels.get(key));
    let taints = node.spec.iter().filter_map(|spec| spec.taints.as_ref()).flatten();
    EXCLUDING_LABELS.iter().all(|key| label(key).is_none())
        && label(COMPUTE_TYPE_LABEL).is_none_or(|kind| kind != "fargate")
        && !taints.into_iter().any(|taint| {
            taint.key == AUTOSCALER_TAINT || (taint.key == KARPENTER_TAINT && taint.effect == "NoSchedule")
        })
}

/// The instance a node runs on: the last part of `aws:///us-west-2a/i-0123456789abcdef0`.
fn instance_id(node: &Node) -> Result<InstanceId, String> {
    let provider = node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref()).unwrap_or_default();
    if provider.is_empty() {
        return Err("its spec.providerID is not set".to_owned());
    }
    match provider.rsplit('/').next() {
        Some(id) if id.starts_with("i-") => Ok(InstanceId::new(id)),
        _ => Err(format!("its spec.providerID {provider:?} does not name an EC2 instance")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::targets::fixture;

    type Mutation = fn(&mut Value);

    fn matching(nodes: &[Value], selector: Option<Value>) -> Vec<String> {
        let nodes = fixture::nodes(nodes);
        let selector = selector.map(|selector| serde_json::from_value::<LabelSelector>(selector).unwrap());
        Pool::of(&nodes).matching(selector.as_ref()).iter().map(ToString::to_string).collect()
    }

    fn node(id: &str, change: Mutation) -> Value {
        let mut node = fixture::node(id);
        change(&mut node);
        node
    }

    #[test]
    fn some_nodes_are_never_targets() {
        let cases: &[(Mutation, bool)] = &[
            (|_| {}, true),
            (|n| n["metadata"]["labels"] = json!({ "node-role.kubernetes.io/master": "" }), false),
            (|n| n["metadata"]["labels"] = json!({ "node-role.kubernetes.io/control-plane": "" }), true),
            (
                |n| {
                    n["metadata"]["labels"] =
                        json!({ "node.kubernetes.io/exclude-from-external-load-balancers": "false" })
                },
                false,
            ),
            (
                |n| n["metadata"]["labels"] = json!({ "alpha.service-controller.kubernetes.io/exclude-balancer": "" }),
                false,
            ),
            (|n| n["metadata"]["labels"] = json!({ "eks.amazonaws.com/compute-type": "fargate" }), false),
            (|n| n["metadata"]["labels"] = json!({ "eks.amazonaws.com/compute-type": "ec2" }), true),
            (|n| n["spec"]["unschedulable"] = json!(true), true),
            (
                |n| n["spec"]["taints"] = json!([{ "key": "ToBeDeletedByClusterAutoscaler", "effect": "NoExecute" }]),
                false,
            ),
            (|n| n["spec"]["taints"] = json!([{ "key": "karpenter.sh/disrupted", "effect": "NoSchedule" }]), false),
            (|n| n["spec"]["taints"] = json!([{ "key": "karpenter.sh/disrupted", "effect": "NoExecute" }]), true),
            (|n| n["status"]["conditions"][0]["status"] = json!("False"), false),
            (|n| n["status"] = json!({}), false),
        ];
        for (index, (change, is_target)) in cases.iter().enumerate() {
            let found = matching(&[node("i-1", *change)], None);
            assert_eq!(!found.is_empty(), *is_target, "case {index}");
        }
    }

    #[test]
    fn a_node_that_went_silent_is_a_target_only_when_none_is_ready() {
        let silent: Mutation = |n| n["status"]["conditions"][0]["status"] = json!("Unknown");
        assert_eq!(matching(&[node("i-1", |_| {}), node("i-2", silent)], None), ["i-1"]);
        assert_eq!(matching(&[node("i-2", silent)], None), ["i-2"]);
        // The ready node is not selected: among the selected ones none is ready.
        let selected = json!({ "matchLabels": { "kubernetes.io/hostname": "i-2" } });
        assert_eq!(matching(&[node("i-1", |_| {}), node("i-2", silent)], Some(selected)), ["i-2"]);
    }

    #[test]
    fn one_odd_node_costs_only_itself() {
        let nodes = fixture::nodes(&[
            node("i-1", |_| {}),
            node("i-2", |n| n["spec"]["providerID"] = json!("eks-hybrid:///us-west-2/demo/mi-2")),
            node("i-3", |n| n["spec"] = json!({})),
            node("i-4", |n| n["spec"]["providerID"] = json!("aws:///us-west-2a/xyz")),
        ]);
        let pool = Pool::of(&nodes);
        assert_eq!(pool.matching(None).len(), 1);
        let odd = pool.odd(None).collect::<Vec<_>>();
        assert_eq!(odd.len(), 3);
        assert_eq!(odd[1], "Node node-i-3 cannot be a target: its spec.providerID is not set");
        let elsewhere = serde_json::from_value(json!({ "matchLabels": { "pool": "gpu" } })).unwrap();
        assert_eq!(pool.odd(Some(&elsewhere)).count(), 0, "an odd node that is not asked for is nobody's business");
    }

    #[test]
    fn selectors_mean_what_they_mean_in_kubernetes() {
        let nodes = [
            node("i-1", |n| n["metadata"]["labels"] = json!({ "zone": "a" })),
            node("i-2", |n| n["metadata"]["labels"] = json!({ "zone": "b", "gpu": "" })),
            node("i-3", |n| n["metadata"]["labels"] = json!({})),
        ];
        let expression = |operator: &str, values: Value| {
            let requirement = json!({ "key": "zone", "operator": operator, "values": values });
            json!({ "matchExpressions": [requirement] })
        };
        for (selector, expected) in [
            (json!({}), vec!["i-1", "i-2", "i-3"]),
            (json!({ "matchLabels": { "zone": "a" } }), vec!["i-1"]),
            (expression("In", json!(["a", "b"])), vec!["i-1", "i-2"]),
            (expression("NotIn", json!(["a"])), vec!["i-2", "i-3"]),
            (expression("Exists", Value::Null), vec!["i-1", "i-2"]),
            (expression("DoesNotExist", Value::Null), vec!["i-3"]),
            (
                json!({ "matchLabels": { "gpu": "" }, "matchExpressions": [{ "key": "zone", "operator": "Exists" }] }),
                vec!["i-2"],
            ),
        ] {
            assert_eq!(matching(&nodes, Some(selector.clone())), expected, "{selector}");
        }
    }

    #[test]
    fn nodes_that_are_excluded_but_alive_may_still_serve() {
        let nodes = fixture::nodes(&[
            node("i-1", |n| {
                n["metadata"]["labels"] = json!({ "node.kubernetes.io/exclude-from-external-load-balancers": "" })
            }),
            node("i-2", |n| n["status"]["conditions"][0]["status"] = json!("False")),
            node("i-3", |n| n["metadata"]["deletionTimestamp"] = json!("2026-01-31T11:00:00Z")),
        ]);
        let alive = Pool::of(&nodes).alive();
        assert_eq!(alive.iter().map(ToString::to_string).collect::<Vec<_>>(), ["i-1"]);
    }
}
