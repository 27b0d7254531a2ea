//! VPCs: made with a main route table and a default security group, as AWS does.

use std::str::FromStr;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Members;
use super::super::error::{invalid_combination, missing, refused};
use super::super::permissions::{Direction, Peer, Rule, Traffic};
use super::super::request::{done, read};
use super::super::route_tables::{Route, RouteTable, RouteTableAssociation};
use super::super::security_groups::SecurityGroup;
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use super::super::vpcs::{AssociationState, CidrBlockAssociation, Ipv6CidrBlockAssociation, Vpc};
use super::has_dependencies;
use crate::wire::{self, ApiError, Tree};

/// The sizes that a block of a VPC or of a subnet may have.
const PREFIX_LENGTHS: std::ops::RangeInclusive<u8> = 16..=28;
/// Where Amazon's IPv6 blocks come from here. Source: RFC 3849, for documentation.
const IPV6_POOL: &str = "2001:db8::/32";
/// The size of a VPC's IPv6 block.
const VPC_IPV6_PREFIX: u8 = 56;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateVpc {
    cidr_block: Option<String>,
    ipv6_cidr_block: Option<String>,
    amazon_provided_ipv6_cidr_block: Option<bool>,
    instance_tenancy: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssociateVpcCidrBlock {
    vpc_id: String,
    cidr_block: Option<String>,
    ipv6_cidr_block: Option<String>,
    amazon_provided_ipv6_cidr_block: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteVpc {
    vpc_id: String,
}

impl Account {
    pub(super) fn create_vpc(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateVpc = read(params)?;
        let block = block(&request.cidr_block.ok_or_else(|| missing("cidrBlock"))?, "InvalidVpc.Range")?;
        let ipv6 = self.ipv6_block(request.ipv6_cidr_block, request.amazon_provided_ipv6_cidr_block)?;
        let tags = Tags::specified(&request.tag_specifications, "vpc")?;
        let vpc_id = self.new_id("vpc");
        let associations = ipv6.map(|block| self.ipv6_association("vpc-cidr-assoc", block)).into_iter().collect();
        let mut vpc = Vpc::with_blocks(vpc_id.clone(), self.scope.account.clone(), [block], associations);
        vpc.tags = tags;
        let tenancy = request.instance_tenancy.unwrap_or_else(|| "default".to_owned());
        vpc.more.insert("InstanceTenancy".to_owned(), json!(tenancy));
        for association in &mut vpc.cidr_block_association_set {
            association.association_id = Some(self.new_id("vpc-cidr-assoc"));
        }
        let answer = json!({ "Vpc": wire::answer(&vpc) });
        self.vpcs.insert(vpc_id.clone(), vpc);
        self.main_route_table(&vpc_id);
        self.default_group(&vpc_id);
        Ok(answer)
    }

    /// AssociateVpcCidrBlock: one further block.
    pub(super) fn associate_vpc_cidr_block(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: AssociateVpcCidrBlock = read(params)?;
        self.known_vpc(&request.vpc_id)?;
        let ipv6 = self.ipv6_block(request.ipv6_cidr_block, request.amazon_provided_ipv6_cidr_block)?;
        let answer = match (request.cidr_block, ipv6) {
            (Some(text), None) => self.associate_ipv4(&request.vpc_id, block(&text, "InvalidVpc.Range")?)?,
            (None, Some(block)) => {
                let association = self.ipv6_association("vpc-cidr-assoc", block);
                let answer = json!({ "Ipv6CidrBlockAssociation": wire::answer(&association) });
                let vpc = self.vpcs.get_mut(&request.vpc_id).expect("the VPC was found");
                vpc.ipv6_cidr_block_association_set.push(association);
                answer
            }
            _ => return Err(invalid_combination("Give either CidrBlock or an IPv6 block")),
        };
        let mut answer = answer;
        answer["VpcId"] = json!(request.vpc_id);
        self.refresh_local_routes(&request.vpc_id);
        Ok(answer)
    }

    fn associate_ipv4(&mut self, vpc_id: &str, block: Ipv4Net) -> Result<Value, ApiError> {
        let association_id = Some(self.new_id("vpc-cidr-assoc"));
        let vpc = self.vpcs.get_mut(vpc_id).expect("the VPC was found");
        let overlaps = |one: &CidrBlockAssociation| one.cidr_block.contains(&block) || block.contains(&one.cidr_block);
        if vpc.cidr_block_association_set.iter().any(overlaps) {
            return Err(refused(
                "InvalidVpc.Range",
                format!("The CIDR '{block}' conflicts with one of the CIDRs of the VPC"),
            ));
        }
        let association = CidrBlockAssociation { association_id, ..CidrBlockAssociation::associated(block) };
        let answer = json!({ "CidrBlockAssociation": wire::answer(&association) });
        vpc.cidr_block_association_set.push(association);
        Ok(answer)
    }

    /// DeleteVpc: with its main route table and its default security group, once nothing else is in it.
    pub(super) fn delete_vpc(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let DeleteVpc { vpc_id } = read(params)?;
        self.known_vpc(&vpc_id)?;
        let is_main = |table: &RouteTable| table.associations.iter().any(|association| association.main);
        let needed = self.subnets.values().any(|subnet| subnet.vpc_id == vpc_id)
            || self.internet_gateways.values().any(|gateway| gateway.serves(&vpc_id))
            || self.security_groups.values().any(|group| group.vpc_id == vpc_id && !group.is_default())
            || self.route_tables.values().any(|table| table.vpc_id == vpc_id && !is_main(table));
        if needed {
            return Err(has_dependencies("vpc", &vpc_id));
        }
        self.security_groups.retain(|_, group| group.vpc_id != vpc_id);
        self.route_tables.retain(|_, table| table.vpc_id != vpc_id);
        self.vpcs.remove(&vpc_id);
        Ok(done())
    }

    fn main_route_table(&mut self, vpc_id: &str) {
        let id = self.new_id("rtb");
        let association = RouteTableAssociation {
            main: true,
            route_table_association_id: Some(self.new_id("rtbassoc")),
            route_table_id: Some(id.clone()),
            subnet_id: None,
            gateway_id: None,
            association_state: AssociationState::default(),
            more: Members::new(),
        };
        let table = RouteTable {
            route_table_id: id.clone(),
            vpc_id: vpc_id.to_owned(),
            associations: vec![association],
            routes: Vec::new(),
            owner_id: self.scope.account.clone(),
            tags: Tags::default(),
            more: Members::new(),
        };
        self.route_tables.insert(id, table);
        self.refresh_local_routes(vpc_id);
    }

    /// Every table of a VPC routes the VPC's own blocks locally.
    pub(super) fn refresh_local_routes(&mut self, vpc_id: &str) {
        let Some(vpc) = self.vpcs.get(vpc_id) else { return };
        let ipv4 = vpc.cidr_block_association_set.iter().map(|block| Route::local(Some(block.cidr_block), None));
        let ipv6 = vpc.ipv6_cidr_block_association_set.iter();
        let local: Vec<Route> = ipv4.chain(ipv6.map(|block| Route::local(None, Some(block.ipv6_cidr_block)))).collect();
        for table in self.route_tables.values_mut().filter(|table| table.vpc_id == vpc_id) {
            table.routes.retain(|route| !route.is_local());
            table.routes.splice(0..0, local.iter().cloned());
        }
    }

    /// The group that every VPC has: its members reach each other, and everything.
    fn default_group(&mut self, vpc_id: &str) {
        let group_id = self.new_id("sg");
        let mut rules = self.rules_of_new_group(vpc_id);
        let own = Peer::Group { account: self.scope.account.clone(), group_id: group_id.clone() };
        let everything = Traffic { protocol: "-1".to_owned(), ports: None };
        rules.push(Rule { id: self.new_id("sgr"), ..Rule::new(Direction::Ingress, everything, own) });
        let group = SecurityGroup {
            group_id: group_id.clone(),
            group_name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            vpc_id: vpc_id.to_owned(),
            owner_id: self.scope.account.clone(),
            rules,
            tags: Tags::default(),
        };
        self.security_groups.insert(group_id, group);
    }

    /// The IPv6 block that is asked for: one that is named, or the next of Amazon's.
    fn ipv6_block(&self, named: Option<String>, amazons: Option<bool>) -> Result<Option<Ipv6Net>, ApiError> {
        if let Some(text) = named {
            let block = Ipv6Net::from_str(&text).map_err(|_| malformed(&text, "InvalidVpc.Range"))?;
            return Ok(Some(block.trunc()));
        }
        if amazons != Some(true) {
            return Ok(None);
        }
        let used: Vec<Ipv6Net> = self
            .vpcs
            .values()
            .flat_map(|vpc| vpc.ipv6_cidr_block_association_set.iter().map(|block| block.ipv6_cidr_block))
            .collect();
        let pool = Ipv6Net::from_str(IPV6_POOL).expect("it is a block");
        Ok(pool.subnets(VPC_IPV6_PREFIX).ok().into_iter().flatten().find(|block| !used.contains(block)))
    }

    /// An association of an IPv6 block, with an id of this kind.
    pub(super) fn ipv6_association(&mut self, kind: &str, block: Ipv6Net) -> Ipv6CidrBlockAssociation {
        Ipv6CidrBlockAssociation {
            association_id: Some(self.new_id(kind)),
            ipv6_cidr_block: block,
            ipv6_cidr_block_state: AssociationState::default(),
            more: Members::new(),
        }
    }
}

/// A block of a size that VPCs and subnets may have.
pub(super) fn block(text: &str, code: &'static str) -> Result<Ipv4Net, ApiError> {
    let block = Ipv4Net::from_str(text).map_err(|_| {
        let message = format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
        refused("InvalidParameterValue", message)
    })?;
    if !PREFIX_LENGTHS.contains(&block.prefix_len()) {
        return Err(malformed(text, code));
    }
    Ok(block.trunc())
}

fn malformed(text: &str, code: &'static str) -> ApiError {
    refused(code, format!("The CIDR '{text}' is invalid."))
}
