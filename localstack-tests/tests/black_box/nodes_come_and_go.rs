//! Nodes come and go, and the targets follow.

use std::collections::BTreeSet;

use localstack_tests::bed::Bed;
use localstack_tests::nodes::{self, Node};

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{Service, bindings_count};

const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

#[tokio::test]
async fn every_eligible_node_is_a_target_and_no_other() {
    let mut bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    web.host_name(&bed).await;
    let [one, two] = bed.nodes.clone().try_into().unwrap();
    targets(&bed, &web, &[&one, &two]).await;

    // A new machine joins.
    let machine = bed.world.add_instance(&bed.aws, 0).await.unwrap();
    let three = Node::of(&machine);
    nodes::create(bed.kubectl(), std::slice::from_ref(&three)).await.unwrap();
    targets(&bed, &web, &[&one, &two, &three]).await;

    // A node is taken out by its label, and put back.
    bed.kubectl().run(&["label", "node", &one.name, &format!("{EXCLUDED}=true")]).await.unwrap();
    targets(&bed, &web, &[&two, &three]).await;
    bed.kubectl().run(&["label", "node", &one.name, &format!("{EXCLUDED}-")]).await.unwrap();
    targets(&bed, &web, &[&one, &two, &three]).await;

    // A node goes.
    nodes::delete(bed.kubectl(), &two.name).await.unwrap();
    targets(&bed, &web, &[&one, &three]).await;

    // A node that is not ready takes no traffic, and comes back with its readiness.
    nodes::set_ready(bed.kubectl(), &three.name, false).await.unwrap();
    targets(&bed, &web, &[&one]).await;
    nodes::set_ready(bed.kubectl(), &three.name, true).await.unwrap();
    targets(&bed, &web, &[&one, &three]).await;

    bindings_count(&bed, 2).await;
    agreement(&bed).await;
    assert_eq!(Holdings::read(&bed).await.worker_group(&bed).rules.len(), 1);
}

/// Waits until these nodes are the targets that are not draining, and healthy.
async fn targets(bed: &Bed, web: &Service, wanted: &[&Node]) {
    let port = web.node_port(bed, 0).await;
    let wanted: BTreeSet<String> = wanted.iter().map(|node| format!("{}:{port}", node.instance.id)).collect();
    Holdings::until(bed, &format!("targets {wanted:?}"), |found| {
        let all = found.target_group().targets.iter();
        let in_use = all.filter(|(_, state)| *state != "draining");
        let healthy = in_use.clone().filter(|(_, state)| *state == "healthy").map(|(target, _)| target.clone());
        in_use.count() == wanted.len() && healthy.collect::<BTreeSet<_>>() == wanted
    })
    .await;
}
