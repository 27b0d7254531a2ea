//! TargetGroupBindings and target groups that people make themselves.

use std::time::Duration;

use localstack_tests::bed::Bed;
use localstack_tests::until;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::{agreement, entry, plan_json};
use crate::service::{GLANCE, LIMIT, Service, event};

#[tokio::test]
async fn a_hand_made_binding_gives_its_targets_to_a_hand_made_group_and_takes_them_back() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    // A Service that is nobody's load balancer, and a target group that somebody made.
    let web = Service::new("web", &[80]).classless().with("type", json!("NodePort"));
    web.apply(&bed).await;
    let node_port = web.node_port(&bed, 0).await;
    let arn = target_group(&bed, "mine").await;
    let empty = Holdings::read(&bed).await;

    let networking = json!({ "ingress": [{
        "from": [{ "ipBlock": { "cidr": "10.0.0.0/16" } }],
        "ports": [{ "protocol": "TCP", "port": node_port }],
    }] });
    apply_binding(&bed, "mine", &arn, &networking).await;
    let opened = Holdings::until(&bed, "two targets", |found| found.target_group().targets.len() == 2).await;
    let targets = bed.nodes.iter().map(|node| format!("{}:{node_port}", node.instance.id));
    assert!(opened.target_group().targets.keys().cloned().eq(sorted(targets)), "{opened:#?}");
    let rule = format!("tcp {node_port}-{node_port} from 10.0.0.0/16 (elbv2.k8s.aws/targetGroupBinding=shared)");
    assert_eq!(opened.worker_group(&bed).rules, [rule].into());
    assert_eq!(opened.security_groups.len(), empty.security_groups.len(), "no group is made for it");
    let binding = counted(&bed, "mine", 2).await;
    assert_eq!(binding["metadata"]["finalizers"], json!(["elbv2.k8s.aws/resources"]));
    agreement(&bed).await;

    bed.kubectl().run(&["delete", "targetgroupbinding", "mine", "--timeout=30s"]).await.unwrap();
    let drained = |found: &Holdings| found.target_group().targets.is_empty();
    assert_eq!(Holdings::until(&bed, "group without targets", drained).await, empty, "the group itself is not ours");
}

#[tokio::test]
async fn of_two_bindings_on_one_group_the_newer_is_refused() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    for (name, port) in [("older", 80), ("newer", 81)] {
        Service::new(name, &[port]).classless().with("type", json!("NodePort")).apply(&bed).await;
    }
    let arn = target_group(&bed, "one").await;
    apply_binding_to(&bed, "older", ("older", 80), &arn, &Value::Null).await;
    let standing = Holdings::standing(&bed, 1, 2).await;
    counted(&bed, "older", 2).await;
    // Creation times are whole seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bed.proxy.reset();
    apply_binding_to(&bed, "newer", ("newer", 81), &arn, &Value::Null).await;

    let said = event(&bed, "newer", "FailedReconcile", &["older"]).await;
    let refused = until("refusal in the status", LIMIT, GLANCE, async || {
        let newer = binding(&bed, "newer").await;
        let ready = &newer["status"]["conditions"][0];
        if ready["status"] == "False" { Ok(newer.clone()) } else { Err(format!("{newer:#}")) }
    })
    .await
    .unwrap();
    assert!(refused["status"]["conditions"][0]["message"].as_str().unwrap().contains("older"), "{said}\n{refused:#}");
    let (code, document) = plan_json(&bed, &[]).await;
    assert_eq!(code, 4, "{document:#}");
    assert_eq!(entry(&document, "binding/default/newer")["outcome"], "refused");
    assert_eq!(entry(&document, "binding/default/older")["outcome"], "in-sync");
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(Holdings::read(&bed).await, standing);

    // The older one goes, and the group is the newer one's.
    bed.kubectl().run(&["delete", "targetgroupbinding", "older", "--timeout=30s"]).await.unwrap();
    let port = Service::new("newer", &[81]).node_port(&bed, 0).await;
    Holdings::until(&bed, "the newer one's targets", |found| {
        let in_use = found.target_group().targets.iter().filter(|(_, state)| *state != "draining");
        in_use.clone().count() == 2 && in_use.into_iter().all(|(target, _)| target.ends_with(&format!(":{port}")))
    })
    .await;
    counted(&bed, "newer", 2).await;
}

/// Makes a target group with a load balancer before it, so that its targets are checked: its ARN.
async fn target_group(bed: &Bed, name: &str) -> String {
    let group =
        [("Name", name), ("Protocol", "TCP"), ("Port", "80"), ("VpcId", &bed.world.vpc), ("TargetType", "instance")];
    let made = bed.aws.elbv2("CreateTargetGroup", &group).await.unwrap();
    let group = made.value("TargetGroupArn").to_owned();
    let subnets = &bed.world.private_subnets;
    let balancer = [
        ("Name", name),
        ("Type", "network"),
        ("Scheme", "internal"),
        ("Subnets.member.1", subnets[0].id.as_str()),
        ("Subnets.member.2", subnets[1].id.as_str()),
    ];
    let made = bed.aws.elbv2("CreateLoadBalancer", &balancer).await.unwrap();
    let listener = [
        ("LoadBalancerArn", made.value("LoadBalancerArn")),
        ("Protocol", "TCP"),
        ("Port", "80"),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", &group),
    ];
    bed.aws.elbv2("CreateListener", &listener).await.unwrap();
    Holdings::until(bed, "an active load balancer", |found| found.load_balancer().state == "active").await;
    group
}

/// A binding of the Service `web`'s port 80.
async fn apply_binding(bed: &Bed, name: &str, arn: &str, networking: &Value) {
    apply_binding_to(bed, name, ("web", 80), arn, networking).await;
}

async fn apply_binding_to(bed: &Bed, name: &str, (service, port): (&str, u16), arn: &str, networking: &Value) {
    let mut spec = json!({
        "targetGroupARN": arn,
        "targetType": "instance",
        "serviceRef": { "name": service, "port": port },
    });
    if !networking.is_null() {
        spec["networking"] = networking.clone();
    }
    let object = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": { "name": name, "namespace": "default" },
        "spec": spec,
    });
    bed.kubectl().apply(&object.to_string()).await.unwrap();
}

async fn binding(bed: &Bed, name: &str) -> Value {
    bed.kubectl().get(&["targetgroupbinding", name]).await.unwrap()
}

/// Waits until a binding counts so many ready targets, of as many.
async fn counted(bed: &Bed, name: &str, targets: u64) -> Value {
    until(&format!("{targets} of {targets} targets in the status"), LIMIT, GLANCE, async || {
        let found = binding(bed, name).await;
        let counts = (&found["status"]["readyTargets"], &found["status"]["totalTargets"]);
        if counts == (&json!(targets), &json!(targets)) { Ok(found.clone()) } else { Err(format!("{found:#}")) }
    })
    .await
    .unwrap()
}

fn sorted(texts: impl Iterator<Item = String>) -> std::collections::btree_set::IntoIter<String> {
    texts.collect::<std::collections::BTreeSet<_>>().into_iter()
}
