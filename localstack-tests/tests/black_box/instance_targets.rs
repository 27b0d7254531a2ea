//! A Service of type LoadBalancer becomes a working load balancer: everything that stands afterwards, as the contract
//! has it.

use std::collections::BTreeMap;

use localstack_tests::bed::Bed;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::holdings::{Holdings, Tags};
use crate::printed_plan::agreement;
use crate::service::{FINALIZER, Service, bindings_count, event};

#[tokio::test]
async fn a_service_gets_a_load_balancer_that_sends_to_every_node() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;

    let host = web.host_name(&bed).await;
    let node_port = web.node_port(&bed, 0).await;
    assert_eq!(web.line(&bed).await, line(&web, &bed, &host, node_port).await);
    event(&bed, "web", "SuccessfullyReconciled", &[]).await;

    let found = Holdings::standing(&bed, 1, 2).await;
    load_balancer_is_as_the_contract_has_it(&bed, &web, &found, &host).await;
    target_group_is_as_the_contract_has_it(&bed, &web, &found, node_port).await;
    security_groups_are_as_the_contract_has_them(&bed, &web, &found, node_port).await;
    binding_is_as_the_contract_has_it(&bed, &found, node_port).await;

    let object = web.get(&bed).await;
    assert_eq!(object["metadata"]["finalizers"], json!([FINALIZER]));
    let ingress = json!([{ "hostname": host, "ports": [{ "port": 80, "protocol": "TCP" }] }]);
    assert_eq!(object["status"]["loadBalancer"]["ingress"], ingress);
    agreement(&bed).await;
}

async fn line(web: &Service, bed: &Bed, host: &str, node_port: u16) -> String {
    let cluster_ip = web.get(bed).await["spec"]["clusterIP"].as_str().unwrap().to_owned();
    format!("web LoadBalancer {cluster_ip} {host} 80:{node_port}/TCP")
}

async fn load_balancer_is_as_the_contract_has_it(bed: &Bed, web: &Service, found: &Holdings, host: &str) {
    let balancer = found.load_balancer();
    let name = format!("k8s-default-web-{}", hash(&[&bed.cluster_name, &uid(web, bed).await, "internet-facing"]));
    assert_eq!(balancer.name, name);
    assert_eq!(balancer.dns_name.to_lowercase(), host);
    assert!(host.ends_with(".elb.us-west-2.amazonaws.com"), "{host}");
    assert_eq!((balancer.kind.as_str(), balancer.scheme.as_str()), ("network", "internet-facing"));
    assert_eq!(balancer.subnets, bed.world.public_subnets.iter().map(|subnet| subnet.id.clone()).collect());
    let groups = [found.managed_group("web"), found.backend_group()].map(|group| group.id.clone());
    assert_eq!(balancer.security_groups, groups.into());
    assert_eq!(balancer.tags, tags(bed, "LoadBalancer"));
    let [listener] = &balancer.listeners[..] else { panic!("one listener: {balancer:#?}") };
    assert_eq!((listener.protocol.as_str(), listener.port.as_str()), ("TCP", "80"));
    assert_eq!(listener.target_group, found.target_group().arn);
    assert_eq!(listener.tags, tags(bed, "80"));
}

async fn target_group_is_as_the_contract_has_it(bed: &Bed, web: &Service, found: &Holdings, node_port: u16) {
    let group = found.target_group();
    let (uid, node_port) = (uid(web, bed).await, node_port.to_string());
    let hashed = [&bed.cluster_name, &uid, &node_port, "80", "instance", "TCP", "TCP", "10"];
    assert_eq!(group.name, format!("k8s-default-web-{}", hash(&hashed)));
    assert_eq!((&group.protocol[..], &group.port[..], &group.target_type[..]), ("TCP", &node_port[..], "instance"));
    assert_eq!(group.health_check, "TCP traffic-port every 10 s for 10 s, 3 up 3 down");
    assert_eq!(group.tags, tags(bed, "default/web:80"));
    let targets = bed.nodes.iter().map(|node| format!("{}:{node_port}", node.instance.id));
    assert_eq!(group.targets, targets.map(|target| (target, "healthy".to_owned())).collect());
}

