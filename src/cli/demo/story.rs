//! What is done in the demo, and what must come of it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Pod, Service};
use northgate_planner::id::{Key, ObjectName, StackId};
use northgate_planner::plan::{Document, Outcome, render};
use northgate_simulator::Observed;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::manifests::{Objects, edited, name};
use super::news::News;
use super::world::World;
use super::{DemoError, Failure};
use crate::cli::input::Manifests;
use crate::cli::{plan, print};
use crate::cluster::{self, Applied};

/// Requests through each port: enough to meet several Pods.
const REQUESTS: usize = 4;
/// One request.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the tutorial's reader calls the file that is edited in place.
const FILE: &str = "nginx-service.yaml";
const PODS: &str = include_str!("../../../examples/tutorial/nginx.yaml");
const STEPS: &[(&str, &str)] = &[
    ("A Service inside the cluster", include_str!("../../../examples/tutorial/1-cluster-ip.yaml")),
    ("The same file, edited: a port on every node", include_str!("../../../examples/tutorial/2-node-port.yaml")),
    ("The same file, edited: a load balancer", include_str!("../../../examples/tutorial/3-load-balancer.yaml")),
    ("The same file, edited: another port", include_str!("../../../examples/tutorial/3-load-balancer-on-8080.yaml")),
];

/// What is done, step by step.
pub(super) struct Story {
    chapters: Vec<Chapter>,
}

struct Chapter {
    title: &'static str,
    /// What is applied, as a command line names it.
    files: String,
    /// What is shown of the files first.
    shown: String,
    objects: Objects,
    /// Whether it goes in the end.
    is_deleted: bool,
}

/// A port of a load balancer that answered.
pub(super) struct Reached {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) address: SocketAddr,
}

impl Story {
    /// The tutorial, on one file that is edited in place.
    pub(super) fn tutorial() -> Self {
        let chapter = |title, files: &str, shown, text, is_deleted| Chapter {
            title,
            files: format!("-f {files}"),
            shown,
            objects: Objects::of_text(files, text).expect("the tutorial can be read"),
            is_deleted,
        };
        let mut chapters = vec![chapter("Four pods", "nginx.yaml", String::new(), PODS, false)];
        let mut before = None;
        for (title, text) in STEPS {
            let shown = before.map_or_else(|| (*text).to_owned(), |before| edited(before, text));
            chapters.push(chapter(title, FILE, shown, text, true));
            before = Some(*text);
        }
        Self { chapters }
    }

    /// A person's own manifests.
    pub(super) fn of_files(paths: &[PathBuf]) -> Result<Self, Failure> {
        let files = paths.iter().map(|path| format!("-f {}", path.display())).collect::<Vec<_>>().join(" ");
        let (needs, objects) = Objects::of_files(paths)?;
        let chapter = |title, files: &str, objects: Objects| {
            let shown = objects.notes.iter().map(|note| format!("{note}\n")).collect();
            Chapter { title, files: files.to_owned(), shown, objects, is_deleted: true }
        };
        let mut chapters =
            vec![chapter("What your manifests need", "", needs), chapter("Your manifests", &files, objects)];
        chapters.retain(|chapter| !chapter.objects.all.is_empty());
        Ok(Self { chapters })
    }

    /// Tells it; with `keep` without the deletion. Gives what can be reached in the end.
    pub(super) async fn tell(self, world: &World, keep: bool) -> Result<Vec<Reached>, Failure> {
        let mut teller = Teller { world, news: News::new(), reached: Vec::new(), applied: Vec::new() };
        let mut files = String::new();
        for chapter in self.chapters {
            if chapter.is_deleted {
                files.clone_from(&chapter.files);
            }
            teller.chapter(chapter).await?;
        }
        if !keep {
            teller.delete(&files).await?;
        }
        Ok(teller.reached)
    }
}

struct Teller<'w> {
    world: &'w World,
    news: News,
    reached: Vec<Reached>,
    /// What is deleted in the end.
    applied: Vec<Value>,
}

