//! What elements refer to has to be described.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::DescriptionError;
use super::zones::named_zones;

/// The lists that can be referred to, and the key with the id; `certificates` holds those of ACM and of IAM.
const IDS: &[(&str, &str, &[&str])] = &[
    ("vpcs", "vpcs", &["VpcId"]),
    ("availabilityZones", "availabilityZones", &["ZoneName"]),
    ("subnets", "subnets", &["SubnetId"]),
    ("routeTables", "routeTables", &["RouteTableId"]),
    ("securityGroups", "securityGroups", &["GroupId"]),
    ("instances", "instances", &["InstanceId"]),
    ("networkInterfaces", "networkInterfaces", &["NetworkInterfaceId"]),
    ("networkInterfaces", "instances", &["NetworkInterfaces", "NetworkInterfaceId"]),
    ("managedPrefixLists", "managedPrefixLists", &["PrefixListId"]),
    ("addresses", "addresses", &["AllocationId"]),
    ("ipamPools", "ipamPools", &["IpamPoolId"]),
    ("internetGateways", "internetGateways", &["InternetGatewayId"]),
    ("loadBalancers", "loadBalancers", &["LoadBalancerArn"]),
    ("targetGroups", "targetGroups", &["TargetGroupArn"]),
    ("listeners", "listeners", &["ListenerArn"]),
    ("trustStores", "trustStores", &["TrustStoreArn"]),
    ("certificates", "certificates", &["CertificateArn"]),
    ("certificates", "serverCertificates", &["ServerCertificateMetadata", "Arn"]),
    ("rules", "rules", &["RuleArn"]),
    ("trustStores", "trustStores", &["TrustStoreArn"]),
];

