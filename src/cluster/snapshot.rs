//! The objects that one decision needs, taken from the caches at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Node, Service};
use k8s_openapi::api::networking::v1::Ingress;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{Key, ObjectName, StackId};
use northgate_planner::model::Pairs;
use northgate_planner::snapshot::{CloudController, Settings, Snapshot};
use northgate_planner::spec::class;
use northgate_planner::spec::ingress::{class as ingress_class, group};

use super::watch::Caches;

/// The label by which an EndpointSlice names its Service.
pub(crate) const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";
/// The annotation by which a Service of any type can be handed to LBC.
const TYPE_ANNOTATION: &str = "service.beta.kubernetes.io/aws-load-balancer-type";

/// Whether a Service may be anything to us: ours, given up, or skipped with a reason worth telling.
pub(crate) fn concerns_us(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    let annotated = || service.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(TYPE_ANNOTATION));
    is_load_balancer(service)
        || spec.is_some_and(|spec| spec.load_balancer_class.is_some())
        || class::has_finalizer(service)
        || annotated()
}

/// Whether a Service is of type LoadBalancer.
pub(crate) fn is_load_balancer(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer")
}

/// The stack that a generated TargetGroupBinding belongs to; `None`: it was made by hand.
pub(crate) fn stack_of(binding: &TargetGroupBinding) -> Option<StackId> {
    StackId::from_labels(binding.metadata.labels.as_ref()?)
}

/// Takes what the decision about `key` needs, and no more: what is taken is cloned handle by handle.
pub(super) fn take(
    caches: &Caches,
    key: &Key,
    settings: &Arc<Settings>,
    cloud_controller: CloudController,
    now: Timestamp,
) -> Snapshot {
    let mut snapshot = Snapshot { cloud_controller, ..Snapshot::empty(settings, now) };
    match key {
        Key::Stack(id) => {
            // The others decide whether what the cluster shares goes with this one.
            take_ours(caches, &mut snapshot);
            if let StackId::Service(name) = id {
                snapshot.services.extend(caches.services.get(name).map(|service| (name.clone(), service)));
            }
            snapshot.bindings = caches.bindings.filter(|_, binding| stack_of(binding).as_ref() == Some(id));
        }
        Key::Binding(name) => take_binding(caches, name, &mut snapshot),
        Key::Rules(_) => {
            take_ours(caches, &mut snapshot);
            snapshot.services = caches.services.all();
            snapshot.bindings = caches.bindings.all();
            snapshot.endpoint_slices = Some(caches.endpoint_slices.all());
            snapshot.nodes = Some(nodes(caches));
            snapshot.pods = Some(caches.pods.all());
        }
        Key::Cluster => {
            take_ours(caches, &mut snapshot);
            // Those of Gateways tell that others use what is shared.
            snapshot.bindings = caches.bindings.all();
        }
    }
    snapshot
}

/// Takes the Ingresses with what decides whose they are, and the Services that are anything to us or may be behind one.
fn take_ours(caches: &Caches, snapshot: &mut Snapshot) {
    snapshot.ingresses = caches.ingresses.all();
    take_classes(caches, snapshot);
    let with_ingresses = snapshot.ingresses.keys().map(|name| name.namespace.clone()).collect::<BTreeSet<_>>();
    snapshot.namespaces = labels(caches, |name| with_ingresses.contains(name));
    snapshot.services =
        caches.services.filter(|name, service| concerns_us(service) || with_ingresses.contains(&name.namespace));
}

fn take_classes(caches: &Caches, snapshot: &mut Snapshot) {
    snapshot.ingress_classes = by_name(caches.ingress_classes.all());
    snapshot.ingress_class_params = by_name(caches.ingress_class_params.all());
}

/// What decides whose the Ingresses of a namespace are, and nothing else.
pub(crate) fn classes(caches: &Caches, settings: &Arc<Settings>, namespace: &str) -> Snapshot {
    // Whose an Ingress is does not depend on the time.
    let mut snapshot = Snapshot::empty(settings, Timestamp::UNIX_EPOCH);
    take_classes(caches, &mut snapshot);
    snapshot.namespaces = labels(caches, |name| name == namespace);
    snapshot
}