impl Teller<'_> {
    async fn chapter(&mut self, chapter: Chapter) -> Result<(), Failure> {
        let Chapter { title, files, shown, objects, is_deleted } = chapter;
        heading(title);
        if !shown.is_empty() {
            print(&format!("{}\n", indented(&shown)));
        }
        let Objects { manifests, all, .. } = objects;
        if !manifests.services.is_empty() || !manifests.bindings.is_empty() || !manifests.skipped.is_empty() {
            self.plan(&files, manifests).await?;
        }
        if !files.is_empty() {
            print(&format!("$ kubectl apply {files}\n"));
        }
        for object in all {
            self.apply(&object).await?;
            if is_deleted && !self.applied.iter().any(|known| is_same(known, &object)) {
                self.applied.push(object);
            }
        }
        self.news.new_chapter();
        self.pods_are_ready().await?;
        self.agreement().await
    }

    /// Prints what the controller would do.
    async fn plan(&mut self, files: &str, manifests: Manifests) -> Result<(), Failure> {
        let document = planned(self.world, manifests).await?;
        print(&format!("$ northgate plan {files} --cluster\n{}\n", indented(&render(&document))));
        let refused = document.entries.iter().find(|entry| entry.outcome == Outcome::Refused);
        match refused.and_then(|entry| entry.objects.first()) {
            Some(object) => Err(DemoError::Refused(object.to_string()).into()),
            None => Ok(()),
        }
    }

    async fn apply(&self, object: &Value) -> Result<(), Failure> {
        let kind = object["kind"].as_str().unwrap_or_default();
        let done = match cluster::apply(&self.world.client, object).await? {
            Applied::Created(_) => "created",
            Applied::Configured(_) => "configured",
            Applied::Unchanged(_) => "unchanged",
            Applied::UnknownKind => "left out: the simulated API server knows no such kind",
            Applied::Refused(refused) => return Err(refused.into()),
        };
        print(&format!("{}/{} {done}\n", kind.to_lowercase(), name(object)));
        Ok(())
    }

    async fn pods_are_ready(&mut self) -> Result<(), Failure> {
        let world = self.world;
        let ready = async || {
            let deployments = world.kubernetes.objects("deployments");
            let lacks = deployments.iter().any(|one| one["status"]["readyReplicas"] != one["spec"]["replicas"]);
            if lacks { Ok(None) } else { Ok(Some(world.kubernetes.list::<Pod>()?)) }
        };
        let pods = self.news.until(world, "all pods are ready", ready).await?;
        for (at, pod) in self.news.unknown_pods(pods).into_iter().enumerate() {
            let node = pod.spec.and_then(|spec| spec.node_name).unwrap_or_default();
            let address = pod.status.and_then(|status| status.pod_ip).unwrap_or_default();
            let gap = if at == 0 { "\n" } else { "" };
            print(&format!("{gap}pod {} runs on {node} at {address}\n", pod.metadata.name.unwrap_or_default()));
        }
        Ok(())
    }

    /// Waits until the controller has nothing left to do, and asks every load balancer.
    async fn agreement(&mut self) -> Result<(), Failure> {
        let world = self.world;
        let wanted = self.wanted().await?;
        self.news
            .until(world, "every load balancer serves, with healthy targets", async || {
                let observed = world.observe().await?;
                for service in &wanted {
                    if !stands(world, &observed, service)? {
                        return Ok(None);
                    }
                }
                let is_done = planned(world, Manifests::default())
                    .await?
                    .entries
                    .iter()
                    .all(|entry| entry.changes().next().is_none());
                Ok(is_done.then_some(()))
            })
            .await?;
        self.reached.clear();
        for service in wanted {
            self.ask(&service).await?;
        }
        Ok(())
    }

    /// The Services for which the controller makes something.
    async fn wanted(&self) -> Result<Vec<ObjectName>, Failure> {
        let document = planned(self.world, Manifests::default()).await?;
        let names = document.entries.into_iter().filter(|entry| entry.wanted).filter_map(|entry| match entry.key {
            Key::Stack(StackId::Service(name)) => Some(name),
            _ => None,
        });
        Ok(names.collect())
    }

    /// Sends requests through every port of a Service's load balancer.
    async fn ask(&mut self, service: &ObjectName) -> Result<(), Failure> {
        let world = self.world;
        let Some(object) = world.kubernetes.get::<Service>(&service.namespace, &service.name)? else { return Ok(()) };
        let host = host(&object).unwrap_or_default();
        for port in ports(&object) {
            let what = format!("{host}:{port} answers");
            let opened = timeout(PATIENCE, world.data_path.address(&host, port)).await;
            let address = opened.map_err(|_| DemoError::late(world, &what, PATIENCE))?;
            let url = if port == 80 { format!("http://{host}/") } else { format!("http://{host}:{port}/") };
            print(&format!("\n$ curl {url}    # {REQUESTS} times\n"));
            let mut left = REQUESTS;
            self.news
                .until(world, &what, async || {
                    while left > 0 {
                        let Ok(Ok(said)) = timeout(PATIENCE, get(address, &host)).await else { return Ok(None) };
                        print(&format!("  {}\n", said.trim_end()));
                        left -= 1;
                    }
                    Ok(Some(()))
                })
                .await?;
            self.reached.push(Reached { host: host.clone(), port, address });
        }
        Ok(())
    }

    /// Deletes everything, and waits until the account is as it was.
    async fn delete(&mut self, files: &str) -> Result<(), Failure> {
        let world = self.world;
        heading("Deleted");
        print(&format!("$ kubectl delete {files}\n"));
        let applied = std::mem::take(&mut self.applied);
        for object in applied.iter().rev() {
            if cluster::delete(&world.client, object).await? {
                let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
                print(&format!("{kind}/{} deleted\n", name(object)));
            }
        }
        self.news.new_chapter();
        self.news
            .until(world, "the Services are gone and the account is as it was", async || {
                let is_left = !world.left_over().await?.is_empty() || !world.kubernetes.objects("services").is_empty();
                Ok((!is_left).then_some(()))
            })
            .await?;
        print("\nThe account is as it was: no load balancer, target group or security group of the cluster is left.\n");
        Ok(())
    }
}

