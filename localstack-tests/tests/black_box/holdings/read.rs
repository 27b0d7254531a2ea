//! What AWS answers, as [`Holdings`](super::Holdings) have it.

use std::collections::BTreeMap;

use localstack_tests::aws::{Aws, Element};
use localstack_tests::bed::Bed;

use super::{Listener, LoadBalancer, Rule, SecurityGroup, Tags, TargetGroup};

/// The text of an element directly in this one; "" when there is none.
fn text(element: &Element, name: &str) -> String {
    let found = element.children.iter().find(|child| child.name == name);
    found.map(Element::text).unwrap_or_default().to_owned()
}

/// The elements of a list directly in this one.
fn members<'a>(element: &'a Element, name: &str) -> Vec<&'a Element> {
    let found = element.children.iter().find(|child| child.name == name);
    found.map(|list| list.children.iter().collect()).unwrap_or_default()
}

pub(super) async fn load_balancers(aws: &Aws) -> Vec<LoadBalancer> {
    let answer = aws.elbv2("DescribeLoadBalancers", &[]).await.unwrap();
    let mut balancers = Vec::new();
    for found in answer.list("LoadBalancers") {
        let arn = text(found, "LoadBalancerArn");
        // It may go between the two calls.
        let Ok(listeners) = aws.elbv2("DescribeListeners", &[("LoadBalancerArn", &arn)]).await else { continue };
        let zones = members(found, "AvailabilityZones");
        let mut listeners: Vec<Listener> = listeners.list("Listeners").into_iter().map(listener).collect();
        listeners.sort_by(|one, other| one.port.cmp(&other.port));
        let kind = text(found, "Type");
        if kind == "application" {
            for listener in &mut listeners {
                listener.rules = rules_of_listener(aws, &listener.arn).await;
                listener.certificates.extend(more_certificates(aws, listener).await);
            }
        }
        balancers.push(LoadBalancer {
            name: text(found, "LoadBalancerName"),
            dns_name: text(found, "DNSName"),
            kind,
            scheme: text(found, "Scheme"),
            state: found.value("Code").to_owned(),
            subnets: zones.iter().map(|zone| text(zone, "SubnetId")).collect(),
            security_groups: members(found, "SecurityGroups").iter().map(|group| group.text().to_owned()).collect(),
            tags: Tags::new(),
            listeners,
            arn,
        });
    }
    balancers.sort_by(|one, other| one.name.cmp(&other.name));
    balancers
}

fn listener(found: &Element) -> Listener {
    Listener {
        arn: text(found, "ListenerArn"),
        port: text(found, "Port"),
        protocol: text(found, "Protocol"),
        target_group: found.value("TargetGroupArn").to_owned(),
        otherwise: otherwise(&members(found, "DefaultActions")),
        certificates: found.all("CertificateArn").into_iter().map(|arn| arn.text().to_owned()).collect(),
        rules: Vec::new(),
        tags: Tags::new(),
    }
}

async fn rules_of_listener(aws: &Aws, arn: &str) -> Vec<Rule> {
    let Ok(answer) = aws.elbv2("DescribeRules", &[("ListenerArn", arn)]).await else { return Vec::new() };
    let mut rules: Vec<Rule> = answer.list("Rules").into_iter().filter_map(rule).collect();
    rules.sort_by_key(|rule| rule.priority);
    rules
}

/// A rule, unless it is the default one.
fn rule(found: &Element) -> Option<Rule> {
    let condition = |condition: &&Element| {
        let values = condition.children.iter().filter(|child| child.name.ends_with("Config"));
        let values: Vec<&str> = values.flat_map(|config| config.list("Values")).map(Element::text).collect();
        format!("{} {}", text(condition, "Field"), values.join(" or "))
    };
    Some(Rule {
        arn: text(found, "RuleArn"),
        priority: text(found, "Priority").parse().ok()?,
        conditions: members(found, "Conditions").iter().map(condition).collect::<Vec<_>>().join(", "),
        target_group: found.value("TargetGroupArn").to_owned(),
        otherwise: otherwise(&members(found, "Actions")),
        tags: Tags::new(),
    })
}

