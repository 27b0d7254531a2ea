//! Security groups: made, described, deleted.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::describe::{Described, Filters, describe_as};
use super::error::{Kind, invalid_parameter, missing, refused};
use super::permissions::{Direction, IpPermission, Peer, Rule, check_description};
use super::request::{self, read};
use super::store::Account;
use super::tags::{TagSpecification, Tags};
use crate::wire::{self, ApiError, Tree};

/// The name of the group that every VPC has.
const DEFAULT_GROUP: &str = "default";

/// A security group.
#[derive(Clone, Debug)]
pub(crate) struct SecurityGroup {
    pub(crate) group_id: String,
    pub(crate) group_name: String,
    pub(crate) description: String,
    pub(crate) vpc_id: String,
    pub(crate) owner_id: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) tags: Tags,
}

impl SecurityGroup {
    /// Whether it is the group that its VPC always has.
    pub(super) fn is_default(&self) -> bool {
        self.group_name == DEFAULT_GROUP
    }

    /// The tags of the group, or of one of its rules.
    pub(super) fn tags_mut(&mut self, id: &str) -> Option<&mut Tags> {
        if self.group_id == id {
            return Some(&mut self.tags);
        }
        self.rules.iter_mut().find(|rule| rule.id == id).map(|rule| &mut rule.tags)
    }

    pub(super) fn rules(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.direction == direction)
    }

    /// One value of each ingress rule, for a filter.
    fn ingress(&self, value: fn(&Rule) -> Option<String>) -> Vec<String> {
        self.rules(Direction::Ingress).filter_map(value).collect()
    }

    /// One value of each egress rule, for a filter.
    fn egress(&self, value: fn(&Rule) -> Option<String>) -> Vec<String> {
        self.rules(Direction::Egress).filter_map(value).collect()
    }
}

