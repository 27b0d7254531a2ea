//! Hand-built plans that the tests of documents and of their text share.

mod application;

use std::collections::BTreeMap;

use serde_json::json;

use super::{Document, Header, Skipped};
use crate::id::{
    AccountId, ClusterName, HealthCheckProtocol, InstanceId, IpAddressType, IpProtocol, Key, Knowable, ListenerArn,
    LoadBalancerArn, LoadBalancerType, ObjectName, ObjectRef, Protocol, Ref, Region, ResourceKey, ResourceKind, Scheme,
    SecurityGroupId, StackId, SubnetId, TargetGroupArn, TargetType, VpcId,
};
use crate::model::{
    Action, HealthCheckPort, IngressRule, Matcher, Pairs, Peer, RuleProtocol, SubnetMapping, Target, TargetId,
};
use crate::plan::HealthCheckRequest;
use crate::plan::{
    AddTags, AwsChange, Change, CreateListener, CreateLoadBalancer, CreateSecurityGroup, CreateTargetGroup,
    CreateTargetGroupBinding, DeleteListener, DeleteLoadBalancer, DeleteSecurityGroup, DeleteTargetGroup,
    DeleteTargetGroupBinding, FieldChange, Held, Impact, KubeChange, ModifyListener, ModifyLoadBalancerAttributes,
    ModifyTargetGroup, Plan, Resource, SecurityGroupIngress, Step, TagList, Targets, Wait, WaitFor, Write,
};
use crate::problem::{Problem, Refusal};

pub(in crate::plan) use application::edited_application;

pub(in crate::plan) const WORKER_GROUP: &str = "sg-0node";
const TARGET_GROUP: &str = "k8s-default-web-d4818dcd51";
const VPC: &str = "vpc-0a1b2c3d";

/// Joins plans and nothing else.
pub(in crate::plan) fn document(plans: Vec<Plan>) -> Document {
    Document::new(header(), plans, Vec::new(), Vec::new(), BTreeMap::new(), Vec::new())
}

pub(in crate::plan) fn header() -> Header {
    Header {
        cluster: ClusterName::new("demo"),
        account: Some(AccountId::new("123456789012")),
        region: Region::new("us-west-2"),
        vpc: VpcId::new(VPC),
        now: "2026-01-31T12:00:00Z".parse().unwrap(),
    }
}

/// The first Service of a cluster: everything is made, in every kind of entry.
pub(in crate::plan) fn first_service() -> Vec<Plan> {
    vec![new_binding(), new_rules(), new_stack("web", Scheme::InternetFacing, 80), new_cluster()]
}

/// A Service whose settings were edited, with what AWS had changed by hand.
pub(in crate::plan) fn edited_service() -> Vec<Plan> {
    let mut plan = stack_plan("web");
    let group = || SecurityGroupId::new("sg-0web");
    let managed = || Resource::live(ResourceKey::managed_security_group(), group());
    let open = ingress(Ref::Known(group()), vec![rule(443, cidr("10.0.0.0/8")), rule(443, cidr("192.168.0.0/16"))]);
    let close = ingress(Ref::Known(group()), vec![rule(80, cidr("0.0.0.0/0"))]);
    let other_rules = "the ports or source ranges of the Service ask for other rules";
    let check = vec![
        field("HealthCheckProtocol", Some("TCP"), Some("HTTP")),
        field("HealthCheckPath", None, Some("/healthz")),
        field("HealthCheckIntervalSeconds", Some("10"), Some("30")),
    ];
    let check_reason = "the health check differs: HealthCheckProtocol, HealthCheckPath, HealthCheckIntervalSeconds";
    let modify = ModifyTargetGroup { target_group_arn: target_group_arn(), health_check: health_check("HTTP") };
    let tags = AddTags { resource_arns: vec![load_balancer_arn().to_string()], tags: tag_list(&[("team", "shop")]) };
    let forward = ModifyListener {
        listener_arn: listener_arn(),
        port: 80,
        protocol: Protocol::Tcp,
        default_actions: vec![Action::forward_to(Ref::Known(target_group_arn()))],
        certificate: None,
        ssl_policy: None,
    };
    let to = arn("targetgroup/k8s-default-web-0011223344/50dc6c495c0c9188");
    let actions = vec![field("DefaultActions", Some(&to), Some(target_group_arn().as_str()))];
    plan.steps = vec![
        aws(managed(), AwsChange::AuthorizeSecurityGroupIngress(open), other_rules),
        with_fields(aws(live_target_group(), AwsChange::ModifyTargetGroup(modify), check_reason), check),
        with_fields(
            aws(live_load_balancer(), AwsChange::AddTags(tags), "its tags differ"),
            vec![field("Tags[team]", None, Some("shop"))],
        ),
        with_impact(
            with_fields(
                aws(live_listener(), AwsChange::ModifyListener(forward), "the listener differs: DefaultActions"),
                actions,
            ),
            Impact::Brief,
        ),
        aws(managed(), AwsChange::RevokeSecurityGroupIngress(close), "nothing asks for these rules"),
    ];
    plan.warnings = vec![
        Problem::of(service("web"), "no such annotation")
            .at("metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-nlb-taget-type]")
            .value("ip")
            .hint("did you mean service.beta.kubernetes.io/aws-load-balancer-nlb-target-type?"),
    ];
    plan.routes = vec!["client → NLB:443 → node:31000 → pod:8080".to_owned()];
    let mut targets = binding_plan();
    let gone = (1..=6).map(|number| instance(&format!("i-0gone{number}"))).collect();
    let gone = Targets { target_group_arn: Ref::Known(target_group_arn()), targets: gone };
    targets.steps = vec![
        aws(live_target_group(), AwsChange::DeregisterTargets(gone), "their nodes are gone"),
        Step::Wait(wait(WaitFor::TargetsHealthy, None, "2 targets must pass health checks first")),
    ];
    vec![plan, targets, Plan::empty(Key::Cluster, Vec::new()), rules_plan()]
}

