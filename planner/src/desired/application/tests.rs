//! What is decided for groups of Ingresses.

use std::sync::Arc;

use serde_json::{Value, json};

use super::decide;
use crate::actual::{Actual, ActualStack};
use crate::crd::TargetGroupBinding;
use crate::desired::Desired;
use crate::facts::{Facts, Live, LiveLoadBalancer};
use crate::id::{
    ClusterName, IpAddressType, Key, LoadBalancerArn, ObjectName, Protocol, Ref, Scheme, SecurityGroupId, StackId,
    SubnetId,
};
use crate::pipeline::{self, Accepted};
use crate::snapshot::{BackendSecurityGroup, Snapshot};
use crate::spec::StackSpec;
use crate::spec::ingress::IngressSpec;
use crate::testing::account;
use crate::testing::ingress::{add, add_service, annotate, cluster, facts, path};

type Mutation = fn(&mut Value);

fn web() -> StackId {
    StackId::Ingress(ObjectName::new("shop", "web"))
}

fn shop() -> StackId {
    StackId::Group("shop".to_owned())
}

fn spec(snapshot: &Snapshot, id: &StackId) -> IngressSpec {
    match pipeline::accept(snapshot, &Key::Stack(id.clone())) {
        Ok(Accepted::Stack(stack)) => match stack.spec {
            StackSpec::Ingress(spec) => *spec,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn decided(snapshot: &Snapshot, id: &StackId) -> Desired {
    decide(&spec(snapshot, id), &facts(), &Live::default()).unwrap()
}

/// What is decided for the Ingress `shop/web` after a change.
fn one(change: impl FnOnce(&mut Value)) -> Desired {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", change);
    decided(&snapshot, &web())
}

fn live() -> Live {
    Live {
        load_balancer: Some(LiveLoadBalancer {
            arn: LoadBalancerArn::new("arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/app/k8s-shop/1"),
            scheme: Scheme::InternetFacing,
            ip_address_type: IpAddressType::Dualstack,
            subnets: vec![SubnetId::new("subnet-x"), SubnetId::new("subnet-y")],
            security_groups: vec![SecurityGroupId::new("sg-live")],
        }),
    }
}

/// Rules of a listener: `conditions → actions`.
fn rules(desired: &Desired, port: u16) -> Vec<String> {
    let texts = |list: &[crate::model::Condition]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rule = |rule: &crate::desired::Rule| {
        let actions = rule.actions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        format!("{} → {actions}", texts(&rule.conditions))
    };
    desired.listeners[&port].rules.iter().map(rule).collect()
}

fn problems(desired: &Desired) -> Vec<String> {
    desired.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_worked_example_of_the_contract() {
    let mut snapshot = cluster();
    Arc::make_mut(&mut snapshot.settings).cluster_name = ClusterName::new("cluster-dummy");
    let mut service = |name: &str, change: fn(&mut Value)| {
        let object = ObjectName::new("ns-1", name);
        add_service(&mut snapshot, name, |service| {
            service["metadata"]["namespace"] = json!("ns-1");
            service["metadata"]["uid"] = json!("");
            service["spec"]["ports"][0]["nodePort"] = json!(32_768);
            change(service);
        });
        let moved = snapshot.services.remove(&ObjectName::new("shop", name)).unwrap();
        snapshot.services.insert(object, moved);
    };
    service("svc-1", |_| {});
    service("svc-2", |_| {});
    service("svc-3", |service| {
        annotate(service, "target-type", "ip");
        annotate(service, "backend-protocol", "HTTPS");
        annotate(service, "healthcheck-protocol", "HTTP");
        annotate(service, "healthcheck-port", "9090");
        service["spec"]["ports"][0] = json!({ "name": "https", "port": 443, "targetPort": 8443 });
    });
    let backend = |name: &str, port: &str| {
        json!({ "path": format!("/{name}"), "pathType": "ImplementationSpecific",
                "backend": { "service": { "name": name, "port": { "name": port } } } })
    };
    add(&mut snapshot, "ing-1", |ingress| {
        ingress["metadata"]["namespace"] = json!("ns-1");
        ingress["spec"]["rules"] = json!([
            { "host": "app-1.example.com", "http": { "paths": [backend("svc-1", "http"), backend("svc-2", "http")] } },
            { "host": "app-2.example.com", "http": { "paths": [backend("svc-3", "https")] } }
        ]);
    });
    let name = ObjectName::new("ns-1", "ing-1");
    let ingress = snapshot.ingresses.remove(&ObjectName::new("shop", "ing-1")).unwrap();
    snapshot.ingresses.insert(name.clone(), ingress);
    let desired = decided(&snapshot, &StackId::Ingress(name));

    let balancer = desired.load_balancer.as_ref().unwrap();
    assert_eq!(balancer.name, "k8s-ns1-ing1-b7e914000d");
    assert_eq!((balancer.scheme, balancer.ip_address_type), (Scheme::Internal, IpAddressType::Ipv4));
    assert_eq!(balancer.tags["ingress.k8s.aws/stack"], "ns-1/ing-1");
    let group = &desired.security_groups["ManagedLBSecurityGroup"];
    assert_eq!(group.name, "k8s-ns1-ing1-bd83176788");
    let open = group.rules.iter().map(|rule| format!("{} {}", rule.from_port, rule.peer)).collect::<Vec<_>>();
    assert_eq!(open, ["80 0.0.0.0/0"]);
    assert_eq!(desired.listeners[&80].default_actions[0].to_string(), "fixed response 404");
    assert_eq!(
        rules(&desired, 80),
        [
            "host app-1.example.com, path /svc-1 → forward to ns-1/ing-1-svc-1:http",
            "host app-1.example.com, path /svc-2 → forward to ns-1/ing-1-svc-2:http",
            "host app-2.example.com, path /svc-3 → forward to ns-1/ing-1-svc-3:https",
        ]
    );
    assert_eq!(desired.listeners[&80].rules[2].tags["ingress.k8s.aws/resource"], "80:3");
    assert_eq!(desired.target_groups["ns-1/ing-1-svc-1:http"].name, "k8s-ns1-svc1-9889425938");
    assert_eq!(desired.target_groups["ns-1/ing-1-svc-3:https"].name, "k8s-ns1-svc3-bf42870fba");
    let binding = &desired.bindings["ns-1/ing-1-svc-3:https"];
    assert_eq!(binding.labels["ingress.k8s.aws/stack-name"], "ing-1");
    let open = binding.networking.as_ref().unwrap();
    let ports = open.iter().map(|rule| rule.ports[0].port.as_ref().unwrap().to_string()).collect::<Vec<_>>();
    assert_eq!(ports, ["8443", "9090"]);
}

#[test]
fn certificates_are_found_by_hosts() {
    let https = |ingress: &mut Value, hosts: &[&str]| {
        annotate(ingress, "listen-ports", r#"[{"HTTPS":443}]"#);
        let rule = |host: &&str| json!({ "host": host, "http": { "paths": [path("/", "web")] } });
        ingress["spec"]["rules"] = hosts.iter().map(rule).collect();
    };
    let desired = one(|ingress| https(ingress, &["a.example.com", "b.example.com"]));
    let listener = &desired.listeners[&443];
    assert_eq!(listener.protocol, Protocol::Https);
    assert_eq!(listener.ssl_policy.as_deref(), Some("ELBSecurityPolicy-2016-08"));
    let arns = listener.certificates.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(arns, ["arn:a", "arn:b"], "all that fit, by ARN");

    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| https(ingress, &["a.example.com", "c.example.org", "d.nowhere"]));
    let refused = decide(&spec(&snapshot, &web()), &facts(), &Live::default()).unwrap_err();
    assert_eq!(refused.len(), 2);
    assert!(
        refused[0].to_string().starts_with(
            "spec.rules[1].host: \"c.example.org\": ACM has no certificate for this host that can be used; \
             not arn:c (its status is EXPIRED)\nhint: have a certificate issued in ACM"
        ),
        "{}",
        refused[0]
    );
    assert!(refused[1].to_string().starts_with("spec.rules[2].host: \"d.nowhere\": ACM has no certificate"));
}

#[test]
fn named_certificates_stand_in_the_order_of_the_group() {
    let mut snapshot = cluster();
    for (name, arns) in [("m1", "A,B,A"), ("m2", "B,C")] {
        add(&mut snapshot, name, |ingress| {
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "certificate-arn", arns);
        });
    }
    let desired = decided(&snapshot, &shop());
    let arns = desired.listeners[&443].certificates.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(arns, ["A", "B", "C"]);
}

#[test]
fn http_is_redirected_to_https() {
    let ports = r#"[{"HTTP":80},{"HTTPS":443}]"#;
    let desired = one(|ingress| {
        annotate(ingress, "listen-ports", ports);
        annotate(ingress, "certificate-arn", "A");
        annotate(ingress, "ssl-redirect", "443");
    });
    let http = &desired.listeners[&80];
    assert_eq!(http.default_actions[0].to_string(), "redirect to https://#{host}:443/#{path}?#{query} (HTTP_301)");
    assert_eq!(http.rules, []);
    assert_eq!(rules(&desired, 443), ["path /* → forward to shop/web-web:80"]);
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| annotate(ingress, "ssl-redirect", "443"));
    let refused = decide(&spec(&snapshot, &web()), &facts(), &Live::default()).unwrap_err();
    assert!(refused[0].message.contains("no HTTPS listener on this port"), "{refused:?}");
}

#[test]
fn actions_lead_where_they_say() {
    let use_annotation = |name: &str| {
        json!({ "path": format!("/{name}"), "pathType": "Exact",
                "backend": { "service": { "name": name, "port": { "name": "use-annotation" } } } })
    };
    let desired = one(|ingress| {
        annotate(ingress, "target-type", "ip");
        annotate(
            ingress,
            "actions.canary",
            r#"{"type":"forward","forwardConfig":{"targetGroups":[
                {"serviceName":"web","servicePort":"http","weight":90},{"serviceName":"api","servicePort":8080,"weight":10},
                {"targetGroupName":"legacy","weight":0}],
                "targetGroupStickinessConfig":{"enabled":true,"durationSeconds":60}}}"#,
        );
        annotate(
            ingress,
            "actions.old",
            r#"{"type":"redirect","redirectConfig":{"path":"/new","statusCode":"HTTP_302"}}"#,
        );
        let paths = ["canary", "old", "nothing"].map(use_annotation);
        ingress["spec"]["rules"][0]["http"]["paths"] = json!(paths);
        ingress["spec"]["defaultBackend"] = json!({ "service": { "name": "web", "port": { "name": "http" } } });
    });
    assert_eq!(
        rules(&desired, 80),
        [
            "path /canary → forward to shop/web-web:http (weight 90), shop/web-api:8080 (weight 10), arn:legacy (weight 0), \
             sticky for 60 s",
            "path /old → redirect to #{protocol}://#{host}:#{port}/new?#{query} (HTTP_302)",
            "path /nothing → fixed response 503",
        ]
    );
    assert_eq!(desired.listeners[&80].default_actions[0].to_string(), "forward to shop/web-web:http");
    assert_eq!(desired.target_groups.keys().collect::<Vec<_>>(), ["shop/web-api:8080", "shop/web-web:http"]);
}