/// Whether an Ingress may be anything to us: ours, given up, or of a class that nobody knows.
pub(crate) fn ingress_concerns_us(ingress: &Ingress, classes: &Snapshot) -> bool {
    group::holds_any(ingress)
        || !matches!(ingress_class::ownership(ingress, classes), ingress_class::Ownership::NotOurs { .. })
}

fn labels(caches: &Caches, is_wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Pairs> {
    let namespaces = caches.namespaces.filter(|name, _| is_wanted(&name.name));
    let labels = |namespace: &Namespace| namespace.metadata.labels.clone().unwrap_or_default();
    by_name(namespaces).into_iter().map(|(name, namespace)| (name, labels(&namespace))).collect()
}

/// Objects that are in no namespace.
pub(super) fn by_name<K>(objects: BTreeMap<ObjectName, Arc<K>>) -> BTreeMap<String, Arc<K>> {
    objects.into_iter().map(|(name, object)| (name.name, object)).collect()
}

fn take_binding(caches: &Caches, name: &ObjectName, snapshot: &mut Snapshot) {
    let Some(binding) = caches.bindings.get(name) else { return };
    let service = &binding.spec.service_ref.name;
    let service_name = ObjectName::new(&name.namespace, service);
    snapshot.services.extend(caches.services.get(&service_name).map(|found| (service_name, found)));
    snapshot.endpoint_slices = Some(caches.endpoint_slices.in_namespace(&name.namespace, |slice| {
        slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME_LABEL)) == Some(service)
    }));
    snapshot.nodes = Some(nodes(caches));
    snapshot.pods = Some(caches.pods.in_namespace(&name.namespace, |_| true));
    // Only one binding may fill a target group: its rivals are part of the decision.
    snapshot.bindings = caches.bindings.filter(|other, found| other == name || shares_group(&binding, found));
}

/// Whether two bindings name the same target group.
pub(crate) fn shares_group(one: &TargetGroupBinding, other: &TargetGroupBinding) -> bool {
    let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    same(&one.spec.target_group_arn, &other.spec.target_group_arn)
        || same(&one.spec.target_group_name, &other.spec.target_group_name)
}