/// The last Service of a cluster is deleted: the stack begins, and what the cluster shares goes before it ends.
pub(in crate::plan) fn deleted_service() -> Vec<Plan> {
    let reason = "the Service is being deleted";
    let name = ObjectName::new("default", TARGET_GROUP);
    let mut stack = stack_plan("web");
    stack.wanted = false;
    let binding = Change {
        resource: Resource::live(ResourceKey::new(ResourceKind::TargetGroupBinding, "default/web:80"), &name),
        write: Write::Kube(KubeChange::Delete(DeleteTargetGroupBinding { name })),
        fields: Vec::new(),
        impact: Impact::None,
        reason: reason.to_owned(),
    };
    let balancer = DeleteLoadBalancer { load_balancer_arn: load_balancer_arn() };
    let target_group = DeleteTargetGroup { target_group_arn: target_group_arn() };
    let group = SecurityGroupId::new("sg-0web");
    let managed = Resource::live(ResourceKey::managed_security_group(), &group);
    let shared_gone = "the shared backend security group goes before the last finalizer";
    stack.steps = vec![
        with_impact(aws(live_load_balancer(), AwsChange::DeleteLoadBalancer(balancer), reason), Impact::Destroys),
        Step::Change(binding),
        aws(live_target_group(), AwsChange::DeleteTargetGroup(target_group), reason),
        Step::Wait(wait(
            WaitFor::InterfacesGone,
            None,
            "the deleted load balancer holds its security group for a while",
        )),
        aws(managed, AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: group }), reason),
        Step::Wait(wait(WaitFor::BackendGroup, Some(Key::Cluster), shared_gone)),
    ];
    let shared = SecurityGroupId::new("sg-0shared");
    let resource = Resource::live(ResourceKey::backend_security_group(), &shared);
    let mut cluster = Plan { wanted: false, ..Plan::empty(Key::Cluster, Vec::new()) };
    cluster.steps = vec![
        Step::Wait(wait(WaitFor::InterfacesGone, Some(stack.key.clone()), "a load balancer still carries the group")),
        Step::Wait(wait(WaitFor::RulesClosed, Some(rules_key()), "worker rules still let the group in")),
        aws(
            resource,
            AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: shared.clone() }),
            "every object that carries our finalizer is going",
        ),
    ];
    let mut rules = rules_plan();
    let close = ingress(worker(), vec![rule(31000, Peer::SecurityGroup(Ref::Known(shared)))]);
    rules.steps = vec![
        Step::Wait(wait(WaitFor::BindingGone, Some(stack.key.clone()), "a TargetGroupBinding still needs the rule")),
        aws(worker_resource(), AwsChange::RevokeSecurityGroupIngress(close), "no binding asks for it any more"),
    ];
    vec![cluster, rules, stack]
}