#[test]
fn rules_that_cannot_be_reached_are_left_out() {
    let redirect = |to: &str| format!(r#"{{"type":"redirect","redirectConfig":{{{to}"statusCode":"HTTP_301"}}}}"#);
    let action = |host: &str, path: &str, name: &str| {
        json!({ "host": host, "http": { "paths": [{ "path": path, "pathType": "Exact",
            "backend": { "service": { "name": name, "port": { "name": "use-annotation" } } } }] } })
    };
    let desired = one(|ingress| {
        annotate(ingress, "actions.loop", redirect(""));
        annotate(ingress, "actions.same", redirect(r#""host":"a.example.com","#));
        annotate(ingress, "actions.away", redirect(r#""host":"b.example.com","#));
        annotate(ingress, "actions.some", redirect(r#""host":"c.example.com","#));
        annotate(ingress, "conditions.some", r#"[{"field":"source-ip","sourceIpConfig":{"values":["10.0.0.0/8"]}}]"#);
        ingress["spec"]["rules"] = json!([
            action("x.example.com", "/", "loop"), action("a.example.com", "/", "same"), action("a.example.com", "/", "some"),
            action("a.example.com", "/", "away"), action("a.example.com", "/", "nothing"),
            { "host": "a.example.com", "http": { "paths": [path("/x", "web")] } }
        ]);
    });
    let kept = desired.listeners[&80].rules.iter().map(|rule| rule.origin.field.as_str()).collect::<Vec<_>>();
    assert_eq!(kept, [2, 3, 5].map(|index| format!("spec.rules[{index}].http.paths[0]")));
    let told = desired.warnings.iter().map(|one| one.message.clone()).collect::<Vec<_>>();
    assert_eq!(told.len(), 3);
    assert!(told[0].ends_with("its redirect would lead back to itself"), "{told:?}");
    assert!(
        told[2].ends_with("Ingress/shop/web spec.rules[3].http.paths[0] redirects every such request before"),
        "{told:?}"
    );
}

#[test]
fn security_groups_are_made_or_given() {
    let groups = |desired: &Desired| {
        let text = |group: &Ref<SecurityGroupId>| match group {
            Ref::Known(id) => id.to_string(),
            Ref::Made(key) => key.id.clone(),
        };
        let attached = &desired.load_balancer.as_ref().unwrap().security_groups;
        attached.iter().map(text).collect::<Vec<_>>()
    };
    let networked = |desired: &Desired| desired.bindings.values().all(|binding| binding.networking.is_some());
    let made = one(|_| {});
    assert_eq!(
        (groups(&made), networked(&made)),
        (vec!["ManagedLBSecurityGroup".to_owned(), "sg-shared".to_owned()], true)
    );
    for names in ["sg-1", "mine", "mine,sg-1"] {
        let given = one(|ingress| annotate(ingress, "security-groups", names));
        assert_eq!((groups(&given), networked(&given)), (vec!["sg-1".to_owned()], false), "{names}");
        assert!(given.security_groups.is_empty());
    }
    let managed = one(|ingress| {
        annotate(ingress, "security-groups", "mine");
        annotate(ingress, "manage-backend-security-group-rules", "true");
    });
    assert_eq!((groups(&managed), networked(&managed)), (vec!["sg-1".to_owned(), "sg-shared".to_owned()], true));
    let with = |setting: BackendSecurityGroup, change: Mutation| {
        let mut snapshot = cluster();
        Arc::make_mut(&mut snapshot.settings).backend_security_group = setting;
        add(&mut snapshot, "web", change);
        decide(&spec(&snapshot, &web()), &facts(), &Live::default())
    };
    let fixed = with(BackendSecurityGroup::Given(SecurityGroupId::new("sg-fixed")), |_| {}).unwrap();
    assert_eq!(groups(&fixed), ["ManagedLBSecurityGroup", "sg-fixed"]);
    let off = with(BackendSecurityGroup::Off, |_| {}).unwrap();
    assert_eq!((groups(&off), networked(&off)), (vec!["ManagedLBSecurityGroup".to_owned()], true));
    let contradiction = with(BackendSecurityGroup::Off, |ingress| {
        annotate(ingress, "security-groups", "sg-1");
        annotate(ingress, "manage-backend-security-group-rules", "true");
    });
    assert!(contradiction.unwrap_err()[0].message.contains("which is switched off"));
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| annotate(ingress, "security-groups", "sg-1,sg-2,theirs"));
    let refused = decide(&spec(&snapshot, &web()), &facts(), &Live::default()).unwrap_err();
    assert!(refused[0].message.ends_with("no such security group: sg-2, Name=theirs"), "{refused:?}");
}

#[test]
fn ranges_open_the_ports_of_those_that_name_them() {
    let mut snapshot = cluster();
    add(&mut snapshot, "a", |ingress| {
        annotate(ingress, "group.name", "shop");
        annotate(ingress, "inbound-cidrs", "10.1.2.3/8, 2001:db8::/32");
        annotate(ingress, "listen-ports", r#"[{"HTTP":80},{"HTTP":8080}]"#);
    });
    add(&mut snapshot, "b", |ingress| {
        annotate(ingress, "group.name", "shop");
        annotate(ingress, "listen-ports", r#"[{"HTTP":80},{"HTTP":9090}]"#);
    });
    let desired = decided(&snapshot, &shop());
    let open = desired.security_groups.values().flat_map(|group| &group.rules);
    let open = open.map(|rule| format!("{} {}", rule.from_port, rule.peer)).collect::<Vec<_>>();
    assert_eq!(open, ["80 10.0.0.0/8", "8080 10.0.0.0/8", "9090 0.0.0.0/0"]);
}

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
    // Its class is gone, and with it what the class said.
    bad(&mut snapshot, |ingress| ingress["spec"]["ingressClassName"] = json!("gone"));
    let desired = decide(&spec(&snapshot, &shop()), &facts(), &live()).unwrap();
    assert_eq!((open(&desired), desired.set_aside.len()), (0, 1));
}

#[test]
fn a_live_load_balancer_keeps_its_place() {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| annotate(ingress, "load-balancer-name", "mine"));
    let desired = decide(&spec(&snapshot, &web()), &facts(), &live()).unwrap();
    let balancer = desired.load_balancer.as_ref().unwrap();
    assert_eq!(
        balancer.subnets.iter().map(|one| one.subnet_id.to_string()).collect::<Vec<_>>(),
        ["subnet-x", "subnet-y"]
    );
    assert_eq!(balancer.scheme, Scheme::InternetFacing, "an existing scheme comes before the default");
    assert!(desired.warnings[0].message.contains("with the name \"k8s-shop\", and keeps it"), "{:?}", desired.warnings);
    add(&mut snapshot, "web", |ingress| annotate(ingress, "scheme", "internal"));
    let desired = decide(&spec(&snapshot, &web()), &facts(), &live()).unwrap();
    let balancer = desired.load_balancer.as_ref().unwrap();
    assert_eq!((balancer.scheme, balancer.replacement_scheme), (Scheme::InternetFacing, Some(Scheme::Internal)));
}

#[test]
fn subnets_are_in_two_zones() {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |_| {});
    let mut facts = facts();
    facts.subnets.remove(&SubnetId::new("subnet-b"));
    let refused = decide(&spec(&snapshot, &web()), &facts, &Live::default()).unwrap_err();
    assert_eq!(
        refused[0].to_string(),
        "subnets in 2 Availability Zones are needed; there is subnet-a\n\
         hint: tag one subnet per zone with kubernetes.io/role/internal-elb=1, or name subnets with the annotation \
         alb.ingress.kubernetes.io/subnets"
    );
    Arc::make_mut(&mut snapshot.settings).gates.alb_single_subnet = true;
    assert!(decide(&spec(&snapshot, &web()), &facts, &Live::default()).is_ok());
    add(&mut snapshot, "web", |ingress| annotate(ingress, "ip-address-type", "dualstack"));
    let refused = decide(&spec(&snapshot, &web()), &facts, &Live::default()).unwrap_err();
    assert!(refused[0].message.contains("subnet-a (no IPv6 range)"), "{refused:?}");
}

#[test]
fn needs_ask_for_what_is_named() {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| {
        annotate(ingress, "listen-ports", r#"[{"HTTPS":443}]"#);
        annotate(ingress, "security-groups", "sg-1,mine");
        annotate(ingress, "subnets", "subnet-a,b");
        ingress["spec"]["tls"] = json!([{ "hosts": ["t.example.com"] }]);
        ingress["spec"]["rules"][0]["host"] = json!("a.example.com");
    });
    let needs = super::needs(&spec(&snapshot, &web()), &Live::default());
    assert_eq!(needs.certificate_hosts.iter().collect::<Vec<_>>(), ["a.example.com", "t.example.com"]);
    assert_eq!((needs.security_group_ids.len(), needs.security_group_names.len()), (1, 1));
    assert!(needs.subnets && needs.availability_zones && needs.subnet_ids.len() == 1);
    assert!(!needs.certificate_authorities);
    let facts = Facts::default();
    assert!(decide(&spec(&snapshot, &web()), &facts, &Live::default()).is_err(), "nothing is invented");
}

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
        annotate(ingress, "certificate-arn", "A,B");
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
        annotate(ingress, "certificate-arn", "A,B");
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
