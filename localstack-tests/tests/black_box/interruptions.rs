//! The controller is interrupted at every write in turn: killed before the write is done, killed after it, or left
//! without the answer. Every time it ends where it would have ended anyway, with nothing made twice and nothing lost.

use localstack_tests::bed::{Bed, Controller};
use localstack_tests::proxy::{Fault, When};
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::ingress::{Ingress, backends, classes};
use crate::printed_plan::agreement;
use crate::service::{Service, bindings};

/// What lives, and dies in between.
struct Kind {
    life: fn(usize) -> Life,
    /// The writes in its life, at the least.
    writes: usize,
}

/// Made: the shared group, the managed group and its rule, the target group, the load balancer, the listener, the worker
/// rule, the targets. Edited: the same but for the groups and the load balancer, two tags, and what each replaces. Deleted:
/// load balancer, worker rule, target group, two groups.
const SERVICE: Kind = Kind { life: a_service, writes: 8 + 11 + 5 };

/// Made: as a Service, and a rule. Edited: a target group, the targets, the worker rule, a new rule and a changed one, the
/// managed group's rule, four tags, and what each replaces. Deleted: as a Service.
const INGRESS: Kind = Kind { life: an_ingress, writes: 9 + 12 + 5 };

#[tokio::test]
async fn killed_before_any_write_is_done_it_converges_without_a_twin() {
    killed_at_every_write(&SERVICE, Fault::HoldRequest).await;
}

#[tokio::test]
async fn killed_after_any_write_is_done_it_converges_without_a_twin() {
    killed_at_every_write(&SERVICE, Fault::HoldAnswer).await;
}

#[tokio::test]
async fn when_the_answer_to_any_write_is_lost_it_converges_without_a_twin() {
    every_answer_lost(&SERVICE).await;
}

#[tokio::test]
async fn killed_before_any_write_for_an_ingress_is_done_it_converges_without_a_twin() {
    killed_at_every_write(&INGRESS, Fault::HoldRequest).await;
}

#[tokio::test]
async fn killed_after_any_write_for_an_ingress_is_done_it_converges_without_a_twin() {
    killed_at_every_write(&INGRESS, Fault::HoldAnswer).await;
}

#[tokio::test]
async fn when_the_answer_to_any_write_for_an_ingress_is_lost_it_converges_without_a_twin() {
    every_answer_lost(&INGRESS).await;
}

async fn every_answer_lost(kind: &Kind) {
    let story = Story::begin().await;
    let bed = &story.bed;
    let _controller = ready(bed).await;
    let mut number = 0;
    loop {
        number += 1;
        let life = (kind.life)(number);
        bed.proxy.reset();
        bed.proxy.at(When::Write(number), Fault::DropAnswer);
        let lost = || bed.proxy.journal().calls().iter().any(|call| call.fault.is_some());
        story.comes_to_stand(&life.made).await;
        // What comes after an interruption and its mending is what comes in every other run.
        if lost() {
            story.is_as_ever(&life.made).await;
        } else {
            story.comes_to_stand(&life.edited).await;
            if lost() {
                story.is_as_ever(&life.edited).await;
            }
        }
        story.goes(&life.edited).await;
        if !lost() {
            break;
        }
    }
    assert_eq!(bindings(bed).await, Vec::<Value>::new());
    assert!(number > kind.writes, "only {number} runs: a life has more writes");
}

async fn killed_at_every_write(kind: &Kind, hold: Fault) {
    let story = Story::begin().await;
    let bed = &story.bed;
    let mut controller = ready(bed).await;
    let mut number = 0;
    loop {
        number += 1;
        let life = (kind.life)(number);
        bed.proxy.reset();
        bed.proxy.at(When::Write(number), hold.clone());
        let mut kills = [false; 3];
        (controller, kills[0]) = killed_unless(bed, controller, story.comes_to_stand(&life.made)).await;
        // What comes after an interruption and its mending is what comes in every other run.
        if kills[0] {
            story.is_as_ever(&life.made).await;
        } else {
            (controller, kills[1]) = killed_unless(bed, controller, story.comes_to_stand(&life.edited)).await;
            if kills[1] {
                story.is_as_ever(&life.edited).await;
            }
        }
        (controller, kills[2]) = killed_unless(bed, controller, story.goes(&life.edited)).await;
        if kills == [false; 3] {
            break;
        }
    }
    assert_eq!(bindings(bed).await, Vec::<Value>::new());
    assert!(number > kind.writes, "only {number} runs: a life has more writes");
}

/// An object that is made, then edited so that there is much to do, then deleted.
struct Life {
    made: Stage,
    edited: Stage,
}

/// An object as it is applied, and what stands then.
struct Stage {
    object: Object,
    /// The load balancer's, as [`Holdings::routes`] has them.
    routes: Vec<String>,
    /// What the managed security group lets in.
    open: &'static str,
}

enum Object {
    Service(Service),
    Ingress(Ingress),
}

fn a_service(number: usize) -> Life {
    let name = format!("web-{number}");
    let stage = |service: Service, port: u16, open| Stage {
        object: Object::Service(service),
        routes: vec![format!("{port} -> default/{name}:{port}")],
        open,
    };
    let edited = Service::new(&name, &[8080]).annotated("aws-load-balancer-additional-resource-tags", "team=web");
    Life {
        made: stage(Service::new(&name, &[80]), 80, "tcp 80-80 from 0.0.0.0/0"),
        edited: stage(edited, 8080, "tcp 8080-8080 from 0.0.0.0/0"),
    }
}

