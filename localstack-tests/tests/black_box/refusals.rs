//! What is wrong is refused with words that help, and nothing is written for it; mended, it is built at once.

use std::time::{Duration, Instant};

use localstack_tests::bed::Bed;
use localstack_tests::until;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::{agreement, change, entry, plan, plan_json};
use crate::service::{Service, event, events};

/// One slip in a Service that is right otherwise, and what must be said of it.
struct Slip {
    name: &'static str,
    slip: fn(Service) -> Service,
    /// Field and value of the problem, and words of its message and hint.
    field: &'static str,
    value: Option<&'static str>,
    words: &'static [&'static str],
}

const SLIPS: [Slip; 6] = [
    Slip {
        name: "scheme",
        slip: |web| web.annotated("aws-load-balancer-scheme", "public"),
        field: "metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-scheme]",
        value: Some("public"),
        words: &["internal", "internet-facing"],
    },
    Slip {
        name: "interval",
        slip: |web| web.annotated("aws-load-balancer-healthcheck-interval", "ten"),
        field: "metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval]",
        value: Some("ten"),
        words: &["whole number"],
    },
    Slip {
        name: "ranges",
        slip: |web| web.annotated("load-balancer-source-ranges", "2001:db8::/32"),
        field: "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]",
        value: Some("2001:db8::/32"),
        words: &["IPv6", "not supported yet"],
    },
    Slip {
        name: "tls",
        slip: |web| web.annotated("aws-load-balancer-ssl-cert", "arn:aws:acm:us-west-2:111122223333:certificate/x"),
        field: "metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-ssl-cert]",
        value: None,
        words: &["not supported yet"],
    },
    Slip {
        name: "udp",
        slip: |web| web.with("ports", json!([{ "name": "dns", "port": 53, "protocol": "UDP" }])),
        field: "spec.ports[0].protocol",
        value: Some("UDP"),
        words: &["not supported yet"],
    },
    Slip {
        name: "nodeports",
        slip: |web| web.with("allocateLoadBalancerNodePorts", json!(false)),
        field: "spec.ports[0].nodePort",
        value: None,
        words: &["node port", "allocateLoadBalancerNodePorts: true"],
    },
];

#[tokio::test]
async fn a_bad_manifest_is_refused_in_event_and_plan_and_built_when_it_is_mended() {
    let bed = Bed::start().await.unwrap();
    let empty = Holdings::read(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    for Slip { name, slip, .. } in &SLIPS {
        slip(Service::new(name, &[80])).apply(&bed).await;
    }
    // Everything that is wrong with it is said at once.
    let twice = Service::new("twice", &[80]);
    let both =
        twice.clone().annotated("aws-load-balancer-scheme", "public").annotated("aws-load-balancer-internal", "yes");
    both.apply(&bed).await;

    let (code, document) = plan_json(&bed, &[]).await;
    assert_eq!(code, 4, "{document:#}");
    for Slip { name, field, value, words, .. } in &SLIPS {
        let [problem] = &problems(&document, name)[..] else { panic!("not one problem: {document:#}") };
        assert_eq!(problem["field"], *field);
        if let Some(value) = value {
            assert!(problem.to_string().contains(value), "{problem:#}");
        }
        let said = event(&bed, name, "FailedBuildModel", &[field]).await;
        for word in *words {
            assert!(said.contains(word), "{word} is missing: {said}");
            assert!(problem.to_string().contains(word), "{word} is missing: {problem:#}");
        }
        assert!(said.contains(problem["message"].as_str().unwrap()), "{said}\n{problem:#}");
    }
    assert_eq!(problems(&document, "twice").len(), 2, "{document:#}");
    event(&bed, "twice", "FailedBuildModel", &["aws-load-balancer-scheme"]).await;
    event(&bed, "twice", "FailedBuildModel", &["aws-load-balancer-internal"]).await;
    let text = plan(&bed, &["service/scheme"]).await;
    assert_eq!(text.exit_code, 4);
    assert!(text.stdout.contains("\"public\"") && text.stdout.contains("refused"), "{}", text.stdout);
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(Holdings::read(&bed).await, empty);

    // Mended.
    let start = Instant::now();
    twice.apply(&bed).await;
    let limit = Duration::from_secs(5);
    until("load balancer of the mended Service", limit, Duration::from_millis(100), async || {
        let found = Holdings::read(&bed).await;
        let serves = found.load_balancers.iter().any(|balancer| !balancer.listeners.is_empty());
        if serves { Ok(()) } else { Err(events(&bed, "twice").await.join("\n")) }
    })
    .await
    .unwrap();
    assert!(start.elapsed() < limit + Duration::from_secs(1), "{:?}", start.elapsed());
    twice.host_name(&bed).await;
    let found = Holdings::standing(&bed, 1, 2).await;
    assert_eq!(
        found.load_balancer().tags["service.k8s.aws/stack"],
        "default/twice",
        "the others are as refused as before"
    );
}

fn problems(document: &Value, name: &str) -> Vec<Value> {
    let refused = entry(document, &format!("service/default/{name}"));
    assert_eq!(refused["outcome"], "refused");
    refused["problems"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_load_balancer_of_somebody_else_with_our_name_stays_untouched() {
    let bed = Bed::start().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    let request = &change(&printed, "elasticloadbalancing:CreateLoadBalancer")["request"];
    let name = request["Name"].as_str().unwrap();
    let subnet = bed.world.private_subnets[0].id.as_str();
    let foreign = [
        ("Name", name),
        ("Type", "network"),
        ("Scheme", "internal"),
        ("Subnets.member.1", subnet),
        ("Tags.member.1.Key", "owner"),
        ("Tags.member.1.Value", "somebody else"),
    ];
    bed.aws.elbv2("CreateLoadBalancer", &foreign).await.unwrap();
    let theirs =
        Holdings::until(&bed, "an active load balancer", |found| found.load_balancer().state == "active").await;

    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let arn = theirs.load_balancer().arn.as_str();
    event(&bed, "web", "FailedBuildModel", &[name, arn]).await;
    let (code, document) = plan_json(&bed, &[]).await;
    assert_eq!(code, 4, "{document:#}");
    let [problem] = &problems(&document, "web")[..] else { panic!("not one problem: {document:#}") };
    assert!(problem["message"].as_str().unwrap().contains(arn), "{problem:#}");
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(Holdings::read(&bed).await, theirs);
    assert_eq!(web.get(&bed).await["status"]["loadBalancer"], json!({}));

    // When it is gone, the name is free; an edit makes the controller look.
    bed.aws.elbv2("DeleteLoadBalancer", &[("LoadBalancerArn", arn)]).await.unwrap();
    web.annotated("aws-load-balancer-additional-resource-tags", "team=web").apply(&bed).await;
    Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;
}

#[tokio::test]
async fn a_target_group_of_somebody_else_with_our_name_stays_untouched() {
    let bed = Bed::start().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    let request = &change(&printed, "elasticloadbalancing:CreateTargetGroup")["request"];
    let name = request["Name"].as_str().unwrap();
    let port = request["Port"].to_string();
    let foreign = [("Name", name), ("Protocol", "TCP"), ("Port", &port), ("VpcId", &bed.world.vpc)];
    bed.aws.elbv2("CreateTargetGroup", &foreign).await.unwrap();
    let theirs = Holdings::read(&bed).await;

    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let arn = theirs.target_group().arn.as_str();
    event(&bed, "web", "FailedBuildModel", &[name, arn]).await;
    assert_eq!(plan(&bed, &[]).await.exit_code, 4);
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(Holdings::read(&bed).await, theirs);
}
