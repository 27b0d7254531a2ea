//! The flags of the three programs, and why. Paths are relative to the control plane's folder.

/// etcd listens on a socket file: no port to clash, and nobody else can read it. It insists on host:port even there, so
/// `:0` is part of the file's name. The data is thrown away, so nothing waits for the disk.
pub(super) fn etcd() -> Vec<String> {
    list(&[
        "--name=test",
        "--data-dir=etcd",
        "--unsafe-no-fsync",
        "--log-level=warn",
        "--listen-client-urls=unix://etcd.sock:0",
        "--advertise-client-urls=unix://etcd.sock:0",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--initial-advertise-peer-urls=http://127.0.0.1:0",
        "--initial-cluster=test=http://127.0.0.1:0",
    ])
}

/// kube-apiserver makes its own certificate, whose key also signs ServiceAccount tokens: one key that need not be made
/// here. Without an endpoint reconciler it does not complain about serving on a loopback address.
pub(super) fn api_server(port: u16) -> Vec<String> {
    let mut flags = list(&[
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--cert-dir=certs",
        "--etcd-servers=unix://etcd.sock:0",
        "--token-auth-file=tokens.csv",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-signing-key-file=certs/apiserver.key",
        "--service-account-key-file=certs/apiserver.key",
        "--service-cluster-ip-range=10.96.0.0/12",
        "--service-node-port-range=30000-32767",
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
        "--profiling=false",
    ]);
    flags.push(format!("--secure-port={port}"));
    flags
}

/// What led to the present state is forgotten after seconds, not minutes.
pub(super) const FORGETFUL: &[&str] = &["--etcd-compaction-interval=5s"];

/// kube-controller-manager with the controllers that make a cluster's objects move. Not node-lifecycle: no kubelet
/// renews a lease here, so it would mark every node NotReady. No cloud provider: nothing else writes the status of a
/// Service of type LoadBalancer. At the default of 20 requests a second EndpointSlices would lag.
pub(super) fn controller_manager() -> Vec<String> {
    let controllers = [
        "endpointslice-controller",
        "endpoints-controller",
        "serviceaccount-controller",
        "namespace-controller",
        "garbage-collector-controller",
        "root-ca-certificate-publisher-controller",
        "deployment-controller",
        "replicaset-controller",
    ];
    let mut flags = list(&[
        "--kubeconfig=kubeconfig",
        "--leader-elect=false",
        "--secure-port=0",
        "--root-ca-file=certs/apiserver.crt",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--profiling=false",
    ]);
    flags.push(format!("--controllers={}", controllers.join(",")));
    flags
}

fn list(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}