fn an_ingress(number: usize) -> Life {
    let name = format!("shop-{number}");
    let stage = |ingress: Ingress, rules: &[&str], open| {
        let to_service = |rule: &&str| rule.replace("-> ", &format!("-> default/{name}-"));
        let default = "80 -> fixed-response 404".to_owned();
        let routes = rules.iter().map(to_service).chain([default]).collect();
        Stage { object: Object::Ingress(ingress), routes, open }
    };
    let made = Ingress::new(&name).path("", "/a", "web");
    let edited = Ingress::new(&name).path("", "/a", "api").path("", "/b", "api");
    let edited = edited.annotated("tags", "team=web").annotated("inbound-cidrs", "192.0.2.0/24");
    let changed = ["80:1 path-pattern /a or /a/* -> api:80", "80:2 path-pattern /b or /b/* -> api:80"];
    Life {
        made: stage(made, &["80:1 path-pattern /a or /a/* -> web:80"], "tcp 80-80 from 0.0.0.0/0"),
        edited: stage(edited, &changed, "tcp 80-80 from 192.0.2.0/24"),
    }
}

/// Waits for the outcome; when a write is held before that, kills the controller there and lets the next one bring the
/// outcome about. The controller that runs then, and whether there was a kill.
async fn killed_unless(bed: &Bed, controller: Controller, outcome: impl Future<Output = ()>) -> (Controller, bool) {
    tokio::pin!(outcome);
    tokio::select! {
        () = &mut outcome => (controller, false),
        held = bed.proxy.held() => {
            controller.kill().await.unwrap();
            // A request is never sent now; an answer goes to nobody.
            drop(held);
            let next = ready(bed).await;
            outcome.await;
            (next, true)
        }
    }
}

async fn ready(bed: &Bed) -> Controller {
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    controller
}

/// One control plane for the whole loop, and what its account held at first.
struct Story {
    bed: Bed,
    empty: Holdings,
}

impl Story {
    async fn begin() -> Self {
        let bed = Bed::start().await.unwrap();
        if let Some(simulator) = bed.cloud().simulator() {
            let at_once = json!({ "provisioningDelay": 0, "healthDelay": 0, "drainCap": 0, "interfaceDelay": 0 });
            simulator.set_options(bed.account.id(), bed.account.region(), &at_once).await.unwrap();
        }
        classes(&bed).await;
        backends(&bed, &["web", "api"]).await;
        let empty = Holdings::read(&bed).await;
        Self { bed, empty }
    }

    /// Applies the object, and waits until it has its load balancer and no security group lets in more than is needed:
    /// the last thing to come.
    async fn comes_to_stand(&self, stage: &Stage) {
        let (bed, Stage { object, routes, open }) = (&self.bed, stage);
        object.apply(bed).await;
        object.host_name(bed).await;
        Holdings::until(bed, &format!("one target group and {routes:?}"), |found| {
            found.routes() == *routes
                && found.target_groups.len() == 1
                && found.stands(1, 2)
                && found.managed_group(object.name()).rules == [(*open).to_owned()].into()
                && found.worker_group(bed).rules.len() == 1
                && found.worker_group(bed).rules.iter().map(String::as_str).all(is_of_one_port)
        })
        .await;
    }

    /// What stands is what would stand without any interruption, and there is nothing twice.
    async fn is_as_ever(&self, stage: &Stage) {
        let (bed, Stage { object, routes, open }) = (&self.bed, stage);
        agreement(bed).await;
        let found = Holdings::read(bed).await;
        assert_eq!(found.load_balancer().dns_name.to_lowercase(), object.host_name(bed).await);
        assert_eq!(found.routes(), *routes, "{found:#?}");
        assert_eq!(found.target_group().targets.len(), 2, "{found:#?}");
        assert_eq!(found.security_groups.len(), self.empty.security_groups.len() + 2, "{found:#?}");
        assert_eq!(found.managed_group(object.name()).rules, [(*open).to_owned()].into());
        assert_eq!(found.worker_group(bed).rules.len(), 1, "{found:#?}");
        let bindings = bindings(bed).await;
        assert_eq!(bindings.len(), 1, "of an earlier object none is left: {bindings:#?}");
    }

    /// The object is deleted, and nothing of it is left in AWS.
    async fn goes(&self, stage: &Stage) {
        stage.object.delete_and_wait(&self.bed).await;
        assert_eq!(Holdings::read(&self.bed).await, self.empty, "nothing is left");
    }
}

/// Whether a rule, as [`Holdings`] have it, spans no more than one port.
fn is_of_one_port(rule: &str) -> bool {
    let span = rule.split(' ').nth(1).and_then(|ports| ports.split_once('-'));
    span.is_some_and(|(from, to)| from == to)
}

impl Object {
    fn name(&self) -> &str {
        match self {
            Self::Service(service) => &service.name,
            Self::Ingress(ingress) => &ingress.name,
        }
    }

    async fn apply(&self, bed: &Bed) {
        match self {
            Self::Service(service) => service.apply(bed).await,
            Self::Ingress(ingress) => ingress.apply(bed).await,
        }
    }

    async fn host_name(&self, bed: &Bed) -> String {
        match self {
            Self::Service(service) => service.host_name(bed).await,
            Self::Ingress(ingress) => ingress.host_name(bed).await,
        }
    }

    async fn delete_and_wait(&self, bed: &Bed) {
        match self {
            Self::Service(service) => service.delete_and_wait(bed).await,
            Self::Ingress(ingress) => ingress.delete_and_wait(bed).await,
        }
    }
}
