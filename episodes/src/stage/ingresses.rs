//! What people do to Ingresses, and the manifests that they write.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Map, Value, json};

use super::Stage;
use crate::declared;
use crate::workload::ingress::{self, Backend, Listen, Mistake, Route};

/// The class of all Ingresses.
const CLASS: &str = "alb";

impl Stage {
    pub(super) async fn apply_ingress(&mut self, name: &str, asked: &ingress::Ingress) {
        let api: Api<Ingress> = self.namespaced();
        let known = api.get_opt(name).await.ok().flatten();
        // One of the same name may still be on its way out: then there is none to make, as kubectl would say.
        if known.as_ref().is_some_and(|known| known.metadata.deletion_timestamp.is_some()) {
            return;
        }
        let before = self.declared.ingresses.get(name);
        let earlier = before.map(|before| before.earlier.clone()).unwrap_or_default();
        let last = before.and_then(|before| before.last.clone());
        // Where nothing is wrong, what somebody else deleted is made again.
        let is_sound = self.declared.is_sound(asked);
        let robbed = before.filter(|_| !is_sound).map(|before| before.robbed.clone()).unwrap_or_default();
        let ingress = declared::Ingress { asked: asked.clone(), earlier, last, robbed };
        self.declared.ingresses.insert(name.to_owned(), ingress);
        // The program may see it before the call is back.
        self.remember();
        let manifest: Ingress = serde_json::from_value(manifest(name, asked)).expect("an Ingress");
        let Some(mut known) = known else {
            api.create(&PostParams::default(), &manifest).await.expect("the Ingress is well formed");
            return;
        };
        // The program may write in between.
        loop {
            known.metadata.annotations.clone_from(&manifest.metadata.annotations);
            known.spec.clone_from(&manifest.spec);
            match api.replace(name, &PostParams::default(), &known).await {
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                other => {
                    other.expect("the Ingress is well formed");
                    return;
                }
            }
            known = api.get(name).await.expect("nobody else deletes it");
        }
    }

    pub(super) async fn delete_ingress(&mut self, name: &str) {
        self.declared.ingresses.remove(name);
        self.remember();
        let api: Api<Ingress> = self.namespaced();
        let _ = api.delete(name, &DeleteParams::default()).await;
    }

    pub(super) async fn set_class(&mut self, is_there: bool) {
        if is_there {
            self.put(json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": CLASS },
                "spec": { "controller": "ingress.k8s.aws/alb" },
            }));
            self.declared.class = true;
        } else {
            self.declared.class = false;
            self.remember();
            let api: Api<IngressClass> = Api::all(self.client());
            let _ = api.delete(CLASS, &DeleteParams::default()).await;
        }
    }
}

