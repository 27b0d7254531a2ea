//! What a call asks, in words: the operation, and what narrows it, one line per thing that it asks for.

use aws_sdk_acm::operation as acm;
use aws_sdk_ec2::operation as ec2;
use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::operation as elb;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// The questions of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Questions {
    /// `elasticloadbalancing:DescribeTags ResourceArns=ARN`, one for each thing that is named: which ones a call asks
    /// together is chance.
    pub(super) each: Vec<String>,
    /// The things that are named: ARNs, ids, names.
    pub(super) named: Vec<String>,
}

impl Storable for Questions {
    type Storer = StoreReplace<Self>;
}

/// The questions of a call; `None`: one of an operation that no plan uses.
pub(super) fn of(input: &Input) -> Option<Questions> {
    load_balancing(input).or_else(|| network(input)).or_else(|| certificates(input))
}

fn load_balancing(input: &Input) -> Option<Questions> {
    let ask = |operation: &str, narrowed: Vec<(&str, Vec<String>)>| {
        let named = narrowed.iter().flat_map(|(_, values)| values.clone()).collect();
        let each = spread(&format!("elasticloadbalancing:{operation}"), narrowed);
        Some(Questions { each, named })
    };
    if let Some(input) = input.downcast_ref::<elb::describe_load_balancers::DescribeLoadBalancersInput>() {
        let (arns, names) = (input.load_balancer_arns().to_vec(), input.names().to_vec());
        return ask("DescribeLoadBalancers", vec![("LoadBalancerArns", arns), ("Names", names)]);
    }
    if let Some(input) = input.downcast_ref::<elb::describe_target_groups::DescribeTargetGroupsInput>() {
        let (arns, names) = (input.target_group_arns().to_vec(), input.names().to_vec());
        let of = one(input.load_balancer_arn());
        return ask("DescribeTargetGroups", vec![("LoadBalancerArn", of), ("Names", names), ("TargetGroupArns", arns)]);
    }
    if let Some(input) = input.downcast_ref::<elb::describe_listeners::DescribeListenersInput>() {
        let (arns, of) = (input.listener_arns().to_vec(), one(input.load_balancer_arn()));
        return ask("DescribeListeners", vec![("ListenerArns", arns), ("LoadBalancerArn", of)]);
    }
    if let Some(input) = input.downcast_ref::<elb::describe_tags::DescribeTagsInput>() {
        return ask("DescribeTags", vec![("ResourceArns", input.resource_arns().to_vec())]);
    }
    if let Some(input) =
        input.downcast_ref::<elb::describe_load_balancer_attributes::DescribeLoadBalancerAttributesInput>()
    {
        return ask("DescribeLoadBalancerAttributes", vec![("LoadBalancerArn", one(input.load_balancer_arn()))]);
    }
    if let Some(input) =
        input.downcast_ref::<elb::describe_target_group_attributes::DescribeTargetGroupAttributesInput>()
    {
        return ask("DescribeTargetGroupAttributes", vec![("TargetGroupArn", one(input.target_group_arn()))]);
    }
    if input.downcast_ref::<elb::describe_account_limits::DescribeAccountLimitsInput>().is_some() {
        return ask("DescribeAccountLimits", Vec::new());
    }
    if let Some(input) = input.downcast_ref::<elb::describe_rules::DescribeRulesInput>() {
        let (arns, of) = (input.rule_arns().to_vec(), one(input.listener_arn()));
        return ask("DescribeRules", vec![("ListenerArn", of), ("RuleArns", arns)]);
    }
    if let Some(input) = input.downcast_ref::<elb::describe_listener_attributes::DescribeListenerAttributesInput>() {
        return ask("DescribeListenerAttributes", vec![("ListenerArn", one(input.listener_arn()))]);
    }
    if let Some(input) = input.downcast_ref::<elb::describe_listener_certificates::DescribeListenerCertificatesInput>()
    {
        return ask("DescribeListenerCertificates", vec![("ListenerArn", one(input.listener_arn()))]);
    }
    let input = input.downcast_ref::<elb::describe_target_health::DescribeTargetHealthInput>()?;
    let targets = input.targets().iter().map(|target| format!("{:?}", target.id())).collect();
    ask("DescribeTargetHealth", vec![("TargetGroupArn", one(input.target_group_arn())), ("Targets", targets)])
}

