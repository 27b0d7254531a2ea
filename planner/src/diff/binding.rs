//! The TargetGroupBinding objects of a stack: the record that other tools read, and the input of our own target sync.

use serde_json::{Map, Value, json};

use super::Comparison;
use crate::actual::ActualBinding;
use crate::id::{IpProtocol, Key, ObjectName, Ref, ResourceKey, ResourceKind};
use crate::model::{Binding, NetworkingPort, NetworkingRule, Peer};
use crate::plan::{
    Change, CreateTargetGroupBinding, DeleteTargetGroupBinding, FieldChange, Impact, KubeChange,
    PatchTargetGroupBinding, Resource, Wait, WaitFor, Write,
};

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    let mut kept: Vec<&ObjectName> = Vec::new();
    for (id, binding) in &wanted.bindings {
        if comparison.is_held(id) {
            kept.extend(comparison.bindings.iter().filter(|found| serves(found, binding)).map(ActualBinding::name));
            continue;
        }
        let binding = comparison.with_known(binding);
        match matching(comparison.bindings, &binding) {
            Some(found) => {
                kept.push(found.name());
                update(comparison, id, &binding, found);
            }
            None => create(comparison, id, &binding, &mut kept),
        }
    }
    for found in comparison.bindings.iter().filter(|found| !kept.contains(&found.name())) {
        let id = resource_id(comparison, found);
        if comparison.is_set_aside(&id) {
            continue;
        }
        let still_serves =
            found.binding.target_group.known().is_some_and(|group| comparison.still_serving.contains(group));
        let stages = &mut comparison.stages;
        let (deletes, wait) = match still_serves {
            false => (&mut stages.delete_bindings, &mut stages.bindings_gone),
            true => (&mut stages.held_back.delete_bindings, &mut stages.held_back.bindings_gone),
        };
        if !found.deleting {
            deletes.push(delete(&id, found, "its target group is not wanted any more"));
        }
        *wait = Some(gone(&id));
    }
}

/// The id of its target group; of one that is gone the id that a Service's group has.
fn resource_id(comparison: &Comparison<'_>, found: &ActualBinding) -> String {
    let arn = found.binding.target_group.known();
    let group = comparison.found.target_groups.iter().find(|group| Some(&group.arn) == arn);
    let of_service = || format!("{}/{}:{}", found.name().namespace, found.binding.service, found.binding.port);
    group.map_or_else(of_service, |group| group.resource_id().to_owned())
}

/// Waits until the targets of a group let in what its binding says. Gives whether there is anything to wait for.
pub(super) fn await_rules(comparison: &mut Comparison<'_>, id: &str) -> bool {
    let Some(binding) = comparison.wanted_binding(id) else { return false };
    if binding.networking.as_ref().is_none_or(Vec::is_empty) {
        return false;
    }
    let wait = Wait {
        reason: WaitFor::RulesOpen,
        resource: Some(ResourceKey::new(ResourceKind::TargetGroupBinding, id)),
        entry: Some(Key::Binding(binding.name)),
        message: format!("the targets of {id} have to let in what its TargetGroupBinding says"),
    };
    if !comparison.stages.rules_open.contains(&wait) {
        comparison.stages.rules_open.push(wait);
    }
    true
}

/// Waits until a group has healthy targets, before requests are moved there.
pub(super) fn await_targets(comparison: &mut Comparison<'_>, id: &str) {
    let Some(binding) = comparison.wanted_binding(id) else { return };
    let service = ObjectName::new(binding.name.namespace.clone(), binding.service.clone());
    comparison.stages.held_back.targets_healthy.push(Wait {
        reason: WaitFor::TargetsHealthy,
        resource: Some(ResourceKey::new(ResourceKind::TargetGroup, id)),
        entry: Some(Key::Binding(binding.name)),
        message: format!(
            "a target of Service {service} must pass its health checks before requests that are answered now go there; until \
             then they are answered as before"
        ),
    });
}

