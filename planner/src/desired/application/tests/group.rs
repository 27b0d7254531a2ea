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
            // No two of them can be one.
            let rule = |n| json!({ "host": format!("h{n}.example.com"), "http": { "paths": [path(&format!("/{n}"), "web")] } });
            ingress["spec"]["rules"] = (0..92).map(rule).collect();
        }),
        ("no such subnet", |ingress| annotate(ingress, "subnets", "subnet-a,subnet-z")),
        ("no such security group", |ingress| annotate(ingress, "security-groups", "sg-9")),
        ("from HTTPS to HTTP", |ingress| {
            annotate(ingress, "certificate-arn", "arn:A");
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
            annotate(ingress, "certificate-arn", "arn:aws:acm:us-west-2:123456789012:certificate/a");
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
            let rule = |place| json!({ "host": format!("h{place}"), "http": { "paths": [path(&format!("/{n}/{place}"), "web")] } });
            ingress["spec"]["rules"] = (0..40).map(rule).collect();
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
          hint: move it to another group, or use fewer rules"]
    );
    assert_eq!(rules(Some(200)), (120, vec![]));
}

#[test]
fn of_too_many_rules_those_of_an_ingress_that_grew_are_the_ones_too_many() {
    let mut snapshot = cluster();
    for (name, count, created) in [("old", 7, "2026-01-01T00:00:00Z"), ("young", 4, "2026-01-02T00:00:00Z")] {
        add(&mut snapshot, name, |ingress| {
            annotate(ingress, "group.name", "shop");
            let rule = |place| json!({ "host": format!("h{place}"), "http": { "paths": [path(&format!("/{name}/{place}"), "web")] } });
            ingress["spec"]["rules"] = (0..count).map(rule).collect();
            ingress["metadata"]["creationTimestamp"] = json!(created);
        });
    }
    let facts = Facts { rules_allowed: Some(10), ..facts() };
    let set_aside = |live: &[(&str, usize)]| {
        let target_groups = live.iter().map(|(id, rules)| ((*id).to_owned(), *rules)).collect();
        let desired = decide(&spec(&snapshot, &shop()), &facts, &Live { target_groups, ..super::live() }).unwrap();
        desired.problems.iter().map(|problem| problem.object.as_ref().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(set_aside(&[]), ["Ingress/shop/young"], "of two newcomers the younger");
    assert_eq!(set_aside(&[("shop/old-web:80", 6), ("shop/young-web:80", 4)]), ["Ingress/shop/old"]);
    assert_eq!(set_aside(&[("shop/old-web:80", 7), ("shop/young-web:80", 3)]), ["Ingress/shop/young"]);
    assert_eq!(
        set_aside(&[("shop/old-web:80", 7), ("shop/young-web:80", 4)]),
        ["Ingress/shop/young"],
        "the quota shrank"
    );
}

#[test]
fn rules_are_joined_only_when_there_are_too_many() {
    let with = |count: usize| {
        let mut snapshot = cluster();
        add(&mut snapshot, "web", |ingress| {
            let paths = (0..count).map(|place| path(&format!("/{place:03}"), "web")).collect::<Vec<_>>();
            ingress["spec"]["rules"][0]["http"]["paths"] = json!(paths);
        });
        decided(&snapshot, &web())
    };
    let all = with(100);
    assert_eq!((rules(&all, 80).len(), all.warnings.len()), (100, 0));
    for (count, joined) in [(101, 1), (150, 50), (200, 100)] {
        let desired = with(count);
        assert_eq!(problems(&desired), [""; 0]);
        let found = rules(&desired, 80);
        assert_eq!(found.len(), 100);
        assert_eq!(found[0], "path /000 or /000/* or /001 or /001/* → forward to shop/web-web:80");
        let rest = if joined < 100 {
            format!("path /{0:03} or /{0:03}/* → forward to shop/web-web:80", count - 1)
        } else {
            found[99].clone()
        };
        assert_eq!(found[99], rest);
        assert!(
            desired.warnings[0].to_string().contains(&format!("{joined} of its rules are joined")),
            "{:?}",
            desired.warnings
        );
        assert_eq!(desired.listeners[&80].rules[99].tags["ingress.k8s.aws/resource"], "80:100");
        let fields = "spec.rules[0].http.paths[0], spec.rules[0].http.paths[1]";
        assert_eq!(desired.listeners[&80].rules[0].origin.field, fields);
    }
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| {
        let paths = (0..201).map(|place| path(&format!("/{place:03}"), "web")).collect::<Vec<_>>();
        ingress["spec"]["rules"][0]["http"]["paths"] = json!(paths);
    });
    let problems = decide(&spec(&snapshot, &web()), &facts(), &Live::default()).unwrap_err();
    assert!(problems[0].to_string().contains("would have 101 rules"), "{problems:?}");
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