fn nodes(caches: &Caches) -> BTreeMap<String, Arc<Node>> {
    by_name(caches.nodes.all())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::api::discovery::v1::EndpointSlice;
    use northgate_planner::id::{ClusterName, Region, SecurityGroupId, VpcId};
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::testing::fill;

    fn service(name: &str, kind: &str) -> Value {
        json!({ "metadata": { "namespace": "shop", "name": name }, "spec": { "type": kind } })
    }

    fn binding(name: &str, service: &str, arn: &str, stack: Option<&str>) -> Value {
        let labels = stack.map(|stack| json!(StackId::Service(ObjectName::new("shop", stack)).labels()));
        json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": { "namespace": "shop", "name": name, "labels": labels.unwrap_or_default() },
            "spec": { "targetGroupARN": arn, "serviceRef": { "name": service, "port": 80 } }
        })
    }

    fn slice(name: &str, service: &str) -> Value {
        json!({
            "metadata": { "namespace": "shop", "name": name, "labels": { SERVICE_NAME_LABEL: service } },
            "addressType": "IPv4", "endpoints": []
        })
    }

    fn caches() -> Caches {
        let caches = Caches::default();
        fill(
            &caches.services,
            &[
                service("web", "LoadBalancer"),
                service("api", "LoadBalancer"),
                service("inner", "ClusterIP"),
                json!({ "metadata": { "namespace": "other", "name": "behind" }, "spec": { "type": "ClusterIP" } }),
                json!({ "metadata": { "namespace": "shop", "name": "left", "finalizers": [class::SERVICE_FINALIZER] },
                    "spec": { "type": "NodePort" } }),
            ],
        );
        fill(
            &caches.bindings,
            &[
                binding("k8s-web", "web", "arn:web", Some("web")),
                binding("k8s-api", "api", "arn:api", Some("api")),
                binding("rival", "inner", "arn:web", None),
            ],
        );
        fill::<EndpointSlice>(
            &caches.endpoint_slices,
            &[slice("web-1", "web"), slice("web-2", "web"), slice("api-1", "api")],
        );
        fill::<Ingress>(&caches.ingresses, &[json!({ "metadata": { "namespace": "other", "name": "door" } })]);
        fill::<Namespace>(
            &caches.namespaces,
            &[
                json!({ "metadata": { "name": "other", "labels": { "team": "a" } } }),
                json!({ "metadata": { "name": "shop" } }),
            ],
        );
        fill::<Node>(&caches.nodes, &[json!({ "metadata": { "name": "n-1" } })]);
        fill::<Pod>(
            &caches.pods,
            &[
                json!({ "metadata": { "namespace": "shop", "name": "p" } }),
                json!({ "metadata": { "namespace": "other", "name": "p" } }),
            ],
        );
        caches
    }

    fn snapshot(key: &Key) -> Snapshot {
        let settings = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"));
        take(&caches(), key, &Arc::new(settings), CloudController::Absent, Timestamp::UNIX_EPOCH)
    }

    fn names<T>(objects: &BTreeMap<ObjectName, T>) -> Vec<&str> {
        objects.keys().map(|name| name.name.as_str()).collect()
    }

    #[test]
    fn a_stack_sees_itself_its_bindings_and_who_else_is_ours() {
        let taken = snapshot(&Key::Stack(StackId::Service(ObjectName::new("shop", "web"))));
        assert_eq!(names(&taken.services), ["behind", "api", "left", "web"]);
        assert_eq!(names(&taken.bindings), ["k8s-web"]);
        assert_eq!(names(&taken.ingresses), ["door"]);
        assert_eq!(taken.namespaces, [("other".to_owned(), [("team".to_owned(), "a".to_owned())].into())].into());
        assert!(taken.pods.is_none() && taken.nodes.is_none() && taken.endpoint_slices.is_none());
    }

    #[test]
    fn a_stack_of_ingresses_sees_the_services_of_their_namespaces() {
        let taken = snapshot(&Key::Stack(StackId::Group("shop".to_owned())));
        assert!(taken.services.contains_key(&ObjectName::new("other", "behind")));
        assert!(!taken.services.contains_key(&ObjectName::new("shop", "inner")));
    }

    #[test]
    fn a_binding_sees_its_rivals_and_everything_its_targets_come_from() {
        let taken = snapshot(&Key::Binding(ObjectName::new("shop", "k8s-web")));
        assert_eq!(names(&taken.services), ["web"]);
        assert_eq!(names(&taken.bindings), ["k8s-web", "rival"]);
        assert_eq!(names(taken.endpoint_slices.as_ref().unwrap()), ["web-1", "web-2"]);
        assert_eq!(names(taken.pods.as_ref().unwrap()), ["p"]);
        assert_eq!(taken.nodes.unwrap().len(), 1);
    }

    #[test]
    fn a_binding_that_is_gone_sees_nothing() {
        let taken = snapshot(&Key::Binding(ObjectName::new("shop", "gone")));
        assert!(taken.bindings.is_empty() && taken.services.is_empty());
    }

    #[test]
    fn rules_see_everything_and_the_cluster_sees_what_may_be_ours() {
        let rules = snapshot(&Key::Rules(SecurityGroupId::new("sg-1")));
        assert_eq!((rules.services.len(), rules.bindings.len(), rules.pods.unwrap().len()), (5, 3, 2));
        assert_eq!(names(&snapshot(&Key::Cluster).services), ["behind", "api", "left", "web"]);
        assert_eq!((rules.ingresses.len(), snapshot(&Key::Cluster).ingresses.len()), (1, 1));
    }
}
