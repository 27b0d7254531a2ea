//! The controller is interrupted at every write in turn: killed before the write is done, killed after it, or left
//! without the answer. Every time it ends where it would have ended anyway, with nothing made twice and nothing lost.

use localstack_tests::bed::{Bed, Controller};
use localstack_tests::proxy::{Fault, When};
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{Service, bindings};

/// The writes of a one-port Service from its creation to its deletion: the shared group, the managed group and its rule,
/// the target group, the load balancer, the listener, the worker rule, the targets; and five deletions and the revoke.
const WRITES: usize = 13;

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
        let web = Service::new(&format!("web-{number}"), &[80]);
        bed.proxy.reset();
        bed.proxy.at(When::Write(number), Fault::DropAnswer);
        web.apply(bed).await;
        story.stands(&web).await;
        web.delete(bed).await;
        story.is_gone(&web).await;
        if bed.proxy.journal().calls().iter().all(|call| call.fault.is_none()) {
            break;
        }
    }
    assert!(number > WRITES, "only {number} runs: the flow has more writes");
}

async fn killed_at_every_write(hold: Fault) {
    let story = Story::begin().await;
    let bed = &story.bed;
    let mut controller = ready(bed).await;
    let mut number = 0;
    loop {
        number += 1;
        let web = Service::new(&format!("web-{number}"), &[80]);
        bed.proxy.reset();
        bed.proxy.at(When::Write(number), hold.clone());
        web.apply(bed).await;
        let mut was_killed = false;
        (controller, was_killed) = killed_unless(bed, controller, was_killed, story.stands(&web)).await;
        web.delete(bed).await;
        (controller, was_killed) = killed_unless(bed, controller, was_killed, story.is_gone(&web)).await;
        if !was_killed {
            break;
        }
    }
    assert!(number > WRITES, "only {number} runs: the flow has more writes");
}

/// Waits for the outcome; when a write is held before that, kills the controller there and lets the next one bring the
/// outcome about.
async fn killed_unless(
    bed: &Bed,
    controller: Controller,
    was_killed: bool,
    outcome: impl Future<Output = ()>,
) -> (Controller, bool) {
    tokio::pin!(outcome);
    tokio::select! {
        () = &mut outcome => (controller, was_killed),
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

    /// The Service has its load balancer, and there is nothing twice.
    async fn stands(&self, web: &Service) {
        let bed = &self.bed;
        let host = web.host_name(bed).await;
        let found = Holdings::standing(bed, 1, 2).await;
        assert_eq!(found.load_balancer().dns_name.to_lowercase(), host);
        agreement(bed).await;
        let found = Holdings::read(bed).await;
        assert_eq!(found.load_balancer().listeners.len(), 1, "{found:#?}");
        assert_eq!(found.target_group().targets.len(), 2, "{found:#?}");
        assert_eq!(found.security_groups.len(), self.empty.security_groups.len() + 2, "{found:#?}");
        assert_eq!(bindings(bed).await.len(), 1);
    }

    /// The Service is gone, and nothing of it is left.
    async fn is_gone(&self, web: &Service) {
        web.gone(&self.bed).await;
        assert_eq!(Holdings::read(&self.bed).await, self.empty, "nothing is left");
        assert_eq!(bindings(&self.bed).await, Vec::<Value>::new());
    }
}