async fn security_groups_are_as_the_contract_has_them(bed: &Bed, web: &Service, found: &Holdings, node_port: u16) {
    let managed = found.managed_group("web");
    let hashed = hash(&[&bed.cluster_name, "web", "default", &uid(web, bed).await]);
    assert_eq!(managed.name, format!("k8s-default-web-{hashed}"));
    assert_eq!(managed.description, "[k8s] Managed SecurityGroup for LoadBalancer");
    assert_eq!(managed.tags, tags(bed, "ManagedLBSecurityGroup"));
    assert_eq!(managed.rules, ["tcp 80-80 from 0.0.0.0/0".to_owned()].into());

    let backend = found.backend_group();
    let letters: String = bed.cluster_name.chars().filter(char::is_ascii_alphanumeric).collect();
    assert_eq!(backend.name, format!("k8s-traffic-{letters}-{}", hash(&[&bed.cluster_name])));
    assert_eq!(backend.description, "[k8s] Shared Backend SecurityGroup for LoadBalancer");
    let shared = [("elbv2.k8s.aws/cluster", bed.cluster_name.as_str()), ("elbv2.k8s.aws/resource", "backend-sg")];
    assert_eq!(backend.tags, shared.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(backend.rules, [].into());

    let rule = format!("tcp {node_port}-{node_port} from {} (elbv2.k8s.aws/targetGroupBinding=shared)", backend.id);
    assert_eq!(found.worker_group(bed).rules, [rule].into());
}

async fn binding_is_as_the_contract_has_it(bed: &Bed, found: &Holdings, node_port: u16) {
    let bindings = bindings_count(bed, 2).await;
    let [binding] = &bindings[..] else { panic!("one binding: {bindings:#?}") };
    let metadata = &binding["metadata"];
    assert_eq!(metadata["name"], found.target_group().name);
    assert_eq!(metadata["namespace"], "default");
    let labels = json!({ "service.k8s.aws/stack-namespace": "default", "service.k8s.aws/stack-name": "web" });
    assert_eq!(metadata["labels"], labels);
    assert_eq!(metadata["finalizers"], json!(["elbv2.k8s.aws/resources"]));
    let from = json!([{ "securityGroup": { "groupID": found.backend_group().id } }]);
    let spec = json!({
        "targetGroupARN": found.target_group().arn,
        "targetType": "instance",
        "targetGroupProtocol": "TCP",
        "ipAddressType": "ipv4",
        "vpcID": bed.world.vpc,
        "serviceRef": { "name": "web", "port": 80 },
        "networking": { "ingress": [{ "from": from, "ports": [{ "protocol": "TCP", "port": node_port }] }] },
    });
    assert_eq!(without_false(&binding["spec"]), spec);
    let table = bed.kubectl().run(&["get", "targetgroupbindings"]).await.unwrap();
    let (head, row) = table.split_once('\n').unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let columns: BTreeMap<String, String> = words(head).into_iter().zip(words(row)).collect();
    assert_eq!((columns["READY"].as_str(), columns["TARGETS"].as_str()), ("2", "2"), "{table}");
}

/// LBC writes `multiClusterTargetGroup: false`, which says nothing.
fn without_false(spec: &serde_json::Value) -> serde_json::Value {
    let fields = spec.as_object().unwrap().iter().filter(|(_, value)| **value != json!(false));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

async fn uid(web: &Service, bed: &Bed) -> String {
    web.get(bed).await["metadata"]["uid"].as_str().unwrap().to_owned()
}

fn tags(bed: &Bed, resource: &str) -> Tags {
    let tags = [
        ("elbv2.k8s.aws/cluster", bed.cluster_name.as_str()),
        ("service.k8s.aws/stack", "default/web"),
        ("service.k8s.aws/resource", resource),
    ];
    tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

/// The end of a name: ten hexadecimal digits of what was hashed.
fn hash(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.concat());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..10].to_owned()
}
