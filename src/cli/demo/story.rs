//! What is done in the demo, and what must come of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::networking::v1::Ingress;
use northgate_planner::id::{Key, ObjectRef};
use northgate_planner::plan::{Document, Outcome, render};
use northgate_simulator::{Observed, OpenListener};
use serde_json::Value;
use tokio::time::timeout;

use super::client::send;
use super::kubectl;
use super::manifests::{Objects, edited, name};
use super::news::News;
use super::requests::{self, Request};
use super::world::World;
use super::{DemoError, Failure};
use crate::cli::input::Manifests;
use crate::cli::{plan, print};
use crate::cluster::{self, Applied};

/// One request.
const PATIENCE: Duration = Duration::from_secs(2);
/// By these the load balancer says that it does not reach a target, which may be so for a moment.
const NOT_REACHED: [u16; 2] = [502, 504];

/// What the tutorial's reader calls the file that is edited in place.
const FILE: &str = "nginx-service.yaml";

/// The tutorial: a title, and the file as it is then.
const STEPS: &[Step] = &[
    Step::Pods("Four pods", "nginx.yaml", include_str!("../../../examples/tutorial/nginx.yaml")),
    Step::Edit("1. A Service inside the cluster", include_str!("../../../examples/tutorial/1-cluster-ip.yaml")),
    Step::Edit(
        "2. The same file, edited: a port on every node",
        include_str!("../../../examples/tutorial/2-node-port.yaml"),
    ),
    Step::Edit(
        "3. The same file, edited: a load balancer",
        include_str!("../../../examples/tutorial/3-load-balancer.yaml"),
    ),
    Step::Edit(
        "4. The same file, edited: an Ingress instead",
        include_str!("../../../examples/tutorial/4-ingress-default-backend.yaml"),
    ),
    Step::Pods(
        "Pods of two more kinds",
        "nginx-1-and-2.yaml",
        include_str!("../../../examples/tutorial/nginx-1-and-2.yaml"),
    ),
    Step::Edit("5. The same file, edited: two paths", include_str!("../../../examples/tutorial/5-ingress-paths.yaml")),
    Step::Edit("6. The same file, edited: two hosts", include_str!("../../../examples/tutorial/6-ingress-hosts.yaml")),
];

