//! The network of a test's cluster, in LocalStack's EC2: a VPC as an installer of Kubernetes leaves it.

use crate::Error;
use crate::aws::{Aws, Element};

const ZONES: [&str; 2] = ["us-west-2a", "us-west-2b"];

/// A cluster's network and machines.
#[derive(Clone, Debug)]
pub struct World {
    /// The VPC, 10.0.0.0/16.
    pub vpc: String,
    /// One in each zone, tagged for internet-facing load balancers, with a route to the internet.
    pub public_subnets: Vec<Subnet>,
    /// One in each zone, tagged for internal load balancers; the machines are in these.
    pub private_subnets: Vec<Subnet>,
    /// The machines' security group, tagged as the cluster's.
    pub worker_security_group: String,
    /// One in each zone.
    pub instances: Vec<Instance>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// Its addresses.
    pub cidr: String,
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// Its primary address.
    pub address: String,
    /// The other addresses of its network interface: its pods'.
    pub pod_addresses: Vec<String>,
}

impl World {
    /// Makes it all, for the cluster of this name.
    pub async fn build(aws: &Aws, cluster: &str) -> Result<Self, Error> {
        let answer = aws.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await?;
        let vpc = answer.value("vpcId").to_owned();
        let (mut public_subnets, mut private_subnets) = (Vec::new(), Vec::new());
        for (number, zone) in ZONES.iter().enumerate() {
            let public = format!("10.0.{number}.0/24");
            public_subnets.push(subnet(aws, &vpc, zone, &public, "kubernetes.io/role/elb").await?);
            let private = format!("10.0.{}.0/24", number + 10);
            let role = "kubernetes.io/role/internal-elb";
            private_subnets.push(subnet(aws, &vpc, zone, &private, role).await?);
        }
        route_to_the_internet(aws, &vpc, &public_subnets).await?;
        let worker_security_group = worker_security_group(aws, &vpc, cluster).await?;
        let mut world = Self { vpc, public_subnets, private_subnets, worker_security_group, instances: Vec::new() };
        for number in 0..ZONES.len() {
            world.add_instance(aws, number).await?;
        }
        Ok(world)
    }

    /// Starts another machine, in the private subnet of this number.
    pub async fn add_instance(&mut self, aws: &Aws, subnet: usize) -> Result<Instance, Error> {
        let subnet = &self.private_subnets[subnet];
        let prefix = subnet.cidr.trim_end_matches("0/24");
        let number = self.instances.len();
        let address = format!("{prefix}{}", 10 + number);
        let answer = aws
            .ec2(
                "RunInstances",
                &[
                    ("ImageId", "ami-12345678"),
                    ("InstanceType", "m5.large"),
                    ("MinCount", "1"),
                    ("MaxCount", "1"),
                    ("SubnetId", &subnet.id),
                    ("PrivateIpAddress", &address),
                    ("SecurityGroupId.1", &self.worker_security_group),
                ],
            )
            .await?;
        let pod_addresses: Vec<String> = (0..3).map(|pod| format!("{prefix}{}", 100 + 10 * number + pod)).collect();
        let mut parameters = vec![("NetworkInterfaceId".to_owned(), answer.value("networkInterfaceId").to_owned())];
        for (number, address) in (1..).zip(&pod_addresses) {
            parameters.push((format!("PrivateIpAddress.{number}"), address.clone()));
        }
        aws.ec2("AssignPrivateIpAddresses", &borrowed(&parameters)).await?;
        let instance =
            Instance { id: answer.value("instanceId").to_owned(), zone: subnet.zone.clone(), address, pod_addresses };
        self.instances.push(instance.clone());
        Ok(instance)
    }
}

async fn subnet(aws: &Aws, vpc: &str, zone: &str, cidr: &str, role: &str) -> Result<Subnet, Error> {
    let answer = aws
        .ec2(
            "CreateSubnet",
            &[
                ("VpcId", vpc),
                ("AvailabilityZone", zone),
                ("CidrBlock", cidr),
                ("TagSpecification.1.ResourceType", "subnet"),
                ("TagSpecification.1.Tag.1.Key", role),
                ("TagSpecification.1.Tag.1.Value", "1"),
            ],
        )
        .await?;
    Ok(Subnet { id: answer.value("subnetId").to_owned(), zone: zone.to_owned(), cidr: cidr.to_owned() })
}

async fn route_to_the_internet(aws: &Aws, vpc: &str, subnets: &[Subnet]) -> Result<(), Error> {
    let made = |answer: &Element, name: &str| answer.value(name).to_owned();
    let answer = aws.ec2("CreateInternetGateway", &[]).await?;
    let gateway = made(&answer, "internetGatewayId");
    aws.ec2("AttachInternetGateway", &[("InternetGatewayId", &gateway), ("VpcId", vpc)]).await?;
    let answer = aws.ec2("CreateRouteTable", &[("VpcId", vpc)]).await?;
    let table = made(&answer, "routeTableId");
    let route = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", &gateway)];
    aws.ec2("CreateRoute", &route).await?;
    for subnet in subnets {
        aws.ec2("AssociateRouteTable", &[("RouteTableId", &table), ("SubnetId", &subnet.id)]).await?;
    }
    Ok(())
}

async fn worker_security_group(aws: &Aws, vpc: &str, cluster: &str) -> Result<String, Error> {
    let key = format!("kubernetes.io/cluster/{cluster}");
    let answer = aws
        .ec2(
            "CreateSecurityGroup",
            &[
                ("GroupName", "workers"),
                ("GroupDescription", "the cluster's machines"),
                ("VpcId", vpc),
                ("TagSpecification.1.ResourceType", "security-group"),
                ("TagSpecification.1.Tag.1.Key", &key),
                ("TagSpecification.1.Tag.1.Value", "owned"),
            ],
        )
        .await?;
    Ok(answer.value("groupId").to_owned())
}

fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
