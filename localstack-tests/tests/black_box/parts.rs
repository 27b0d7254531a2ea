//! The bed's parts, each for itself: what every other test takes for granted.

use std::time::Duration;

use localstack_tests::account::Account;
use localstack_tests::aws::Aws;
use localstack_tests::bed::Deploy;
use localstack_tests::cloud::Cloud;
use localstack_tests::control_plane::ControlPlane;
use localstack_tests::nodes::{self, Node};
use localstack_tests::pods::{self, Pod};
use localstack_tests::process::temporary_folder;
use localstack_tests::proxy::{Fault, Proxy, When};
use localstack_tests::world::World;
use localstack_tests::{Error, setup, until};

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
";

const DEPLOYMENT: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: controller, namespace: northgate}
---
apiVersion: v1
kind: Namespace
metadata: {name: northgate}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: northgate, namespace: northgate}
spec:
  selector: {matchLabels: {app: northgate}}
  template:
    metadata: {labels: {app: northgate}}
    spec:
      serviceAccountName: controller
      containers:
      - {name: northgate, image: northgate, args: [run, --cluster-name=NAME, --sync-period=10m]}
";

const ROLE: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: northgate}
rules:
- {apiGroups: [''], resources: [services], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: northgate}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: northgate}
subjects:
- {kind: ServiceAccount, name: controller, namespace: northgate}
";

async fn account() -> Aws {
    let cloud = Cloud::shared().await.unwrap();
    cloud.client(&Account::fresh().unwrap())
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Aws { code, .. }) => code,
        other => panic!("not an error of AWS's: {other:?}"),
    }
}

#[tokio::test]
async fn a_control_plane_has_endpoint_slices_and_roles_count() {
    let folder = temporary_folder().unwrap();
    let binaries = tokio::task::spawn_blocking(setup::control_plane).await.unwrap().unwrap();
    let cluster = ControlPlane::start(&binaries, folder.path()).await.unwrap();
    let kubectl = cluster.kubectl();
    let world = World::build(&account().await, "parts").await.unwrap();
    let node = Node::of(&world.instances[0]);
    nodes::create(kubectl, std::slice::from_ref(&node)).await.unwrap();
    kubectl.apply(SERVICE).await.unwrap();
    let mut pod = Pod::new("web-1", "web", &node.name, &world.instances[0].pod_addresses[0]);
    pod.ports = vec![("http".to_owned(), 8080)];
    pods::create(kubectl, std::slice::from_ref(&pod)).await.unwrap();
    for is_ready in [true, false] {
        pods::set_ready(kubectl, std::slice::from_ref(&pod), is_ready).await.unwrap();
        let wanted = format!("{} {is_ready} 8080", pod.address);
        let path = "jsonpath={range .items[*]}{.endpoints[0].addresses[0]} {.endpoints[0].conditions.ready} {.ports[0].port}{end}";
        until("EndpointSlice", Duration::from_secs(10), Duration::from_millis(200), async || {
            let seen = kubectl
                .run(&["get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o", path])
                .await
                .unwrap();
            if seen == wanted { Ok(()) } else { Err(seen) }
        })
        .await
        .unwrap();
    }
    nodes::set_ready(kubectl, &node.name, false).await.unwrap();
    let condition = "--for=condition=Ready=False";
    kubectl.run(&["wait", condition, "node", &node.name, "--timeout=5s"]).await.unwrap();
    pods::delete(kubectl, &pod).await.unwrap();
    nodes::delete(kubectl, &node.name).await.unwrap();

    kubectl.run(&["create", "serviceaccount", "nobody"]).await.unwrap();
    let kubeconfig = cluster.kubeconfig_for("default", "nobody").await.unwrap();
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let refusal = kubectl.run(&[&kubeconfig, "get", "services"]).await.unwrap_err().to_string();
    assert!(refusal.contains("system:serviceaccount:default:nobody"), "{refusal}");
}

#[tokio::test]
async fn what_is_shipped_is_installed_and_the_deployment_only_read() {
    let folder = temporary_folder().unwrap();
    let binaries = tokio::task::spawn_blocking(setup::control_plane).await.unwrap().unwrap();
    let cluster = ControlPlane::start(&binaries, folder.path()).await.unwrap();
    let shipped = temporary_folder().unwrap();
    let write = |name: &str, text: &str| std::fs::write(shipped.path().join(name), text).unwrap();
    write("deployment.yaml", DEPLOYMENT);
    write("rbac.yaml", ROLE);
    write("policy.json", "not for the cluster");
    let deploy = Deploy::install(cluster.kubectl(), shipped.path()).await.unwrap();
    let arguments = deploy.arguments(&["--cluster-name=test".to_owned()]);
    assert_eq!(arguments, ["run", "--sync-period=10m", "--cluster-name=test"]);
    let kubeconfig = deploy.kubeconfig(&cluster).await.unwrap();
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let kubectl = cluster.kubectl();
    kubectl.run(&[&kubeconfig, "get", "services"]).await.unwrap();
    assert!(kubectl.run(&[&kubeconfig, "get", "secrets"]).await.is_err());
    assert!(kubectl.run(&["get", "deployments", "-n", "northgate"]).await.unwrap().is_empty());
}