/// One object with two problems, and one that facts of AWS forbid.
pub(in crate::plan) fn refused() -> Document {
    let annotation = |name: &str| format!("metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-{name}]");
    let refusal = Refusal {
        object: service("web"),
        problems: vec![
            Problem::of(service("web"), "must be internal or internet-facing")
                .at(annotation("scheme"))
                .value("public")
                .hint("for addresses that the internet can reach, write internet-facing"),
            Problem::of(service("web"), "TLS is not supported yet")
                .at(annotation("ssl-cert"))
                .value("arn:aws:acm:us-west-2:123456789012:certificate/3f9a12cc-0000-4000-8000-000000000000")
                .hint("take the annotation away to have plain TCP, or leave the Service to another controller"),
        ],
        warnings: vec![Problem::of(service("web"), "is not used by network load balancers").at("spec.sessionAffinity")],
    };
    let mut api = stack_plan("api");
    api.refused = true;
    api.problems = vec![
        Problem::of(service("api"), "no subnet of vpc-0a1b2c3d can be used")
            .hint("tag one subnet per zone with kubernetes.io/role/elb=1\nsubnet-a has no free address"),
    ];
    let refused = vec![(stack_key("web"), refusal)];
    Document::new(header(), vec![api], refused, Vec::new(), BTreeMap::new(), Vec::new())
}

/// A scheme that was edited: the load balancer stays until its replacement is acknowledged.
pub(in crate::plan) fn held_replacement() -> Vec<Plan> {
    let mut plan = stack_plan("web");
    let AwsChange::CreateLoadBalancer(create) = create_load_balancer("web", Scheme::Internal) else {
        unreachable!("that is what it makes")
    };
    let scheme = || vec![field("Scheme", Some("internet-facing"), Some("internal"))];
    let delete = AwsChange::DeleteLoadBalancer(DeleteLoadBalancer { load_balancer_arn: load_balancer_arn() });
    let new = Resource::new(ResourceKey::load_balancer());
    let changes = [
        with_impact(
            with_fields(aws(new, AwsChange::CreateLoadBalancer(create), "the scheme cannot be changed"), scheme()),
            Impact::Outage,
        ),
        aws(live_load_balancer(), delete, "the scheme cannot be changed"),
    ];
    let held = |step| match step {
        Step::Change(change) => Held {
            change,
            why: "a load balancer's scheme cannot be changed; the one that is there goes on serving".to_owned(),
            acknowledge: Some("northgate.dev/replace=3f9a12cc".to_owned()),
        },
        Step::Wait(_) => unreachable!("only changes are held"),
    };
    plan.held = changes.into_iter().map(held).collect();
    let attributes = ModifyLoadBalancerAttributes {
        load_balancer_arn: Ref::Known(load_balancer_arn()),
        attributes: tag_list(&[("deletion_protection.enabled", "false")]),
    };
    let protected = Change {
        resource: live_load_balancer(),
        write: Write::Aws(AwsChange::ModifyLoadBalancerAttributes(attributes)),
        fields: vec![field("Attributes[deletion_protection.enabled]", Some("true"), Some("false"))],
        impact: Impact::None,
        reason: "the annotation is gone".to_owned(),
    };
    plan.held.push(Held {
        change: protected,
        why: "deletion protection was set in AWS, not by an annotation: switch it off there".to_owned(),
        acknowledge: None,
    });
    vec![plan]
}

/// Files without a cluster: what only the API server assigns is unknown; and everything beside entries.
pub(in crate::plan) fn files_alone() -> Document {
    let mut database = new_stack("influxdb", Scheme::InternetFacing, 8086);
    database.partial = true;
    let mut internal = new_stack("internal-db", Scheme::Internal, 5432);
    internal.problems = vec![Problem::general("55 of 50 load balancers are in use").hint("ask AWS for a higher quota")];
    let skipped = |name: &str, reason: &str, hint: Option<&str>| Skipped {
        object: ObjectRef::new("Service", &ObjectName::new("shop", name)),
        reason: reason.to_owned(),
        hint: hint.map(str::to_owned),
    };
    Document::new(
        Header { account: None, ..header() },
        vec![internal, database],
        Vec::new(),
        vec![
            skipped("orders", "its class example.com/other is another controller's", None),
            skipped("cart", "type NodePort", Some("set spec.type: LoadBalancer")),
        ],
        BTreeMap::from([("Service".to_owned(), 12), ("Deployment".to_owned(), 3)]),
        vec![Problem::general("unknown field \"prots\"").at("web.yaml:7: spec").hint("did you mean ports?")],
    )
}