/// The manifest of an Ingress.
fn manifest(name: &str, asked: &ingress::Ingress) -> Value {
    let mut annotations = Map::new();
    let mut annotate = |suffix: &str, value: String| {
        annotations.insert(format!("alb.ingress.kubernetes.io/{suffix}"), json!(value));
    };
    annotate("target-type", if asked.ip { "ip" } else { "instance" }.to_owned());
    if let Some(group) = asked.group {
        annotate("group.name", group.to_owned());
        annotate("group.order", asked.order.to_string());
    }
    if let Some(value) = asked.tag {
        annotate("tags", format!("{name}=t{value}"));
    }
    let mut hosts = BTreeSet::new();
    match (asked.listen, asked.mistake) {
        (_, Some(Mistake::Certificate)) => {
            annotate("listen-ports", r#"[{"HTTP":80},{"HTTPS":443}]"#.to_owned());
            hosts.insert("nobody.example.org");
        }
        (Listen::Http, _) => {}
        (Listen::Https, _) => annotate("listen-ports", r#"[{"HTTPS":443}]"#.to_owned()),
        (Listen::Redirected, _) => {
            annotate("listen-ports", r#"[{"HTTP":80},{"HTTPS":443}]"#.to_owned());
            annotate("ssl-redirect", "443".to_owned());
        }
    }
    match asked.mistake {
        Some(Mistake::Scheme) => annotate("scheme", "public".to_owned()),
        Some(Mistake::Json) => annotate("actions.oops", "{".to_owned()),
        Some(Mistake::WeightedMissing) => {
            annotate("actions.oops", action(&Backend::Weighted(vec![("one", 1), ("nobody", 1)])));
        }
        Some(Mistake::Certificate | Mistake::LongHost | Mistake::Class) | None => {}
    }
    let mut spec = Map::new();
    spec.insert(
        "ingressClassName".to_owned(),
        json!(if asked.mistake == Some(Mistake::Class) { "nobody" } else { CLASS }),
    );
    let mut rules = Vec::new();
    let mut actions = 0;
    for of_host in asked.routes.chunk_by(|one, other| one.host == other.host) {
        let paths = of_host.iter().map(|route| path(route, &mut actions, &mut annotate)).collect::<Vec<_>>();
        rules.push(rule(of_host[0].host, &paths));
    }
    match asked.mistake {
        Some(Mistake::LongHost) => rules.push(rule(
            &long_host(),
            &[json!({ "path": "/", "pathType": "Prefix",
            "backend": backend(&Backend::Service("one"), &mut actions, &mut annotate) })],
        )),
        Some(Mistake::Json | Mistake::WeightedMissing) => rules.push(rule(
            "",
            &[json!({ "path": "/oops", "pathType": "Exact",
            "backend": { "service": { "name": "oops", "port": { "name": "use-annotation" } } } })],
        )),
        _ => {}
    }
    if let Some(fallback) = &asked.fallback {
        spec.insert("defaultBackend".to_owned(), backend(fallback, &mut actions, &mut annotate));
    }
    if !rules.is_empty() {
        spec.insert("rules".to_owned(), json!(rules));
    }
    if !hosts.is_empty() {
        spec.insert("tls".to_owned(), json!([{ "hosts": hosts }]));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "name": name, "annotations": annotations },
        "spec": spec,
    })
}

fn rule(host: &str, paths: &[Value]) -> Value {
    let http = json!({ "paths": paths });
    if host.is_empty() { json!({ "http": http }) } else { json!({ "host": host, "http": http }) }
}

fn path(route: &Route, actions: &mut u32, annotate: &mut impl FnMut(&str, String)) -> Value {
    let kind = if route.exact { "Exact" } else { "Prefix" };
    json!({ "path": route.path, "pathType": kind, "backend": backend(&route.to, actions, annotate) })
}

/// A backend; whatever is no single Service is an action in an annotation.
fn backend(backend: &Backend, actions: &mut u32, annotate: &mut impl FnMut(&str, String)) -> Value {
    if let Backend::Service(service) = backend {
        return json!({ "service": { "name": service, "port": { "number": 80 } } });
    }
    *actions += 1;
    let name = format!("action{actions}");
    annotate(&format!("actions.{name}"), action(backend));
    json!({ "service": { "name": name, "port": { "name": "use-annotation" } } })
}

fn action(backend: &Backend) -> String {
    let forward = |services: &[(&str, u16)]| {
        let tuple =
            |(service, weight): &(&str, u16)| json!({ "serviceName": service, "servicePort": 80, "weight": weight });
        let groups = services.iter().map(tuple).collect::<Vec<_>>();
        json!({ "type": "forward", "forwardConfig": { "targetGroups": groups } })
    };
    let action = match backend {
        Backend::Service(service) => forward(&[(service, 1)]),
        Backend::Weighted(services) => forward(services),
        Backend::Fixed(status) => {
            json!({ "type": "fixed-response", "fixedResponseConfig": { "statusCode": status.to_string(), "contentType": "text/plain" } })
        }
    };
    action.to_string()
}

/// A host that Kubernetes takes and AWS does not: 129 characters.
fn long_host() -> String {
    format!("{0}.{0}.example.com", "a".repeat(58))
}