#[tokio::test]
async fn elbv2_calls_reach_the_simulator_through_localstack_and_errors_come_back_unchanged() {
    let aws = account().await;
    let none = aws.elbv2("DescribeLoadBalancers", &[]).await.unwrap();
    assert!(none.list("LoadBalancers").is_empty());
    let unknown = [("Names.member.1", "nobody's & nothing")];
    assert_eq!(code(aws.elbv2("DescribeLoadBalancers", &unknown).await), "LoadBalancerNotFound");
    let world = World::build(&aws, "parts").await.unwrap();
    let group = [("Name", "web"), ("Protocol", "TCP"), ("Port", "80"), ("VpcId", &world.vpc)];
    aws.elbv2("CreateTargetGroup", &group).await.unwrap();
    let elsewhere = account().await;
    let groups = async |aws: &Aws| aws.elbv2("DescribeTargetGroups", &[]).await.unwrap().list("TargetGroups").len();
    assert_eq!((groups(&aws).await, groups(&elsewhere).await), (1, 0), "each account for itself");
}

#[tokio::test]
async fn security_groups_answer_as_aws_s() {
    let aws = account().await;
    let world = World::build(&aws, "parts").await.unwrap();
    let mut groups = Vec::new();
    for name in ["a", "b"] {
        let parameters = [("GroupName", name), ("GroupDescription", name), ("VpcId", &world.vpc)];
        let made = aws.ec2("CreateSecurityGroup", &parameters).await.unwrap();
        groups.push(made.value("groupId").to_owned());
    }
    let [a, b] = &groups[..] else { panic!("two groups") };
    let tcp = |number: usize, port: &str| {
        let field = |name: &str| format!("IpPermissions.{number}.{name}");
        vec![
            (field("IpProtocol"), "tcp".to_owned()),
            (field("FromPort"), port.to_owned()),
            (field("ToPort"), port.to_owned()),
        ]
    };
    let cidr = |number: usize, port: &str| {
        [tcp(number, port), vec![(format!("IpPermissions.{number}.IpRanges.1.CidrIp"), "0.0.0.0/0".to_owned())]]
            .concat()
    };
    let from_b = |number: usize, description: &str| {
        let field = |name: &str| format!("IpPermissions.{number}.Groups.1.{name}");
        [tcp(number, "81"), vec![(field("GroupId"), b.clone()), (field("Description"), description.to_owned())]]
            .concat()
    };
    let ask = async |action: &str, permissions: Vec<(String, String)>| {
        let mut parameters = vec![("GroupId", a.as_str())];
        parameters.extend(permissions.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        aws.ec2(action, &parameters).await
    };
    let (authorize, revoke) = ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress");
    let rules = async || {
        let found = aws.ec2("DescribeSecurityGroups", &[("GroupId.1", a)]).await.unwrap();
        let permissions = found.find("ipPermissions").unwrap();
        permissions.all("cidrIp").len() + permissions.all("groupId").len()
    };

    let added = ask(authorize, [cidr(1, "80"), from_b(2, "web")].concat()).await.unwrap();
    assert_eq!(added.list("securityGroupRuleSet").len(), 2, "all that was added is in the answer");
    let twice = ask(authorize, [cidr(1, "90"), cidr(2, "80")].concat()).await;
    assert_eq!((code(twice).as_str(), rules().await), ("InvalidPermission.Duplicate", 2), "all or nothing");
    assert_eq!(code(ask(authorize, from_b(1, "another description")).await), "InvalidPermission.Duplicate");
    assert_eq!(code(aws.ec2("DeleteSecurityGroup", &[("GroupId", b)]).await), "DependencyViolation", "named by a rule");
    let unknown = ask(revoke, [cidr(1, "80"), cidr(2, "99")].concat()).await;
    assert_eq!((code(unknown).as_str(), rules().await), ("InvalidPermission.NotFound", 2), "all or nothing");
    ask(revoke, from_b(1, "")).await.unwrap();
    assert_eq!(rules().await, 1, "a rule is found without its description");
    aws.ec2("DeleteSecurityGroup", &[("GroupId", b)]).await.unwrap();
    let workers = [("GroupId", world.worker_security_group.as_str())];
    assert_eq!(code(aws.ec2("DeleteSecurityGroup", &workers).await), "DependencyViolation", "on an interface");
}

#[tokio::test]
async fn an_interface_is_found_by_the_address_of_a_pod() {
    let aws = account().await;
    let world = World::build(&aws, "parts").await.unwrap();
    for (address, found) in [(world.instances[1].pod_addresses[2].as_str(), 1), ("10.0.200.200", 0)] {
        let filter = [("Filter.1.Name", "addresses.private-ip-address"), ("Filter.1.Value.1", address)];
        let interfaces = aws.ec2("DescribeNetworkInterfaces", &filter).await.unwrap();
        assert_eq!(interfaces.list("networkInterfaceSet").len(), found, "{address}");
    }
}

#[tokio::test]
async fn the_proxy_stands_before_every_service() {
    let cloud = Cloud::shared().await.unwrap();
    let proxy = Proxy::start(cloud.endpoint().clone()).await.unwrap();
    let aws = Aws::new(proxy.endpoint().clone(), Account::fresh().unwrap());
    proxy.at(When::Write(2), Fault::DropAnswer);
    let world = World::build(&aws, "parts").await;
    assert!(matches!(world.unwrap_err(), Error::Http { .. }));
    aws.elbv2("DescribeLoadBalancers", &[]).await.unwrap();
    let journal = proxy.journal();
    let names = ["ec2:CreateVpc", "ec2:CreateSubnet", "elasticloadbalancing:DescribeLoadBalancers"];
    assert_eq!(journal.names(), names, "{journal}");
    assert!(journal.calls().iter().all(|call| call.succeeded() && call.request_id.is_some()), "{journal}");
    let subnets = aws.ec2("DescribeSubnets", &[]).await.unwrap();
    assert!(subnets.all("cidrBlock").iter().any(|block| block.text() == "10.0.0.0/24"), "the write was done");
}
