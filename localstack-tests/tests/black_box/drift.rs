//! Somebody changes by hand what the controller has made: the next look puts it back.

use localstack_tests::aws::Element;
use localstack_tests::bed::Bed;
use localstack_tests::until;

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{GLANCE, LIMIT, Service, bindings, bindings_count};

#[tokio::test]
async fn what_is_changed_by_hand_is_put_back() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&["--sync-period=5s"]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]).annotated("aws-load-balancer-additional-resource-tags", "team=web");
    web.apply(&bed).await;
    web.host_name(&bed).await;
    let standing = Holdings::standing(&bed, 1, 2).await;
    bindings_count(&bed, 2).await;
    agreement(&bed).await;
    let (balancer, group) = (standing.load_balancer(), standing.target_group());
    let node_port = web.node_port(&bed, 0).await.to_string();

    // The way in for clients: closed, and another one opened.
    let managed = standing.managed_group("web").id.as_str();
    ec2(&bed, "RevokeSecurityGroupIngress", &cidr_rule(managed, "80", "0.0.0.0/0")).await;
    ec2(&bed, "AuthorizeSecurityGroupIngress", &cidr_rule(managed, "22", "10.0.0.0/8")).await;
    // The way on to the machines.
    let worker = bed.world.worker_security_group.as_str();
    let mut shared = port(worker, &node_port);
    shared.push(("IpPermissions.1.Groups.1.GroupId", standing.backend_group().id.as_str()));
    ec2(&bed, "RevokeSecurityGroupIngress", &shared).await;
    // The listener, a target, a tag of ours and one of nobody's.
    let [listener] = &balancer.listeners[..] else { panic!("one listener: {balancer:#?}") };
    elbv2(&bed, "DeleteListener", &[("ListenerArn", &listener.arn)]).await;
    let (instance, _) = group.targets.keys().next().unwrap().split_once(':').unwrap();
    let target = [("TargetGroupArn", group.arn.as_str()), ("Targets.member.1.Id", instance)];
    elbv2(&bed, "DeregisterTargets", &[&target[..], &[("Targets.member.1.Port", &node_port)]].concat()).await;
    let tagged = |name| [("ResourceArns.member.1", balancer.arn.as_str()), name];
    elbv2(&bed, "RemoveTags", &tagged(("TagKeys.member.1", "team"))).await;
    let stray = [("Tags.member.1.Key", "stray"), ("Tags.member.1.Value", "yes")];
    elbv2(&bed, "AddTags", &[&[("ResourceArns.member.1", group.arn.as_str())], &stray[..]].concat()).await;
    let broken = Holdings::read(&bed).await;
    assert_ne!(broken, standing, "what was done by hand has an effect");

    let standing = standing.but_for_listener_arns();
    Holdings::until(&bed, "what stood before", |found| found.clone().but_for_listener_arns() == standing).await;
    agreement(&bed).await;
}

#[tokio::test]
async fn a_load_balancer_deleted_by_hand_is_made_again_and_its_new_name_is_told() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&["--sync-period=5s"]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    let old_host = web.host_name(&bed).await;
    let old = Holdings::standing(&bed, 1, 2).await;

    elbv2(&bed, "DeleteLoadBalancer", &[("LoadBalancerArn", &old.load_balancer().arn)]).await;
    let new = Holdings::standing(&bed, 1, 2).await;
    assert_ne!(new.load_balancer().arn, old.load_balancer().arn);
    assert_eq!(new.target_groups, old.target_groups, "its targets stay");
    assert_eq!(new.security_groups, old.security_groups);
    let new_host = until("the new host name in the status", LIMIT, GLANCE, async || {
        let host = web.host_name(&bed).await;
        if host == old_host { Err(host) } else { Ok(host) }
    })
    .await
    .unwrap();
    assert_eq!(new_host, new.load_balancer().dns_name.to_lowercase());
    agreement(&bed).await;
}

#[tokio::test]
async fn a_binding_deleted_by_hand_comes_back_and_no_target_is_lost_meanwhile() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    web.host_name(&bed).await;
    let standing = Holdings::standing(&bed, 1, 2).await;
    let before = bindings_count(&bed, 2).await.remove(0);
    agreement(&bed).await;
    bed.proxy.reset();

    let name = before["metadata"]["name"].as_str().unwrap();
    bed.kubectl().run(&["delete", "targetgroupbinding", name, "--timeout=30s"]).await.unwrap();
    let after = bindings_count(&bed, 2).await.remove(0);
    assert_eq!(after["metadata"]["name"], before["metadata"]["name"]);
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["spec"], before["spec"]);
    agreement(&bed).await;
    assert_eq!(Holdings::read(&bed).await, standing);
    let calls: Vec<String> = bed.proxy.writes().iter().map(|call| call.action.clone()).collect();
    assert!(!calls.iter().any(|action| action == "DeregisterTargets" || action == "RegisterTargets"), "{calls:?}");
    assert_eq!(bindings(&bed).await.len(), 1);
}

fn port<'a>(group: &'a str, port: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", port),
        ("IpPermissions.1.ToPort", port),
    ]
}

fn cidr_rule<'a>(group: &'a str, number: &'a str, range: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut parameters = port(group, number);
    parameters.push(("IpPermissions.1.IpRanges.1.CidrIp", range));
    parameters
}

async fn ec2(bed: &Bed, action: &str, parameters: &[(&str, &str)]) -> Element {
    bed.aws.ec2(action, parameters).await.unwrap()
}

async fn elbv2(bed: &Bed, action: &str, parameters: &[(&str, &str)]) -> Element {
    bed.aws.elbv2(action, parameters).await.unwrap()
}