/// What is done instead of forwarding: `fixed-response 503`, `redirect HTTPS:443 HTTP_301`.
fn otherwise(actions: &[&Element]) -> String {
    let Some(action) = actions.last() else { return String::new() };
    match text(action, "Type").as_str() {
        "forward" => String::new(),
        "redirect" => {
            format!("redirect {}:{} {}", action.value("Protocol"), action.value("Port"), action.value("StatusCode"))
        }
        kind => format!("{kind} {}", action.value("StatusCode")),
    }
}

/// Certificates besides the default one, of a listener that has any.
async fn more_certificates(aws: &Aws, listener: &Listener) -> Vec<String> {
    if listener.certificates.is_empty() {
        return Vec::new();
    }
    let of_listener = [("ListenerArn", listener.arn.as_str())];
    let Ok(answer) = aws.elbv2("DescribeListenerCertificates", &of_listener).await else { return Vec::new() };
    answer.all("CertificateArn").into_iter().map(|arn| arn.text().to_owned()).collect()
}

pub(super) async fn target_groups(aws: &Aws) -> Vec<TargetGroup> {
    let answer = aws.elbv2("DescribeTargetGroups", &[]).await.unwrap();
    let mut groups = Vec::new();
    for found in answer.list("TargetGroups") {
        let arn = text(found, "TargetGroupArn");
        let Ok(health) = aws.elbv2("DescribeTargetHealth", &[("TargetGroupArn", &arn)]).await else { continue };
        let targets = health.list("TargetHealthDescriptions").into_iter().map(|target| {
            (format!("{}:{}", target.value("Id"), target.value("Port")), target.value("State").to_owned())
        });
        let check = |name: &str| text(found, name);
        groups.push(TargetGroup {
            name: text(found, "TargetGroupName"),
            protocol: text(found, "Protocol"),
            port: text(found, "Port"),
            target_type: text(found, "TargetType"),
            health_check: format!(
                "{} {} every {} s for {} s, {} up {} down",
                check("HealthCheckProtocol"),
                check("HealthCheckPort"),
                check("HealthCheckIntervalSeconds"),
                check("HealthCheckTimeoutSeconds"),
                check("HealthyThresholdCount"),
                check("UnhealthyThresholdCount"),
            ),
            tags: Tags::new(),
            targets: targets.collect(),
            arn,
        });
    }
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    groups
}

/// Tags by ARN. What is gone by now has none.
pub(super) async fn tags(aws: &Aws, arns: &[String]) -> BTreeMap<String, Tags> {
    let mut found = BTreeMap::new();
    for some in arns.chunks(20) {
        let names: Vec<String> = (1..=some.len()).map(|number| format!("ResourceArns.member.{number}")).collect();
        let parameters: Vec<(&str, &str)> =
            names.iter().zip(some).map(|(name, arn)| (name.as_str(), arn.as_str())).collect();
        let Ok(answer) = aws.elbv2("DescribeTags", &parameters).await else { continue };
        for described in answer.list("TagDescriptions") {
            let tags = members(described, "Tags");
            let tags = tags.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
            found.insert(text(described, "ResourceArn"), tags);
        }
    }
    found
}

pub(super) async fn security_groups(bed: &Bed) -> Vec<SecurityGroup> {
    let in_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", bed.world.vpc.as_str())];
    let answer = bed.aws.ec2("DescribeSecurityGroups", &in_vpc).await.unwrap();
    let mut groups: Vec<SecurityGroup> = answer
        .list("securityGroupInfo")
        .into_iter()
        .map(|found| SecurityGroup {
            id: text(found, "groupId"),
            name: text(found, "groupName"),
            description: text(found, "groupDescription"),
            tags: members(found, "tagSet").iter().map(|tag| (text(tag, "key"), text(tag, "value"))).collect(),
            rules: members(found, "ipPermissions").into_iter().flat_map(rules).collect(),
        })
        .collect();
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    groups
}

/// One permission as AWS lists it may have several sources.
fn rules(permission: &Element) -> Vec<String> {
    let ports = format!("{}-{}", text(permission, "fromPort"), text(permission, "toPort"));
    let sources = [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6"), ("groups", "groupId")];
    let of_kind = |(list, name): (&str, &str)| {
        let described = |source: &Element| match text(source, "description").as_str() {
            "" => text(source, name),
            description => format!("{} ({description})", text(source, name)),
        };
        members(permission, list).into_iter().map(described).collect::<Vec<_>>()
    };
    let protocol = text(permission, "ipProtocol");
    sources.into_iter().flat_map(of_kind).map(|source| format!("{protocol} {ports} from {source}")).collect()
}
