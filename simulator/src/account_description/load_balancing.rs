//! Load balancing in a description: its keys, and what it sees of the network.

use std::borrow::Cow;

use serde_json::Value;

use super::keys::Known;
use super::references::{elements, texts};
use crate::ec2::store::Account;
use crate::elbv2::{DescribedListener, DescribedLoadBalancer, DescribedTargetGroup, Surroundings};
use crate::network::LoadBalancerInterfaces;

/// The network of a description, as load balancing asks it.
pub(super) struct Network<'a> {
    pub(super) account: &'a Account,
    pub(super) default_vpc: Option<&'a str>,
}

impl Surroundings for Network<'_> {
    fn subnet(&self, id: &str) -> Option<(String, String)> {
        let subnet = self.account.subnets.get(id)?;
        Some((subnet.vpc_id.clone(), subnet.availability_zone.clone()))
    }

    fn default_vpc(&self) -> Option<String> {
        self.default_vpc.map(str::to_owned)
    }

    fn instance_zone(&self, id: &str) -> Option<String> {
        self.account.instances.get(id)?.placement.availability_zone.clone()
    }
}

/// The interfaces that the described load balancers have in EC2. One without an ARN has no name that interfaces could
/// carry.
pub(super) fn interfaces(document: &Value) -> Vec<LoadBalancerInterfaces> {
    let owned = |texts: Vec<Cow<'_, str>>| texts.into_iter().map(Cow::into_owned).collect();
    let described = elements(document, "loadBalancers").filter_map(|element| {
        let arn = texts(element, &["LoadBalancerArn"]).into_iter().next()?;
        let (_, load_balancer) = arn.split_once(":loadbalancer/")?;
        Some(LoadBalancerInterfaces {
            load_balancer: load_balancer.to_owned(),
            subnets: owned(texts(element, &["AvailabilityZones", "SubnetId"])),
            security_groups: owned(texts(element, &["SecurityGroups"])),
        })
    });
    described.collect()
}

impl Known for DescribedLoadBalancer {
    const KEYS: &'static [&'static str] = &[
        "Attributes",
        "AvailabilityZones",
        "CanonicalHostedZoneId",
        "CapacityReservation",
        "CreatedTime",
        "CustomerOwnedIpv4Pool",
        "DNSName",
        "EnablePrefixForIpv6SourceNat",
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
        "IpAddressType",
        "IpamPools",
        "LoadBalancerArn",
        "LoadBalancerName",
        "Scheme",
        "SecurityGroups",
        "State",
        "Tags",
        "Type",
        "VpcId",
    ];
}

impl Known for DescribedTargetGroup {
    const KEYS: &'static [&'static str] = &[
        "Attributes",
        "HealthCheckEnabled",
        "HealthCheckIntervalSeconds",
        "HealthCheckPath",
        "HealthCheckPort",
        "HealthCheckProtocol",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "IpAddressType",
        "LoadBalancerArns",
        "Matcher",
        "Port",
        "Protocol",
        "ProtocolVersion",
        "Tags",
        "TargetControlPort",
        "TargetGroupArn",
        "TargetGroupName",
        "TargetType",
        "Targets",
        "UnhealthyThresholdCount",
        "VpcId",
    ];
}

impl Known for DescribedListener {
    const KEYS: &'static [&'static str] = &[
        "AlpnPolicy",
        "Attributes",
        "Certificates",
        "DefaultActions",
        "ListenerArn",
        "LoadBalancerArn",
        "MutualAuthentication",
        "Port",
        "Protocol",
        "SslPolicy",
        "Tags",
    ];
}
