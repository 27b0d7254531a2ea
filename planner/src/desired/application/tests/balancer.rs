//! The load balancer of a group: place, security groups, and what has to be asked.

use super::*;
use crate::problem::Declined;

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
    for names in ["sg-1", "mine", "mine,sg-1", "sg-1,mine"] {
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
    let shut = one(|ingress| annotate(ingress, "inbound-cidrs", "2001:db8::/32"));
    assert!(shut.security_groups.values().all(|group| group.rules.is_empty()));
    assert!(shut.warnings[0].message.contains("nobody can come in"), "{:?}", shut.warnings);
}

#[test]
fn prefix_lists_come_in_instead_of_everyone() {
    let open = |ranges: Option<&str>, class: Option<Value>| {
        let mut snapshot = cluster();
        if let Some(class) = class {
            let params = json!({ "metadata": { "name": "params" }, "spec": class });
            snapshot
                .ingress_class_params
                .insert("params".to_owned(), Arc::new(serde_json::from_value(params).unwrap()));
            let class = json!({ "metadata": { "name": "alb" }, "spec": { "controller": "ingress.k8s.aws/alb",
                "parameters": { "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "params" } } });
            snapshot.ingress_classes.insert("alb".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
        }
        add(&mut snapshot, "web", |ingress| {
            annotate(ingress, "security-group-prefix-lists", "pl-2, pl-1,pl-2");
            ranges.into_iter().for_each(|ranges| annotate(ingress, "inbound-cidrs", ranges));
        });
        let desired = decided(&snapshot, &web());
        let rules = desired.security_groups.values().flat_map(|group| group.rules.clone());
        rules.map(|rule| format!("{} {}", rule.from_port, rule.peer)).collect::<Vec<_>>()
    };
    assert_eq!(open(None, None), ["80 pl-1", "80 pl-2"]);
    assert_eq!(open(Some("10.0.0.0/8"), None), ["80 10.0.0.0/8", "80 pl-1", "80 pl-2"]);
    assert_eq!(open(None, Some(json!({ "prefixListsIDs": ["pl-3"] }))), ["80 pl-3"]);
    assert_eq!(open(None, Some(json!({ "PrefixListsIDs": ["pl-4"] }))), ["80 pl-4"]);
}

#[test]
fn node_labels_are_for_instances() {
    let selector = |target_type: &str| {
        let desired = one(|ingress| {
            annotate(ingress, "target-type", target_type);
            annotate(ingress, "target-node-labels", "pool=edge, zone-type=hot");
        });
        desired.bindings["shop/web-web:80"].node_selector.as_ref().map(|selector| json!(selector))
    };
    assert_eq!(selector("instance"), Some(json!({ "matchLabels": { "pool": "edge", "zone-type": "hot" } })));
    assert_eq!(selector("ip"), None);
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
    let needs = needs(&spec(&snapshot, &web()), &Live::default());
    assert_eq!(needs.certificate_hosts.iter().collect::<Vec<_>>(), ["a.example.com", "t.example.com"]);
    assert_eq!((needs.security_group_ids.len(), needs.security_group_names.len()), (1, 1));
    assert!(needs.subnets && needs.availability_zones && needs.subnet_ids.len() == 1);
    assert!(!needs.certificate_authorities);
    let facts = Facts::default();
    assert!(decide(&spec(&snapshot, &web()), &facts, &Live::default()).is_err(), "nothing is invented");
}

#[test]
fn feature_gates_change_what_they_say() {
    let with = |gate: fn(&mut FeatureGates), change: Mutation, facts: &Facts| {
        let mut snapshot = cluster();
        gate(&mut Arc::make_mut(&mut snapshot.settings).gates);
        add(&mut snapshot, "web", change);
        match pipeline::accept(&snapshot, &Key::Stack(web())) {
            Ok(_) => {
                decide(&spec(&snapshot, &web()), facts, &Live::default()).map_err(|problems| problems[0].to_string())
            }
            Err(Declined::Refused(refusal)) => Err(refusal.problems[0].to_string()),
            Err(other) => panic!("{other:?}"),
        }
    };
    let off = with(|gates| gates.ip_target_type = false, |ingress| annotate(ingress, "target-type", "ip"), &facts());
    assert!(off.unwrap_err().contains("feature gate EnableIPTargetType"));
    let off = with(|gates| gates.listener_rules_tagging = false, |_| {}, &facts()).unwrap();
    assert!(off.listeners[&80].tags.is_empty() && off.listeners[&80].rules[0].tags.is_empty());
    let weighted = |ingress: &mut Value| {
        let group = |port: Value| json!({ "serviceName": "web", "servicePort": port, "weight": 1 });
        let groups = [group(json!(80)), group(json!("http"))];
        let action = json!({ "type": "forward", "forwardConfig": { "targetGroups": groups } });
        annotate(ingress, "actions.x", action.to_string());
        let backend = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
        *backend = json!({ "name": "x", "port": { "name": "use-annotation" } });
    };
    assert!(with(|_| {}, weighted, &facts()).is_ok());
    let off = with(|gates| gates.weighted_target_groups = false, weighted, &facts());
    assert!(off.unwrap_err().contains("feature gate WeightedTargetGroups"));
    let mut theirs = facts();
    for subnet in theirs.subnets.values_mut() {
        subnet.tags.insert("kubernetes.io/cluster/other".to_owned(), "owned".to_owned());
    }
    assert!(with(|_| {}, |_| {}, &theirs).unwrap_err().contains("tagged for another cluster"));
    assert!(with(|gates| gates.subnets_cluster_tag_check = false, |_| {}, &theirs).is_ok());
    let mut untagged = facts();
    untagged.subnets.values_mut().for_each(|subnet| subnet.tags.clear());
    let table = RouteTable { main: true, subnets: std::collections::BTreeSet::new(), has_internet_gateway: false };
    untagged.route_tables = Some(vec![table]);
    assert!(with(|_| {}, |_| {}, &untagged).is_ok());
    let off = with(|gates| gates.subnet_discovery_by_reachability = false, |_| {}, &untagged);
    assert!(off.unwrap_err().contains("subnet-a (no tag kubernetes.io/role/internal-elb)"));
}

#[test]
fn default_tags_come_first_unless_a_gate_says_otherwise() {
    for (low, expected) in [(false, "default"), (true, "ingress")] {
        let mut snapshot = cluster();
        let settings = Arc::make_mut(&mut snapshot.settings);
        settings.default_tags = Pairs::from([("team".to_owned(), "default".to_owned())]);
        settings.gates.default_tags_low_priority = low;
        add(&mut snapshot, "web", |ingress| annotate(ingress, "tags", "team=ingress,own=1"));
        let desired = decided(&snapshot, &web());
        let rule = &desired.listeners[&80].rules[0].tags;
        let group = &desired.target_groups["shop/web-web:80"].tags;
        for tags in [&desired.load_balancer.as_ref().unwrap().tags, rule, group, &desired.listeners[&80].tags] {
            assert_eq!((tags["team"].as_str(), tags["own"].as_str()), (expected, "1"));
        }
    }
}

/// Attributes of classes: those of the first member, and of the first that listens on a port, alone.
#[test]
fn classes_speak_for_the_first_of_their_ingresses() {
    let mut snapshot = cluster();
    for (class, value) in [("one", "1"), ("two", "2")] {
        let attribute = json!({ "key": "a", "value": value });
        let parameters = json!({ "metadata": { "name": class }, "spec": {
            "loadBalancerAttributes": [attribute],
            "listeners": [{ "protocol": "HTTP", "port": 8080, "listenerAttributes": [attribute] }]
        } });
        snapshot.ingress_class_params.insert(class.to_owned(), Arc::new(serde_json::from_value(parameters).unwrap()));
        let reference = json!({ "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": class });
        let object = json!({ "spec": { "controller": "ingress.k8s.aws/alb", "parameters": reference } });
        snapshot.ingress_classes.insert(class.to_owned(), Arc::new(serde_json::from_value(object).unwrap()));
    }
    for (name, class, ports) in [("a", "one", r#"[{"HTTP":80}]"#), ("b", "two", r#"[{"HTTP":80},{"HTTP":8080}]"#)] {
        add(&mut snapshot, name, |ingress| {
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "load-balancer-attributes", format!("a={name},b=3"));
            annotate(ingress, "listen-ports", ports);
            ingress["spec"]["ingressClassName"] = json!(class);
        });
    }
    let desired = decided(&snapshot, &shop());
    assert_eq!(desired.problems, [], "the class settles what the annotations disagree about");
    let attributes = &desired.load_balancer.as_ref().unwrap().attributes;
    assert_eq!((attributes["a"].as_str(), attributes["b"].as_str()), ("1", "3"));
    assert_eq!(desired.listeners[&8080].attributes["a"], "2");
    assert!(desired.listeners[&80].attributes.is_empty());
}
