//! An account, and requests of it.

use std::time::Duration;

use northgate_simulator::account_description;
use northgate_simulator::{AccountOptions, Options, Request, Scope, Service, Simulator};
use serde_json::Value;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-west-2";
pub(crate) const NETWORK: &str =
    "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/net/web/0123456789abcdef";
pub(crate) const APPLICATION: &str =
    "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/shop/0123456789abcdef";
pub(crate) const LISTENER: &str =
    "arn:aws:elasticloadbalancing:us-west-2:111122223333:listener/app/shop/0123456789abcdef/1";
pub(crate) const USED: &str = "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000004";
pub(crate) const ISSUED: &str = "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000001";
pub(crate) const ACL: &str =
    "arn:aws:wafv2:us-west-2:111122223333:regional/webacl/web/00000000-0000-4000-8000-00000000000a";

const WORLD: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-a
subnets:
- {SubnetId: subnet-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24, Tags: {team: web}}
- {SubnetId: subnet-b, AvailabilityZone: us-west-2b, CidrBlock: 10.0.1.0/24}
securityGroups: [{GroupId: sg-a, Tags: {team: web, kubernetes.io/cluster/demo: owned}}]
certificates:
- CertificateArn: arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000001
  DomainName: example.com
  SubjectAlternativeNames: [example.com, "*.example.com"]
  CreatedAt: "2026-01-01T00:00:00Z"
  NotAfter: "2026-03-01T00:00:00Z"
  Tags: {team: web}
- CertificateArn: arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000002
  DomainName: ec.example.com
  KeyAlgorithm: EC_prime256v1
  CreatedAt: "2026-01-02T00:00:00Z"
  KeyUsages: [{Name: DIGITAL_SIGNATURE}]
- CertificateArn: arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000003
  DomainName: pending.example.com
  Status: PENDING_VALIDATION
  CreatedAt: "2026-01-03T00:00:00Z"
- CertificateArn: arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000004
  DomainName: used.example.com
  KeyAlgorithm: RSA_3072
  CreatedAt: "2026-01-04T00:00:00Z"
serverCertificates:
- ServerCertificateMetadata: {Arn: "arn:aws:iam::111122223333:server-certificate/team/web", Path: /team/}
- ServerCertificateMetadata: {Arn: "arn:aws:iam::111122223333:server-certificate/old"}
loadBalancers:
- LoadBalancerArn: arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/net/web/0123456789abcdef
  LoadBalancerName: web
  Type: network
  AvailabilityZones: [{SubnetId: subnet-a}]
  Tags: {team: web, elbv2.k8s.aws/cluster: demo}
- LoadBalancerArn: arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/shop/0123456789abcdef
  Type: application
  AvailabilityZones: [{SubnetId: subnet-a}, {SubnetId: subnet-b}]
  SecurityGroups: [sg-a]
listeners:
- ListenerArn: arn:aws:elasticloadbalancing:us-west-2:111122223333:listener/app/shop/0123456789abcdef/1
  LoadBalancerArn: arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/shop/0123456789abcdef
  Port: 443
  Protocol: HTTPS
  Certificates: [{CertificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-4000-8000-000000000004"}]
  DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]
targetGroups:
- TargetGroupArn: arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/web/0123456789abcdef
  TargetGroupName: web
  Protocol: TCP
  Port: 80
  Tags: {team: data, elbv2.k8s.aws/cluster: demo}
webAcls:
- {Name: web, Id: 00000000-0000-4000-8000-00000000000a, Tags: {team: web}}
- {Name: other}
- {Name: old, Id: classic-1, Scope: CLASSIC}
shield: {SubscriptionState: ACTIVE}
"#;

/// A simulator with an account in it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(AccountOptions::default()).await
    }

    pub(crate) async fn with(account: AccountOptions) -> Self {
        let simulator = Simulator::new(Options { account, ..Options::default() });
        account_description::load(&simulator, WORLD).await.expect("a description that loads");
        World { simulator }
    }

    pub(crate) fn scope() -> Scope {
        Scope { account: ACCOUNT.to_owned(), region: REGION.to_owned() }
    }

    /// A request of a service that speaks JSON; a refusal is `CODE: message`.
    pub(crate) async fn json(&self, service: Service, action: &str, params: Value) -> Result<Value, String> {
        let request = Request::json(service, Self::scope(), action, params.to_string().into_bytes());
        let response = self.simulator.handle(request).await;
        assert_eq!(response.content_type, "application/x-amz-json-1.1");
        let body: Value = serde_json::from_slice(&response.body).expect("JSON");
        if response.status == 200 {
            return Ok(body);
        }
        let code = body["__type"].as_str().expect("a code");
        assert_eq!(response.error_type.as_deref(), Some(code));
        let message = body.get("message").or(body.get("Message")).and_then(Value::as_str).expect("a message");
        Err(format!("{code}: {message}"))
    }

    /// A request of a service that speaks AWS Query: the XML of the answer, or of the refusal.
    pub(crate) async fn query(&self, service: Service, body: &str) -> Result<String, String> {
        let request = Request::query(service, Self::scope(), body.as_bytes().to_vec());
        let response = self.simulator.handle(request).await;
        let body = String::from_utf8(response.body).expect("UTF-8");
        if response.status == 200 { Ok(body) } else { Err(body) }
    }

    pub(crate) async fn acm(&self, action: &str, params: Value) -> Result<Value, String> {
        self.json(Service::Acm, action, params).await
    }

    pub(crate) async fn tagging(&self, action: &str, params: Value) -> Result<Value, String> {
        self.json(Service::ResourceGroupsTagging, action, params).await
    }
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// One member of each element of a list.
pub(crate) fn each<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    list.as_array().into_iter().flatten().filter_map(|element| element.get(member)?.as_str()).collect()
}
