//! Targets that are pods: they come and go with the EndpointSlices that Kubernetes' own controller writes.

use std::collections::BTreeSet;

use localstack_tests::bed::Bed;
use localstack_tests::pods::{self, Pod};
use serde_json::json;

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::Service;

const SHARED: &str = "(elbv2.k8s.aws/targetGroupBinding=shared)";

#[tokio::test]
async fn pods_are_targets_while_they_are_ready() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let (one, two) = (pod(&bed, "one", 0, 0, 8080), pod(&bed, "two", 1, 0, 8080));
    pods::create(bed.kubectl(), &[one.clone(), two.clone()]).await.unwrap();
    // The port by its name in the pods.
    let ports = json!([{ "name": "http", "port": 80, "targetPort": "http" }]);
    let web = Service::new("web", &[80]).annotated("aws-load-balancer-nlb-target-type", "ip").with("ports", ports);
    web.apply(&bed).await;
    web.host_name(&bed).await;
    targets(&bed, &[(&one, 8080), (&two, 8080)]).await;
    let found = Holdings::standing(&bed, 1, 2).await;
    let group = found.target_group();
    assert_eq!((group.target_type.as_str(), group.port.as_str()), ("ip", "1"), "the name has no one number");
    opened(&bed, "8080-8080").await;

    // One more, which calls another port by that name: it is reached there, and one rule spans both.
    let three = pod(&bed, "three", 0, 1, 9090);
    pods::create(bed.kubectl(), std::slice::from_ref(&three)).await.unwrap();
    targets(&bed, &[(&one, 8080), (&two, 8080), (&three, 9090)]).await;
    opened(&bed, "8080-9090").await;

    // Not ready any more: out at once. Ready again: in again.
    pods::set_ready(bed.kubectl(), std::slice::from_ref(&one), false).await.unwrap();
    targets(&bed, &[(&two, 8080), (&three, 9090)]).await;
    pods::set_ready(bed.kubectl(), std::slice::from_ref(&one), true).await.unwrap();
    targets(&bed, &[(&one, 8080), (&two, 8080), (&three, 9090)]).await;

    // Deleted and gone.
    pods::delete(bed.kubectl(), &three).await.unwrap();
    targets(&bed, &[(&one, 8080), (&two, 8080)]).await;
    opened(&bed, "8080-8080").await;

    // The last ones go too: nothing is left to send to, and nothing is left registered.
    for pod in [&one, &two] {
        pods::delete(bed.kubectl(), pod).await.unwrap();
    }
    targets(&bed, &[]).await;
    agreement(&bed).await;
}

#[tokio::test]
async fn a_terminating_pod_is_deregistered_while_it_still_runs() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let stays = pod(&bed, "stays", 0, 0, 8080);
    let goes = Pod { grace_seconds: 30, ..pod(&bed, "goes", 1, 0, 8080) };
    pods::create(bed.kubectl(), &[stays.clone(), goes.clone()]).await.unwrap();
    let web = Service::new("web", &[80]).annotated("aws-load-balancer-nlb-target-type", "ip");
    web.apply(&bed).await;
    web.host_name(&bed).await;
    targets(&bed, &[(&stays, 8080), (&goes, 8080)]).await;

    pods::delete(bed.kubectl(), &goes).await.unwrap();
    targets(&bed, &[(&stays, 8080)]).await;
    let still_there = bed.kubectl().get(&["pod", "goes"]).await.unwrap();
    assert!(still_there["metadata"]["deletionTimestamp"].is_string(), "{still_there:#}");
    agreement(&bed).await;
    pods::finish(bed.kubectl(), &goes).await.unwrap();
    agreement(&bed).await;
}

/// A pod of `web` on a node, with one of the addresses of the node's interface.
fn pod(bed: &Bed, name: &str, node: usize, address: usize, port: u16) -> Pod {
    let node = &bed.nodes[node];
    let address = &node.instance.pod_addresses[address];
    Pod { ports: vec![("http".to_owned(), port)], ..Pod::new(name, "web", &node.name, address) }
}

/// Waits until these are the targets that are not draining, and healthy.
async fn targets(bed: &Bed, wanted: &[(&Pod, u16)]) -> Holdings {
    let wanted: BTreeSet<String> = wanted.iter().map(|(pod, port)| format!("{}:{port}", pod.address)).collect();
    Holdings::until(bed, &format!("targets {wanted:?}"), |found| {
        let in_use =
            found.target_groups.iter().flat_map(|group| &group.targets).filter(|(_, state)| *state != "draining");
        let healthy: BTreeSet<String> =
            in_use.clone().filter(|(_, state)| *state == "healthy").map(|(target, _)| target.clone()).collect();
        !found.target_groups.is_empty() && in_use.count() == wanted.len() && healthy == wanted
    })
    .await
}

/// Waits until the machines' group lets the load balancers in on these ports and no others.
async fn opened(bed: &Bed, ports: &str) {
    Holdings::until(bed, &format!("one worker rule for {ports}"), |found| {
        let rule = format!("tcp {ports} from {} {SHARED}", found.backend_group().id);
        found.worker_group(bed).rules == [rule].into()
    })
    .await;
}
