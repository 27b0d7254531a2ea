//! The Service that a test is about: its manifest, and what is seen of it in the cluster.

use std::time::Duration;

use localstack_tests::bed::Bed;
use localstack_tests::until;
use serde_json::{Value, json};

/// How long a test waits for anything; most of it takes a second or two.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks. Each is a process, and there are two processors.
pub(crate) const GLANCE: Duration = Duration::from_millis(300);

/// The prefix of the annotations that a Service has.
const PREFIX: &str = "service.beta.kubernetes.io/";
/// What keeps a Service until its load balancer is gone.
pub(crate) const FINALIZER: &str = "service.k8s.aws/resources";

/// A Service of the namespace `default`, as a person writes it.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    manifest: Value,
}

impl Service {
    /// An internet-facing load balancer of our class that listens on these TCP ports; its pods are labelled `app: NAME`
    /// and listen on 8080.
    pub(crate) fn new(name: &str, ports: &[u16]) -> Self {
        let ports: Vec<Value> = ports
            .iter()
            .map(|port| json!({ "name": format!("port-{port}"), "port": port, "targetPort": 8080 }))
            .collect();
        let manifest = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": { "name": name, "namespace": "default", "annotations": {} },
            "spec": {
                "type": "LoadBalancer",
                "loadBalancerClass": "service.k8s.aws/nlb",
                "selector": { "app": name },
                "ports": ports,
            },
        });
        let service = Self { name: name.to_owned(), manifest };
        service.annotated("aws-load-balancer-scheme", "internet-facing")
    }

    /// The same with an annotation; `key` goes without the prefix.
    pub(crate) fn annotated(mut self, key: &str, value: &str) -> Self {
        self.manifest["metadata"]["annotations"][format!("{PREFIX}{key}")] = json!(value);
        self
    }

    /// The same with a field of the spec set.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.manifest["spec"][field] = value;
        self
    }

    /// The same without a class: what a person writes who has never heard of them.
    pub(crate) fn classless(mut self) -> Self {
        if let Some(spec) = self.manifest["spec"].as_object_mut() {
            spec.remove("loadBalancerClass");
        }
        self
    }

    /// The same with the node port of its n-th port chosen.
    pub(crate) fn on_node_port(mut self, port: usize, node_port: u16) -> Self {
        self.manifest["spec"]["ports"][port]["nodePort"] = json!(node_port);
        self
    }

    /// As `kubectl apply -f` reads it.
    pub(crate) fn manifest(&self) -> String {
        self.manifest.to_string()
    }

    /// `kubectl apply`.
    pub(crate) async fn apply(&self, bed: &Bed) {
        bed.kubectl().apply(&self.manifest()).await.unwrap();
    }

    /// As the API server has it.
    pub(crate) async fn get(&self, bed: &Bed) -> Value {
        bed.kubectl().get(&["service", &self.name]).await.unwrap()
    }

    /// The node port of its n-th port.
    pub(crate) async fn node_port(&self, bed: &Bed, port: usize) -> u16 {
        let node_port = &self.get(bed).await["spec"]["ports"][port]["nodePort"];
        u16::try_from(node_port.as_u64().unwrap()).unwrap()
    }

    /// Waits for the host name in its status.
    pub(crate) async fn host_name(&self, bed: &Bed) -> String {
        let path = "{.status.loadBalancer.ingress[0].hostname}";
        let (has_one, printed) = (format!("--for=jsonpath={path}"), format!("-o=jsonpath={path}"));
        let (name, limit) = (format!("service/{}", self.name), format!("--timeout={}s", LIMIT.as_secs()));
        match bed.kubectl().run(&["wait", &has_one, &limit, &name, &printed]).await {
            Ok(host) => host,
            Err(error) => panic!("no host name: {error}\n{}", events(bed, &self.name).await.join("\n")),
        }
    }

    /// Asks for its deletion, and does not wait for it.
    pub(crate) async fn delete(&self, bed: &Bed) {
        bed.kubectl().run(&["delete", "service", &self.name, "--wait=false"]).await.unwrap();
    }

    /// Deletes it, and waits until the API server has it no more.
    pub(crate) async fn delete_and_wait(&self, bed: &Bed) {
        let limit = format!("--timeout={}s", LIMIT.as_secs());
        if let Err(error) = bed.kubectl().run(&["delete", "service", &self.name, &limit]).await {
            panic!("it is still there: {error}\n{}", events(bed, &self.name).await.join("\n"));
        }
    }

    /// The line of `kubectl get service` about it, without the age.
    pub(crate) async fn line(&self, bed: &Bed) -> String {
        let table = bed.kubectl().run(&["get", "service", &self.name, "--no-headers"]).await.unwrap();
        let words: Vec<&str> = table.split_whitespace().collect();
        words[..words.len() - 1].join(" ")
    }
}

/// What was said about an object of the namespace `default`: `REASON: note`, the newest last.
pub(crate) async fn events(bed: &Bed, object: &str) -> Vec<String> {
    let about = format!("regarding.name={object}");
    let args = ["events.events.k8s.io", "--sort-by=.metadata.creationTimestamp", "--field-selector", &about];
    let events = bed.kubectl().get(&args).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = events["items"].as_array().into_iter().flatten();
    events.map(|event| format!("{}: {}", text(&event["reason"]), text(&event["note"]))).collect()
}

/// Waits for an event of this reason whose note has all of these words.
pub(crate) async fn event(bed: &Bed, object: &str, reason: &str, words: &[&str]) -> String {
    let what = format!("event {reason} about {object} with {words:?}");
    until(&what, LIMIT, GLANCE, async || {
        let said = events(bed, object).await;
        let fits = |event: &&String| {
            event.starts_with(&format!("{reason}: ")) && words.iter().all(|word| event.contains(word))
        };
        said.iter().find(fits).cloned().ok_or_else(|| said.join("\n"))
    })
    .await
    .unwrap()
}

/// Every TargetGroupBinding of the cluster.
pub(crate) async fn bindings(bed: &Bed) -> Vec<Value> {
    let found = bed.kubectl().get(&["targetgroupbindings", "--all-namespaces"]).await.unwrap();
    found["items"].as_array().cloned().unwrap_or_default()
}

/// Waits until every TargetGroupBinding counts this many ready targets, of as many.
pub(crate) async fn bindings_count(bed: &Bed, targets: usize) -> Vec<Value> {
    until(&format!("{targets} of {targets} targets in the status"), LIMIT, GLANCE, async || {
        let found = bindings(bed).await;
        let counts = |binding: &Value| {
            let status = &binding["status"];
            (status["readyTargets"].as_u64(), status["totalTargets"].as_u64())
        };
        let all = Some(targets as u64);
        match !found.is_empty() && found.iter().all(|binding| counts(binding) == (all, all)) {
            true => Ok(found),
            false => Err(format!("{found:#?}")),
        }
    })
    .await
    .unwrap()
}
