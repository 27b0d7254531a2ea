//! The controller is interrupted at every write in turn: killed before the write is done, killed after it, or left
//! without the answer. Every time it ends where it would have ended anyway, with nothing made twice and nothing lost.

use localstack_tests::bed::{Bed, Controller};
use localstack_tests::proxy::{Fault, When};
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{Service, bindings};

/// The writes in the life of a Service, at the least. Made: the shared group, the managed group and its rule, the target
/// group, the load balancer, the listener, the worker rule, the targets. Edited: the same but for the groups and the load
/// balancer, two tags, and what each replaces. Deleted: load balancer, worker rule, target group, two groups.
const WRITES: usize = 8 + 11 + 5;

#[tokio::test]
async fn killed_before_any_write_is_done_it_converges_without_a_twin() {
    killed_at_every_write(Fault::HoldRequest).await;
}

#[tokio::test]
async fn killed_after_any_write_is_done_it_converges_without_a_twin() {
    killed_at_every_write(Fault::HoldAnswer).await;
}

#[tokio::test]
async fn when_the_answer_to_any_write_is_lost_it_converges_without_a_twin() {
    let story = Story::begin().await;
    let bed = &story.bed;
    let _controller = ready(bed).await;
    let mut number = 0;
    loop {
        number += 1;
        let life = Life::new(number);
        bed.proxy.reset();
        bed.proxy.at(When::Write(number), Fault::DropAnswer);
        let lost = || bed.proxy.journal().calls().iter().any(|call| call.fault.is_some());
        life.made.apply(bed).await;
        story.stands(&life.made, "80").await;
        // What comes after an interruption and its mending is what comes in every other run.
        if !lost() {
            life.edited.apply(bed).await;
            story.stands(&life.edited, "8080").await;
        }
        story.goes(&life.edited).await;
        if !lost() {
            break;
        }
    }
    assert_eq!(bindings(bed).await, Vec::<Value>::new());
    assert!(number > WRITES, "only {number} runs: a life has more writes");
}

async fn killed_at_every_write(hold: Fault) {
    let story = Story::begin().await;
    let bed = &story.bed;
    let mut controller = ready(bed).await;
    let mut number = 0;
    loop {
        number += 1;
        let life = Life::new(number);
        bed.proxy.reset();
        bed.proxy.at(When::Write(number), hold.clone());
        let mut kills = [false; 3];
        life.made.apply(bed).await;
        (controller, kills[0]) = killed_unless(bed, controller, story.stands(&life.made, "80")).await;
        // What comes after an interruption and its mending is what comes in every other run.
        if !kills[0] {
            life.edited.apply(bed).await;
            (controller, kills[1]) = killed_unless(bed, controller, story.stands(&life.edited, "8080")).await;
        }
        (controller, kills[2]) = killed_unless(bed, controller, story.goes(&life.edited)).await;
        if kills == [false; 3] {
            break;
        }
    }
    assert_eq!(bindings(bed).await, Vec::<Value>::new());
    assert!(number > WRITES, "only {number} runs: a life has more writes");
}

/// A Service that is made, then edited so that there is much to do, then deleted.
struct Life {
    made: Service,
    edited: Service,
}

impl Life {
    fn new(number: usize) -> Self {
        let name = format!("web-{number}");
        Self {
            made: Service::new(&name, &[80]),
            edited: Service::new(&name, &[8080]).annotated("aws-load-balancer-additional-resource-tags", "team=web"),
        }
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
        let empty = Holdings::read(&bed).await;
        Self { bed, empty }
    }

    /// The Service has its load balancer with one listener, on this port, and there is nothing twice.
    async fn stands(&self, web: &Service, port: &str) {
        let bed = &self.bed;
        let host = web.host_name(bed).await;
        Holdings::until(bed, &format!("one listener, on {port}, and one target group"), |found| {
            let listeners = found.load_balancers.iter().flat_map(|balancer| &balancer.listeners);
            let ports: Vec<&str> = listeners.map(|listener| listener.port.as_str()).collect();
            ports == [port] && found.target_groups.len() == 1 && found.stands(1, 2)
        })
        .await;
        agreement(bed).await;
        let found = Holdings::read(bed).await;
        assert_eq!(found.load_balancer().dns_name.to_lowercase(), host);
        assert_eq!(found.load_balancer().listeners.len(), 1, "{found:#?}");
        assert_eq!(found.target_group().targets.len(), 2, "{found:#?}");
        assert_eq!(found.security_groups.len(), self.empty.security_groups.len() + 2, "{found:#?}");
        assert_eq!(found.managed_group(&web.name).rules, [format!("tcp {port}-{port} from 0.0.0.0/0")].into());
        assert_eq!(found.worker_group(bed).rules.len(), 1, "{found:#?}");
        let bindings = bindings(bed).await;
        assert_eq!(bindings.len(), 1, "of an earlier Service none is left: {bindings:#?}");
    }

    /// The Service is deleted, and nothing of it is left in AWS.
    async fn goes(&self, web: &Service) {
        web.delete_and_wait(&self.bed).await;
        assert_eq!(Holdings::read(&self.bed).await, self.empty, "nothing is left");
    }
}
