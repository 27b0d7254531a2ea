//! Watch events to keys: an event only says what to look at again.

mod ingress;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{Key, ObjectName, ObjectRef, StackId};
use northgate_planner::planted::{Bug, planted};
use northgate_planner::snapshot::Settings;
use northgate_planner::spec::class::SERVICE_FINALIZER;
use northgate_planner::targets::BINDING_FINALIZER;

use super::world::{Account, World};
use crate::cluster::{
    Caches, Change, Changed, Cluster, SERVICE_NAME_LABEL, Written, concerns_us, shares_group, stack_of,
};

/// How long endpoints, pods and nodes are gathered: a rollout is many events and few calls.
const WINDOW: Duration = Duration::from_millis(200);
/// How long after a change of bindings the rules are looked at: they only close, and nothing waits for that.
pub(super) const CLOSING: Duration = Duration::from_secs(1);

/// Prefixes of the labels that decide whether a node can be a target at all.
const NODE_LABELS: [&str; 4] = [
    "node-role.kubernetes.io/",
    "node.kubernetes.io/",
    "alpha.service-controller.kubernetes.io/",
    "eks.amazonaws.com/",
];

/// What is to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// An object was edited: now, whatever back-off the key had grown to.
    Edited(Key),
    /// Something around it changed: with what else changes in the same moment.
    Touched(Key),
    /// The rules of every worker security group may be wider than needed.
    Rules,
    /// Those of security groups are that kept some because not everything was known.
    KeptRules,
}

/// Asks for every key that a change concerns. What the first lists tell is no change: it comes after what people do.
pub(super) fn tell<A: Account>(world: &World<A>, changed: &Changed) {
    let first_lists = !world.cluster.missing().is_empty();
    let looks = looks(changed, &View::of(&world.cluster), &world.own_writes);
    let asks_for_a_stack = looks.iter().any(|look| matches!(look, Look::Edited(Key::Stack(_))));
    if let Some(object) = made(changed).filter(|_| asks_for_a_stack && !first_lists) {
        world.standings.is_new(object);
    }
    for look in looks {
        match look {
            _ if first_lists && planted(Bug::FirstListsIgnored) => {}
            Look::Edited(key) | Look::Touched(key) if first_lists => world.queues.of(&key).add_behind(key),
            Look::Edited(key) => world.queues.of(&key).add(key),
            Look::Touched(key) => world.queues.of(&key).add_after(key, WINDOW),
            Look::Rules => world.close_rules(),
            Look::KeptRules => {
                let groups = world.lingering.kept().into_iter().map(Key::Rules);
                groups.for_each(|group| world.queues.rules.add_after(group, CLOSING));
            }
        }
    }
}

/// The Service or the Ingress that somebody has just made.
fn made(changed: &Changed) -> Option<ObjectRef> {
    match changed {
        Changed::Service(Change { before: None, after: Some(made) }) => {
            Some(ObjectRef::new("Service", &ObjectName::of(&made.metadata)))
        }
        Changed::Ingress(Change { before: None, after: Some(made) }) => {
            Some(ObjectRef::new("Ingress", &ObjectName::of(&made.metadata)))
        }
        _ => None,
    }
}

/// What a change is seen with.
#[derive(Clone, Copy)]
struct View<'w> {
    caches: &'w Caches,
    settings: &'w Arc<Settings>,
}

impl<'w> View<'w> {
    fn of(cluster: &'w Cluster) -> Self {
        Self { caches: cluster.caches(), settings: cluster.settings() }
    }
}

fn looks(changed: &Changed, view: &View<'_>, own: &OwnWrites) -> BTreeSet<Look> {
    let caches = view.caches;
    match changed {
        Changed::Service(change) => {
            let mut looks = service(change, caches);
            looks.extend(ingress::service_behind(change, view));
            looks
        }
        Changed::TargetGroupBinding(change) => {
            let mut looks = binding(change, own);
            looks.extend(rivals(change, caches));
            looks
        }
        Changed::EndpointSlice(change) => endpoint_slice(change, caches),
        Changed::Pod(change) => pod(change, caches),
        Changed::Node(change) => node(change, caches),
        Changed::Ingress(change) => ingress::edited(change, view),
        Changed::IngressClass(change) => ingress::class(change, view),
        Changed::IngressClassParams(change) => ingress::class_params(change, view),
        Changed::Namespace(change) => ingress::namespace(change, view),
    }
}

