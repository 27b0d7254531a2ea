//! The Kubernetes API, asked as every user does: through kube's client.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole crate is tests")]

#[path = "kubernetes/conformance.rs"]
mod conformance;
#[path = "kubernetes/shipped.rs"]
mod shipped;
#[path = "kubernetes/watched.rs"]
mod watched;

use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};

/// Each check on a server of its own, on one thread and a clock that jumps: as tests with faults use it.
#[tokio::test(start_paused = true)]
async fn the_model_does_what_the_api_server_does() {
    let mut failures = Vec::new();
    for check in conformance::checks() {
        let kubernetes = Kubernetes::new(KubernetesOptions::default());
        if let Err(failure) = check.run(kubernetes.client()).await {
            failures.push(failure);
        }
    }
    assert!(failures.is_empty(), "{} checks fail:\n{}", failures.len(), failures.join("\n"));
}
