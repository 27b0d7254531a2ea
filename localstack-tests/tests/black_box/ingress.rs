//! The Ingress that a test is about: its manifest, and what is seen of it in the cluster.

use localstack_tests::bed::Bed;
use serde_json::{Value, json};

use crate::service::{LIMIT, Service, events};

/// The prefix of the annotations that an Ingress has.
const PREFIX: &str = "alb.ingress.kubernetes.io/";

/// An Ingress of the namespace `default`, as a person writes it.
#[derive(Clone, Debug)]
pub(crate) struct Ingress {
    pub(crate) name: String,
    manifest: Value,
}

impl Ingress {
    /// An internet-facing load balancer of the class `alb`, without any rule.
    pub(crate) fn new(name: &str) -> Self {
        let manifest = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": { "name": name, "namespace": "default", "annotations": {} },
            "spec": { "ingressClassName": "alb", "rules": [] },
        });
        Self { name: name.to_owned(), manifest }.annotated("scheme", "internet-facing")
    }

    /// The same with an annotation; `key` goes without the prefix.
    pub(crate) fn annotated(mut self, key: &str, value: &str) -> Self {
        self.manifest["metadata"]["annotations"][format!("{PREFIX}{key}")] = json!(value);
        self
    }

    /// The same in a group.
    pub(crate) fn in_group(self, group: &str) -> Self {
        self.annotated("group.name", group)
    }

    /// The same with a field of the spec set.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.manifest["spec"][field] = value;
        self
    }

    /// The same with one more rule: everything below `path` of a host ("": of any) goes to port 80 of a Service.
    pub(crate) fn path(mut self, host: &str, path: &str, service: &str) -> Self {
        let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
        let path = json!({ "path": path, "pathType": "Prefix", "backend": backend });
        let mut rule = json!({ "http": { "paths": [path] } });
        if !host.is_empty() {
            rule["host"] = json!(host);
        }
        self.manifest["spec"]["rules"].as_array_mut().unwrap().push(rule);
        self
    }

    /// As `kubectl apply -f` reads it.
    pub(crate) fn manifest(&self) -> &Value {
        &self.manifest
    }

    /// `kubectl apply`.
    pub(crate) async fn apply(&self, bed: &Bed) {
        bed.kubectl().apply(&self.manifest.to_string()).await.unwrap();
    }

    /// As the API server has it.
    pub(crate) async fn get(&self, bed: &Bed) -> Value {
        bed.kubectl().get(&["ingress", &self.name]).await.unwrap()
    }

    /// Waits for the host name in its status.
    pub(crate) async fn host_name(&self, bed: &Bed) -> String {
        let path = "{.status.loadBalancer.ingress[0].hostname}";
        let (has_one, printed) = (format!("--for=jsonpath={path}"), format!("-o=jsonpath={path}"));
        let (name, limit) = (format!("ingress/{}", self.name), format!("--timeout={}s", LIMIT.as_secs()));
        match bed.kubectl().run(&["wait", &has_one, &limit, &name, &printed]).await {
            Ok(host) => host,
            Err(error) => panic!("no host name: {error}\n{}", events(bed, &self.name).await.join("\n")),
        }
    }

    /// Deletes it, and waits until the API server has it no more.
    pub(crate) async fn delete_and_wait(&self, bed: &Bed) {
        let limit = format!("--timeout={}s", LIMIT.as_secs());
        if let Err(error) = bed.kubectl().run(&["delete", "ingress", &self.name, &limit]).await {
            panic!("it is still there: {error}\n{}", events(bed, &self.name).await.join("\n"));
        }
    }

    /// The line of `kubectl get ingress` about it, without the age.
    pub(crate) async fn line(&self, bed: &Bed) -> String {
        let table = bed.kubectl().run(&["get", "ingress", &self.name, "--no-headers"]).await.unwrap();
        let words: Vec<&str> = table.split_whitespace().collect();
        words[..words.len() - 1].join(" ")
    }
}

/// Applies several at once.
pub(crate) async fn apply_all(bed: &Bed, ingresses: &[Ingress]) {
    let items: Vec<&Value> = ingresses.iter().map(Ingress::manifest).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    bed.kubectl().apply(&list.to_string()).await.unwrap();
}

/// Makes the IngressClass `alb`, and one of somebody else's controller.
pub(crate) async fn classes(bed: &Bed) {
    for (name, controller) in [("alb", "ingress.k8s.aws/alb"), ("other", "example.com/ingress")] {
        let class = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": { "name": name },
            "spec": { "controller": controller },
        });
        bed.kubectl().apply(&class.to_string()).await.unwrap();
    }
}

/// Makes Services with node ports for Ingresses to send to.
pub(crate) async fn backends(bed: &Bed, names: &[&str]) {
    for name in names {
        Service::new(name, &[80]).classless().with("type", json!("NodePort")).apply(bed).await;
    }
}
