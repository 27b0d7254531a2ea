//! The Kubernetes API, asked as every user does: through kube's client.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole crate is tests")]

#[path = "kubernetes/conformance.rs"]
mod conformance;
#[path = "kubernetes/shipped.rs"]
mod shipped;
#[path = "kubernetes/watched.rs"]
mod watched;

use std::sync::Arc;

use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};

/// On one thread and a clock that jumps: as tests with faults use it.
#[tokio::test(start_paused = true)]
async fn the_model_does_what_the_api_server_does() {
    let mut failures = Vec::new();
    for check in conformance::checks() {
        let kubernetes = Kubernetes::new(KubernetesOptions::default());
        failures.extend(check.run(kubernetes.client(), forget(kubernetes)).await.err());
    }
    let count = conformance::checks().len();
    assert!(failures.is_empty(), "{} of {count} checks fail:\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_model_does_it_all_at_once() {
    let kubernetes = Kubernetes::new(KubernetesOptions::default());
    let failures = conformance::all_at_once(kubernetes.client(), forget(kubernetes)).await;
    assert!(failures.is_empty(), "{} checks fail:\n{}", failures.len(), failures.join("\n"));
}

fn forget(kubernetes: Kubernetes) -> conformance::Forget {
    Arc::new(move || {
        kubernetes.compact();
        Box::pin(async {})
    })
}

#[tokio::test]
async fn scratch_real() {
    let config = kube::Config::from_kubeconfig(&Default::default()).await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let forget: conformance::Forget = Arc::new(|| Box::pin(tokio::time::sleep(std::time::Duration::from_secs(12))));
    let failures = conformance::all_at_once(client, forget).await;
    let count = conformance::checks().len();
    assert!(failures.is_empty(), "{} of {count} checks fail:\n{}", failures.len(), failures.join("\n"));
}