/// A reference: the list of the element, the way to the reference, the list where it has to be found.
type Reference = (&'static str, &'static [&'static str], &'static str);

const REFERENCES: &[Reference] = &[
    ("subnets", &["VpcId"], "vpcs"),
    ("subnets", &["AvailabilityZone"], "availabilityZones"),
    ("routeTables", &["VpcId"], "vpcs"),
    ("routeTables", &["Associations", "SubnetId"], "subnets"),
    ("securityGroups", &["VpcId"], "vpcs"),
    ("securityGroups", &["IpPermissions", "PrefixListIds", "PrefixListId"], "managedPrefixLists"),
    ("securityGroups", &["IpPermissionsEgress", "PrefixListIds", "PrefixListId"], "managedPrefixLists"),
    ("instances", &["VpcId"], "vpcs"),
    ("instances", &["SubnetId"], "subnets"),
    ("instances", &["SecurityGroups", "GroupId"], "securityGroups"),
    ("instances", &["NetworkInterfaces", "VpcId"], "vpcs"),
    ("instances", &["NetworkInterfaces", "SubnetId"], "subnets"),
    ("instances", &["NetworkInterfaces", "Groups", "GroupId"], "securityGroups"),
    ("networkInterfaces", &["VpcId"], "vpcs"),
    ("networkInterfaces", &["SubnetId"], "subnets"),
    ("networkInterfaces", &["Groups", "GroupId"], "securityGroups"),
    ("networkInterfaces", &["Attachment", "InstanceId"], "instances"),
    ("addresses", &["InstanceId"], "instances"),
    ("addresses", &["NetworkInterfaceId"], "networkInterfaces"),
    ("internetGateways", &["Attachments", "VpcId"], "vpcs"),
    ("securityGroupRules", &["GroupId"], "securityGroups"),
    ("loadBalancers", &["VpcId"], "vpcs"),
    ("listeners", &["MutualAuthentication", "TrustStoreArn"], "trustStores"),
    ("loadBalancers", &["AvailabilityZones", "ZoneName"], "availabilityZones"),
    ("loadBalancers", &["AvailabilityZones", "LoadBalancerAddresses", "AllocationId"], "addresses"),
    ("loadBalancers", &["IpamPools", "Ipv4IpamPoolId"], "ipamPools"),
    ("loadBalancers", &["AvailabilityZones", "SubnetId"], "subnets"),
    ("loadBalancers", &["SecurityGroups"], "securityGroups"),
    ("targetGroups", &["VpcId"], "vpcs"),
    ("targetGroups", &["LoadBalancerArns"], "loadBalancers"),
    ("listeners", &["LoadBalancerArn"], "loadBalancers"),
    ("listeners", &["Certificates", "CertificateArn"], "certificates"),
    ("listeners", &["MutualAuthentication", "TrustStoreArn"], "trustStores"),
    ("listeners", &["DefaultActions", "TargetGroupArn"], "targetGroups"),
    ("listeners", &["DefaultActions", "ForwardConfig", "TargetGroups", "TargetGroupArn"], "targetGroups"),
    ("rules", &["ListenerArn"], "listeners"),
    ("rules", &["Actions", "TargetGroupArn"], "targetGroups"),
    ("rules", &["Actions", "ForwardConfig", "TargetGroups", "TargetGroupArn"], "targetGroups"),
];

/// Every id of a document, by list.
struct Ids<'d>(BTreeMap<&'static str, BTreeSet<Cow<'d, str>>>);

/// Checks every reference of a document in an account with this id.
pub(super) fn check(document: &Value, account: &str) -> Result<(), DescriptionError> {
    let ids = Ids::of(document);
    for (list, path, target) in REFERENCES {
        for (at, element) in elements(document, list).enumerate() {
            for to in texts(element, path) {
                ids.check(|| name(list, at, element), path, &to, target)?;
            }
        }
    }
    check_peers(document, account, &ids)?;
    check_protected(document, &ids)?;
    check_targets(document, &ids)
}

/// Groups in rules; those of another account, over a peering connection, are not described here.
fn check_peers(document: &Value, account: &str, ids: &Ids<'_>) -> Result<(), DescriptionError> {
    for permissions in ["IpPermissions", "IpPermissionsEgress"] {
        for (at, element) in elements(document, "securityGroups").enumerate() {
            for pair in values(element, &[permissions, "UserIdGroupPairs"]) {
                if texts(pair, &["UserId"]).iter().all(|owner| *owner == account) {
                    for to in texts(pair, &["GroupId"]) {
                        let path = [permissions, "UserIdGroupPairs", "GroupId"];
                        ids.check(|| name("securityGroups", at, element), &path, &to, "securityGroups")?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Load balancers behind web ACLs and under Shield's protection; other resources are not described here.
fn check_protected(document: &Value, ids: &Ids<'_>) -> Result<(), DescriptionError> {
    let acls = elements(document, "webAcls").enumerate();
    let behind = acls.map(|(at, acl)| (name("webAcls", at, acl), acl, vec!["AssociatedResourceArns"]));
    let shield = document.get("shield").map(|shield| ("shield".to_owned(), shield, vec!["Protections", "ResourceArn"]));
    for (from, element, path) in behind.chain(shield) {
        for to in texts(element, &path).iter().filter(|arn| arn.contains(":elasticloadbalancing:")) {
            ids.check(|| from.clone(), &path, to, "loadBalancers")?;
        }
    }
    Ok(())
}

/// Targets, which the type of their group says how to find. Addresses refer to nothing.
fn check_targets(document: &Value, ids: &Ids<'_>) -> Result<(), DescriptionError> {
    for (at, element) in elements(document, "targetGroups").enumerate() {
        let zone = ["Targets", "Target", "AvailabilityZone"];
        for to in texts(element, &zone).iter().filter(|zone| *zone != "all") {
            ids.check(|| name("targetGroups", at, element), &zone, to, "availabilityZones")?;
        }
        let target = match texts(element, &["TargetType"]).first().map(Cow::as_ref) {
            None | Some("instance") => "instances",
            Some("alb") => "loadBalancers",
            Some(_) => continue,
        };
        let path = ["Targets", "Target", "Id"];
        for to in texts(element, &path) {
            ids.check(|| name("targetGroups", at, element), &path, &to, target)?;
        }
    }
    Ok(())
}

impl<'d> Ids<'d> {
    fn of(document: &'d Value) -> Self {
        let mut ids = BTreeMap::<_, BTreeSet<_>>::new();
        for (target, list, path) in IDS {
            let found = elements(document, list).flat_map(|element| texts(element, path));
            ids.entry(*target).or_default().extend(found);
        }
        // A VPC may be described by its id alone, and the zones by the subnets.
        ids.entry("vpcs").or_default().extend(texts(document, &["vpcId"]));
        if ids["availabilityZones"].is_empty() {
            let zones = elements(document, "subnets").flat_map(|subnet| texts(subnet, &["AvailabilityZone"]));
            ids.entry("availabilityZones").or_default().extend(zones.chain(named_zones(document)));
        }
        Ids(ids)
    }

    fn check(
        &self,
        from: impl FnOnce() -> String,
        path: &[&str],
        to: &str,
        list: &'static str,
    ) -> Result<(), DescriptionError> {
        if to.is_empty() || self.0[list].contains(to) {
            return Ok(());
        }
        Err(DescriptionError::Unresolved { from: from(), key: path.join("."), to: to.to_owned(), list })
    }
}

/// How an error names an element: its list with its id, or else its position.
fn name(list: &str, at: usize, element: &Value) -> String {
    let key = IDS.iter().find(|(_, name, _)| *name == list).map(|(_, _, key)| *key);
    match key.and_then(|key| texts(element, key).into_iter().next()) {
        Some(id) => format!("{list} {id}"),
        None => format!("{list}[{at}]"),
    }
}

/// The elements of a list of the document.
pub(super) fn elements<'d>(document: &'d Value, list: &str) -> impl Iterator<Item = &'d Value> {
    document.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// The texts at the end of a path of keys. An id of digits is a text too.
pub(super) fn texts<'d>(value: &'d Value, path: &[&str]) -> Vec<Cow<'d, str>> {
    let text = |value: &'d Value| match value {
        Value::String(text) => Some(Cow::from(text)),
        Value::Number(number) => Some(Cow::from(number.to_string())),
        _ => None,
    };
    values(value, path).into_iter().filter_map(text).collect()
}

/// The values at the end of a path of keys; lists on the way are followed in each of their elements.
fn values<'d>(value: &'d Value, path: &[&str]) -> Vec<&'d Value> {
    match (value, path.split_first()) {
        (Value::Array(items), _) => items.iter().flat_map(|item| values(item, path)).collect(),
        (found, None) => vec![found],
        (within, Some((key, rest))) => within.get(key).into_iter().flat_map(|next| values(next, rest)).collect(),
    }
}
