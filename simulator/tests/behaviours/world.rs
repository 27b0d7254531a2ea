//! A small account under a paused clock, asked as requests go over the wire.

use std::time::Duration;

use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{AccountOptions, Options, Request, Scope, Service, Simulator};

const WORLD: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}]
subnets: [{SubnetId: subnet-a, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24}]
securityGroups: [{GroupId: sg-one, GroupName: one, VpcId: vpc-a, Tags: {team: web}}]
instances: [{InstanceId: i-a, SubnetId: subnet-a, PrivateIpAddress: 10.0.0.10}]
"#;

pub(crate) struct World {
    pub(crate) simulator: Simulator,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// An account that is told something besides the defaults.
    pub(crate) async fn with(tell: impl FnOnce(&mut AccountOptions)) -> Self {
        let simulator = Simulator::new(Options::default());
        let description = AccountDescription::parse(WORLD).expect("a description that can be read");
        description.load(&simulator).await.expect("a description that loads");
        let world = Self { simulator };
        world.tell(tell).await;
        world
    }

    pub(crate) fn scope() -> Scope {
        Scope { account: "111122223333".to_owned(), region: "us-west-2".to_owned() }
    }

    pub(crate) async fn tell(&self, tell: impl FnOnce(&mut AccountOptions)) {
        let mut options = self.simulator.options(&Self::scope()).await;
        tell(&mut options);
        self.simulator.set_options(&Self::scope(), options).await;
    }

    pub(crate) async fn elb(&self, call: &str) -> Result<String, String> {
        self.ask(Service::ElasticLoadBalancing, call).await
    }

    pub(crate) async fn ec2(&self, call: &str) -> Result<String, String> {
        self.ask(Service::Ec2, call).await
    }

    /// `Ok` with the document, or `STATUS CODE: message`. The call is `ACTION` or `ACTION&PARAMETERS`.
    async fn ask(&self, service: Service, call: &str) -> Result<String, String> {
        let body = format!("Action={call}&Version=1").into_bytes();
        let response = self.simulator.handle(Request::query(service, Self::scope(), body)).await;
        let document = String::from_utf8(response.body).expect("UTF-8");
        if response.status == 200 {
            return Ok(document);
        }
        Err(format!("{} {}: {}", response.status, element(&document, "Code"), element(&document, "Message")))
    }

    /// A load balancer `web`, a group `web` with one target, and a listener between them.
    pub(crate) async fn web(&self) -> Web {
        let create =
            "CreateLoadBalancer&Name=web&Type=network&Subnets.member.1=subnet-a&SecurityGroups.member.1=sg-one";
        let load_balancer = self.made(create, "LoadBalancerArn").await;
        let create = "CreateTargetGroup&Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=ip";
        let group = self.made(create, "TargetGroupArn").await;
        let create = format!(
            "CreateListener&LoadBalancerArn={load_balancer}&Protocol=TCP&Port=80\
             &DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={group}"
        );
        let listener = self.made(&create, "ListenerArn").await;
        let register = format!("RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id=10.0.0.9");
        self.elb(&register).await.expect("a target");
        Web { load_balancer, group, listener }
    }

    async fn made(&self, create: &str, arn: &str) -> String {
        element(&self.elb(create).await.expect("it is made"), arn).to_owned()
    }

    pub(crate) async fn state(&self, load_balancer: &str) -> String {
        let describe = format!("DescribeLoadBalancers&LoadBalancerArns.member.1={load_balancer}");
        element(&self.elb(&describe).await.expect("a load balancer"), "Code").to_owned()
    }

    pub(crate) async fn health(&self, group: &str) -> String {
        let answer = self.elb(&format!("DescribeTargetHealth&TargetGroupArn={group}")).await.expect("health");
        element(&answer, "State").to_owned()
    }
}

/// The ARNs of a small stack.
pub(crate) struct Web {
    pub(crate) load_balancer: String,
    pub(crate) group: String,
    pub(crate) listener: String,
}

pub(crate) async fn seconds(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

/// The text of the first element with this name.
pub(crate) fn element<'d>(document: &'d str, name: &str) -> &'d str {
    let rest = document.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text)
}