/// Waits for the targets of every group of the stack.
pub(super) fn await_rules_of_all(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    for id in wanted.bindings.keys() {
        await_rules(comparison, id);
    }
}

/// Whether a binding belongs to the Service port of another.
fn serves(found: &ActualBinding, wanted: &Binding) -> bool {
    found.binding.service == wanted.service && found.binding.port == wanted.port
}

/// Matched by target group; one that is going is none.
pub(super) fn matching<'a>(found: &'a [ActualBinding], wanted: &Binding) -> Option<&'a ActualBinding> {
    found.iter().find(|found| !found.deleting && found.binding.target_group == wanted.target_group)
}

fn create<'a>(comparison: &mut Comparison<'a>, id: &str, binding: &Binding, kept: &mut Vec<&'a ObjectName>) {
    // Its ARN cannot be changed, so an object of this name has to go first.
    if let Some(displaced) = comparison.bindings.iter().find(|found| *found.name() == binding.name) {
        kept.push(displaced.name());
        if !displaced.deleting {
            comparison.stages.displaced_bindings.push(delete(
                id,
                displaced,
                "its target group is gone; the object cannot be changed",
            ));
        }
        comparison.stages.displaced_gone = Some(gone(id));
    }
    comparison.stages.bindings.push(Change {
        resource: Resource::new(ResourceKey::new(ResourceKind::TargetGroupBinding, id)),
        write: Write::Kube(KubeChange::Create(CreateTargetGroupBinding {
            name: binding.name.clone(),
            object: object(binding),
        })),
        fields: Vec::new(),
        impact: Impact::None,
        reason: "the target group has no TargetGroupBinding".to_owned(),
    });
}

fn gone(id: &str) -> Wait {
    Wait {
        reason: WaitFor::BindingGone,
        resource: Some(ResourceKey::new(ResourceKind::TargetGroupBinding, id)),
        entry: None,
        message: "the TargetGroupBinding must be gone first".to_owned(),
    }
}

fn delete(id: &str, found: &ActualBinding, reason: &str) -> Change {
    Change {
        resource: Resource::live(ResourceKey::new(ResourceKind::TargetGroupBinding, id), found.name()),
        write: Write::Kube(KubeChange::Delete(DeleteTargetGroupBinding { name: found.name().clone() })),
        fields: Vec::new(),
        impact: Impact::None,
        reason: reason.to_owned(),
    }
}

/// Patches the spec fields and labels that are ours; foreign labels and annotations stay.
fn update(comparison: &mut Comparison<'_>, id: &str, wanted: &Binding, found: &ActualBinding) {
    let mut fields = Vec::new();
    let mut spec = Map::new();
    let wanted_spec = spec_object(wanted);
    let empty = Map::new();
    let found_spec = found.spec.as_object().unwrap_or(&empty);
    for field in OURS {
        let (is, should) = (found_spec.get(*field).filter(|value| !value.is_null()), wanted_spec.get(*field));
        if !same(is, should) {
            fields.push(FieldChange {
                field: format!("spec.{field}"),
                from: is.map(Value::to_string),
                to: should.map(Value::to_string),
            });
            // Null takes a field of ours away.
            spec.insert((*field).to_owned(), should.cloned().unwrap_or(Value::Null));
        }
    }
    let mut labels = Map::new();
    for (label, value) in &wanted.labels {
        if found.binding.labels.get(label) != Some(value) {
            fields.push(FieldChange {
                field: format!("metadata.labels[{label}]"),
                from: found.binding.labels.get(label).cloned(),
                to: Some(value.clone()),
            });
            labels.insert(label.clone(), json!(value));
        }
    }
    if fields.is_empty() {
        return;
    }
    let mut metadata = Map::new();
    if let Some(version) = &found.resource_version {
        metadata.insert("resourceVersion".to_owned(), json!(version));
    }
    if !labels.is_empty() {
        metadata.insert("labels".to_owned(), Value::Object(labels));
    }
    let mut patch = json!({ "metadata": metadata });
    if !spec.is_empty() {
        patch["spec"] = Value::Object(spec);
    }
    comparison.stages.patched_bindings.push(Change {
        resource: Resource::live(ResourceKey::new(ResourceKind::TargetGroupBinding, id), found.name()),
        write: Write::Kube(KubeChange::Patch(PatchTargetGroupBinding { name: found.name().clone(), patch })),
        fields,
        impact: Impact::None,
        reason: "the TargetGroupBinding differs".to_owned(),
    });
}

