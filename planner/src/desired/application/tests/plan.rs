//! Whole plans, to a fixed point.

use super::*;

/// The plan of the Ingress `shop/web` or the group `shop` in an account.
fn planned(snapshot: &Snapshot, id: &StackId, found: ActualStack) -> crate::plan::Plan {
    let accepted = pipeline::accept(snapshot, &Key::Stack(id.clone())).unwrap();
    pipeline::decide(&accepted, &facts(), &Actual::Stack(found))
}

fn calls(plan: &crate::plan::Plan) -> Vec<String> {
    let call = |change: &crate::plan::Change| {
        format!("{} {}", change.call().split_once(':').unwrap().1, change.resource.key.id)
    };
    plan.changes().map(call).collect()
}

#[test]
fn the_first_plan_makes_everything_and_then_nothing_is_left() {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| {
        annotate(ingress, "listen-ports", r#"[{"HTTP":80},{"HTTPS":443}]"#);
        annotate(ingress, "certificate-arn", "arn:A,arn:B");
        annotate(ingress, "ssl-redirect", "443");
        annotate(ingress, "load-balancer-attributes", "idle_timeout.timeout_seconds=120");
    });
    let first = planned(&snapshot, &web(), ActualStack::default());
    assert_eq!(first.problems, []);
    assert_eq!(
        calls(&first),
        [
            "CreateSecurityGroup ManagedLBSecurityGroup",
            "AuthorizeSecurityGroupIngress ManagedLBSecurityGroup",
            "CreateTargetGroup shop/web-web:80",
            "CreateLoadBalancer LoadBalancer",
            "ModifyLoadBalancerAttributes LoadBalancer",
            "CreateListener 80",
            "CreateListener 443",
            "AddListenerCertificates 443",
            "AddListenerCertificates 443",
            "create targetgroupbindings shop/web-web:80",
            "CreateRule 443:1",
        ]
    );
    let desired = decided(&snapshot, &web());
    let (found, bindings) = account::of(&desired, &web());
    for binding in bindings {
        let object = TargetGroupBinding {
            metadata: serde_json::from_value(json!({
                "namespace": binding.name().namespace, "name": binding.name().name, "labels": binding.binding.labels
            }))
            .unwrap(),
            spec: serde_json::from_value(binding.spec.clone()).unwrap(),
            status: None,
        };
        snapshot.bindings.insert(binding.name().clone(), Arc::new(object));
    }
    let second = planned(&snapshot, &web(), found.clone());
    assert_eq!((calls(&second), second.problems, second.held), (vec![], vec![], vec![]));
    assert_eq!(second.routes[1], "client → ALB:443 (HTTPS) path /* → node:31000 → pod:8080");
    // One more path is one more rule and one more target group; the others do not move.
    add_service(&mut snapshot, "more", |_| {});
    add(&mut snapshot, "web", |ingress| {
        annotate(ingress, "listen-ports", r#"[{"HTTP":80},{"HTTPS":443}]"#);
        annotate(ingress, "certificate-arn", "arn:A,arn:B");
        annotate(ingress, "ssl-redirect", "443");
        annotate(ingress, "load-balancer-attributes", "idle_timeout.timeout_seconds=120");
        ingress["spec"]["rules"].as_array_mut().unwrap().push(json!({ "http": { "paths": [path("/more", "more")] } }));
    });
    let third = planned(&snapshot, &web(), found);
    assert_eq!(
        calls(&third),
        ["CreateTargetGroup shop/web-more:80", "create targetgroupbindings shop/web-more:80", "CreateRule 443:2"]
    );
}

#[test]
fn a_member_that_breaks_loses_nothing_and_one_that_goes_loses_all() {
    let mut snapshot = cluster();
    let held = |ingress: &mut Value, place: &str| {
        annotate(ingress, "group.name", "shop");
        ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
        ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(place);
    };
    for name in ["a", "b", "c"] {
        add(&mut snapshot, name, |ingress| held(ingress, &format!("/{name}")));
    }
    let desired = decided(&snapshot, &shop());
    let (found, _) = account::of(&desired, &shop());
    add(&mut snapshot, "b", |ingress| {
        held(ingress, "/b");
        annotate(ingress, "target-type", "pod");
    });
    let broken = planned(&snapshot, &shop(), found.clone());
    let aws = |plan: &crate::plan::Plan| {
        calls(plan).into_iter().filter(|call| !call.contains("targetgroupbindings")).collect::<Vec<_>>()
    };
    assert_eq!(aws(&broken), [""; 0], "its last good rules stay");
    assert_eq!(broken.problems.len(), 1);
    assert!(!broken.refused);
    assert_eq!(
        broken.holding.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["Ingress/shop/a", "Ingress/shop/c"]
    );
    assert_eq!(
        broken.objects.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["a", "b", "c"].map(|one| format!("Ingress/shop/{one}"))
    );
    add(&mut snapshot, "b", |ingress| {
        held(ingress, "/b");
        annotate(ingress, "target-type", "pod");
        ingress["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
    });
    let going = planned(&snapshot, &shop(), found);
    let deleted = aws(&going).into_iter().filter(|call| call.starts_with("Delete")).collect::<Vec<_>>();
    assert_eq!(deleted, ["DeleteRule 80:2", "DeleteTargetGroup shop/b-web:80"]);
    assert_eq!(going.leaving.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Ingress/shop/b"]);
    assert_eq!(going.problems, [], "deletion needs no valid spec");
}

#[test]
fn one_that_goes_waits_for_nobody_and_the_others_wait_as_ever() {
    let mut snapshot = cluster();
    let held = |ingress: &mut Value, place: &str| {
        annotate(ingress, "group.name", "shop");
        ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
        ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(place);
    };
    for name in ["a", "a-b"] {
        add(&mut snapshot, name, |ingress| held(ingress, &format!("/{name}")));
    }
    let (found, _) = account::of(&decided(&snapshot, &shop()), &shop());
    // In the same moment one goes and the other one has another backend.
    add(&mut snapshot, "a", |ingress| {
        held(ingress, "/a");
        ingress["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
    });
    add_service(&mut snapshot, "more", |_| {});
    add(&mut snapshot, "a-b", |ingress| {
        held(ingress, "/a-b");
        ingress["spec"]["rules"][0]["http"]["paths"] = json!([path("/a-b", "more")]);
    });
    let plan = planned(&snapshot, &shop(), found);
    let waits = |step: &Step| matches!(step, Step::Wait(wait) if wait.reason == WaitFor::TargetsHealthy);
    let wait = plan.steps.iter().position(waits).expect("the new backend must be healthy first");
    let told = |steps: &[Step]| {
        let changes = steps.iter().filter_map(Step::change);
        let call = |change: &crate::plan::Change| format!("{} {}", change.call(), change.resource.key.id);
        changes.map(call).filter(|call| call.contains("Delete") || call.contains("Modify")).collect::<Vec<_>>()
    };
    let (before, after) = (told(&plan.steps[..wait]), told(&plan.steps[wait..]));
    let call = |call: &str| format!("elasticloadbalancing:{call}");
    assert_eq!(before, ["DeleteRule 80:1", "DeleteTargetGroup shop/a-web:80"].map(call));
    let left = ["ModifyRule 80:1", "DeleteRule 80:50000", "DeleteTargetGroup shop/a-b-web:80"].map(call);
    assert_eq!(after, left, "{:?}", plan.steps);
}

/// A hundred Ingresses with a rule each, and the time it takes. The number is for a release build:
/// `cargo test --release -p northgate-planner a_hundred -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_hundred_ingresses_are_decided_at_once() {
    let mut snapshot = cluster();
    for n in 0..100 {
        add_service(&mut snapshot, &format!("s{n}"), |_| {});
        add(&mut snapshot, &format!("m{n}"), |ingress| {
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "tags", "team=shop,cost=1");
            ingress["spec"]["rules"][0]["host"] = json!(format!("h{n}.example.com"));
            ingress["spec"]["rules"][0]["http"]["paths"] = json!([path(&format!("/m{n}"), &format!("s{n}"))]);
        });
    }
    let start = std::time::Instant::now();
    let desired = decided(&snapshot, &shop());
    println!("{:?} for {} rules", start.elapsed(), desired.listeners[&80].rules.len());
    assert_eq!(desired.listeners[&80].rules.len(), 100);
}

#[test]
fn an_ingress_that_moves_is_served_until_its_new_load_balancer_does() {
    let mut snapshot = cluster();
    let put = |snapshot: &mut Snapshot, name: &str, group: &str, host: &str| {
        add(snapshot, name, |ingress| {
            annotate(ingress, "group.name", group);
            ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
            ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(format!("/{name}"));
            ingress["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": host }] } });
        });
    };
    put(&mut snapshot, "a", "shop", "live.elb.amazonaws.com");
    put(&mut snapshot, "b", "shop", "live.elb.amazonaws.com");
    let (found, _) = account::of(&decided(&snapshot, &shop()), &shop());
    let aws = |plan: &crate::plan::Plan| {
        calls(plan).into_iter().filter(|call| !call.contains("targetgroupbindings")).collect::<Vec<_>>()
    };
    // One of two moves: its rule stays until its status has another host name.
    put(&mut snapshot, "b", "other", "live.elb.amazonaws.com");
    let plan = planned(&snapshot, &shop(), found.clone());
    assert_eq!((aws(&plan), plan.leaving.len(), plan.problems.len()), (vec![], 0, 0));
    assert!(plan.warnings[0].message.starts_with("it moves to group/other"), "{:?}", plan.warnings);
    put(&mut snapshot, "b", "other", "other.elb.amazonaws.com");
    let plan = planned(&snapshot, &shop(), found.clone());
    assert_eq!(aws(&plan), ["DeleteRule 80:2", "DeleteTargetGroup shop/b-web:80"]);
    assert_eq!(plan.leaving.len(), 1);
    // Both move: the load balancer stays until then.
    put(&mut snapshot, "a", "other", "live.elb.amazonaws.com");
    let plan = planned(&snapshot, &shop(), found.clone());
    assert_eq!(aws(&plan)[0], "DeleteRule 80:2", "the other one is not served here any more");
    let Step::Wait(wait) = &plan.steps[1] else { panic!("{:?}", plan.steps) };
    assert_eq!(wait.message, "Ingress shop/a moves to group/other, whose host name its status does not have yet");
    assert!(!plan.wanted);
    // So it goes with one that is deleted: it does not wait for the other.
    add(&mut snapshot, "b", |ingress| {
        annotate(ingress, "group.name", "shop");
        ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
        ingress["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
    });
    let plan = planned(&snapshot, &shop(), found.clone());
    assert_eq!(aws(&plan)[..2], ["DeleteRule 80:2", "DeleteLoadBalancer LoadBalancer"]);
    assert!(matches!(&plan.steps[1], Step::Wait(_)), "{:?}", plan.steps);
    assert_eq!(plan.leaving.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Ingress/shop/b"]);
    put(&mut snapshot, "a", "other", "other.elb.amazonaws.com");
    let plan = planned(&snapshot, &shop(), found);
    assert_eq!(aws(&plan)[0], "DeleteLoadBalancer LoadBalancer");
    assert!(matches!(plan.steps[0], Step::Change(_)));
}

#[test]
fn files_that_name_a_part_of_a_group_take_nothing_from_the_rest() {
    let mut snapshot = cluster();
    for name in ["a", "b", "c"] {
        add(&mut snapshot, name, |ingress| {
            annotate(ingress, "group.name", "shop");
            ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(format!("/{name}"));
        });
    }
    let (found, _) = account::of(&decided(&snapshot, &shop()), &shop());
    snapshot.files_alone = true;
    assert!(!planned(&snapshot, &shop(), found.clone()).partial);
    snapshot.ingresses.remove(&ObjectName::new("shop", "b"));
    let plan = planned(&snapshot, &shop(), found.clone());
    let aws = calls(&plan).into_iter().filter(|call| !call.contains("targetgroupbindings")).collect::<Vec<_>>();
    assert_eq!((aws, plan.partial), (vec![], true));
    assert!(plan.warnings[0].message.contains("that the files do not name"), "{:?}", plan.warnings);
    // In a cluster what is not there is gone.
    snapshot.files_alone = false;
    let deleted = calls(&planned(&snapshot, &shop(), found)).into_iter().filter(|call| call.starts_with("Delete"));
    assert_eq!(deleted.collect::<Vec<_>>(), ["DeleteRule 80:2", "DeleteTargetGroup shop/b-web:80"]);
}
