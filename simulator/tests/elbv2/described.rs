//! Load balancing that an account description puts in.

use std::collections::BTreeMap;
use std::time::Duration;

use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{Options, Simulator};

use super::world::{World, arn};

const NETWORK: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-a
vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}]
subnets: [{SubnetId: subnet-a, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24}]
securityGroups: [{GroupId: sg-one, GroupName: one, VpcId: vpc-a}]
instances: [{InstanceId: i-a, SubnetId: subnet-a}]
"#;

const STACK: &str = r#"
loadBalancers:
- LoadBalancerArn: &lb arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/net/web/0123456789abcdef
  Type: network
  State: {Code: active_impaired}
  AvailabilityZones: [{SubnetId: subnet-a}]
  SecurityGroups: [sg-one]
  Tags: {team: web, count: 3}
  Attributes: {load_balancing.cross_zone.enabled: true}
targetGroups:
- TargetGroupArn: &tg arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/web/0123456789abcdef
  Protocol: TCP
  Port: 80
  HealthCheckProtocol: HTTP
  Tags: [{Key: team, Value: web}]
  Targets:
  - {Target: {Id: i-a}, TargetHealth: {State: unhealthy}}
  - {Target: {Id: i-a, Port: 81}}
  - {Target: {Id: i-a, Port: 82}, TargetHealth: {State: draining}}
listeners:
- LoadBalancerArn: *lb
  Port: 80
  Protocol: TCP
  DefaultActions: [{Type: forward, TargetGroupArn: *tg}]
  Attributes: {tcp.idle_timeout.seconds: 60}
"#;

/// An application load balancer with everything that it can have, under ids that are no ARNs of AWS.
const APPLICATION: &str = r#"
trustStores: [{TrustStoreArn: clients-arn, Name: clients, NumberOfCaCertificates: 3, Tags: {team: web}}]
certificates: [{CertificateArn: cert-1}, {CertificateArn: cert-2}]
ipamPools: [{IpamPoolId: ipam-pool-1}]
loadBalancers:
- LoadBalancerArn: lb-1
  LoadBalancerName: shop
  Type: application
  DNSName: shop.example.com
  State: {Code: active_impaired, Reason: short of capacity}
  AvailabilityZones: [{SubnetId: subnet-a}, {SubnetId: subnet-b}]
  SecurityGroups: [sg-one]
  IpamPools: {Ipv4IpamPoolId: ipam-pool-1}
  Attributes: {idle_timeout.timeout_seconds: 30}
  CapacityReservation:
    DecreaseRequestsRemaining: 1
    LastModifiedTime: "2026-01-31T11:00:00Z"
    MinimumLoadBalancerCapacity: {CapacityUnits: 200}
    CapacityReservationState: [{State: {Code: provisioned}, AvailabilityZone: us-west-2a, EffectiveCapacityUnits: 100.5}]
targetGroups:
- {TargetGroupArn: tg-arn1, Protocol: HTTP, Port: 80, ProtocolVersion: GRPC, Matcher: {GrpcCode: "0"}, TargetType: ip, Targets: [{Target: {Id: 10.0.1.9, AvailabilityZone: us-west-2b}, HealthCheckPort: "80", TargetHealth: {State: unhealthy, Reason: Target.Timeout, Description: too slow}, AdministrativeOverride: {State: no_override}}]}
- {TargetGroupArn: tg-arn2, Protocol: HTTPS, Port: 443, TargetControlPort: 3000, HealthCheckEnabled: true, LoadBalancerArns: [lb-1]}
listeners:
- ListenerArn: listener-443
  LoadBalancerArn: lb-1
  Port: 443
  Protocol: HTTPS
  SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06
  Certificates: [{CertificateArn: cert-2, IsDefault: false}, {CertificateArn: cert-1, IsDefault: true}]
  MutualAuthentication: {Mode: verify, TrustStoreArn: clients-arn, IgnoreClientCertificateExpiry: true, AdvertiseTrustStoreCaNames: "on"}
  DefaultActions: [{Type: fixed-response, Order: 1, FixedResponseConfig: {StatusCode: "404", ContentType: text/plain}}]
  Attributes: {routing.http.response.server.enabled: false}