/// A step of the tutorial.
enum Step {
    /// A file of its own, which stays.
    Pods(&'static str, &'static str, &'static str),
    /// The file that is edited in place.
    Edit(&'static str, &'static str),
}

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

/// A request that was answered.
pub(super) struct Reached {
    pub(super) request: Request,
    /// Where the load balancer's listener is.
    pub(super) address: SocketAddr,
    /// Whether it speaks TLS there.
    pub(super) is_secure: bool,
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
        let mut before = None;
        let chapters = STEPS.iter().map(|step| match *step {
            Step::Pods(title, file, text) => chapter(title, file, String::new(), text, false),
            Step::Edit(title, text) => {
                let shown = before.map_or_else(|| text.to_owned(), |before| edited(before, text));
                before = Some(text);
                chapter(title, FILE, shown, text, true)
            }
        });
        Self { chapters: chapters.collect() }
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
        let mut last = (String::new(), Vec::new());
        for chapter in self.chapters {
            if chapter.is_deleted {
                last = (chapter.files.clone(), chapter.objects.all.clone());
            }
            teller.chapter(chapter).await?;
        }
        if !keep {
            let (files, in_files) = last;
            teller.delete(&files, &in_files).await?;
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
        let concern_us = manifests.concern_us();
        if concern_us {
            self.plan(&files, manifests).await?;
        }
        if !files.is_empty() {
            print(&format!("$ kubectl apply {files}\n"));
        }
        for object in &all {
            self.apply(object).await?;
            if is_deleted && !self.applied.iter().any(|known| is_same(known, object)) {
                self.applied.push(object.clone());
            }
        }
        self.news.new_chapter();
        self.pods_are_ready().await?;
        if concern_us { self.agreement(&all).await } else { Ok(()) }
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
        let done = match cluster::apply(&self.world.client, object).await? {
            Applied::Created(_) => "created",
            Applied::Configured(_) => "configured",
            Applied::Unchanged(_) => "unchanged",
            Applied::UnknownKind => "left out: the simulated API server knows no such kind",
            Applied::Refused(refused) => return Err(refused.into()),
        };
        print(&format!("{} {done}\n", kind_and_name(object)));
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

    /// Waits until the controller has nothing left to do, shows the objects, and asks every load balancer.
    async fn agreement(&mut self, applied: &[Value]) -> Result<(), Failure> {
        let world = self.world;
        let wanted = self.wanted().await?;
        self.news
            .until(world, "every load balancer serves, with healthy targets", async || {
                let observed = world.observe().await?;
                if !wanted.iter().all(|object| stands(world, &observed, object)) {
                    return Ok(None);
                }
                // Rules of worker security groups are closed a second later: nothing waits for that.
                let now = planned(world, Manifests::default()).await?;
                let mut waited_for = now.entries.iter().filter(|entry| !matches!(entry.key, Key::Rules(_)));
                Ok(waited_for.all(|entry| entry.changes().next().is_none()).then_some(()))
            })
            .await?;
        let is_now = |object: &Value| {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
            world.live(object["kind"].as_str()?, namespace, name(object))
        };
        let live: Vec<Arc<Value>> = applied.iter().filter_map(is_now).collect();
        let shown = kubectl::get(&live);
        if !shown.is_empty() {
            print(&format!("\n{shown}"));
        }
        self.reached.clear();
        for object in wanted {
            for request in self.requests(&object).await? {
                self.ask(request).await?;
            }
        }
        Ok(())
    }

    /// The objects that a load balancer serves, or is to serve.
    async fn wanted(&self) -> Result<Vec<ObjectRef>, Failure> {
        let document = planned(self.world, Manifests::default()).await?;
        let stacks = document.entries.iter().filter(|entry| entry.wanted && matches!(entry.key, Key::Stack(_)));
        let objects = stacks.flat_map(|entry| {
            let is_set_aside =
                |object: &ObjectRef| entry.problems.iter().any(|problem| problem.object.as_ref() == Some(object));
            entry.objects.iter().filter(move |object| !is_set_aside(object)).cloned()
        });
        Ok(objects.collect())
    }

    /// What is asked of an object's load balancer.
    async fn requests(&self, object: &ObjectRef) -> Result<Vec<Request>, Failure> {
        let (world, name) = (self.world, object.name());
        let Some(balancer) = wanted_object(world, object).and_then(|object| host(&object)) else {
            return Ok(Vec::new());
        };
        if object.kind() == "Service" {
            let service = world.kubernetes.get::<Service>(&name.namespace, &name.name)?;
            return Ok(service.map_or_else(Vec::new, |service| requests::of_service(&service, &balancer)));
        }
        let ingress = world.kubernetes.get::<Ingress>(&name.namespace, &name.name)?;
        let observed = world.observe().await?;
        let ingresses = world.kubernetes.objects("ingresses");
        let is_alone = ingresses.iter().filter(|one| host(one).as_ref() == Some(&balancer)).count() == 1;
        let of = |ingress: Ingress| requests::of_ingress(&ingress, is_alone, &balancer, &observed);
        Ok(ingress.map(of).unwrap_or_default())
    }

    /// Sends a request as often as it says, and tells who answered.
    async fn ask(&mut self, request: Request) -> Result<(), Failure> {
        let world = self.world;
        let line = request.curl(&request.place(), request.is_secure);
        let what = format!("{line} is answered");
        let opened = timeout(PATIENCE, world.data_path.address(&request.balancer, request.port)).await;
        let address = opened.map_err(|_| DemoError::late(world, &what, PATIENCE))?;
        let is_here = |open: &OpenListener| open.address == Some(address);
        let is_secure = world.data_path.listeners().iter().find(|open| is_here(open)).is_some_and(|open| open.tls);
        let often = if request.times > 1 { format!("    # {} times", request.times) } else { String::new() };
        let clear = if request.is_secure && !is_secure { " (in the clear: the certificate has no key)" } else { "" };
        print(&format!("\n$ {line}{often}{clear}\n"));
        let mut answers: Vec<(String, usize)> = Vec::new();
        let mut left = request.times;
        self.news
            .until(world, &what, async || {
                while left > 0 {
                    let Ok(Ok(answer)) = timeout(PATIENCE, send(address, is_secure, &request)).await else {
                        return Ok(None);
                    };
                    if NOT_REACHED.contains(&answer.status) {
                        return Ok(None);
                    }
                    match answers.iter_mut().find(|(text, _)| *text == answer.text) {
                        Some((_, count)) => *count += 1,
                        None => answers.push((answer.text, 1)),
                    }
                    left -= 1;
                }
                Ok(Some(()))
            })
            .await?;
        for (text, count) in answers {
            let count = if count > 1 { format!(" ({count} times)") } else { String::new() };
            print(&format!("  {text}{count}\n"));
        }
        self.reached.push(Reached { request, address, is_secure });
        Ok(())
    }

    /// Deletes everything, and waits until the account is as it was.
    async fn delete(&mut self, files: &str, in_files: &[Value]) -> Result<(), Failure> {
        let world = self.world;
        heading("Deleted");
        print(&format!("$ kubectl delete {files}\n"));
        for object in in_files.iter().rev() {
            self.delete_object(object).await?;
        }
        let applied = std::mem::take(&mut self.applied);
        for object in applied.iter().filter(|object| !in_files.iter().any(|known| is_same(known, object))) {
            print(&format!("$ kubectl delete {}\n", kind_and_name(object)));
            self.delete_object(object).await?;
        }
        self.news.new_chapter();
        self.news
            .until(world, "the objects are gone and the account is as it was", async || {
                let is_left = !world.left_over().await?.is_empty()
                    || ["services", "ingresses"].iter().any(|resource| !world.kubernetes.objects(resource).is_empty());
                Ok((!is_left).then_some(()))
            })
            .await?;
        print("\nThe account is as it was: no load balancer, target group or security group of the cluster is left.\n");
        Ok(())
    }

    async fn delete_object(&self, object: &Value) -> Result<(), Failure> {
        if cluster::delete(&self.world.client, object).await? {
            print(&format!("{} deleted\n", kind_and_name(object)));
        }
        Ok(())
    }
}

async fn planned(world: &World, manifests: Manifests) -> Result<Document, Failure> {
    let (account, settings) = world.read_only_account();
    plan::over_cluster(&world.client, manifests, account, settings).await
}

/// Whether an object has its host name, and the load balancer behind it leads to healthy targets only.
fn stands(world: &World, observed: &Observed, object: &ObjectRef) -> bool {
    let Some(host) = wanted_object(world, object).and_then(|object| host(&object)) else { return false };
    let found = observed.load_balancers.iter().find(|(_, found)| found.dns_name.eq_ignore_ascii_case(&host));
    let Some((arn, found)) = found else { return false };
    let mut groups = observed.target_groups.values().filter(|group| group.load_balancer_arns.contains(arn));
    found.state == "active" && groups.all(|group| group.targets.iter().all(|target| target.state == "healthy"))
}

fn wanted_object(world: &World, object: &ObjectRef) -> Option<Arc<Value>> {
    world.live(object.kind(), &object.name().namespace, &object.name().name)
}

fn host(object: &Value) -> Option<String> {
    object.pointer("/status/loadBalancer/ingress/0/hostname")?.as_str().map(str::to_owned)
}

fn kind_and_name(object: &Value) -> String {
    format!("{}/{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), name(object))
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