async fn planned(world: &World, manifests: Manifests) -> Result<Document, Failure> {
    let (account, settings) = world.read_only_account();
    plan::over_cluster(&world.client, manifests, account, settings).await
}

/// Whether a Service has its name, and every port of its load balancer leads to healthy targets.
fn stands(world: &World, observed: &Observed, service: &ObjectName) -> Result<bool, Failure> {
    let Some(object) = world.kubernetes.get::<Service>(&service.namespace, &service.name)? else { return Ok(false) };
    let Some(host) = host(&object) else { return Ok(false) };
    let found = observed.load_balancers.iter().find(|(_, found)| found.dns_name.eq_ignore_ascii_case(&host));
    let Some((arn, _)) = found else { return Ok(false) };
    let listeners = observed.listeners.values().filter(|listener| listener.load_balancer_arn == *arn);
    let open: BTreeSet<u16> = listeners.map(|listener| listener.port).collect();
    let mut groups = observed.target_groups.values().filter(|group| group.load_balancer_arns.contains(arn));
    let is_healthy = groups.all(|group| group.targets.iter().all(|target| target.state == "healthy"));
    Ok(is_healthy && open == ports(&object))
}

fn host(service: &Service) -> Option<String> {
    let ingress = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
    ingress.first()?.hostname.clone()
}

fn ports(service: &Service) -> BTreeSet<u16> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.filter_map(|port| u16::try_from(port.port).ok()).collect()
}

/// One request; gives the body of the answer.
async fn get(address: SocketAddr, host: &str) -> Result<String, Failure> {
    let stream = TcpStream::connect(address).await?;
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = hyper::Request::get("/").header("host", host).body(Empty::<Bytes>::new())?;
    let answer = client.send_request(request).await?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn is_same(one: &Value, other: &Value) -> bool {
    let place = |object: &Value| {
        (object["kind"].clone(), object["metadata"]["namespace"].clone(), object["metadata"]["name"].clone())
    };
    place(one) == place(other)
}

fn heading(words: &str) {
    print(&format!("\n== {words}\n\n"));
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}