/// The spec fields that we own in a generated object (`deploy-and-targets.md` §3.6).
const OURS: &[&str] = &[
    "targetGroupARN",
    "targetType",
    "targetGroupProtocol",
    "serviceRef",
    "networking",
    "nodeSelector",
    "ipAddressType",
    "vpcID",
    "multiClusterTargetGroup",
];

/// Absent and false mean the same for the API server's omitted fields; peers and ports have no order.
fn same(found: Option<&Value>, wanted: Option<&Value>) -> bool {
    let plain = |value: Option<&Value>| value.filter(|value| **value != Value::Bool(false)).map(without_order);
    plain(found) == plain(wanted)
}

fn without_order(value: &Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list = list.iter().map(without_order).collect::<Vec<_>>();
            list.sort_by_key(Value::to_string);
            Value::Array(list)
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), without_order(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The object as it is created.
pub(crate) fn object(binding: &Binding) -> Value {
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {
            "name": binding.name.name,
            "namespace": binding.name.namespace,
            "labels": binding.labels,
        },
        "spec": spec_object(binding),
    })
}

fn spec_object(binding: &Binding) -> Map<String, Value> {
    // In full: a field added to the model and forgotten here must not compile.
    let Binding {
        name: _,
        labels: _,
        target_group,
        target_type,
        protocol,
        service,
        port,
        ip_address_type,
        vpc,
        node_selector,
        networking,
        multi_cluster,
    } = binding;
    let mut spec = Map::new();
    let mut set = |field: &str, value: Value| spec.insert(field.to_owned(), value);
    set("targetGroupARN", json!(target_group));
    set("targetType", json!(target_type));
    set("serviceRef", json!({ "name": service, "port": port }));
    set("ipAddressType", json!(ip_address_type));
    if let Some(protocol) = protocol {
        set("targetGroupProtocol", json!(protocol));
    }
    if let Some(vpc) = vpc {
        set("vpcID", json!(vpc));
    }
    if let Some(selector) = node_selector {
        set("nodeSelector", json!(selector));
    }
    if let Some(rules) = networking {
        set("networking", json!({ "ingress": rules.iter().map(networking_rule).collect::<Vec<_>>() }));
    }
    if *multi_cluster {
        set("multiClusterTargetGroup", json!(true));
    }
    spec
}

fn networking_rule(rule: &NetworkingRule) -> Value {
    let peer = |peer: &Peer| match peer {
        Peer::Cidr(cidr) => json!({ "ipBlock": { "cidr": cidr.to_string() } }),
        Peer::SecurityGroup(Ref::Known(group)) => json!({ "securityGroup": { "groupID": group } }),
        Peer::SecurityGroup(made) => json!({ "securityGroup": { "groupID": made } }),
        Peer::PrefixList(list) => json!({ "prefixList": list }),
    };
    let port = |port: &NetworkingPort| {
        let protocol = match port.protocol {
            IpProtocol::Tcp => "TCP",
            IpProtocol::Udp => "UDP",
        };
        match &port.port {
            Some(number) => json!({ "protocol": protocol, "port": number }),
            None => json!({ "protocol": protocol }),
        }
    };
    json!({
        "from": rule.from.iter().map(peer).collect::<Vec<_>>(),
        "ports": rule.ports.iter().map(port).collect::<Vec<_>>(),
    })
}
