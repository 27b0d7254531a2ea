//! For random groups of Ingresses and random requests, the planner's route is what the contract says, as a reference that
//! knows nothing of the planner reads it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "route/account.rs"]
mod account;
#[path = "route/drawn.rs"]
mod drawn;
#[path = "route/planned.rs"]
mod planned;
#[path = "route/reference.rs"]
mod reference;

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use northgate_planner::actual::{Actual, ActualStack};
use northgate_planner::id::{Key, ObjectName, StackId};
use northgate_planner::pipeline;
use serde_json::json;

use reference::Outcome;

const GROUPS: u64 = 2000;
const REQUESTS: u64 = 10;

#[test]
fn the_route_of_any_request_is_what_the_contract_says() {
    let (services, facts) = (drawn::services(), account::facts());
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut cluster = account::cluster();
    for service in &services {
        cluster.services.insert(ObjectName::of(&service.metadata), Arc::new(service.clone()));
    }
    for seed in 0..GROUPS {
        let mut random = Rng::with_seed(seed);
        let ingresses = drawn::group(&mut random);
        let mut snapshot = cluster.clone();
        for ingress in &ingresses {
            snapshot.ingresses.insert(ObjectName::of(&ingress.metadata), Arc::new(ingress.clone()));
        }
        let key = Key::Stack(StackId::Group(drawn::GROUP.to_owned()));
        let accepted = pipeline::accept(&snapshot, &key).ok();
        let nothing = Actual::Stack(ActualStack::default());
        let desired = accepted.and_then(|accepted| pipeline::decision(&accepted, &facts, &nothing).desired);
        for _ in 0..REQUESTS {
            let ask = drawn::request(&mut random);
            let expected = reference::answer(&ingresses, &services, &ask);
            let found = desired.as_ref().map_or(Outcome::NoListener, |desired| planned::answer(desired, &ask));
            assert_eq!(found, expected, "seed {seed}: {ask:?}\n{}", shown(&ingresses));
            *seen.entry(kind(&found)).or_default() += 1;
        }
    }
    // It would be no test if the requests met nothing.
    for (kind, least) in [("forward", 5), ("redirect", 20), ("fixed response", 20), ("no listener", 50)] {
        let count = seen.get(kind).copied().unwrap_or_default();
        assert!(count * least >= GROUPS * REQUESTS, "{kind}: {count} in {seen:?}");
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::NoListener => "no listener",
        Outcome::Forward(_) => "forward",
        Outcome::Redirect(..) => "redirect",
        Outcome::Fixed(404, _) => "not found",
        Outcome::Fixed(..) => "fixed response",
    }
}

fn shown(ingresses: &[k8s_openapi::api::networking::v1::Ingress]) -> String {
    ingresses.iter().map(|ingress| format!("{:#}\n", json!(ingress))).collect()
}