rules:
- RuleArn: rule-7
  ListenerArn: listener-443
  Priority: "7"
  Conditions:
  - {Field: host-header, Values: [a.example.com, b.example.com], HostHeaderConfig: {Values: [a.example.com, b.example.com]}}
  - {Field: path-pattern, RegexValues: ["^/v[12]"], PathPatternConfig: {RegexValues: ["^/v[12]"]}}
  Actions:
  - Type: authenticate-oidc
    Order: 1
    AuthenticateOidcConfig: {Issuer: "https://idp.example.com", AuthorizationEndpoint: "https://idp.example.com/a", TokenEndpoint: "https://idp.example.com/t", UserInfoEndpoint: "https://idp.example.com/u", ClientId: me, AuthenticationRequestExtraParams: {display: page}}
  - {Type: forward, Order: 2, TargetGroupArn: tg-arn1, ForwardConfig: {TargetGroups: [{TargetGroupArn: tg-arn1, Weight: 1}], TargetGroupStickinessConfig: {Enabled: false}}}
  Transforms: [{Type: url-rewrite, UrlRewriteConfig: {Rewrites: [{Regex: "^/v1/(.*)$", Replace: "/$1"}]}}]
  Tags: {path: v1}
- {RuleArn: rule-default, ListenerArn: listener-443, Priority: default, IsDefault: true, Tags: {path: none}}
"#;

fn application() -> String {
    let subnet = "subnets: [{SubnetId: subnet-b, VpcId: vpc-a, AvailabilityZone: us-west-2b, CidrBlock: 10.0.1.0/24},";
    format!("{}{APPLICATION}", NETWORK.replace("subnets: [", subnet))
}

async fn load(text: &str) -> Result<World, String> {
    let simulator = Simulator::new(Options::default());
    let description = AccountDescription::parse(text).map_err(|error| error.to_string())?;
    description.load(&simulator).await.map_err(|error| error.to_string())?;
    Ok(World::of(simulator))
}

#[tokio::test(start_paused = true)]
async fn what_is_described_is_there_and_the_rest_has_its_defaults() {
    let world = load(&format!("{NETWORK}{STACK}")).await.unwrap();
    let found = world.elb.describe_load_balancers().names("web").send().await.unwrap();
    let web = &found.load_balancers()[0];
    assert_eq!(web.dns_name(), Some("web-0123456789abcdef.elb.us-west-2.amazonaws.com"));
    assert_eq!((web.vpc_id(), web.availability_zones()[0].zone_name()), (Some("vpc-a"), Some("us-west-2a")));
    let load_balancer = arn(web.load_balancer_arn());
    assert_eq!(world.state(&load_balancer).await, "active_impaired");
    let tags = BTreeMap::from([("count".to_owned(), "3".to_owned()), ("team".to_owned(), "web".to_owned())]);
    assert_eq!(world.tags(&load_balancer).await, tags);
    let attributes =
        world.elb.describe_load_balancer_attributes().load_balancer_arn(&load_balancer).send().await.unwrap();
    let value =
        |key: &str| attributes.attributes().iter().find(|item| item.key() == Some(key)).and_then(|item| item.value());
    assert_eq!(value("load_balancing.cross_zone.enabled"), Some("true"));
    assert_eq!(value("deletion_protection.enabled"), Some("false"));
    let groups = world.elb.describe_target_groups().load_balancer_arn(&load_balancer).send().await.unwrap();
    let group = &groups.target_groups()[0];
    assert_eq!((group.health_check_path(), group.health_check_interval_seconds()), (Some("/"), Some(30)));
    let listeners = world.elb.describe_listeners().load_balancer_arn(&load_balancer).send().await.unwrap();
    assert_eq!(listeners.listeners()[0].port(), Some(80));
}

