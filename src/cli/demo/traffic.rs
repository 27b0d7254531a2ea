//! What runs on the demo's Nodes: each Pod is a small HTTP server that says its name, and each node port leads to the Pods
//! of its Service, as kube-proxy has it. All on loopback; the load balancers are told where.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use northgate_planner::id::ObjectName;
use northgate_simulator::kubernetes::Kubernetes;
use northgate_simulator::{DataPath, Scope, TargetAddress};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::workers::Worker;
use crate::cluster::SERVICE_NAME_LABEL;

/// Carries traffic of a cluster for ever.
pub(super) async fn carry(kubernetes: Kubernetes, data_path: DataPath, scope: Scope, workers: Vec<Worker>) {
    let mut changes = kubernetes.changes();
    let mut ground = Ground { workers, pods: BTreeMap::new(), node_ports: BTreeMap::new(), turn: Arc::default() };
    loop {
        changes.mark_unchanged();
        match ground.settle(&kubernetes).await {
            Ok(table) => data_path.set_targets(&scope, table.into_iter().collect()),
            Err(error) => tracing::warn!("{error}"),
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// What is open on loopback.
struct Ground {
    workers: Vec<Worker>,
    /// By the address of the Pod.
    pods: BTreeMap<String, Opened>,
    /// By Node and node port.
    node_ports: BTreeMap<(String, u16), Door>,
    /// Whose turn it is among the Pods behind node ports.
    turn: Arc<AtomicUsize>,
}

/// A port on loopback, until it is dropped.
struct Opened {
    address: SocketAddr,
    /// Whose it is.
    name: String,
    accepting: AbortHandle,
}

struct Door {
    opened: Opened,
    leads_to: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Ground {
    /// Opens and closes what has changed; gives where each target is.
    async fn settle(&mut self, kubernetes: &Kubernetes) -> Result<Vec<TargetAddress>, super::Failure> {
        self.settle_pods(kubernetes.list::<Pod>()?).await?;
        let slices = kubernetes.list::<EndpointSlice>()?;
        let services = kubernetes.list::<Service>()?;
        let mut table = self.pod_targets(&slices);
        let mut wanted = Vec::new();
        for service in &services {
            let spec = service.spec.clone().unwrap_or_default();
            let is_local = spec.external_traffic_policy.as_deref() == Some("Local");
            for port in spec.ports.iter().flatten() {
                let Some(node_port) = port.node_port.and_then(|port| u16::try_from(port).ok()) else { continue };
                for worker in self.workers.clone() {
                    let here = is_local.then_some(worker.node.as_str());
                    let leads_to = self.endpoints(service, port.name.as_deref().unwrap_or_default(), &slices, here);
                    let address = self.node_port(&worker, node_port, leads_to).await?;
                    wanted.push((worker.node.clone(), node_port));
                    for target in [worker.instance, worker.address] {
                        table.push(TargetAddress { target, port: node_port, address });
                    }
                }
            }
        }
        self.node_ports.retain(|key, _| wanted.contains(key));
        Ok(table)
    }

    async fn settle_pods(&mut self, pods: Vec<Pod>) -> Result<(), super::Failure> {
        let mut running = BTreeMap::new();
        for pod in pods {
            let Some(address) = pod.status.and_then(|status| status.pod_ip) else { continue };
            let node = pod.spec.and_then(|spec| spec.node_name).unwrap_or_default();
            let name = pod.metadata.name.unwrap_or_default();
            running.insert(address, format!("{name} on {node}"));
        }
        self.pods.retain(|address, opened| running.get(address) == Some(&opened.name));
        for (address, name) in running {
            if let Entry::Vacant(place) = self.pods.entry(address) {
                place.insert(serve(name).await?);
            }
        }
        Ok(())
    }

    /// The Pods themselves, on every port that an EndpointSlice names.
    fn pod_targets(&self, slices: &[EndpointSlice]) -> Vec<TargetAddress> {
        let mut table = Vec::new();
        for slice in slices {
            let ports = slice.ports.iter().flatten().filter_map(|port| u16::try_from(port.port?).ok());
            let ports: Vec<u16> = ports.collect();
            for target in slice.endpoints.iter().flatten().flat_map(|endpoint| &endpoint.addresses) {
                let Some(opened) = self.pods.get(target) else { continue };
                let entry = |port: &u16| TargetAddress { target: target.clone(), port: *port, address: opened.address };
                table.extend(ports.iter().map(entry));
            }
        }
        table
    }

    /// The ready Pods behind a port of a Service, on one Node only where `here` says so.
    fn endpoints(
        &self,
        service: &Service,
        port: &str,
        slices: &[EndpointSlice],
        here: Option<&str>,
    ) -> Vec<SocketAddr> {
        let name = ObjectName::of(&service.metadata);
        let is_its = |slice: &&EndpointSlice| {
            let of = slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME_LABEL));
            let mut ports = slice.ports.iter().flatten();
            of == Some(&name.name)
                && slice.metadata.namespace.as_deref() == Some(&name.namespace)
                && ports.any(|found| found.name.as_deref().unwrap_or_default() == port)
        };
        let is_ready = |endpoint: &&Endpoint| {
            let ready = endpoint.conditions.as_ref().and_then(|conditions| conditions.ready);
            ready != Some(false) && (here.is_none() || endpoint.node_name.as_deref() == here)
        };
        let endpoints =
            slices.iter().filter(is_its).flat_map(|slice| slice.endpoints.iter().flatten()).filter(is_ready);
        let addresses = endpoints.flat_map(|endpoint| &endpoint.addresses);
        addresses.filter_map(|address| self.pods.get(address)).map(|opened| opened.address).collect()
    }

    async fn node_port(
        &mut self,
        worker: &Worker,
        port: u16,
        leads_to: Vec<SocketAddr>,
    ) -> std::io::Result<SocketAddr> {
        let key = (worker.node.clone(), port);
        if let Some(door) = self.node_ports.get(&key) {
            *door.leads_to.lock().expect("no thread panics while it holds the list") = leads_to;
            return Ok(door.opened.address);
        }
        let leads_to = Arc::new(Mutex::new(leads_to));
        let opened = forward(format!("{}:{port}", worker.node), Arc::clone(&leads_to), Arc::clone(&self.turn)).await?;
        let address = opened.address;
        self.node_ports.insert(key, Door { opened, leads_to });
        Ok(address)
    }
}

/// A Pod: whatever it is asked, in HTTP/1.1 or HTTP/2, it says who it is.
async fn serve(name: String) -> std::io::Result<Opened> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let says = Bytes::from(format!("{name}\n"));
    let accepting = tokio::spawn(async move {
        loop {
            let Ok((client, _)) = listener.accept().await else { continue };
            let says = says.clone();
            let answer = service_fn(move |_: Request<hyper::body::Incoming>| {
                let answer = Response::new(Full::new(says.clone()));
                std::future::ready(Ok::<_, Infallible>(answer))
            });
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                // Who hangs up early is no concern of a Pod.
                _ = server.serve_connection(TokioIo::new(client), answer).await;
            });
        }
    });
    Ok(Opened { address, name, accepting: accepting.abort_handle() })
}

/// A node port: each connection goes to the next Pod.
async fn forward(
    name: String,
    leads_to: Arc<Mutex<Vec<SocketAddr>>>,
    turn: Arc<AtomicUsize>,
) -> std::io::Result<Opened> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let accepting = tokio::spawn(async move {
        loop {
            let Ok((mut client, _)) = listener.accept().await else { continue };
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            let next = {
                let ready = leads_to.lock().expect("no thread panics while it holds the list");
                ready.get(turn % ready.len().max(1)).copied()
            };
            // Nobody is ready: the connection is closed, as a Node without endpoints closes it.
            let Some(next) = next else { continue };
            tokio::spawn(async move {
                if let Ok(mut pod) = TcpStream::connect(next).await {
                    // Who hangs up early is no concern of a node port.
                    _ = copy_bidirectional(&mut client, &mut pod).await;
                }
            });
        }
    });
    Ok(Opened { address, name, accepting: accepting.abort_handle() })
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
