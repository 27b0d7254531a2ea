//! The Kubernetes API, asked as every user does: through kube's client.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole crate is tests")]

#[path = "kubernetes/conformance.rs"]
mod conformance;
#[path = "kubernetes/shipped.rs"]
mod shipped;
#[path = "kubernetes/watched.rs"]
mod watched;

use std::sync::Arc;
use std::time::Duration;

use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};

/// On one thread and a clock that jumps: as tests with faults use it.
#[tokio::test(start_paused = true)]
async fn the_model_does_what_the_api_server_does() {
    let mut failures = Vec::new();
    for check in conformance::checks() {
        let kubernetes = Kubernetes::new(KubernetesOptions::default());
        failures.extend(check.run(kubernetes.client(), forgets_after(Duration::ZERO, kubernetes)).await.err());
    }
    report(&failures);
}

#[tokio::test(start_paused = true)]
async fn the_model_does_it_all_at_once() {
    let kubernetes = Kubernetes::new(KubernetesOptions::default());
    // Later than the other checks need what it forgets.
    let forget = forgets_after(Duration::from_secs(60), kubernetes.clone());
    report(&conformance::all_at_once(conformance::checks(), kubernetes.client(), forget).await);
}

fn forgets_after(time: Duration, kubernetes: Kubernetes) -> conformance::Forget {
    Arc::new(move || {
        let kubernetes = kubernetes.clone();
        Box::pin(async move {
            tokio::time::sleep(time).await;
            kubernetes.compact();
        })
    })
}

fn report(failures: &[String]) {
    let count = conformance::checks().len();
    assert!(failures.is_empty(), "{} of {count} checks fail:\n{}", failures.len(), failures.join("\n"));
}
