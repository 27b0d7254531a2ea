//! A real kube-apiserver, held to the sentences that the model of `northgate-simulator` is held to.

#[path = "../../../simulator/tests/kubernetes/conformance.rs"]
mod conformance;

use std::sync::Arc;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use localstack_tests::control_plane::ControlPlane;
use localstack_tests::process::temporary_folder;
use localstack_tests::setup;

use conformance::{Forget, all_at_once, checks, checks_beyond_the_model};

#[tokio::test]
async fn the_api_server_does_what_the_model_does() {
    let binaries = tokio::task::spawn_blocking(setup::control_plane).await.unwrap().unwrap();
    let folder = temporary_folder().unwrap();
    let control_plane = ControlPlane::start_without_controllers(&binaries, folder.path()).await.unwrap();
    let client = client(&control_plane).await;
    // It forgets by itself.
    let forget: Forget = Arc::new(|| Box::pin(async {}));
    let checks = [checks(), checks_beyond_the_model()].concat();
    let count = checks.len();
    let failures = all_at_once(checks, client, forget).await;
    let failed = failures.len();
    assert!(failures.is_empty(), "{failed} of {count}:\n{}\n{}", failures.join("\n"), control_plane.log_tails());
    control_plane.stop().await.unwrap();
}

/// A client that asks once: a refusal is what a check is about, not a reason to ask again.
async fn client(control_plane: &ControlPlane) -> Client {
    let kubeconfig = Kubeconfig::read_from(control_plane.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}