fn service(change: &Change<Service>, caches: &Caches) -> BTreeSet<Look> {
    let mut looks = BTreeSet::new();
    let name = ObjectName::of(&change.latest().metadata);
    let concerned = [&change.before, &change.after].into_iter().flatten().any(|service| concerns_us(service));
    // What is gone has no finalizer any more, so nothing is left of it.
    if concerned && change.after.is_some() && is_service_edited(change) {
        looks.insert(Look::Edited(Key::Stack(StackId::Service(name.clone()))));
    }
    let ports = |service: &Service| service.spec.as_ref().map(|spec| (spec.ports.clone(), spec.type_.clone()));
    if differs(change, ports) {
        looks.extend(touched(caches, &name.namespace, |binding| binding.spec.service_ref.name == name.name));
    }
    looks
}

fn binding(change: &Change<TargetGroupBinding>, own: &OwnWrites) -> BTreeSet<Look> {
    let mut looks = BTreeSet::new();
    let latest = change.latest();
    let name = ObjectName::of(&latest.metadata);
    if change.after.is_none() {
        own.forget(&name);
        // The stack makes it again, or waits for it to be gone.
        looks.extend(stack_of(latest).map(|stack| Look::Edited(Key::Stack(stack))));
        looks.insert(Look::Rules);
        return looks;
    }
    if is_binding_edited(change) {
        looks.insert(Look::Edited(Key::Binding(name.clone())));
    }
    if change.before.is_none() {
        // Rules may have stayed for it: what a Service port that has none yet would need, nobody can tell.
        looks.insert(Look::KeptRules);
    }
    if let (Some(before), Some(after)) = (&change.before, &change.after)
        && (before.spec != after.spec || before.metadata.labels != after.metadata.labels)
    {
        looks.insert(Look::Rules);
        if !own.is_ours(&name, &after.metadata) {
            looks.extend(
                [before, after]
                    .into_iter()
                    .filter_map(|binding| stack_of(binding))
                    .map(|stack| Look::Edited(Key::Stack(stack))),
            );
        }
    }
    looks
}

/// The bindings that wait for a target group which this one gives up: only one of them may fill it.
fn rivals(change: &Change<TargetGroupBinding>, caches: &Caches) -> BTreeSet<Look> {
    let Some(before) = &change.before else { return BTreeSet::new() };
    let keeps_it =
        |after: &Arc<TargetGroupBinding>| after.metadata.deletion_timestamp.is_none() && shares_group(before, after);
    if change.after.as_ref().is_some_and(keeps_it) {
        return BTreeSet::new();
    }
    let name = ObjectName::of(&before.metadata);
    let waiting = caches.bindings.filter(|other, binding| *other != name && shares_group(before, binding));
    waiting.into_keys().map(|name| Look::Touched(Key::Binding(name))).collect()
}

fn endpoint_slice(change: &Change<EndpointSlice>, caches: &Caches) -> BTreeSet<Look> {
    let content = |slice: &EndpointSlice| (service_of(slice).cloned(), slice.endpoints.clone(), slice.ports.clone());
    if !differs(change, content) || planted(Bug::EndpointsUnwatched) {
        return BTreeSet::new();
    }
    let namespace = ObjectName::of(&change.latest().metadata).namespace;
    let services: BTreeSet<&String> =
        [&change.before, &change.after].into_iter().flatten().filter_map(|slice| service_of(slice)).collect();
    touched(caches, &namespace, |binding| holds_addresses(binding) && services.contains(&binding.spec.service_ref.name))
}

