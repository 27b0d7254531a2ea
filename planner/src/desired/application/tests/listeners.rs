//! Listeners and their rules.

use super::*;

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
    for (name, arns) in [("m1", "arn:A,arn:B,arn:A"), ("m2", "arn:B,arn:C")] {
        add(&mut snapshot, name, |ingress| {
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "certificate-arn", arns);
        });
    }
    let desired = decided(&snapshot, &shop());
    let arns = desired.listeners[&443].certificates.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(arns, ["arn:A", "arn:B", "arn:C"]);
}

#[test]
fn http_is_redirected_to_https() {
    let ports = r#"[{"HTTP":80},{"HTTPS":443}]"#;
    let desired = one(|ingress| {
        annotate(ingress, "listen-ports", ports);
        annotate(ingress, "certificate-arn", "arn:A");
        annotate(ingress, "ssl-redirect", "443");
    });
    let http = &desired.listeners[&80];
    assert_eq!(http.default_actions[0].to_string(), "redirect to protocol HTTPS, port 443 (HTTP_301)");
    assert_eq!(http.rules, []);
    assert_eq!(rules(&desired, 443), ["path /* → forward to shop/web-web:80"]);
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| annotate(ingress, "ssl-redirect", "443"));
    let refused = decide(&spec(&snapshot, &web()), &facts(), &Live::default()).unwrap_err();
    assert!(refused[0].message.contains("no HTTPS listener on this port"), "{refused:?}");
}

#[test]
fn a_member_that_cannot_be_read_redirects_only_where_requests_are_redirected() {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| annotate(ingress, "group.name", "shop"));
    for (name, scheme) in [("secure", "internal"), ("wrong", "nonsense")] {
        add(&mut snapshot, name, |ingress| {
            ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "listen-ports", r#"[{"HTTPS":443}]"#);
            annotate(ingress, "certificate-arn", "A");
            annotate(ingress, "scheme", scheme);
        });
    }
    let mut live = live();
    live.load_balancer.as_mut().unwrap().scheme = crate::id::Scheme::Internal;
    let default_action = |live: &Live| {
        let desired = decide(&spec(&snapshot, &shop()), &facts(), live).unwrap();
        desired.listeners[&80].default_actions[0].to_string()
    };
    assert!(!default_action(&live).starts_with("redirect"), "what answers now, and what somebody deleted");
    live.load_balancer.as_mut().unwrap().redirecting_ports.insert(80);
    assert!(default_action(&live).starts_with("redirect"), "what redirects now may be asked to");
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
            "path /old → redirect to path /new (HTTP_302)",
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
fn rules_that_no_request_reaches_are_told() {
    let told = |second: Mutation| {
        let mut snapshot = cluster();
        add(&mut snapshot, "a", |ingress| {
            annotate(ingress, "group.name", "shop");
            ingress["spec"]["rules"] = json!([
                { "host": "a.example.com", "http": { "paths": [path("/", "web")] } },
                { "host": "b.example.com", "http": { "paths": [path("/x", "web")] } }
            ]);
        });
        add(&mut snapshot, "b", |ingress| {
            annotate(ingress, "group.name", "shop");
            second(ingress);
        });
        let desired = decided(&snapshot, &shop());
        assert_eq!(desired.problems, []);
        desired.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(|_| {}), [""; 0], "it comes last and takes the rest");
    assert_eq!(
        told(|ingress| ingress["spec"]["rules"][0]["host"] = json!("a.example.com")),
        [
            "spec.rules[0].http.paths[0]: port 80: no request reaches this rule: Ingress/shop/a spec.rules[0].http.paths[0] \
          takes them before\nhint: give it a lower alb.ingress.kubernetes.io/group.order than Ingress/shop/a, or a host or \
          path of its own"
        ]
    );
    let first = told(|ingress| annotate(ingress, "group.order", "-1"));
    assert_eq!(first.len(), 2, "{first:?}");
    let same = told(|ingress| {
        ingress["spec"]["rules"] =
            json!([{ "host": "b.example.com", "http": { "paths": [path("/x", "web"), path("/y", "web")] } }]);
    });
    assert_eq!(same.len(), 1, "{same:?}");
    let more = told(|ingress| {
        annotate(ingress, "group.order", "-1");
        annotate(ingress, "conditions.web", r#"[{"field":"source-ip","sourceIpConfig":{"values":["10.0.0.0/8"]}}]"#);
    });
    assert_eq!(more, [""; 0], "it takes only some");
}

#[test]
fn clients_are_not_led_from_https_to_http() {
    let mut snapshot = cluster();
    add(&mut snapshot, "web", |ingress| {
        annotate(ingress, "certificate-arn", "arn:A");
        annotate(
            ingress,
            "actions.x",
            r#"{"type":"redirect","redirectConfig":{"protocol":"HTTP","statusCode":"HTTP_301"}}"#,
        );
        ingress["spec"] = json!({ "ingressClassName": "alb",
            "defaultBackend": { "service": { "name": "x", "port": { "name": "use-annotation" } } } });
    });
    let problems = decide(&spec(&snapshot, &web()), &facts(), &Live::default()).unwrap_err();
    assert_eq!(
        problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["spec.defaultBackend: port 443: AWS redirects no request from HTTPS to HTTP\n\
          hint: redirect to HTTPS, or listen on HTTP only"]
    );
}

#[test]
fn targets_that_speak_http_2_are_behind_https_listeners() {
    let warnings = |version: &str, ports: &str| {
        let desired = one(|ingress| {
            annotate(ingress, "backend-protocol-version", version);
            annotate(ingress, "certificate-arn", "arn:A");
            annotate(ingress, "listen-ports", ports);
        });
        desired.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let both = r#"[{"HTTP":80},{"HTTPS":443}]"#;
    assert_eq!(warnings("HTTP1", both), [""; 0]);
    assert_eq!(warnings("GRPC", r#"[{"HTTPS":443}]"#), [""; 0]);
    for version in ["HTTP2", "GRPC"] {
        let found = warnings(version, both);
        assert_eq!(found.len(), 1, "{found:?}");
        let says = format!("port 80: AWS forwards to targets of protocol version {version} from HTTPS listeners only");
        assert!(found[0].contains(&says), "{found:?}");
    }
}
