//! The account that the tests work in, clients for it, and the shortest way to a resource.

use std::collections::BTreeMap;

use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, IpAddressType, LoadBalancer, LoadBalancerTypeEnum,
    PathPatternConditionConfig, ProtocolEnum, RuleCondition, Tag, TargetDescription, TargetGroup, TargetTypeEnum,
};
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{Options, Quotas, Request, Scope, Service, Simulator};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";

/// Two VPCs; subnets in three zones and a Local Zone, one nearly full, one too small for application load balancers, two
/// with IPv6; a default security group; instances in two zones.
/// How many certificates the account has.
const CERTIFICATES: u32 = 40;

const WORLD: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-a
vpcs:
- {VpcId: vpc-a, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8::/56"}]}
- {VpcId: vpc-b, CidrBlock: 10.9.0.0/16}
subnets:
- SubnetId: subnet-a
  VpcId: vpc-a
  AvailabilityZone: us-west-2a
  CidrBlock: 10.0.0.0/24
  Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8::/64"}]
- SubnetId: subnet-b
  VpcId: vpc-a
  AvailabilityZone: us-west-2b
  CidrBlock: 10.0.1.0/24
  Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8:0:1::/64"}]
- {SubnetId: subnet-a2, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.2.0/24}
- {SubnetId: subnet-full, VpcId: vpc-a, AvailabilityZone: us-west-2c, CidrBlock: 10.0.3.0/24, AvailableIpAddressCount: 7}
- {SubnetId: subnet-tight, VpcId: vpc-a, AvailabilityZone: us-west-2c, CidrBlock: 10.0.4.0/24, AvailableIpAddressCount: 8}
- {SubnetId: subnet-small, VpcId: vpc-a, AvailabilityZone: us-west-2c, CidrBlock: 10.0.5.0/28}
- {SubnetId: subnet-local, VpcId: vpc-a, AvailabilityZone: us-west-2-lax-1a, CidrBlock: 10.0.6.0/24}
- {SubnetId: subnet-elsewhere, VpcId: vpc-b, AvailabilityZone: us-west-2b, CidrBlock: 10.9.0.0/24}
securityGroups:
- {GroupId: sg-one, GroupName: one, VpcId: vpc-a}
- {GroupId: sg-two, GroupName: two, VpcId: vpc-a}
- {GroupId: sg-default, GroupName: default, VpcId: vpc-a}
- {GroupId: sg-elsewhere, GroupName: elsewhere, VpcId: vpc-b}
instances:
- {InstanceId: i-a, SubnetId: subnet-a, PrivateIpAddress: 10.0.0.10}
- {InstanceId: i-b, SubnetId: subnet-b, PrivateIpAddress: 10.0.1.10}
- {InstanceId: i-stopped, SubnetId: subnet-a, PrivateIpAddress: 10.0.0.11, State: {Name: stopped}}
- {InstanceId: i-elsewhere, VpcId: vpc-b, SubnetId: subnet-elsewhere, PrivateIpAddress: 10.9.0.10}
"#;

/// One simulated account.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) elb: Client,
    pub(crate) ec2: aws_sdk_ec2::Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        let simulator = Simulator::new(Options::default());
        let description = AccountDescription::parse(&described()).expect("a description that can be read");
        description.load(&simulator).await.expect("a description that loads");
        Self::of(simulator)
    }

    /// Clients for what a simulator holds.
    pub(crate) fn of(simulator: Simulator) -> Self {
        let credentials = Credentials::new(ACCOUNT, "secret", None, None, "tests");
        let elb = aws_sdk_elasticloadbalancingv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials.clone())
            .retry_config(RetryConfig::disabled())
            .http_client(simulator.connector())
            .build();
        let ec2 = aws_sdk_ec2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .http_client(simulator.connector())
            .build();
        let (elb, ec2) = (Client::from_conf(elb), aws_sdk_ec2::Client::from_conf(ec2));
        Self { simulator, elb, ec2 }
    }

    pub(crate) fn scope() -> Scope {
        Scope { account: ACCOUNT.to_owned(), region: REGION.to_owned() }
    }

    /// A request as it goes over the wire, so that what the SDK would not send can be sent: `Ok` with the document, or
    /// `CODE: message`.
    pub(crate) async fn call(&self, action: &str, parameters: &str) -> Result<String, String> {
        let body = format!("Action={action}&Version=2015-12-01&{parameters}").into_bytes();
        let request = Request::query(Service::ElasticLoadBalancing, Self::scope(), body);
        let response = self.simulator.handle(request).await;
        let document = String::from_utf8(response.body).expect("UTF-8");
        if response.status == 200 {
            return Ok(document);
        }
        let (code, message) = (element(&document, "Code"), element(&document, "Message"));
        Err(format!("{code}: {}", message.replace("&apos;", "'").replace("&gt;", ">").replace("&lt;", "<")))
    }

    /// Asserts that each request is refused with a text that begins as given.
    pub(crate) async fn refuses(&self, action: &str, cases: &[(&str, &str)]) {
        for (parameters, expected) in cases {
            let outcome = self.call(action, parameters).await;
            let refusal = outcome.expect_err(&format!("{action} {parameters} is refused"));
            assert!(refusal.starts_with(expected), "{action} {parameters}: {refusal}");
        }
    }

    /// An internet-facing load balancer in both zones, with a security group.
    pub(crate) async fn load_balancer(&self, name: &str) -> LoadBalancer {
        let create = self.elb.create_load_balancer().name(name).r#type(LoadBalancerTypeEnum::Network);
        let create = create.subnets("subnet-a").subnets("subnet-b").security_groups("sg-one");
        create.send().await.expect("a load balancer").load_balancers()[0].clone()
    }

    /// A TCP group for instances.
    pub(crate) async fn target_group(&self, name: &str) -> TargetGroup {
        self.target_group_of(name, ProtocolEnum::Tcp, TargetTypeEnum::Instance).await
    }

    pub(crate) async fn target_group_of(
        &self,
        name: &str,
        protocol: ProtocolEnum,
        kind: TargetTypeEnum,
    ) -> TargetGroup {
        let create = self.elb.create_target_group().name(name).protocol(protocol).port(80).vpc_id("vpc-a");
        create.target_type(kind).send().await.expect("a target group").target_groups()[0].clone()
    }

    /// A TCP listener that forwards to one group.
    pub(crate) async fn listener(&self, load_balancer: &str, port: i32, group: &str) -> String {
        let create = self.elb.create_listener().load_balancer_arn(load_balancer).protocol(ProtocolEnum::Tcp).port(port);
        let answer = create.default_actions(forward(group)).send().await.expect("a listener");
        answer.listeners()[0].listener_arn().expect("an ARN").to_owned()
    }

    /// A load balancer `web`, a group `web` and a listener between them; their ARNs.
    pub(crate) async fn web(&self) -> Web {
        let load_balancer = arn(self.load_balancer("web").await.load_balancer_arn());
        let group = arn(self.target_group("web").await.target_group_arn());
        let listener = self.listener(&load_balancer, 80, &group).await;
        Web { load_balancer, group, listener }
    }

    /// An internet-facing application load balancer in two zones, with a security group; its ARN.
    pub(crate) async fn application(&self, name: &str) -> String {
        let create = self.elb.create_load_balancer().name(name).subnets("subnet-a").subnets("subnet-b");
        let made = create.security_groups("sg-one").send().await.expect("a load balancer");
        arn(made.load_balancers()[0].load_balancer_arn())
    }

    /// A network load balancer without security groups; its ARN.
    pub(crate) async fn bare(&self, name: &str, kind: IpAddressType) -> String {
        let create = self.elb.create_load_balancer().name(name).r#type(LoadBalancerTypeEnum::Network);
        let made = create.subnets("subnet-a").ip_address_type(kind).send().await.expect("a load balancer");
        arn(made.load_balancers()[0].load_balancer_arn())
    }

    /// A group for HTTP to addresses; its ARN.
    pub(crate) async fn http_group(&self, name: &str) -> String {
        arn(self.target_group_of(name, ProtocolEnum::Http, TargetTypeEnum::Ip).await.target_group_arn())
    }

    /// A listener with one action; its ARN.
    pub(crate) async fn listener_of(
        &self,
        load_balancer: &str,
        protocol: ProtocolEnum,
        port: i32,
        action: Action,
    ) -> String {
        let secure = matches!(protocol, ProtocolEnum::Https | ProtocolEnum::Tls);
        let create = self.elb.create_listener().load_balancer_arn(load_balancer).protocol(protocol).port(port);
        let create = create.set_certificates(secure.then(|| vec![certificate(1)]));
        let made = create.default_actions(action).send().await.expect("a listener");
        arn(made.listeners()[0].listener_arn())
    }

    /// An application load balancer `shop` with a group and listeners on HTTP 80 and HTTPS 443 that forward to it.
    pub(crate) async fn shop(&self) -> Shop {
        let load_balancer = self.application("shop").await;
        let group = self.http_group("shop").await;
        let http = self.listener_of(&load_balancer, ProtocolEnum::Http, 80, forward(&group)).await;
        let https = self.listener_of(&load_balancer, ProtocolEnum::Https, 443, forward(&group)).await;
        Shop { load_balancer, group, http, https }
    }

    /// Sets quotas of the account.
    pub(crate) async fn limit(&self, quotas: &[(&str, u64)]) {
        let quotas = quotas.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect::<BTreeMap<_, _>>();
        let mut options = self.simulator.options(&Self::scope()).await;
        options.quotas = Quotas::try_from(quotas).expect("names of quotas");
        self.simulator.set_options(&Self::scope(), options).await;
    }

    pub(crate) async fn state(&self, load_balancer: &str) -> String {
        let answer =
            self.elb.describe_load_balancers().load_balancer_arns(load_balancer).send().await.expect("a load balancer");
        let state = answer.load_balancers()[0].state().and_then(|state| state.code());
        state.expect("a state").as_str().to_owned()
    }

    /// The targets of a group as `ID:PORT STATE REASON`.
    pub(crate) async fn health(&self, group: &str) -> Vec<String> {
        let answer = self.elb.describe_target_health().target_group_arn(group).send().await.expect("health");
        answer.target_health_descriptions().iter().map(health_line).collect()
    }

    pub(crate) async fn register(&self, group: &str, targets: &[(&str, Option<i32>)]) -> Result<(), String> {
        let call = self.elb.register_targets().target_group_arn(group).set_targets(Some(descriptions(targets)));
        call.send().await.map(|_| ()).map_err(|error| refusal(&error))
    }

    pub(crate) async fn deregister(&self, group: &str, targets: &[(&str, Option<i32>)]) -> Result<(), String> {
        let call = self.elb.deregister_targets().target_group_arn(group).set_targets(Some(descriptions(targets)));
        call.send().await.map(|_| ()).map_err(|error| refusal(&error))
    }

    /// The tags of one resource.
    pub(crate) async fn tags(&self, arn: &str) -> BTreeMap<String, String> {
        let answer = self.elb.describe_tags().resource_arns(arn).send().await.expect("tags");
        let tags = answer.tag_descriptions()[0].tags().iter();
        tags.map(|tag| (tag.key().expect("a key").to_owned(), tag.value().unwrap_or_default().to_owned())).collect()
    }
}