/// A pod is a target because a slice names it; what else it says only counts then.
fn pod(change: &Change<Pod>, caches: &Caches) -> BTreeSet<Look> {
    let content = |pod: &Pod| {
        (pod.metadata.uid.clone(), pod.metadata.deletion_timestamp.clone(), pod.spec.clone(), pod.status.clone())
    };
    if !differs(change, content) {
        return BTreeSet::new();
    }
    let ObjectName { namespace, name } = ObjectName::of(&change.latest().metadata);
    let candidates = caches.bindings.in_namespace(&namespace, holds_addresses);
    if candidates.is_empty() {
        return BTreeSet::new();
    }
    let slices = caches.endpoint_slices.in_namespace(&namespace, |slice| {
        let mut targets = slice.endpoints.iter().flatten().filter_map(|endpoint| endpoint.target_ref.as_ref());
        targets.any(|target| target.kind.as_deref() == Some("Pod") && target.name.as_deref() == Some(&name))
    });
    let services: BTreeSet<&String> = slices.values().filter_map(|slice| service_of(slice)).collect();
    let named = candidates.into_iter().filter(|(_, binding)| services.contains(&binding.spec.service_ref.name));
    named.map(|(name, _)| Look::Touched(Key::Binding(name))).collect()
}

fn node(change: &Change<Node>, caches: &Caches) -> BTreeSet<Look> {
    let bindings = caches.bindings.filter(|_, binding| {
        holds_instances(binding) && !planted(Bug::NodesUnwatched) && {
            let selected = selector_keys(binding);
            differs(change, |node| suitability(node, &selected))
        }
    });
    bindings.into_keys().map(|name| Look::Touched(Key::Binding(name))).collect()
}

/// Whether a Service says something else than before. Its status and labels decide nothing.
fn is_service_edited(change: &Change<Service>) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return true };
    before.spec != after.spec
        || before.metadata.annotations != after.metadata.annotations
        || is_metadata_edited(&before.metadata, &after.metadata, |name| name == SERVICE_FINALIZER)
}

/// Whether a TargetGroupBinding says something else than before. Its status is ours, its annotations are others'.
fn is_binding_edited(change: &Change<TargetGroupBinding>) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return true };
    before.spec != after.spec
        || before.metadata.labels != after.metadata.labels
        || is_metadata_edited(&before.metadata, &after.metadata, |name| name == BINDING_FINALIZER)
}

/// Whether an object is another one, began to go, or has other finalizers. That ours appears is our own doing; that it
/// vanishes is so only at the end.
fn is_metadata_edited(before: &ObjectMeta, after: &ObjectMeta, is_ours: impl Fn(&str) -> bool) -> bool {
    let ours = |metadata: &ObjectMeta| {
        metadata.finalizers.iter().flatten().filter(|name| is_ours(name)).cloned().collect::<BTreeSet<_>>()
    };
    let others = |metadata: &ObjectMeta| {
        metadata.finalizers.iter().flatten().filter(|name| !is_ours(name)).cloned().collect::<Vec<_>>()
    };
    before.uid != after.uid
        || (before.deletion_timestamp.is_some() != after.deletion_timestamp.is_some()
            && !planted(Bug::DeletionUnwatched))
        || others(before) != others(after)
        || !ours(before).is_subset(&ours(after))
}

/// What of a node decides whether it is a target, for a binding that selects by these labels.
fn suitability<'n>(node: &'n Node, selected: &BTreeSet<&str>) -> impl PartialEq + use<'n> {
    let metadata = &node.metadata;
    let spec = node.spec.as_ref();
    let labels: Vec<(&String, &String)> = metadata
        .labels
        .iter()
        .flatten()
        .filter(|(key, _)| selected.contains(key.as_str()) || NODE_LABELS.iter().any(|prefix| key.starts_with(prefix)))
        .collect();
    let conditions = node.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    let ready = conditions.filter(|condition| condition.type_ == "Ready").map(|ready| &ready.status).next();
    (
        labels,
        ready,
        spec.and_then(|spec| spec.provider_id.as_ref()),
        spec.and_then(|spec| spec.taints.as_ref()),
        metadata.deletion_timestamp.is_some(),
    )
}

/// The labels that a binding selects nodes by.
fn selector_keys(binding: &TargetGroupBinding) -> BTreeSet<&str> {
    let selector = binding.spec.node_selector.iter();
    let exactly =
        selector.clone().flat_map(|selector| selector.match_labels.iter().flatten()).map(|(key, _)| key.as_str());
    let expressions =
        selector.flat_map(|selector| selector.match_expressions.iter().flatten()).map(|one| one.key.as_str());
    exactly.chain(expressions).collect()
}

