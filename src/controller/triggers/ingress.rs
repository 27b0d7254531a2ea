//! Changes of Ingresses, and of what decides about them, to the keys of their groups.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use northgate_planner::crd::IngressClassParams;
use northgate_planner::id::{Key, ObjectName, StackId};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress::{group, names_service};

use super::{Look, View, differs, is_metadata_edited};
use crate::cluster::{Change, classes, ingress_concerns_us};

/// The class of an Ingress that does not name it in its spec.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// An Ingress says something else: its groups before and after. One that leaves a group and has its new address by then is
/// what the old group waits for.
pub(super) fn edited(change: &Change<Ingress>, view: &View<'_>) -> BTreeSet<Look> {
    let namespace = ObjectName::of(&change.latest().metadata).namespace;
    let classes = classes(view.caches, view.settings, &namespace);
    if is_edited(change) {
        return [&change.before, &change.after].into_iter().flatten().flat_map(|one| looks(one, &classes)).collect();
    }
    match &change.after {
        Some(after) if differs(change, |ingress| &ingress.status) => {
            group::left_by(after, &classes).into_iter().map(edited_group).collect()
        }
        Some(_) | None => BTreeSet::new(),
    }
}

/// A Service says something else: the Ingresses that name it.
pub(super) fn service_behind(change: &Change<Service>, view: &View<'_>) -> BTreeSet<Look> {
    let says = |service: &Service| {
        let metadata = &service.metadata;
        let spec = service.spec.clone();
        (metadata.uid.clone(), metadata.annotations.clone(), metadata.deletion_timestamp.is_some(), spec)
    };
    if !differs(change, says) {
        return BTreeSet::new();
    }
    let service = ObjectName::of(&change.latest().metadata);
    of_namespace(view, &service.namespace, |ingress| names_service(ingress, &service.name))
}

/// A class says something else: the Ingresses that name it, and those that name none, which are the default's.
pub(super) fn class(change: &Change<IngressClass>, view: &View<'_>) -> BTreeSet<Look> {
    let says = |class: &IngressClass| (class.metadata.annotations.clone(), class.spec.clone());
    if !differs(change, says) {
        return BTreeSet::new();
    }
    let name = ObjectName::of(&change.latest().metadata).name;
    of_classes(view, &BTreeSet::from([name]))
}

/// Parameters say something else: the Ingresses of their classes.
pub(super) fn class_params(change: &Change<IngressClassParams>, view: &View<'_>) -> BTreeSet<Look> {
    if !differs(change, |params| &params.spec) {
        return BTreeSet::new();
    }
    let params = ObjectName::of(&change.latest().metadata).name;
    let names = |class: &IngressClass| {
        let reference = class.spec.as_ref().and_then(|spec| spec.parameters.as_ref());
        reference.is_some_and(|reference| reference.name == params)
    };
    let classes = view.caches.ingress_classes.filter(|_, class| names(class));
    of_classes(view, &classes.into_keys().map(|name| name.name).collect())
}

/// The labels of a Namespace say something else: its Ingresses, whose class may be for some only.
pub(super) fn namespace(change: &Change<Namespace>, view: &View<'_>) -> BTreeSet<Look> {
    if !differs(change, |namespace| &namespace.metadata.labels) {
        return BTreeSet::new();
    }
    of_namespace(view, &ObjectName::of(&change.latest().metadata).name, |_| true)
}

fn of_namespace(view: &View<'_>, namespace: &str, concerns: impl Fn(&Ingress) -> bool) -> BTreeSet<Look> {
    let ingresses = view.caches.ingresses.in_namespace(namespace, concerns);
    if ingresses.is_empty() {
        return BTreeSet::new();
    }
    let classes = classes(view.caches, view.settings, namespace);
    ingresses.values().flat_map(|ingress| looks(ingress, &classes)).collect()
}