fn network(input: &Input) -> Option<Questions> {
    let ask = |operation: &str, ids: (&'static str, &[String]), filters: &[Filter]| {
        let mut narrowed = vec![(ids.0, ids.1.to_vec())];
        narrowed.extend(filters.iter().map(|filter| (filter.name().unwrap_or_default(), filter.values().to_vec())));
        narrowed.sort();
        Some(Questions { each: spread(&format!("ec2:{operation}"), narrowed), named: ids.1.to_vec() })
    };
    if let Some(input) = input.downcast_ref::<ec2::describe_subnets::DescribeSubnetsInput>() {
        return ask("DescribeSubnets", ("SubnetIds", input.subnet_ids()), input.filters());
    }
    if let Some(input) = input.downcast_ref::<ec2::describe_availability_zones::DescribeAvailabilityZonesInput>() {
        return ask("DescribeAvailabilityZones", ("ZoneNames", input.zone_names()), input.filters());
    }
    if let Some(input) = input.downcast_ref::<ec2::describe_route_tables::DescribeRouteTablesInput>() {
        return ask("DescribeRouteTables", ("RouteTableIds", input.route_table_ids()), input.filters());
    }
    if let Some(input) = input.downcast_ref::<ec2::describe_vpcs::DescribeVpcsInput>() {
        return ask("DescribeVpcs", ("VpcIds", input.vpc_ids()), input.filters());
    }
    if let Some(input) = input.downcast_ref::<ec2::describe_instances::DescribeInstancesInput>() {
        return ask("DescribeInstances", ("InstanceIds", input.instance_ids()), input.filters());
    }
    if let Some(input) = input.downcast_ref::<ec2::describe_network_interfaces::DescribeNetworkInterfacesInput>() {
        let ids = ("NetworkInterfaceIds", input.network_interface_ids());
        return ask("DescribeNetworkInterfaces", ids, input.filters());
    }
    let input = input.downcast_ref::<ec2::describe_security_groups::DescribeSecurityGroupsInput>()?;
    ask("DescribeSecurityGroups", ("GroupIds", input.group_ids()), input.filters())
}

fn certificates(input: &Input) -> Option<Questions> {
    if input.downcast_ref::<acm::list_certificates::ListCertificatesInput>().is_some() {
        return Some(Questions { each: vec!["acm:ListCertificates".to_owned()], named: Vec::new() });
    }
    let input = input.downcast_ref::<acm::describe_certificate::DescribeCertificateInput>()?;
    let named = one(input.certificate_arn());
    Some(Questions { each: spread("acm:DescribeCertificate", vec![("CertificateArn", named.clone())]), named })
}

fn one(value: Option<&str>) -> Vec<String> {
    value.map(str::to_owned).into_iter().collect()
}

/// One question for each combination of values; what narrows nothing is left out.
fn spread(call: &str, narrowed: Vec<(&str, Vec<String>)>) -> Vec<String> {
    let mut questions = vec![call.to_owned()];
    for (name, values) in narrowed.into_iter().filter(|(_, values)| !values.is_empty()) {
        let with = |question: &String| {
            values.iter().map(move |value| format!("{question} {name}={value}")).collect::<Vec<_>>()
        };
        questions = questions.iter().flat_map(with).collect();
    }
    questions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::describe::filter;

    #[test]
    fn a_call_asks_one_question_for_each_thing_it_names() {
        let input =
            elb::describe_tags::DescribeTagsInput::builder().resource_arns("a").resource_arns("b").build().unwrap();
        let asked = of(&Input::erase(input)).unwrap();
        let expected =
            ["elasticloadbalancing:DescribeTags ResourceArns=a", "elasticloadbalancing:DescribeTags ResourceArns=b"];
        assert_eq!((asked.each, asked.named), (expected.map(str::to_owned).to_vec(), vec!["a".into(), "b".into()]));
    }

    #[test]
    fn filters_are_a_part_of_the_question_in_whatever_order_they_come() {
        let group = filter("group-id", ["sg-1", "sg-2"]);
        for filters in [[filter("vpc-id", ["vpc-1"]), group.clone()], [group, filter("vpc-id", ["vpc-1"])]] {
            let input = ec2::describe_security_groups::DescribeSecurityGroupsInput::builder();
            let asked = of(&Input::erase(input.set_filters(Some(filters.to_vec())).build().unwrap())).unwrap();
            assert_eq!(
                asked.each,
                [
                    "ec2:DescribeSecurityGroups group-id=sg-1 vpc-id=vpc-1",
                    "ec2:DescribeSecurityGroups group-id=sg-2 vpc-id=vpc-1"
                ]
            );
        }
    }

    #[test]
    fn a_list_of_everything_is_one_question() {
        let input =
            elb::describe_load_balancers::DescribeLoadBalancersInput::builder().marker("page-2").build().unwrap();
        assert_eq!(of(&Input::erase(input)).unwrap().each, ["elasticloadbalancing:DescribeLoadBalancers"]);
        assert_eq!(of(&Input::erase("no input at all".to_owned())), None);
    }
}