/// Nothing differs.
pub(in crate::plan) fn in_sync() -> Vec<Plan> {
    let routed = |name: &str| Plan { routes: vec!["client → NLB:80".to_owned()], ..stack_plan(name) };
    vec![binding_plan(), rules_plan(), routed("web"), routed("api"), Plan::empty(Key::Cluster, Vec::new())]
}

fn new_cluster() -> Plan {
    let create = CreateSecurityGroup {
        group_name: "k8s-traffic-demo-411a1bcdb1".to_owned(),
        description: "[k8s] Shared Backend SecurityGroup for LoadBalancer".to_owned(),
        vpc_id: VpcId::new(VPC),
        tags: tag_list(&[("elbv2.k8s.aws/cluster", "demo"), ("elbv2.k8s.aws/resource", "backend-sg")]),
    };
    let resource = Resource::new(ResourceKey::backend_security_group());
    let reason = "no security group carries the cluster's tags for the shared backend group";
    Plan {
        steps: vec![aws(resource, AwsChange::CreateSecurityGroup(create), reason)],
        ..Plan::empty(Key::Cluster, Vec::new())
    }
}

pub(in crate::plan) fn new_stack(name: &str, scheme: Scheme, port: u16) -> Plan {
    let node_port = if name == "web" { Knowable::Known(31000) } else { unknown_node_port() };
    let target_group = ResourceKey::new(ResourceKind::TargetGroup, format!("default/{name}:{port}"));
    let managed = || Resource::new(ResourceKey::managed_security_group());
    let create_group = CreateSecurityGroup {
        group_name: hashed(name, "1da4b78715"),
        description: "[k8s] Managed SecurityGroup for LoadBalancer".to_owned(),
        vpc_id: VpcId::new(VPC),
        tags: tags(name, "ManagedLBSecurityGroup"),
    };
    let open = ingress(Ref::Made(managed().key), vec![rule(i32::from(port), cidr("0.0.0.0/0"))]);
    let create_target_group = CreateTargetGroup {
        name: hashed(name, "d4818dcd51"),
        target_type: TargetType::Instance,
        protocol: Protocol::Tcp,
        protocol_version: None,
        port: node_port.clone(),
        vpc_id: VpcId::new(VPC),
        ip_address_type: None,
        health_check_enabled: true,
        health_check: health_check("TCP"),
        tags: tags(name, &target_group.id),
    };
    let listener = CreateListener {
        load_balancer_arn: Ref::Made(ResourceKey::load_balancer()),
        port,
        protocol: Protocol::Tcp,
        default_actions: vec![Action::forward_to(Ref::Made(target_group.clone()))],
        certificate: None,
        ssl_policy: None,
        tags: tags(name, &port.to_string()),
    };
    let balancer_reason = "no load balancer carries this stack's tags; subnets tagged kubernetes.io/role/elb";
    let listener_resource = Resource::new(ResourceKey::new(ResourceKind::Listener, port.to_string()));
    let active = Wait {
        resource: Some(ResourceKey::load_balancer()),
        ..wait(WaitFor::LoadBalancerActive, None, "its host name is written when the load balancer serves")
    };
    let backend_group = Wait {
        resource: Some(ResourceKey::backend_security_group()),
        ..wait(WaitFor::BackendGroup, Some(Key::Cluster), "the shared backend security group is made first")
    };
    Plan {
        steps: vec![
            Step::Wait(backend_group),
            aws(managed(), AwsChange::CreateSecurityGroup(create_group), "no security group carries this stack's tags"),
            aws(managed(), AwsChange::AuthorizeSecurityGroupIngress(open), "clients reach the listeners"),
            aws(
                Resource::new(target_group.clone()),
                AwsChange::CreateTargetGroup(create_target_group),
                "no target group carries this stack's tags",
            ),
            aws(Resource::new(ResourceKey::load_balancer()), create_load_balancer(name, scheme), balancer_reason),
            aws(
                listener_resource,
                AwsChange::CreateListener(listener),
                "the load balancer has no listener on this port",
            ),
            create_binding(name, &target_group),
            Step::Wait(active),
        ],
        routes: vec![format!("client → NLB:{port} → node:{node_port} → pod:8080")],
        ..stack_plan(name)
    }
}