impl Described for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
    const FILTERS: Filters<Self> = &[
        ("description", |group| vec![group.description.clone()]),
        ("egress.ip-permission.cidr", |group| group.egress(cidr)),
        ("egress.ip-permission.from-port", |group| group.egress(from_port)),
        ("egress.ip-permission.group-id", |group| group.egress(group_id)),
        ("egress.ip-permission.ipv6-cidr", |group| group.egress(ipv6_cidr)),
        ("egress.ip-permission.prefix-list-id", |group| group.egress(prefix_list_id)),
        ("egress.ip-permission.protocol", |group| group.egress(protocol)),
        ("egress.ip-permission.to-port", |group| group.egress(to_port)),
        ("egress.ip-permission.user-id", |group| group.egress(user_id)),
        ("group-id", |group| vec![group.group_id.clone()]),
        ("group-name", |group| vec![group.group_name.clone()]),
        ("ip-permission.cidr", |group| group.ingress(cidr)),
        ("ip-permission.from-port", |group| group.ingress(from_port)),
        ("ip-permission.group-id", |group| group.ingress(group_id)),
        ("ip-permission.ipv6-cidr", |group| group.ingress(ipv6_cidr)),
        ("ip-permission.prefix-list-id", |group| group.ingress(prefix_list_id)),
        ("ip-permission.protocol", |group| group.ingress(protocol)),
        ("ip-permission.to-port", |group| group.ingress(to_port)),
        ("ip-permission.user-id", |group| group.ingress(user_id)),
        ("owner-id", |group| vec![group.owner_id.clone()]),
        ("primary-vpc-id", |group| vec![group.vpc_id.clone()]),
        ("vpc-id", |group| vec![group.vpc_id.clone()]),
    ];

    fn id(&self) -> &str {
        &self.group_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

fn cidr(rule: &Rule) -> Option<String> {
    matches!(rule.peer, Peer::Ipv4(_)).then(|| rule.peer.text())
}

fn ipv6_cidr(rule: &Rule) -> Option<String> {
    matches!(rule.peer, Peer::Ipv6(_)).then(|| rule.peer.text())
}

fn group_id(rule: &Rule) -> Option<String> {
    matches!(rule.peer, Peer::Group { .. }).then(|| rule.peer.text())
}

fn prefix_list_id(rule: &Rule) -> Option<String> {
    matches!(rule.peer, Peer::PrefixList(_)).then(|| rule.peer.text())
}

fn user_id(rule: &Rule) -> Option<String> {
    if let Peer::Group { account, .. } = &rule.peer { Some(account.clone()) } else { None }
}

fn protocol(rule: &Rule) -> Option<String> {
    Some(rule.traffic.protocol.clone())
}

fn from_port(rule: &Rule) -> Option<String> {
    rule.traffic.ports.map(|(from, _)| from.to_string())
}

fn to_port(rule: &Rule) -> Option<String> {
    rule.traffic.ports.map(|(_, to)| to.to_string())
}

/// A security group as AWS prints it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Printed<'a> {
    group_id: &'a str,
    group_name: &'a str,
    description: &'a str,
    vpc_id: &'a str,
    owner_id: &'a str,
    security_group_arn: String,
    ip_permissions: Vec<IpPermission>,
    ip_permissions_egress: Vec<IpPermission>,
    tags: &'a Tags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateSecurityGroup {
    group_name: Option<String>,
    group_description: Option<String>,
    vpc_id: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteSecurityGroup {
    group_id: Option<String>,
}

impl Account {
    /// DescribeSecurityGroups
    pub(super) fn describe_security_groups(&self, params: &Tree) -> Result<Value, ApiError> {
        let mut params = params.clone();
        let names: Vec<String> = request::take(&mut params, "GroupName")?.unwrap_or_default();
        let default = self.vpcs.values().find(|vpc| vpc.is_default).map(|vpc| vpc.vpc_id.clone()).unwrap_or_default();
        let named = |group: &&SecurityGroup| group.vpc_id == default && names.contains(&group.group_name);
        let groups: Vec<&SecurityGroup> =
            self.security_groups.values().filter(|group| names.is_empty() || named(group)).collect();
        if let Some(unknown) = names.iter().find(|name| !groups.iter().any(|group| group.group_name == **name)) {
            let message = format!("The security group '{unknown}' does not exist in default VPC '{default}'");
            return Err(refused("InvalidGroup.NotFound", message));
        }
        describe_as(&params, "GroupId", "SecurityGroups", groups, |group| wire::answer(&self.group_shown(group)))
    }

    /// GetSecurityGroupsForVpc: those of the VPC itself; groups are not shared here.
    pub(super) fn get_security_groups_for_vpc(&self, params: &Tree) -> Result<Value, ApiError> {
        let mut params = params.clone();
        let vpc_id: String = request::take(&mut params, "VpcId")?.ok_or_else(|| missing("VpcId"))?;
        self.vpcs.get(&vpc_id).ok_or_else(|| Kind::Vpc.not_found(&vpc_id))?;
        let groups = self.security_groups.values().filter(|group| group.vpc_id == vpc_id);
        describe_as(&params, "", "SecurityGroupForVpcs", groups, |group| {
            json!({
                "Description": group.description, "GroupName": group.group_name, "OwnerId": group.owner_id,
                "GroupId": group.group_id, "Tags": group.tags, "PrimaryVpcId": group.vpc_id,
            })
        })
    }

    /// CreateSecurityGroup
    pub(super) fn create_security_group(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateSecurityGroup = read(params)?;
        let group_name = request.group_name.ok_or_else(|| missing("groupName"))?.trim_end().to_owned();
        let description = request.group_description.ok_or_else(|| missing("groupDescription"))?;
        check_name(&group_name)?;
        check_description("security group description", &description)?;
        let vpc_id = self.vpc_of_group(request.vpc_id)?;
        self.check_unused(&group_name, &vpc_id)?;
        if self.security_groups.len() >= self.quotas.security_groups as usize {
            let message = "You have reached the limit on the number of security groups that you can create";
            return Err(refused("SecurityGroupLimitExceeded", message));
        }
        let tags = Tags::specified(&request.tag_specifications, "security-group")?;
        let group_id = self.new_id("sg");
        let rules = self.rules_of_new_group(&vpc_id);
        let owner_id = self.scope.account.clone();
        let group =
            SecurityGroup { group_id: group_id.clone(), group_name, description, vpc_id, owner_id, rules, tags };
        let arn = self.arn("security-group", &group_id);
        let answer = json!({ "GroupId": group_id, "SecurityGroupArn": arn, "Tags": group.tags });
        self.security_groups.insert(group_id, group);
        Ok(answer)
    }

    /// DeleteSecurityGroup
    pub(super) fn delete_security_group(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: DeleteSecurityGroup = read(params)?;
        let id = request.group_id.ok_or_else(|| missing("groupId"))?;
        let group = self.security_groups.get(&id).ok_or_else(|| Kind::SecurityGroup.not_found(&id))?;
        if group.is_default() {
            let message =
                format!("the specified group: \"{id}\" name: \"{DEFAULT_GROUP}\" cannot be deleted by a user");
            return Err(refused("CannotDelete", message));
        }
        let in_rule = |other: &SecurityGroup| {
            let names = |rule: &Rule| matches!(&rule.peer, Peer::Group { group_id, .. } if *group_id == id);
            other.group_id != id && other.rules.iter().any(names)
        };
        let on_interface = self.network_interfaces.values().any(|interface| interface.has_group(&id));
        if on_interface || self.security_groups.values().any(in_rule) {
            return Err(refused("DependencyViolation", format!("resource {id} has a dependent object")));
        }
        self.security_groups.remove(&id);
        Ok(json!({ "Return": true, "GroupId": id }))
    }

    pub(crate) fn group_shown<'a>(&self, group: &'a SecurityGroup) -> Printed<'a> {
        Printed {
            group_id: &group.group_id,
            group_name: &group.group_name,
            description: &group.description,
            vpc_id: &group.vpc_id,
            owner_id: &group.owner_id,
            security_group_arn: self.arn("security-group", &group.group_id),
            ip_permissions: IpPermission::bundle(group.rules(Direction::Ingress)),
            ip_permissions_egress: IpPermission::bundle(group.rules(Direction::Egress)),
            tags: &group.tags,
        }
    }

    fn vpc_of_group(&self, asked: Option<String>) -> Result<String, ApiError> {
        match asked {
            Some(id) if self.vpcs.contains_key(&id) => Ok(id),
            Some(id) => Err(Kind::Vpc.not_found(&id)),
            None => {
                let default = self.vpcs.values().find(|vpc| vpc.is_default);
                let missing = || refused("VPCIdNotSpecified", "No default VPC for this user");
                Ok(default.ok_or_else(missing)?.vpc_id.clone())
            }
        }
    }

    fn check_unused(&self, name: &str, vpc_id: &str) -> Result<(), ApiError> {
        let taken = |group: &SecurityGroup| group.vpc_id == vpc_id && group.group_name.eq_ignore_ascii_case(name);
        if self.security_groups.values().any(taken) {
            let message = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
            return Err(refused("InvalidGroup.Duplicate", message));
        }
        Ok(())
    }

    /// Everything may leave, by IPv6 too where the VPC has it.
    pub(crate) fn rules_of_new_group(&mut self, vpc_id: &str) -> Vec<Rule> {
        let ipv6 = self.vpcs.get(vpc_id).is_some_and(|vpc| !vpc.ipv6_cidr_block_association_set.is_empty());
        let mut peers = vec![Peer::Ipv4(ipnet::Ipv4Net::default())];
        if ipv6 {
            peers.push(Peer::Ipv6(ipnet::Ipv6Net::default()));
        }
        peers.into_iter().map(|peer| Rule::to_everywhere(self.new_id("sgr"), peer)).collect()
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.is_empty() {
        return Err(missing("groupName"));
    }
    if name.eq_ignore_ascii_case(DEFAULT_GROUP) {
        return Err(refused("InvalidGroup.Reserved", format!("Cannot use reserved security group name: {name}")));
    }
    if name.to_ascii_lowercase().starts_with("sg-") {
        let message = format!("Invalid group name '{name}'. Group names may not be in the format sg-*.");
        return Err(invalid_parameter(message));
    }
    check_description("security group name", name)
}