/// A binding that leaves open what its targets are may hold either.
fn holds_instances(binding: &TargetGroupBinding) -> bool {
    binding.spec.target_type.as_deref() != Some("ip")
}

fn holds_addresses(binding: &TargetGroupBinding) -> bool {
    binding.spec.target_type.as_deref() != Some("instance")
}

fn service_of(slice: &EndpointSlice) -> Option<&String> {
    slice.metadata.labels.as_ref()?.get(SERVICE_NAME_LABEL)
}

/// Whether a part of an object is new, gone or another one.
fn differs<'c, K, P: PartialEq>(change: &'c Change<K>, part: impl Fn(&'c K) -> P) -> bool {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => part(before) != part(after),
        _ => true,
    }
}

fn touched(caches: &Caches, namespace: &str, concerns: impl Fn(&TargetGroupBinding) -> bool) -> BTreeSet<Look> {
    let bindings = caches.bindings.in_namespace(namespace, concerns);
    bindings.into_keys().map(|name| Look::Touched(Key::Binding(name))).collect()
}

/// The TargetGroupBindings as we last wrote them: the watch tells our own writes too, and they are no reason to look at
/// their stack again.
#[derive(Debug, Default)]
pub(crate) struct OwnWrites(Mutex<BTreeMap<ObjectName, Own>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Own {
    /// A write is under way; what the watch tells meanwhile is most likely that.
    Writing,
    /// The object as our last write left it.
    Wrote(Written),
}

/// A write that is under way. Dropped without an end, it has failed, and nothing is ours.
#[derive(Debug)]
pub(crate) struct OwnWrite<'w> {
    writes: &'w OwnWrites,
    name: ObjectName,
    ended: bool,
}

impl OwnWrites {
    /// Notes that a write begins.
    pub(crate) fn begin(&self, name: &ObjectName) -> OwnWrite<'_> {
        self.lock().insert(name.clone(), Own::Writing);
        OwnWrite { writes: self, name: name.clone(), ended: false }
    }

    fn is_ours(&self, name: &ObjectName, metadata: &ObjectMeta) -> bool {
        match self.lock().get(name) {
            None => false,
            Some(Own::Writing) => true,
            Some(Own::Wrote(written)) => {
                metadata.uid.as_deref() == Some(written.uid.as_str())
                    && metadata.generation.is_some_and(|generation| generation <= written.generation)
            }
        }
    }

    fn forget(&self, name: &ObjectName) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectName, Own>> {
        self.0.lock().expect("no thread panics while it holds the list")
    }
}

impl OwnWrite<'_> {
    /// Notes what the write left.
    pub(crate) fn end(mut self, written: Written) {
        self.ended = true;
        self.writes.lock().insert(self.name.clone(), Own::Wrote(written));
    }
}