fn create_load_balancer(name: &str, scheme: Scheme) -> AwsChange {
    AwsChange::CreateLoadBalancer(CreateLoadBalancer {
        name: hashed(name, "6b0ba8ff70"),
        load_balancer_type: LoadBalancerType::Network,
        scheme,
        ip_address_type: IpAddressType::Ipv4,
        subnet_mappings: ["subnet-0aaa", "subnet-0bbb"]
            .map(|subnet| SubnetMapping { subnet_id: SubnetId::new(subnet) })
            .to_vec(),
        security_groups: vec![
            Ref::Made(ResourceKey::managed_security_group()),
            Ref::Made(ResourceKey::backend_security_group()),
        ],
        enable_prefix_for_ipv6_source_nat: Some("off"),
        tags: tags(name, "LoadBalancer"),
    })
}

fn create_binding(name: &str, target_group: &ResourceKey) -> Step {
    let object_name = ObjectName::new("default", hashed(name, "d4818dcd51"));
    let object = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": { "name": object_name.name, "namespace": object_name.namespace },
        "spec": {
            "targetGroupARN": Ref::<TargetGroupArn>::Made(target_group.clone()),
            "networking": { "ingress": [{ "from": [{
                "securityGroup": { "groupID": Ref::<SecurityGroupId>::Made(ResourceKey::backend_security_group()) }
            }] }] },
        },
    });
    Step::Change(Change {
        resource: Resource::new(ResourceKey::new(ResourceKind::TargetGroupBinding, target_group.id.clone())),
        write: Write::Kube(KubeChange::Create(CreateTargetGroupBinding { name: object_name, object })),
        fields: Vec::new(),
        impact: Impact::None,
        reason: "the target group has no TargetGroupBinding".to_owned(),
    })
}

fn new_rules() -> Plan {
    let shared = Peer::SecurityGroup(Ref::Made(ResourceKey::backend_security_group()));
    let shared =
        IngressRule { description: "elbv2.k8s.aws/targetGroupBinding=shared".to_owned(), ..rule(31000, shared) };
    let open = AwsChange::AuthorizeSecurityGroupIngress(ingress(worker(), vec![shared]));
    let reason = format!("TargetGroupBinding default/{TARGET_GROUP} needs it");
    Plan { steps: vec![aws(worker_resource(), open, &reason)], ..rules_plan() }
}

fn new_binding() -> Plan {
    let targets = vec![instance("i-0aaa"), instance("i-0bbb"), instance("i-0ccc")];
    let made = ResourceKey::new(ResourceKind::TargetGroup, "default/web:80");
    let register = AwsChange::RegisterTargets(Targets { target_group_arn: Ref::Made(made.clone()), targets });
    Plan {
        steps: vec![
            Step::Wait(wait(
                WaitFor::RulesOpen,
                Some(rules_key()),
                "the worker security group lets the load balancer in",
            )),
            aws(Resource::new(made), register, "ready nodes that are not registered"),
        ],
        ..binding_plan()
    }
}

pub(in crate::plan) fn stack_key(name: &str) -> Key {
    Key::Stack(stack_id(name))
}

pub(in crate::plan) fn stack_plan(name: &str) -> Plan {
    Plan::empty(stack_key(name), vec![service(name)])
}

pub(in crate::plan) fn binding_plan() -> Plan {
    let name = ObjectName::new("default", TARGET_GROUP);
    let object = ObjectRef::new("TargetGroupBinding", &name);
    Plan { of: Some(stack_id("web")), ..Plan::empty(Key::Binding(name), vec![object]) }
}

pub(in crate::plan) fn rules_plan() -> Plan {
    Plan::empty(rules_key(), Vec::new())
}

pub(in crate::plan) fn delete_listener() -> Step {
    let delete = AwsChange::DeleteListener(DeleteListener { listener_arn: listener_arn() });
    aws(live_listener(), delete, "no port of the Service uses it any more")
}

pub(in crate::plan) fn wait(reason: WaitFor, entry: Option<Key>, message: &str) -> Wait {
    Wait { reason, resource: None, entry, message: message.to_owned() }
}

pub(in crate::plan) fn with_impact(step: Step, impact: Impact) -> Step {
    match step {
        Step::Change(change) => Step::Change(Change { impact, ..change }),
        Step::Wait(wait) => Step::Wait(wait),
    }
}