fn of_classes(view: &View<'_>, names: &BTreeSet<String>) -> BTreeSet<Look> {
    let is_of = |ingress: &Ingress| match ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_ref()) {
        Some(name) => names.contains(name),
        None => !ingress.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(CLASS_ANNOTATION)),
    };
    let ingresses = view.caches.ingresses.filter(|_, ingress| is_of(ingress));
    let namespaces = ingresses.keys().map(|name| name.namespace.as_str()).collect::<BTreeSet<_>>();
    namespaces.into_iter().flat_map(|namespace| of_namespace(view, namespace, is_of)).collect()
}

/// The groups that an Ingress concerns. One that is another's concerns nobody here.
fn looks(ingress: &Ingress, classes: &Snapshot) -> Vec<Look> {
    if !ingress_concerns_us(ingress, classes) {
        return Vec::new();
    }
    group::groups_of(ingress, classes).into_iter().map(edited_group).collect()
}

fn edited_group(id: StackId) -> Look {
    Look::Edited(Key::Stack(id))
}

/// Whether an Ingress says something else than before. Its status and labels decide nothing for its own group.
fn is_edited(change: &Change<Ingress>) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return true };
    let name = ObjectName::of(&after.metadata);
    before.spec != after.spec
        || before.metadata.annotations != after.metadata.annotations
        || is_metadata_edited(&before.metadata, &after.metadata, |finalizer| {
            StackId::from_ingress_finalizer(finalizer, &name).is_some()
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use northgate_planner::id::{ClusterName, Region, VpcId};
    use northgate_planner::snapshot::Settings;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::{Caches, testing};

    fn ingress(name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        let mut ingress = json!({
            "metadata": { "namespace": "shop", "name": name, "uid": format!("u-{name}"), "annotations": {} },
            "spec": { "ingressClassName": "alb", "defaultBackend": { "service": { "name": name, "port": { "number": 80 } } } }
        });
        edit(&mut ingress);
        ingress
    }

    fn grouped(name: &str, group: &str) -> Value {
        ingress(name, |ingress| {
            ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/group.name"] = json!(group)
        })
    }

    fn class(name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        let mut class = json!({ "metadata": { "name": name }, "spec": { "controller": "ingress.k8s.aws/alb" } });
        edit(&mut class);
        class
    }

    /// `alone` and `other` are of class alb, `door` and `gate` share a group, `nginx` is another's, `plain` names no class.
    fn caches() -> Caches {
        let caches = Caches::default();
        testing::fill(
            &caches.ingresses,
            &[
                ingress("alone", |_| {}),
                ingress("other", |_| {}),
                grouped("door", "front"),
                grouped("gate", "front"),
                ingress("theirs", |ingress| ingress["spec"]["ingressClassName"] = json!("nginx")),
                ingress("plain", |ingress| ingress["spec"]["ingressClassName"] = Value::Null),
            ],
        );
        let params = |class: &mut Value| {
            class["spec"]["parameters"] =
                json!({ "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "shared" });
        };
        let nginx = class("nginx", |class| class["spec"]["controller"] = json!("k8s.io/ingress-nginx"));
        testing::fill(&caches.ingress_classes, &[class("alb", params), nginx]);
        testing::fill(
            &caches.ingress_class_params,
            &[json!({ "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
                "metadata": { "name": "shared" }, "spec": {} })],
        );
        caches
    }

    fn object<K: DeserializeOwned>(object: &Value) -> Arc<K> {
        Arc::new(serde_json::from_value(object.clone()).unwrap())
    }

    fn told<K: DeserializeOwned>(
        see: fn(&Change<K>, &View<'_>) -> BTreeSet<Look>,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Vec<String> {
        let settings = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"));
        let (caches, settings) = (caches(), Arc::new(settings));
        let change = Change { before: before.map(object), after: after.map(object) };
        let looks = see(&change, &View { caches: &caches, settings: &settings });
        let texts = looks.into_iter().map(|look| match look {
            Look::Edited(key) => key.to_string(),
            Look::Touched(_) | Look::Rules | Look::KeptRules => panic!("an edit is looked at now"),
        });
        texts.collect()
    }

    #[test]
    fn an_ingress_is_looked_at_when_it_says_something_else() {
        let with = |edit: fn(&mut Value)| ingress("alone", edit);
        let held = with(|o| o["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources"]));
        let own: &[&str] = &["ingress/shop/alone"];
        let plain = ingress("alone", |_| {});
        let cases: [(&str, Value, Value, &[&str]); 8] = [
            ("a rule", plain.clone(), with(|o| o["spec"]["rules"] = json!([{ "host": "a" }])), own),
            ("an annotation", plain.clone(), with(|o| o["metadata"]["annotations"]["a"] = json!("b")), own),
            ("a label", plain.clone(), with(|o| o["metadata"]["labels"] = json!({ "a": "b" })), &[]),
            ("its status", plain.clone(), with(|o| o["status"] = json!({ "loadBalancer": {} })), &[]),
            ("our finalizer appears", plain.clone(), held.clone(), &[]),
            ("our finalizer is taken away", held.clone(), plain.clone(), own),
            (
                "it begins to go",
                held,
                with(|o| {
                    o["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources"]);
                    o["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:00Z");
                }),
                own,
            ),
            ("it joins a group", plain.clone(), grouped("alone", "front"), &["ingress/shop/alone", "group/front"]),
        ];
        for (what, before, after, expected) in cases {
            assert_eq!(told(edited, Some(&before), Some(&after)), expected, "{what}");
        }
        assert_eq!(told(edited, None, Some(&plain)), own);
        assert_eq!(told(edited, Some(&plain), None), own, "what is remembered of it is dropped");
        assert_eq!(told(edited, Some(&grouped("door", "front")), None), ["group/front"]);
        let theirs = ingress("theirs", |o| o["spec"]["ingressClassName"] = json!("nginx"));
        assert_eq!(told(edited, None, Some(&theirs)), [""; 0]);
        assert_eq!(told(edited, Some(&plain), Some(&theirs)), own, "it was ours");
        let unknown = ingress("unknown", |o| o["spec"]["ingressClassName"] = json!("nobody"));
        assert_eq!(told(edited, None, Some(&unknown)), ["ingress/shop/unknown"], "nobody knows whose it is");
    }

    #[test]
    fn the_group_that_an_ingress_leaves_is_looked_at_when_it_has_its_new_address() {
        let moving = |host: &str| {
            let mut ingress = grouped("door", "front");
            ingress["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources", "group.ingress.k8s.aws/front"]);
            ingress["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": host }] } });
            ingress
        };
        assert_eq!(told(edited, Some(&moving("old")), Some(&moving("new"))), ["ingress/shop/door"]);
    }

    #[test]
    fn what_decides_about_ingresses_leads_to_their_groups() {
        let service = |name: &str, port: u16| json!({ "metadata": { "namespace": "shop", "name": name }, "spec": { "ports": [{ "port": port }] } });
        assert_eq!(told(service_behind, None, Some(&service("door", 80))), ["group/front"]);
        assert_eq!(
            told(service_behind, Some(&service("alone", 80)), Some(&service("alone", 81))),
            ["ingress/shop/alone"]
        );
        assert_eq!(told(service_behind, Some(&service("alone", 80)), Some(&service("alone", 80))), [""; 0]);
        assert_eq!(told(service_behind, None, Some(&service("theirs", 80))), [""; 0]);

        let all = ["ingress/shop/alone", "ingress/shop/other", "group/front"];
        assert_eq!(told(super::class, Some(&class("alb", |_| {})), None), all);
        assert_eq!(told(super::class, Some(&class("x", |_| {})), Some(&class("x", |_| {}))), [""; 0]);
        let params = |scheme: &str| {
            json!({ "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
                "metadata": { "name": "shared" }, "spec": { "scheme": scheme } })
        };
        assert_eq!(told(class_params, Some(&params("internal")), Some(&params("internet-facing"))), all);
        let namespace = |team: &str| json!({ "metadata": { "name": "shop", "labels": { "team": team } } });
        assert_eq!(told(super::namespace, Some(&namespace("a")), Some(&namespace("b"))), all);
        assert_eq!(told(super::namespace, Some(&namespace("a")), Some(&namespace("a"))), [""; 0]);
    }
}
