//! Beside another cloud controller: no Service ever gets two load balancers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use localstack_tests::bed::Bed;
use localstack_tests::kubectl::Kubectl;
use localstack_tests::{setup, until};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::holdings::Holdings;
use crate::service::{FINALIZER, GLANCE, LIMIT, Service, event};

/// The finalizer of the cloud controllers that come with Kubernetes.
const ITS_FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";

/// Another cloud controller, as the one in a managed cluster: it renews its Lease, and takes every Service of type LoadBalancer
/// without a class as fast as it can.
struct Second {
    took: Arc<Mutex<BTreeSet<String>>>,
    work: JoinHandle<()>,
}

impl Second {
    fn start(kubectl: &Kubectl) -> Self {
        let took = Arc::new(Mutex::new(BTreeSet::new()));
        let (kubectl, taken) = (kubectl.clone(), Arc::clone(&took));
        let work = tokio::spawn(async move {
            loop {
                lease(&kubectl).await;
                let found = kubectl.get(&["services", "--all-namespaces"]).await.unwrap();
                for service in found["items"].as_array().unwrap() {
                    let name = service["metadata"]["name"].as_str().unwrap();
                    let wants =
                        service["spec"]["type"] == "LoadBalancer" && service["spec"]["loadBalancerClass"].is_null();
                    if wants && taken.lock().unwrap().insert(name.to_owned()) {
                        take(&kubectl, service).await;
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { took, work }
    }

    fn has(&self, name: &str) -> bool {
        self.took.lock().unwrap().contains(name)
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn lease(kubectl: &Kubectl) {
    let now = time_now();
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": "cloud-controller-manager", "namespace": "kube-system" },
        "spec": { "holderIdentity": "second", "leaseDurationSeconds": 15, "renewTime": now },
    });
    kubectl.apply(&lease.to_string()).await.unwrap();
}

/// The time now, as the API server writes it down.
#[expect(clippy::disallowed_methods, reason = "a Lease is renewed at the time that the machine shows")]
fn time_now() -> String {
    format!("{:.6}", Timestamp::now())
}

/// What is seen in the cluster of its load balancer.
async fn take(kubectl: &Kubectl, service: &Value) {
    let (name, namespace) = (&service["metadata"]["name"], &service["metadata"]["namespace"]);
    let (name, namespace) = (name.as_str().unwrap(), namespace.as_str().unwrap());
    let patch = |what: Value| what.to_string();
    let metadata = patch(json!({ "metadata": { "finalizers": [ITS_FINALIZER] } }));
    let status = patch(json!({ "status": { "loadBalancer": { "ingress": [{ "hostname": "second.example.com" }] } } }));
    let args = ["patch", "service", name, "--namespace", namespace, "--type=merge", "--patch"];
    kubectl.run(&[&args[..], &[&metadata]].concat()).await.unwrap();
    kubectl.run(&[&args[..], &[&status, "--subresource=status"]].concat()).await.unwrap();
}

#[tokio::test]
async fn new_services_are_ours_by_the_policy_and_no_service_has_two_load_balancers() {
    let bed = Bed::start().await.unwrap();
    lease(bed.kubectl()).await;
    let second = Second::start(bed.kubectl());
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();

    // Before the policy: the other one's.
    let old = Service::new("old", &[80]).classless();
    old.apply(&bed).await;
    event(&bed, "old", "Skipped", &["cloud-controller-manager"]).await;
    until("the other controller's address", LIMIT, GLANCE, async || {
        let service = old.get(&bed).await;
        let host = &service["status"]["loadBalancer"]["ingress"][0]["hostname"];
        if host == "second.example.com" { Ok(()) } else { Err(service.to_string()) }
    })
    .await
    .unwrap();

    let policy = setup::checkout().join("deploy/classless-services");
    bed.kubectl().run(&["apply", "-f", policy.to_str().unwrap()]).await.unwrap();
    // The API server takes a moment to obey.
    until("the policy at work", LIMIT, GLANCE, async || {
        let probe = Service::new("probe", &[80]).classless().manifest();
        let args = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
        let answer = bed.kubectl().run_with(&args, &probe).await.map_err(|error| error.to_string())?;
        let probe: Value = serde_json::from_str(&answer).unwrap();
        if probe["spec"]["loadBalancerClass"].is_null() { Err(answer) } else { Ok(()) }
    })
    .await
    .unwrap();

    let new = Service::new("new", &[80]).classless();
    new.apply(&bed).await;
    assert_eq!(new.get(&bed).await["spec"]["loadBalancerClass"], "service.k8s.aws/nlb");
    new.host_name(&bed).await;

    // One that becomes a load balancer later.
    let later = Service::new("later", &[80]).classless();
    later.clone().with("type", json!("ClusterIP")).apply(&bed).await;
    later.apply(&bed).await;
    assert_eq!(later.get(&bed).await["spec"]["loadBalancerClass"], "service.k8s.aws/nlb");
    later.host_name(&bed).await;

    // Those that say whose they are, and the one from before, which cannot be given a class any more.
    let its = Service::new("its", &[80]).classless().annotated("aws-load-balancer-type", "nlb");
    its.apply(&bed).await;
    let third = Service::new("third", &[80]).with("loadBalancerClass", json!("example.com/third"));
    third.apply(&bed).await;
    old.clone().annotated("aws-load-balancer-healthcheck-interval", "30").apply(&bed).await;
    until("the other controller has what is its", LIMIT, GLANCE, async || {
        if second.has("its") { Ok(()) } else { Err("it has not".to_owned()) }
    })
    .await
    .unwrap();
    assert_eq!(third.get(&bed).await["spec"]["loadBalancerClass"], "example.com/third");

    // Whatever happened in between: who has our finalizer was never taken, and the other way round.
    for (service, ours) in [(&old, false), (&new, true), (&later, true), (&its, false), (&third, false)] {
        let found = service.get(&bed).await;
        let has_ours = found["metadata"]["finalizers"].as_array().is_some_and(|all| all.contains(&json!(FINALIZER)));
        assert_eq!(has_ours, ours, "{}", service.name);
        assert!(!(has_ours && second.has(&service.name)), "{} has two load balancers", service.name);
    }
    Holdings::standing(&bed, 2, 2).await;
    for service in [&new, &later] {
        service.delete_and_wait(&bed).await;
    }
}