fn with_fields(step: Step, fields: Vec<FieldChange>) -> Step {
    match step {
        Step::Change(change) => Step::Change(Change { fields, ..change }),
        Step::Wait(wait) => Step::Wait(wait),
    }
}

fn aws(resource: Resource, write: AwsChange, reason: &str) -> Step {
    let write = Write::Aws(write);
    Step::Change(Change { resource, write, fields: Vec::new(), impact: Impact::None, reason: reason.to_owned() })
}

fn field(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    FieldChange { field: field.to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

fn service(name: &str) -> ObjectRef {
    ObjectRef::new("Service", &ObjectName::new("default", name))
}

fn stack_id(name: &str) -> StackId {
    StackId::Service(ObjectName::new("default", name))
}

fn rules_key() -> Key {
    Key::Rules(SecurityGroupId::new(WORKER_GROUP))
}

fn worker() -> Ref<SecurityGroupId> {
    Ref::Known(SecurityGroupId::new(WORKER_GROUP))
}

fn worker_resource() -> Resource {
    Resource::live(ResourceKey::new(ResourceKind::SecurityGroup, WORKER_GROUP), WORKER_GROUP)
}

fn ingress(group_id: Ref<SecurityGroupId>, ip_permissions: Vec<IngressRule>) -> SecurityGroupIngress {
    SecurityGroupIngress { group_id, ip_permissions }
}

fn rule(port: i32, peer: Peer) -> IngressRule {
    IngressRule {
        protocol: RuleProtocol::Ip(IpProtocol::Tcp),
        from_port: Knowable::Known(port),
        to_port: Knowable::Known(port),
        peer,
        description: String::new(),
    }
}

fn cidr(text: &str) -> Peer {
    Peer::Cidr(text.parse().unwrap())
}

fn instance(id: &str) -> Target {
    Target { id: TargetId::Instance(InstanceId::new(id)), port: 31000, availability_zone: None }
}

fn health_check(protocol: &str) -> HealthCheckRequest {
    let http = protocol == "HTTP";
    HealthCheckRequest {
        health_check_protocol: protocol.parse::<HealthCheckProtocol>().unwrap(),
        health_check_port: HealthCheckPort::TrafficPort,
        health_check_path: http.then(|| "/healthz".to_owned()),
        health_check_interval_seconds: if http { 30 } else { 10 },
        health_check_timeout_seconds: 10,
        healthy_threshold_count: 3,
        unhealthy_threshold_count: 3,
        matcher: http.then(|| Matcher::Http("200-399".to_owned())),
    }
}

fn unknown_node_port() -> Knowable<u16> {
    Knowable::After("spec.ports[0].nodePort".to_owned())
}

fn hashed(name: &str, hash: &str) -> String {
    match name {
        "web" => format!("k8s-default-web-{hash}"),
        _ => format!("k8s-default-{}-{}", name.replace('-', ""), crate::id::KNOWN_AFTER_APPLY),
    }
}

fn tags(name: &str, resource: &str) -> TagList {
    tag_list(&[
        ("elbv2.k8s.aws/cluster", "demo"),
        ("service.k8s.aws/resource", resource),
        ("service.k8s.aws/stack", &format!("default/{name}")),
    ])
}

fn tag_list(pairs: &[(&str, &str)]) -> TagList {
    TagList(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Pairs>())
}

fn arn(rest: &str) -> String {
    format!("arn:aws:elasticloadbalancing:us-west-2:123456789012:{rest}")
}

fn target_group_arn() -> TargetGroupArn {
    TargetGroupArn::new(arn(&format!("targetgroup/{TARGET_GROUP}/73e2d6bc24d8a067")))
}

fn load_balancer_arn() -> LoadBalancerArn {
    LoadBalancerArn::new(arn("loadbalancer/net/k8s-default-web-6b0ba8ff70/50dc6c495c0c9188"))
}

fn listener_arn() -> ListenerArn {
    ListenerArn::new(arn("listener/net/k8s-default-web-6b0ba8ff70/50dc6c495c0c9188/f2f7dc8efc522ab2"))
}

fn live_target_group() -> Resource {
    Resource::live(ResourceKey::new(ResourceKind::TargetGroup, "default/web:80"), target_group_arn())
}

fn live_load_balancer() -> Resource {
    Resource::live(ResourceKey::load_balancer(), load_balancer_arn())
}

fn live_listener() -> Resource {
    Resource::live(ResourceKey::new(ResourceKind::Listener, "80"), listener_arn())
}