/// The ARNs of a small stack.
pub(crate) struct Web {
    pub(crate) load_balancer: String,
    pub(crate) group: String,
    pub(crate) listener: String,
}

/// The ARNs of an application load balancer's stack.
pub(crate) struct Shop {
    pub(crate) load_balancer: String,
    pub(crate) group: String,
    pub(crate) http: String,
    pub(crate) https: String,
}

/// [`WORLD`], with the certificates that listeners have.
fn described() -> String {
    let certificates = (1..=CERTIFICATES).map(|number| format!("- CertificateArn: {}\n", certificate_arn(number)));
    format!("{WORLD}certificates:\n{}", certificates.collect::<String>())
}

/// The ARN of a certificate.
pub(crate) fn certificate_arn(number: u32) -> String {
    format!("arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{number}")
}

pub(crate) fn certificate(number: u32) -> Certificate {
    Certificate::builder().certificate_arn(certificate_arn(number)).build()
}

/// An action that answers with a status.
pub(crate) fn fixed_response(status: &str) -> Action {
    let config = FixedResponseActionConfig::builder().status_code(status).build();
    Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(config).build()
}

/// A condition on the path.
pub(crate) fn path(patterns: &[&str]) -> RuleCondition {
    let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    let config = PathPatternConditionConfig::builder().set_values(Some(patterns)).build();
    RuleCondition::builder().field("path-pattern").path_pattern_config(config).build()
}

pub(crate) fn forward(group: &str) -> Action {
    Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(group).build()
}

pub(crate) fn arn(arn: Option<&str>) -> String {
    arn.expect("an ARN").to_owned()
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

pub(crate) fn descriptions(targets: &[(&str, Option<i32>)]) -> Vec<TargetDescription> {
    let describe = |(id, port): &(&str, Option<i32>)| TargetDescription::builder().id(*id).set_port(*port).build();
    targets.iter().map(describe).collect()
}

pub(crate) fn health_line(description: &aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription) -> String {
    let (target, health) = (description.target().expect("a target"), description.target_health().expect("health"));
    let reason = health.reason().map(|reason| format!(" {}", reason.as_str())).unwrap_or_default();
    let (id, port, state) = (target.id().unwrap_or_default(), target.port().unwrap_or_default(), health.state());
    format!("{id}:{port} {}{reason}", state.expect("a state").as_str())
}

/// `CODE: message` of a refusal.
pub(crate) fn refusal<E: aws_sdk_ec2::error::ProvideErrorMetadata>(error: &E) -> String {
    format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or("no message"))
}

/// The text of the first element with this name.
pub(crate) fn element<'d>(document: &'d str, name: &str) -> &'d str {
    let rest = document.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text)
}
