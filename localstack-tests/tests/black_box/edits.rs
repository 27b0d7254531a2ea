//! A Service that serves is edited: everything is changed in place, what is new before what is old goes, and nothing is
//! left over.

use std::collections::BTreeSet;

use localstack_tests::bed::Bed;
use localstack_tests::proxy::Call;
use serde_json::json;

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::Service;

#[tokio::test]
async fn another_port_is_opened_before_the_old_one_is_closed() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    let host = web.host_name(&bed).await;
    let old = Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;

    bed.proxy.reset();
    let web = Service::new("web", &[8080]);
    web.apply(&bed).await;
    let moved = |found: &Holdings| {
        let ports: Vec<&str> =
            found.load_balancers.iter().flat_map(|found| &found.listeners).map(|found| found.port.as_str()).collect();
        ports == ["8080"] && found.target_groups.len() == 1
    };
    Holdings::until(&bed, "one listener on 8080", moved).await;
    let new = Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;

    assert_eq!(web.host_name(&bed).await, host);
    assert_eq!(web.get(&bed).await["status"]["loadBalancer"]["ingress"][0]["ports"][0]["port"], 8080);
    assert_eq!(new.load_balancer().arn, old.load_balancer().arn);
    assert_eq!(new.target_group().tags["service.k8s.aws/resource"], "default/web:8080");
    assert_eq!(new.managed_group("web").rules, ["tcp 8080-8080 from 0.0.0.0/0".to_owned()].into());
    let node_port = web.node_port(&bed, 0).await;
    let rules = &Holdings::read(&bed).await.worker_group(&bed).rules.clone();
    let only = rules.iter().all(|rule| rule.starts_with(&format!("tcp {node_port}-{node_port} ")));
    assert!(only && rules.len() == 1, "{rules:#?}");

    let writes = bed.proxy.writes();
    let managed = Some(new.managed_group("web").id.as_str());
    in_order(&writes, &[("AuthorizeSecurityGroupIngress", managed), ("RevokeSecurityGroupIngress", managed)]);
    let order = ["CreateTargetGroup", "CreateListener", "DeleteListener", "DeleteTargetGroup"];
    in_order(&writes, &order.map(|action| (action, None)));
}

#[tokio::test]
async fn settings_are_changed_in_place() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    web.host_name(&bed).await;
    let first = Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;
    let mut edit = Edit { bed: &bed, standing: first };

    let checked = web.clone().annotated("aws-load-balancer-healthcheck-interval", "30");
    edit.to(&checked, &["ModifyTargetGroup"], |found| {
        found.target_groups[0].health_check = "TCP traffic-port every 30 s for 10 s, 3 up 3 down".to_owned();
    })
    .await;

    let tagged = checked.clone().annotated("aws-load-balancer-additional-resource-tags", "team=web,stage=prod");
    edit.to(&tagged, &["AddTags", "AddTags", "AddTags", "CreateTags"], |found| {
        tag(found, &[("team", Some("web")), ("stage", Some("prod"))]);
    })
    .await;
    let retagged = checked.clone().annotated("aws-load-balancer-additional-resource-tags", "team=shop");
    let writes =
        ["AddTags", "AddTags", "AddTags", "CreateTags", "DeleteTags", "RemoveTags", "RemoveTags", "RemoveTags"];
    edit.to(&retagged, &writes, |found| tag(found, &[("team", Some("shop")), ("stage", None)])).await;

    let ranged = retagged.with("loadBalancerSourceRanges", json!(["192.0.2.0/24", "198.51.100.7/32"]));
    edit.to(&ranged, &["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"], |found| {
        let group = managed_group(found);
        group.rules = ["192.0.2.0/24", "198.51.100.7/32"].map(|range| format!("tcp 80-80 from {range}")).into();
    })
    .await;

    // Back to the first manifest, all at once.
    bed.proxy.reset();
    web.apply(&bed).await;
    let first = edit.first_again();
    Holdings::until(&bed, "what stood at first", |found| *found == first).await;
    agreement(&bed).await;
    let writes = bed.proxy.writes();
    let names: BTreeSet<&str> = writes.iter().map(|call| call.action.as_str()).collect();
    assert!(!names.iter().any(|name| name.starts_with("Create") && *name != "CreateTags"), "{names:?}");
}

/// A chain of edits, each from what stood after the one before.
struct Edit<'a> {
    bed: &'a Bed,
    standing: Holdings,
}

impl Edit<'_> {
    /// Applies a manifest: what stands afterwards is `change` of what stood before and nothing else, and these calls
    /// made it so, additions first.
    async fn to(&mut self, edited: &Service, actions: &[&str], change: impl FnOnce(&mut Holdings)) {
        self.bed.proxy.reset();
        change(&mut self.standing);
        edited.apply(self.bed).await;
        Holdings::until(self.bed, "edited load balancer", |found| *found == self.standing).await;
        agreement(self.bed).await;
        let writes = self.bed.proxy.writes();
        let mut made: Vec<&str> = writes.iter().map(|call| call.action.as_str()).collect();
        let place = |is_it: fn(&str) -> bool| made.iter().position(|action| is_it(action));
        if let Some(removal) = place(is_removal) {
            let addition = place(|action| !is_removal(action)).expect("this edit adds too");
            assert!(addition < removal, "{made:?}");
        }
        made.sort_unstable();
        assert_eq!(made, actions);
    }

    /// What stood before all edits.
    fn first_again(&self) -> Holdings {
        let mut found = self.standing.clone();
        found.target_groups[0].health_check = "TCP traffic-port every 10 s for 10 s, 3 up 3 down".to_owned();
        tag(&mut found, &[("team", None)]);
        managed_group(&mut found).rules = ["tcp 80-80 from 0.0.0.0/0".to_owned()].into();
        found
    }
}

fn is_removal(action: &str) -> bool {
    ["Revoke", "Remove", "Delete"].iter().any(|verb| action.starts_with(verb))
}

fn managed_group(found: &mut Holdings) -> &mut crate::holdings::SecurityGroup {
    let id = found.managed_group("web").id.clone();
    found.security_groups.iter_mut().find(|group| group.id == id).expect("it was just found")
}

/// Sets and removes tags of everything that the Service has.
fn tag(found: &mut Holdings, tags: &[(&str, Option<&str>)]) {
    let mut all = vec![&mut found.target_groups[0].tags];
    let balancer = &mut found.load_balancers[0];
    all.extend([&mut balancer.tags, &mut balancer.listeners[0].tags]);
    let is_managed = |group: &&mut crate::holdings::SecurityGroup| group.tags.contains_key("service.k8s.aws/stack");
    all.extend(found.security_groups.iter_mut().filter(is_managed).map(|group| &mut group.tags));
    for resource in all {
        for (key, value) in tags {
            match value {
                Some(value) => resource.insert((*key).to_owned(), (*value).to_owned()),
                None => resource.remove(*key),
            };
        }
    }
}

/// These calls came by, each after the one before; a security group is the one that the call is about.
fn in_order(writes: &[Call], wanted: &[(&str, Option<&str>)]) {
    let mut rest = writes.iter();
    for (action, group) in wanted {
        let about = |call: &Call| group.is_none_or(|group| call.params["GroupId"] == json!(group));
        let found = rest.any(|call| call.action == *action && about(call));
        let actions: Vec<&str> = writes.iter().map(|call| call.action.as_str()).collect();
        assert!(found, "no {action} in its place: {actions:?}");
    }
}