impl Drop for OwnWrite<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.writes.forget(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use northgate_planner::id::{ClusterName, Region, Uid, VpcId};
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::testing;

    fn object<K: DeserializeOwned>(object: &Value) -> Arc<K> {
        Arc::new(serde_json::from_value(object.clone()).unwrap())
    }

    fn change<K: DeserializeOwned>(before: Option<&Value>, after: Option<&Value>) -> Change<K> {
        Change { before: before.map(object), after: after.map(object) }
    }

    fn told(changed: &Changed) -> Vec<String> {
        told_beside(changed, &OwnWrites::default())
    }

    fn told_beside(changed: &Changed, own: &OwnWrites) -> Vec<String> {
        told_with(changed, &caches(), own)
    }

    fn told_with(changed: &Changed, caches: &Caches, own: &OwnWrites) -> Vec<String> {
        let settings = Arc::new(Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2")));
        let looks = looks(changed, &View { caches, settings: &settings }, own);
        let texts = looks.into_iter().map(|look| match look {
            Look::Edited(key) => format!("now {key}"),
            Look::Touched(key) => format!("soon {key}"),
            Look::Rules => "rules".to_owned(),
            Look::KeptRules => "kept rules".to_owned(),
        });
        texts.collect()
    }

    /// Two Services of a shop: `web` with instance targets and a hand-made binding, `api` with addresses.
    fn caches() -> Caches {
        let caches = Caches::default();
        testing::fill(
            &caches.bindings,
            &[bound("web", "web", "instance", true), bound("hand", "web", "instance", false)],
        );
        testing::fill(&caches.bindings, &[bound("api", "api", "ip", true)]);
        testing::fill(&caches.endpoint_slices, &[slice("api", &["api-1"])]);
        caches
    }

    fn web() -> Value {
        json!({
            "metadata": { "namespace": "shop", "name": "web", "uid": "u-1", "resourceVersion": "1" },
            "spec": { "type": "LoadBalancer", "ports": [{ "port": 80, "nodePort": 31000 }] }
        })
    }

    fn bound(name: &str, service: &str, target_type: &str, generated: bool) -> Value {
        let mut binding = json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": { "namespace": "shop", "name": name, "uid": format!("u-{name}"), "generation": 1 },
            "spec": { "targetGroupARN": format!("arn:{name}"), "targetType": target_type, "serviceRef": { "name": service, "port": 80 } }
        });
        if generated {
            binding["metadata"]["labels"] =
                json!({ "service.k8s.aws/stack-namespace": "shop", "service.k8s.aws/stack-name": service });
        }
        binding
    }

    fn slice(service: &str, pods: &[&str]) -> Value {
        let endpoints: Vec<Value> = pods
            .iter()
            .map(|pod| json!({ "addresses": ["10.0.0.9"], "targetRef": { "kind": "Pod", "namespace": "shop", "name": pod } }))
            .collect();
        json!({
            "metadata": { "namespace": "shop", "name": format!("{service}-x"), "labels": { "kubernetes.io/service-name": service } },
            "addressType": "IPv4", "endpoints": endpoints, "ports": [{ "port": 8080 }]
        })
    }

    fn edited(object: &Value, edit: impl FnOnce(&mut Value)) -> Value {
        let mut edited = object.clone();
        edit(&mut edited);
        edited
    }

    #[test]
    fn a_service_is_looked_at_when_it_says_something_else() {
        const STACK: &str = "now service/shop/web";
        const HAND: &str = "soon binding/shop/hand";
        const BINDING: &str = "soon binding/shop/web";
        let with_finalizers = |names: Value| move |object: &mut Value| object["metadata"]["finalizers"] = names;
        let ours = json!(["x/theirs", SERVICE_FINALIZER]);
        let held = edited(&web(), with_finalizers(ours.clone()));
        let cases: Vec<(&str, Value, Value, &[&str])> = vec![
            (
                "a status",
                web(),
                edited(&web(), |o| o["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": "x" }] } })),
                &[],
            ),
            ("a label", web(), edited(&web(), |o| o["metadata"]["labels"] = json!({ "a": "b" })), &[]),
            ("a version", web(), edited(&web(), |o| o["metadata"]["resourceVersion"] = json!("2")), &[]),
            ("our finalizer appears", web(), edited(&web(), with_finalizers(json!([SERVICE_FINALIZER]))), &[]),
            ("another's appears", web(), edited(&web(), with_finalizers(json!(["x/theirs"]))), &[STACK]),
            ("ours is taken away", held.clone(), edited(&web(), with_finalizers(json!(["x/theirs"]))), &[STACK]),
            ("an annotation", web(), edited(&web(), |o| o["metadata"]["annotations"] = json!({ "a": "b" })), &[STACK]),
            (
                "it begins to go",
                held.clone(),
                edited(&held, |o| o["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:00Z")),
                &[STACK],
            ),
            ("it is another one", web(), edited(&web(), |o| o["metadata"]["uid"] = json!("u-2")), &[STACK]),
            (
                "its ports",
                web(),
                edited(&web(), |o| o["spec"]["ports"][0]["nodePort"] = json!(31001)),
                &[STACK, HAND, BINDING],
            ),
            (
                "it is given up",
                held.clone(),
                edited(&held, |o| o["spec"]["type"] = json!("NodePort")),
                &[STACK, HAND, BINDING],
            ),
            (
                "it was never ours",
                edited(&web(), |o| o["spec"]["type"] = json!("ClusterIP")),
                edited(&web(), |o| {
                    o["spec"]["type"] = json!("ClusterIP");
                    o["spec"]["clusterIP"] = json!("10.96.0.9");
                }),
                &[],
            ),
        ];
        for (what, before, after, expected) in cases {
            assert_eq!(told(&Changed::Service(change(Some(&before), Some(&after)))), expected, "{what}");
        }
        assert_eq!(told(&Changed::Service(change(None, Some(&web())))), [STACK, HAND, BINDING]);
        assert_eq!(told(&Changed::Service(change(Some(&web()), None))), [HAND, BINDING], "what is gone is gone");
    }

    #[test]
    fn a_binding_is_looked_at_when_it_says_something_else_and_its_stack_when_others_said_it() {
        let ours = bound("web", "web", "instance", true);
        let other_port = edited(&ours, |o| {
            o["spec"]["serviceRef"]["port"] = json!(81);
            o["metadata"]["generation"] = json!(2);
        });
        let going = edited(&ours, |o| o["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:00Z"));
        let unlabelled = edited(&ours, |o| o["metadata"]["labels"] = json!({}));
        let looked_at = edited(&ours, |o| o["status"] = json!({ "readyTargets": 1 }));
        let checked = edited(&ours, |o| o["metadata"]["annotations"] = json!({ "elbv2.k8s.aws/checkpoint": "x" }));
        let held = edited(&ours, |o| o["metadata"]["finalizers"] = json!([BINDING_FINALIZER]));
        type Case<'c> = (&'c str, Option<&'c Value>, Option<&'c Value>, &'c [&'c str]);
        let cases: [Case; 9] = [
            ("it is made", None, Some(&ours), &["now binding/shop/web", "kept rules"]),
            ("its spec", Some(&ours), Some(&other_port), &["now service/shop/web", "now binding/shop/web", "rules"]),
            ("its labels", Some(&ours), Some(&unlabelled), &["now service/shop/web", "now binding/shop/web", "rules"]),
            ("its status", Some(&ours), Some(&looked_at), &[]),
            ("an annotation", Some(&ours), Some(&checked), &[]),
            ("our finalizer appears", Some(&ours), Some(&held), &[]),
            ("our finalizer is taken away", Some(&held), Some(&ours), &["now binding/shop/web"]),
            ("it begins to go", Some(&ours), Some(&going), &["now binding/shop/web"]),
            ("it is gone", Some(&going), None, &["now service/shop/web", "rules"]),
        ];
        for (what, before, after, expected) in cases {
            assert_eq!(told(&Changed::TargetGroupBinding(change(before, after))), expected, "{what}");
        }
        let by_hand = bound("hand", "web", "instance", false);
        assert_eq!(told(&Changed::TargetGroupBinding(change(Some(&by_hand), None))), ["rules"]);
    }

    #[test]
    fn our_own_writes_are_no_reason_to_look_at_the_stack() {
        let own = OwnWrites::default();
        let name = ObjectName::new("shop", "web");
        let before = bound("web", "web", "instance", true);
        let after = |generation: i64| {
            edited(&before, |o| {
                o["spec"]["serviceRef"]["port"] = json!(81);
                o["metadata"]["generation"] = json!(generation);
            })
        };
        let told = |generation| {
            told_beside(&Changed::TargetGroupBinding(change(Some(&before), Some(&after(generation)))), &own)
        };
        const OURS: [&str; 2] = ["now binding/shop/web", "rules"];
        const THEIRS: [&str; 3] = ["now service/shop/web", "now binding/shop/web", "rules"];
        let write = own.begin(&name);
        assert_eq!(told(2), OURS, "the watch may be faster than the answer");
        write.end(Written { uid: Uid::new("u-web"), generation: 2 });
        assert_eq!(told(2), OURS);
        assert_eq!(told(3), THEIRS, "somebody wrote after us");
        drop(own.begin(&name));
        assert_eq!(told(2), THEIRS, "a write that failed is none");
    }

    #[test]
    fn endpoints_move_only_the_bindings_that_hold_addresses() {
        let api = slice("api", &["api-1"]);
        let more = slice("api", &["api-1", "api-2"]);
        let renewed = edited(&api, |o| o["metadata"]["resourceVersion"] = json!("9"));
        assert_eq!(told(&Changed::EndpointSlice(change(Some(&api), Some(&more)))), ["soon binding/shop/api"]);
        assert_eq!(told(&Changed::EndpointSlice(change(Some(&api), None))), ["soon binding/shop/api"]);
        assert_eq!(told(&Changed::EndpointSlice(change(Some(&api), Some(&renewed)))), [""; 0]);
        assert_eq!(told(&Changed::EndpointSlice(change(None, Some(&slice("web", &["web-1"]))))), [""; 0]);
    }

    #[test]
    fn a_pod_counts_when_a_slice_names_it() {
        let pod = |name: &str, ready: &str| {
            json!({
                "metadata": { "namespace": "shop", "name": name, "uid": "u-p" },
                "status": { "conditions": [{ "type": "ContainersReady", "status": ready }] }
            })
        };
        let flips = |name: &str| told(&Changed::Pod(change(Some(&pod(name, "False")), Some(&pod(name, "True")))));
        assert_eq!(flips("api-1"), ["soon binding/shop/api"]);
        assert_eq!(flips("api-2"), [""; 0], "no slice names it yet");
        assert_eq!(told(&Changed::Pod(change(None, Some(&pod("api-1", "True"))))), ["soon binding/shop/api"]);
        let labelled = edited(&pod("api-1", "True"), |o| o["metadata"]["labels"] = json!({ "a": "b" }));
        assert_eq!(told(&Changed::Pod(change(Some(&pod("api-1", "True")), Some(&labelled)))), [""; 0]);
    }

    #[test]
    fn a_node_counts_when_it_becomes_or_ceases_to_be_a_target() {
        const BOTH: &[&str] = &["soon binding/shop/hand", "soon binding/shop/web"];
        let node = json!({
            "metadata": { "name": "n-1", "labels": { "kernel": "6.1" } },
            "spec": { "providerID": "aws:///us-west-2a/i-1" },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }, { "type": "DiskPressure", "status": "False" }] }
        });
        type Case = (&'static str, fn(&mut Value), &'static [&'static str]);
        let cases: [Case; 7] = [
            ("not ready", |o| o["status"]["conditions"][0]["status"] = json!("False"), BOTH),
            (
                "excluded",
                |o| o["metadata"]["labels"]["node.kubernetes.io/exclude-from-external-load-balancers"] = json!(""),
                BOTH,
            ),
            (
                "tainted",
                |o| o["spec"]["taints"] = json!([{ "key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule" }]),
                BOTH,
            ),
            ("deleted", |o| o["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:00Z"), BOTH),
            ("disk pressure", |o| o["status"]["conditions"][1]["status"] = json!("True"), &[]),
            ("another label", |o| o["metadata"]["labels"]["kernel"] = json!("6.2"), &[]),
            ("a version", |o| o["metadata"]["resourceVersion"] = json!("9"), &[]),
        ];
        for (what, edit, expected) in cases {
            assert_eq!(told(&Changed::Node(change(Some(&node), Some(&edited(&node, edit))))), expected, "{what}");
        }
        assert_eq!(told(&Changed::Node(change(None, Some(&node)))), BOTH);
        assert_eq!(told(&Changed::Node(change(Some(&node), None))), BOTH);
    }

    #[test]
    fn a_label_counts_for_the_binding_that_selects_by_it() {
        let caches = Caches::default();
        let selecting = edited(&bound("web", "web", "instance", true), |o| {
            o["spec"]["nodeSelector"] =
                json!({ "matchExpressions": [{ "key": "pool", "operator": "In", "values": ["edge"] }] });
        });
        testing::fill(&caches.bindings, &[selecting, bound("hand", "web", "instance", false)]);
        let node = |pool: &str| json!({ "metadata": { "name": "n-1", "labels": { "pool": pool } } });
        let changed = Changed::Node(change(Some(&node("edge")), Some(&node("inner"))));
        assert_eq!(told_with(&changed, &caches, &OwnWrites::default()), ["soon binding/shop/web"]);
    }
}
