//! Members that are set aside.

use super::*;

/// A group of ten Ingresses, one broken in each possible way: the other nine are as if it were not there.
#[test]
fn one_broken_member_leaves_the_others_alone() {
    let broken: &[(&str, Mutation)] = &[
        ("ACM has no certificate", |ingress| {
            annotate(ingress, "listen-ports", r#"[{"HTTPS":443}]"#);
            ingress["spec"]["rules"][0]["host"] = json!("a.nowhere");
        }),
        ("has no certificate", |ingress| annotate(ingress, "listen-ports", r#"[{"HTTPS":443}]"#)),
        ("this is not JSON", |ingress| annotate(ingress, "conditions.web", "[")),
        ("at most 128 characters", |ingress| {
            ingress["spec"]["rules"][0]["host"] = json!(format!("{}.example.com", "a".repeat(130)));
        }),
        ("there is no Service shop/nothing", |ingress| {
            annotate(
                ingress,
                "actions.x",
                r#"{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"web","servicePort":80,"weight":1},
                    {"serviceName":"nothing","servicePort":80,"weight":1}]}}"#,
            );
            let backend = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
            *backend = json!({ "name": "x", "port": { "name": "use-annotation" } });
        }),
        ("100 are allowed", |ingress| {
            let paths = (0..92).map(|n| path(&format!("/many{n}"), "web")).collect::<Vec<_>>();
            ingress["spec"]["rules"][0]["http"]["paths"] = json!(paths);
        }),
        ("no such subnet", |ingress| annotate(ingress, "subnets", "subnet-a,subnet-z")),
        ("no such security group", |ingress| annotate(ingress, "security-groups", "sg-9")),
        ("from HTTPS to HTTP", |ingress| {
            annotate(ingress, "certificate-arn", "A");
            annotate(
                ingress,
                "actions.x",
                r#"{"type":"redirect","redirectConfig":{"protocol":"HTTP","statusCode":"HTTP_301"}}"#,
            );
            let backend = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
            *backend = json!({ "name": "x", "port": { "name": "use-annotation" } });
        }),
        ("leads back to where it came from", |ingress| {
            annotate(
                ingress,
                "actions.x",
                r#"{"type":"redirect","redirectConfig":{"query":"v=2","statusCode":"HTTP_301"}}"#,
            );
            let backend = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
            *backend = json!({ "name": "x", "port": { "name": "use-annotation" } });
        }),
        ("spec.defaultBackend: port 443: AWS redirects no request", |ingress| {
            annotate(ingress, "listen-ports", r#"[{"HTTPS":443}]"#);
            annotate(ingress, "certificate-arn", "A");
            annotate(
                ingress,
                "actions.x",
                r#"{"type":"redirect","redirectConfig":{"protocol":"HTTP","statusCode":"HTTP_301"}}"#,
            );
            ingress["spec"]["defaultBackend"] =
                json!({ "service": { "name": "x", "port": { "name": "use-annotation" } } });
        }),
        ("there is no target group named", |ingress| {
            annotate(ingress, "actions.x", r#"{"type":"forward","targetGroupName":"other"}"#);
            let backend = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
            *backend = json!({ "name": "x", "port": { "name": "use-annotation" } });
        }),
        ("already has the default backend", |ingress| {
            ingress["spec"]["defaultBackend"] = json!({ "service": { "name": "web", "port": { "number": 80 } } });
        }),
        ("and Ingresses that share a load balancer must agree", |ingress| {
            annotate(ingress, "scheme", "internet-facing")
        }),
        ("the load balancer has no HTTPS listener", |ingress| annotate(ingress, "ssl-redirect", "443")),
    ];
    let group = |bad: Option<Mutation>| {
        let mut snapshot = cluster();
        for n in 0..9 {
            add(&mut snapshot, &format!("m{n}"), |ingress| {
                annotate(ingress, "group.name", "shop");
                annotate(ingress, "scheme", "internal");
                ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(format!("/m{n}"));
                if n == 0 {
                    ingress["spec"]["defaultBackend"] =
                        json!({ "service": { "name": "web", "port": { "number": 80 } } });
                }
            });
        }
        if let Some(bad) = bad {
            // First in the group's order, but the youngest.
            add(&mut snapshot, "bad", |ingress| {
                annotate(ingress, "group.name", "shop");
                annotate(ingress, "group.order", "-1");
                ingress["metadata"]["creationTimestamp"] = json!("2026-01-05T00:00:00Z");
                bad(ingress);
            });
        }
        decided(&snapshot, &shop())
    };
    let alone = group(None);
    assert_eq!(alone.listeners[&80].rules.len(), 9);
    for (wrong, bad) in broken {
        let with = group(Some(*bad));
        assert_eq!(problems(&with).len(), 1, "{wrong}: {:?}", problems(&with));
        assert!(problems(&with)[0].contains(wrong), "{wrong}: {:?}", problems(&with));
        assert_eq!(with.problems[0].object.as_ref().map(ToString::to_string).as_deref(), Some("Ingress/shop/bad"));
        assert_eq!(Desired { problems: Vec::new(), ..with }, alone, "{wrong}");
    }
}

#[test]
fn as_many_rules_are_made_as_aws_allows() {
    let mut snapshot = cluster();
    for n in 0..3 {
        add(&mut snapshot, &format!("m{n}"), |ingress| {
            annotate(ingress, "group.name", "shop");
            let paths = (0..40).map(|place| path(&format!("/{n}/{place}"), "web")).collect::<Vec<_>>();
            ingress["spec"]["rules"][0]["http"]["paths"] = json!(paths);
        });
    }
    let spec = spec(&snapshot, &shop());
    assert!(needs(&spec, &Live::default()).rules_allowed, "the limit matters");
    let rules = |allowed: Option<usize>| {
        let facts = Facts { rules_allowed: allowed, ..facts() };
        let desired = decide(&spec, &facts, &Live::default()).unwrap();
        (desired.listeners[&80].rules.len(), problems(&desired))
    };
    let (made, told) = rules(None);
    assert_eq!(made, 80);
    assert_eq!(
        told,
        ["spec.rules: the load balancer would have 120 rules with the 40 of this Ingress, 100 are allowed\n\
          hint: move it to another group, or join paths that lead to the same Service"]
    );
    assert_eq!(rules(Some(200)), (120, vec![]));
}

#[test]
fn what_a_member_says_stays_while_it_is_set_aside() {
    let mut snapshot = cluster();
    add(&mut snapshot, "a", |ingress| annotate(ingress, "group.name", "shop"));
    let bad = |snapshot: &mut Snapshot, change: fn(&mut Value)| {
        add(snapshot, "b", |ingress| {
            annotate(ingress, "group.name", "shop");
            ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
            change(ingress);
        });
    };
    bad(&mut snapshot, |ingress| {
        annotate(ingress, "inbound-cidrs", "10.0.0.0/8");
        annotate(ingress, "conditions.web", "[");
    });
    let open = |desired: &Desired| desired.security_groups.values().map(|group| group.rules.len()).sum::<usize>();
    let desired = decide(&spec(&snapshot, &shop()), &facts(), &live()).unwrap();
    assert_eq!(desired.set_aside.iter().map(ToString::to_string).collect::<Vec<_>>(), ["shop/b"]);
    assert_eq!(desired.security_groups["ManagedLBSecurityGroup"].rules[0].peer.to_string(), "10.0.0.0/8");
    bad(&mut snapshot, |ingress| annotate(ingress, "inbound-cidrs", "10.0.0.0"));
    let desired = decide(&spec(&snapshot, &shop()), &facts(), &live()).unwrap();
    assert_eq!(open(&desired), 0, "nobody is let in for a slip");
    let balancer = desired.load_balancer.as_ref().unwrap();
    assert_eq!((balancer.scheme, balancer.ip_address_type), (Scheme::InternetFacing, IpAddressType::Dualstack));
    // It has lost its certificate: what it listens on stays, and the others go on.
    bad(&mut snapshot, |ingress| {
        annotate(ingress, "listen-ports", r#"[{"HTTPS":443},{"HTTP":80}]"#);
        ingress["spec"]["rules"][0]["host"] = json!("a.nowhere");
    });
    let desired = decide(&spec(&snapshot, &shop()), &facts(), &live()).unwrap();
    assert_eq!((desired.listeners.keys().collect::<Vec<_>>(), desired.problems.len()), (vec![&80], 1));
    assert_eq!(desired.set_aside.len(), 1);
    // Its class is gone, and with it what the class said.
    bad(&mut snapshot, |ingress| ingress["spec"]["ingressClassName"] = json!("gone"));
    let desired = decide(&spec(&snapshot, &shop()), &facts(), &live()).unwrap();
    assert_eq!((open(&desired), desired.set_aside.len()), (0, 1));
}
