//! What load balancing asks EC2, and tells it: the only way from `elbv2` to a network.
//!
//! Two implementations: [`crate::ec2::Ec2`], the simulator's own store, and [`RemoteEc2`], another EC2 endpoint.

use std::future::Future;
use std::pin::Pin;
use std::{fmt, net};

use tokio::time::Instant;

mod remote;

pub use remote::RemoteEc2;

/// One account in one Region: the key of every state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The account id, twelve digits.
    pub account: String,
    /// The Region's name, as in `us-west-2`.
    pub region: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.account, self.region)
    }
}

/// A network that could not be asked. The simulator answers `InternalFailure` then: it is never AWS's own behaviour.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    /// The other endpoint could not be reached, or the connection broke.
    #[error("EC2 at {endpoint} cannot be reached for {action}; check that it runs and the address given for it")]
    Unreachable {
        /// The endpoint asked.
        endpoint: String,
        /// The EC2 action.
        action: &'static str,
        /// What the connection said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The other endpoint answered with something other than the answer or a not-found error.
    #[error("EC2 at {endpoint} answered {action} with {answer}")]
    Answer {
        /// The endpoint asked.
        endpoint: String,
        /// The EC2 action.
        action: &'static str,
        /// The status and the error, or what is wrong with the document.
        answer: String,
    },
}

/// An answer that may need another process.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, NetworkError>> + Send + 'a>>;

/// The EC2 of one simulator. Every question answers what exists; what is missing is not in the answer, and the caller
/// knows the error of its own operation.
pub(crate) trait Network: Send + Sync {
    /// The VPC with this id.
    fn vpc<'a>(&'a self, scope: &'a Scope, id: &'a str) -> Answer<'a, Option<Vpc>>;

    /// Those of the subnets that exist, sorted by id.
    fn subnets<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<Subnet>>;

    /// Every subnet of a VPC, sorted by id.
    fn subnets_of_vpc<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Vec<Subnet>>;

    /// The private addresses in a VPC that belong to load balancers.
    fn load_balancer_addresses<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Vec<net::IpAddr>>;

    /// Those of the Elastic IP addresses that exist, sorted by allocation id.
    fn elastic_addresses<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<ElasticAddress>>;

    /// The id of a VPC's default security group.
    fn default_security_group<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Option<String>>;

    /// Those of the security groups that exist, sorted by id.
    fn security_groups<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<SecurityGroup>>;

    /// Those of the instances that exist, terminated ones included, sorted by id.
    fn instances<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<Instance>>;

    /// Brings the interfaces of one load balancer to what is given: makes the missing ones, gives all of them the
    /// security groups, and lets those in other subnets vanish at `leftovers_until`. No subnets: all vanish then.
    fn set_interfaces<'a>(
        &'a self,
        scope: &'a Scope,
        wanted: LoadBalancerInterfaces,
        leftovers_until: Instant,
    ) -> Answer<'a, ()>;
}

/// A VPC, as far as load balancing looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vpc {
    /// `vpc-…`
    pub(crate) id: String,
    /// Every associated IPv4 and IPv6 block.
    pub(crate) cidrs: Vec<ipnet::IpNet>,
}

/// A subnet, as far as load balancing looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subnet {
    /// `subnet-…`
    pub(crate) id: String,
    /// The VPC it is in.
    pub(crate) vpc_id: String,
    /// The zone's name, as in `us-west-2a`.
    pub(crate) zone: String,
    /// The zone's id, as in `usw2-az1`.
    pub(crate) zone_id: String,
    /// The IPv4 block; a subnet for IPv6 alone has none.
    pub(crate) cidr: Option<ipnet::Ipv4Net>,
    /// The associated IPv6 blocks.
    pub(crate) ipv6_cidrs: Vec<ipnet::Ipv6Net>,
    /// Free IPv4 addresses.
    pub(crate) free_addresses: u32,
}

/// A security group, as far as load balancing looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecurityGroup {
    /// `sg-…`
    pub(crate) id: String,
    /// The VPC it is in.
    pub(crate) vpc_id: String,
}

/// An instance, as far as load balancing looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// `i-…`
    pub(crate) id: String,
    /// The VPC it is in; AWS drops it from an instance that has been terminated.
    pub(crate) vpc_id: Option<String>,
    /// The zone's name.
    pub(crate) zone: Option<String>,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping`, `stopped`.
    pub(crate) state: String,
    /// The primary private address.
    pub(crate) private_address: Option<net::IpAddr>,
}

/// An Elastic IP address, as far as load balancing looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ElasticAddress {
    /// `eipalloc-…`
    pub(crate) allocation_id: String,
    /// The address.
    pub(crate) public_ip: Option<net::Ipv4Addr>,
    /// Whether an interface has it.
    pub(crate) is_associated: bool,
}

/// One interface of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The subnet.
    pub(crate) subnet: String,
    /// The private address that was asked for.
    pub(crate) private_address: Option<net::Ipv4Addr>,
    /// The Elastic IP address that it gets.
    pub(crate) allocation_id: Option<String>,
}

/// The interfaces that one load balancer has in EC2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancerInterfaces {
    /// `net/NAME/ID` or `app/NAME/ID`, the last three parts of its ARN: the interfaces are described as `ELB net/NAME/ID`.
    pub(crate) load_balancer: String,
    /// Where they are, one for each subnet.
    pub(crate) places: Vec<Place>,
    /// The security groups of every interface.
    pub(crate) security_groups: Vec<String>,
}
