//! Ingresses that move from group to group, or leave: what serves them goes when the next does, not before and not later.

use localstack_tests::bed::Bed;
use localstack_tests::proxy::{Fault, Held, When};
use localstack_tests::until;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::ingress::{Ingress, backends, classes};
use crate::printed_plan::agreement;
use crate::service::{GLANCE, LIMIT, bindings};
use crate::traffic::{Nodes, Question, ask, way_in};

/// What the clients of the one that moves ask for.
const QUESTION: Question = ("one.example.com", "/");

#[tokio::test]
async fn an_ingress_that_moves_is_served_where_its_status_says_and_leaves_nothing_behind() {
    let bed = Bed::start_carrying().await.unwrap();
    let empty = Holdings::read(&bed).await;
    classes(&bed).await;
    backends(&bed, &["web"]).await;
    Nodes::default().open(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let one = Ingress::new("one").path("one.example.com", "/", "web");
    let two = Ingress::new("two").path("two.example.com", "/", "web");
    let moving = Move { bed: &bed };

    // By itself, into a group, and to another one with somebody in it.
    one.apply(&bed).await;
    two.clone().in_group("blue").apply(&bed).await;
    let alone = one.host_name(&bed).await;
    let blue = two.host_name(&bed).await;
    Holdings::standing(&bed, 2, 2).await;
    agreement(&bed).await;
    let green = moving.to(&one.clone().in_group("green"), &alone, "DeleteLoadBalancer").await;
    stand(&bed, &["blue", "green"]).await;
    let found = moving.to(&one.clone().in_group("blue"), &green, "DeleteLoadBalancer").await;
    assert_eq!(found, blue, "they share one load balancer");
    stand(&bed, &["blue"]).await;

    // Out of it again, the other one staying: only its own rule goes.
    let found = moving.to(&one, &blue, "DeleteRule").await;
    assert_ne!(found, blue);
    let left = stand(&bed, &["blue", "default/one"]).await;
    assert_eq!(left.load_balancer_of("blue").unwrap().listeners[0].rules.len(), 1, "{left:#?}");
    assert_eq!(two.host_name(&bed).await, blue);

    // Given to another controller: what it had goes, and it stays as an object.
    one.clone().with("ingressClassName", json!("other")).apply(&bed).await;
    let released = released(&bed, &one).await;
    assert_eq!(released["status"]["loadBalancer"], json!({}), "{released:#}");
    stand(&bed, &["blue"]).await;
    // And of none at all.
    let two = two.in_group("blue").with("ingressClassName", Value::Null);
    two.apply(&bed).await;
    self::released(&bed, &two).await;
    assert_eq!(Holdings::read(&bed).await, empty, "nothing is left");
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_ingress_that_moves_to_a_load_balancer_that_is_there_is_answered_where_its_status_says() {
    let bed = Bed::start_carrying().await.unwrap();
    classes(&bed).await;
    backends(&bed, &["web"]).await;
    Nodes::default().open(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let one = Ingress::new("one").path("one.example.com", "/", "web");
    let two = Ingress::new("two").path("two.example.com", "/", "web").in_group("blue");
    one.apply(&bed).await;
    two.apply(&bed).await;
    let (alone, blue) = (one.host_name(&bed).await, two.host_name(&bed).await);
    Holdings::standing(&bed, 2, 2).await;
    agreement(&bed).await;
    let (new, held) = Move { bed: &bed }.begins(&one.in_group("blue"), &alone, "DeleteLoadBalancer").await;
    assert_eq!(new, blue, "they share one load balancer");
    let answered = ask(&way_in(&bed, &new, 80).await, QUESTION).await;
    assert_eq!(answered, (200, "web".to_owned()), "it is answered where its status says");
    held.release();
    stand(&bed, &["blue"]).await;
}

/// Somebody who edits an Ingress so that it moves.
struct Move<'a> {
    bed: &'a Bed,
}

impl Move<'_> {
    /// Moves an Ingress away from the load balancer `old`. Before the first thing of the old one is taken away, which
    /// `removal` is, the Ingress' status has a new name, and at the old one requests are still answered. The new name,
    /// once they are answered there.
    async fn to(&self, moved: &Ingress, old: &str, removal: &str) -> String {
        let (new, held) = self.begins(moved, old, removal).await;
        held.release();
        let way_in = way_in(self.bed, &new, 80).await;
        until("answer at the new load balancer", LIMIT, GLANCE, async || match ask(&way_in, QUESTION).await {
            (200, by) if by == "web" => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await
        .unwrap();
        new
    }

    /// The same, up to the moment at which the first thing of the old one is about to be taken away.
    async fn begins(&self, moved: &Ingress, old: &str, removal: &str) -> (String, Held) {
        let bed = self.bed;
        let old_way = way_in(bed, old, 80).await;
        assert_eq!(ask(&old_way, QUESTION).await, (200, "web".to_owned()));
        bed.proxy.reset();
        for action in ["DeleteRule", "DeleteListener", "DeleteLoadBalancer", "DeleteTargetGroup", "DeregisterTargets"] {
            bed.proxy.at(When::Action(action.to_owned()), Fault::HoldRequest);
        }
        moved.apply(bed).await;
        let held = bed.proxy.held().await;
        assert_eq!(held.call.action, removal, "{}", bed.proxy.journal());
        let new = moved.get(bed).await["status"]["loadBalancer"]["ingress"][0]["hostname"].as_str().unwrap().to_owned();
        assert_ne!(new, old, "its status has the new name");
        assert_eq!(ask(&old_way, QUESTION).await, (200, "web".to_owned()), "the old one still answers");
        bed.proxy.clear_traps();
        (new, held)
    }
}

/// Waits until these stacks, and no others, have load balancers.
async fn stand(bed: &Bed, stacks: &[&str]) -> Holdings {
    Holdings::until(bed, &format!("load balancers of {stacks:?}"), |found| {
        found.stands(stacks.len(), 2) && stacks.iter().all(|stack| found.load_balancer_of(stack).is_some())
    })
    .await;
    agreement(bed).await;
    let found = Holdings::read(bed).await;
    assert!(found.stands(stacks.len(), 2), "{found:#?}");
    found
}

/// Waits until an Ingress has no finalizer any more.
async fn released(bed: &Bed, ingress: &Ingress) -> Value {
    until("Ingress without finalizer", LIMIT, GLANCE, async || {
        let object = ingress.get(bed).await;
        if object["metadata"]["finalizers"].is_null() { Ok(object) } else { Err(format!("{object:#}")) }
    })
    .await
    .unwrap()
}