#[tokio::test(start_paused = true)]
async fn targets_keep_the_state_that_was_seen() {
    let world = load(&format!("{NETWORK}{STACK}")).await.unwrap();
    let groups = world.elb.describe_target_groups().send().await.unwrap();
    let group = arn(groups.target_groups()[0].target_group_arn());
    let seen = ["i-a:80 unhealthy Target.FailedHealthChecks", "i-a:81 healthy"];
    let draining = "i-a:82 draining Target.DeregistrationInProgress";
    assert_eq!(world.health(&group).await, [seen[0], seen[1], draining]);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(world.health(&group).await, seen);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_create_finds_what_is_described() {
    let world = load(&format!("{NETWORK}{STACK}")).await.unwrap();
    let group = "Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&HealthCheckProtocol=HTTP";
    let same = world.call("CreateTargetGroup", group).await.unwrap();
    assert!(same.contains("targetgroup/web/0123456789abcdef"), "{same}");
    let load_balancer = "Name=web&Type=network&Subnets.member.1=subnet-a&SecurityGroups.member.1=sg-one";
    let same = world.call("CreateLoadBalancer", load_balancer).await.unwrap();
    assert!(same.contains("loadbalancer/net/web/0123456789abcdef"), "{same}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_element_that_says_it() {
    let cases = [
        ("AvailabilityZones: [{SubnetId: subnet-a}]", "AvailabilityZones: [{SubnetId: subnet-x}]", "subnet-x"),
        ("Type: network", "Type: application", "loadBalancers: web"),
        ("{State: unhealthy}", "{State: sleepy}", "sleepy"),
        ("load_balancing.cross_zone.enabled: true", "colour: red", "colour"),
        (
            "TargetGroupArn: *tg",
            "TargetGroupArn: arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/x/1",
            "targetgroup/x/1",
        ),
        (
            "- LoadBalancerArn: *lb",
            "- LoadBalancerArn: arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/net/x/1",
            "net/x/1",
        ),
        ("Port: 80\n  Protocol: TCP", "Port: 0\n  Protocol: TCP", "greater than or equal to 1"),
    ];
    for (is, becomes, expected) in cases {
        assert!(STACK.contains(is), "{is}");
        let text = format!("{NETWORK}{}", STACK.replace(is, becomes));
        match load(&text).await {
            Err(sentence) if sentence.contains(expected) => {}
            Err(sentence) => panic!("{becomes}: {sentence}"),
            Ok(_) => panic!("{becomes} is refused"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_described_application_load_balancer_is_shown_again_whatever_its_ids() {
    let world = load(&application()).await.unwrap();
    let found = world.elb.describe_load_balancers().load_balancer_arns("lb-1").send().await.unwrap();
    let shop = &found.load_balancers()[0];
    assert_eq!((shop.r#type().unwrap().as_str(), shop.dns_name()), ("application", Some("shop.example.com")));
    let state = shop.state().unwrap();
    assert_eq!((state.code().unwrap().as_str(), state.reason()), ("active_impaired", Some("short of capacity")));
    assert_eq!(shop.ipam_pools().unwrap().ipv4_ipam_pool_id(), Some("ipam-pool-1"));
    let capacity = world.elb.describe_capacity_reservation().load_balancer_arn("lb-1").send().await.unwrap();
    assert_eq!(capacity.decrease_requests_remaining(), Some(1));
    assert_eq!(capacity.minimum_load_balancer_capacity().unwrap().capacity_units(), Some(200));
    assert_eq!(capacity.capacity_reservation_state()[0].effective_capacity_units(), Some(100.5));
    let stores = world.elb.describe_trust_stores().names("clients").send().await.unwrap();
    assert_eq!(stores.trust_stores()[0].number_of_ca_certificates(), Some(3));
    let listeners = world.elb.describe_listeners().load_balancer_arn("lb-1").send().await.unwrap();
    let listener = &listeners.listeners()[0];
    assert_eq!(listener.certificates()[0].certificate_arn(), Some("cert-1"));
    let mutual = listener.mutual_authentication().unwrap();
    assert_eq!((mutual.mode(), mutual.trust_store_arn()), (Some("verify"), Some("clients-arn")));
    let certificates = world.elb.describe_listener_certificates().listener_arn("listener-443").send().await.unwrap();
    let flags = certificates.certificates().iter().map(|one| (one.certificate_arn().unwrap(), one.is_default()));
    assert_eq!(flags.collect::<Vec<_>>(), [("cert-1", Some(true)), ("cert-2", Some(false))]);
    let rules = world.elb.describe_rules().listener_arn("listener-443").send().await.unwrap();
    let [rule, default] = rules.rules() else { panic!("two rules") };
    assert_eq!((rule.rule_arn(), rule.priority()), (Some("rule-7"), Some("7")));
    assert_eq!(rule.conditions()[0].host_header_config().unwrap().values().len(), 2);
    assert_eq!(rule.conditions()[1].regex_values(), ["^/v[12]"]);
    let oidc = rule.actions()[0].authenticate_oidc_config().unwrap();
    assert_eq!(oidc.client_secret(), None, "a secret is never read back");
    assert_eq!(oidc.authentication_request_extra_params().unwrap()["display"], "page");
    assert_eq!(rule.actions()[1].target_group_arn(), Some("tg-arn1"));
    assert_eq!(rule.transforms()[0].url_rewrite_config().unwrap().rewrites()[0].replace(), Some("/$1"));
    assert_eq!((default.rule_arn(), default.is_default()), (Some("rule-default"), Some(true)));
    assert_eq!(world.tags("rule-default").await["path"], "none");
    assert_eq!(world.tags("clients-arn").await["team"], "web");
}

#[tokio::test(start_paused = true)]
async fn described_target_groups_of_an_application_load_balancer_are_shown_again() {
    let world = load(&application()).await.unwrap();
    let groups = world.elb.describe_target_groups().load_balancer_arn("lb-1").send().await.unwrap();
    let [grpc, optimized] = groups.target_groups() else { panic!("two groups, one used by a rule, one said to be") };
    assert_eq!((grpc.target_group_name(), grpc.protocol_version()), (Some("tg-arn1"), Some("GRPC")));
    assert_eq!(grpc.matcher().unwrap().grpc_code(), Some("0"));
    assert_eq!(
        (optimized.target_control_port(), optimized.load_balancer_arns()),
        (Some(3000), ["lb-1".to_owned()].as_slice())
    );
    let health = world.elb.describe_target_health().target_group_arn("tg-arn1").send().await.unwrap();
    let target = &health.target_health_descriptions()[0];
    assert_eq!(target.target_health().unwrap().description(), Some("too slow"));
    assert_eq!(world.health("tg-arn1").await, ["10.0.1.9:80 unhealthy Target.Timeout"]);
    assert_eq!(target.administrative_override().unwrap().state().unwrap().as_str(), "no_override");
    let refused = world.elb.delete_target_group().target_group_arn("tg-arn2").send().await.unwrap_err();
    assert!(super::world::refusal(&refused).starts_with("ResourceInUse: "));
    world.elb.delete_load_balancer().load_balancer_arn("lb-1").send().await.unwrap();
    world.elb.delete_target_group().target_group_arn("tg-arn2").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_described_load_balancer_has_interfaces_under_the_name_that_aws_gives_them() {
    let world = load(&application()).await.unwrap();
    let interfaces = world.ec2.describe_network_interfaces().send().await.unwrap();
    let described = interfaces.network_interfaces().iter().map(|one| one.description().unwrap());
    let described = described.filter(|description| !description.is_empty());
    assert_eq!(described.collect::<Vec<_>>(), ["ELB app/shop/lb-1", "ELB app/shop/lb-1"]);
}

#[tokio::test]
async fn what_an_application_load_balancer_cannot_have_is_refused_with_the_element_that_says_it() {
    let cases = [
        ("TargetGroupArn: tg-arn1, ForwardConfig", "TargetGroupArn: tg-9, ForwardConfig", "tg-9"),
        ("Priority: \"7\"", "Priority: 0", "rules: listener-443 priority 0: Priority has to be a number"),
        ("SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06", "SslPolicy: strong", "SSL policy 'strong' not found"),
        ("Protocol: HTTPS\n  SslPolicy", "Protocol: HTTP\n  SslPolicy", "SslPolicy and Certificates are for HTTPS"),
        ("TrustStoreArn: clients-arn, Ignore", "TrustStoreArn: nobody, Ignore", "nobody"),
        ("Mode: verify", "Mode: off", "TrustStoreArn can only be specified"),
        ("Replace: \"/$1\"", "Replacement: \"/$1\"", "Replace"),
        ("HealthCheckPort: \"80\"", "HealthCheckPort: \"81\"", "HealthCheckPort is 81, but the group checks 80"),
        ("Reason: Target.Timeout", "Reason: Target.Bored", "Target.Bored"),
        (
            "Type: application",
            "Type: gateway",
            "loadBalancers: shop: The simulator does not model gateway load balancers",
        ),
        (
            "{Type: fixed-response, Order: 1",
            "{Type: forward, TargetGroupArn: tg-arn2, Order: 1",
            "configuration of another type",
        ),
        (
            "IsDefault: true, Tags: {path: none}",
            "IsDefault: true, Actions: [{Type: forward, TargetGroupArn: tg-arn1}]",
            "DefaultActions",
        ),
    ];
    for (is, becomes, expected) in cases {
        assert!(APPLICATION.contains(is), "{is}");
        match load(&application().replace(is, becomes)).await {
            Err(sentence) if sentence.contains(expected) => {}
            Err(sentence) => panic!("{becomes}: {sentence}"),
            Ok(_) => panic!("{becomes} is refused"),
        }
    }
}
