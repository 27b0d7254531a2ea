//! Route tables.

use std::ops::RangeInclusive;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Members;
use super::describe::{Described, Filters, describe};
use super::error::Kind;
use super::store::Account;
use super::tags::Tags;
use super::vpcs::AssociationState;
use crate::wire::{ApiError, Tree};

/// The gateway of routes within a VPC.
const LOCAL: &str = "local";

/// A route table as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RouteTable {
    pub(crate) route_table_id: String,
    #[serde(default)]
    pub(crate) vpc_id: String,
    #[serde(default)]
    pub(crate) associations: Vec<RouteTableAssociation>,
    #[serde(default)]
    pub(crate) routes: Vec<Route>,
    #[serde(default)]
    pub(crate) owner_id: String,
    #[serde(default)]
    pub(crate) tags: Tags,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// What a route table serves: the VPC's other subnets (`Main`), one subnet, or a gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RouteTableAssociation {
    #[serde(default)]
    pub(crate) main: bool,
    pub(crate) route_table_association_id: Option<String>,
    /// Filled in before it is stored.
    pub(crate) route_table_id: Option<String>,
    pub(crate) subnet_id: Option<String>,
    pub(crate) gateway_id: Option<String>,
    #[serde(default)]
    pub(crate) association_state: AssociationState,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

/// One route: a destination and where its traffic goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Route {
    pub(crate) destination_cidr_block: Option<String>,
    pub(crate) destination_ipv6_cidr_block: Option<String>,
    pub(crate) destination_prefix_list_id: Option<String>,
    pub(crate) carrier_gateway_id: Option<String>,
    pub(crate) core_network_arn: Option<String>,
    pub(crate) egress_only_internet_gateway_id: Option<String>,
    pub(crate) gateway_id: Option<String>,
    pub(crate) instance_id: Option<String>,
    pub(crate) local_gateway_id: Option<String>,
    pub(crate) nat_gateway_id: Option<String>,
    pub(crate) network_interface_id: Option<String>,
    pub(crate) transit_gateway_id: Option<String>,
    pub(crate) vpc_peering_connection_id: Option<String>,
    #[serde(default = "created")]
    pub(crate) origin: String,
    #[serde(default = "active")]
    pub(crate) state: String,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Members,
}

fn created() -> String {
    "CreateRoute".to_owned()
}

fn active() -> String {
    "active".to_owned()
}

impl Route {
    /// The route of one of the VPC's own blocks.
    pub(super) fn local(ipv4: Option<Ipv4Net>, ipv6: Option<Ipv6Net>) -> Self {
        Route {
            destination_cidr_block: ipv4.map(|block| block.to_string()),
            destination_ipv6_cidr_block: ipv6.map(|block| block.to_string()),
            destination_prefix_list_id: None,
            carrier_gateway_id: None,
            core_network_arn: None,
            egress_only_internet_gateway_id: None,
            gateway_id: Some(LOCAL.to_owned()),
            instance_id: None,
            local_gateway_id: None,
            nat_gateway_id: None,
            network_interface_id: None,
            transit_gateway_id: None,
            vpc_peering_connection_id: None,
            origin: "CreateRouteTable".to_owned(),
            state: active(),
            more: Members::new(),
        }
    }

    pub(super) fn is_local(&self) -> bool {
        self.gateway_id.as_deref() == Some(LOCAL)
    }

    /// Where the traffic goes to that it is for.
    pub(super) fn destination(&self) -> Option<&str> {
        let blocks = self.destination_cidr_block.as_deref().or(self.destination_ipv6_cidr_block.as_deref());
        blocks.or(self.destination_prefix_list_id.as_deref())
    }
}

impl Described for RouteTable {
    const KIND: Kind = Kind::RouteTable;
    const PAGE_SIZES: RangeInclusive<usize> = 5..=100;
    const FILTERS: Filters<Self> = &[
        ("association.gateway-id", |table| table.of_associations(|association| association.gateway_id.clone())),
        ("association.main", |table| table.of_associations(|association| Some(association.main.to_string()))),
        ("association.route-table-association-id", |table| {
            table.of_associations(|association| association.route_table_association_id.clone())
        }),
        ("association.route-table-id", |table| table.of_associations(|association| association.route_table_id.clone())),
        ("association.subnet-id", |table| table.of_associations(|association| association.subnet_id.clone())),
        ("owner-id", |table| vec![table.owner_id.clone()]),
        ("route-table-id", |table| vec![table.route_table_id.clone()]),
        ("route.destination-cidr-block", |table| table.of_routes(|route| route.destination_cidr_block.clone())),
        ("route.destination-ipv6-cidr-block", |table| {
            table.of_routes(|route| route.destination_ipv6_cidr_block.clone())
        }),
        ("route.destination-prefix-list-id", |table| table.of_routes(|route| route.destination_prefix_list_id.clone())),
        ("route.egress-only-internet-gateway-id", |table| {
            table.of_routes(|route| route.egress_only_internet_gateway_id.clone())
        }),
        ("route.gateway-id", |table| table.of_routes(|route| route.gateway_id.clone())),
        ("route.instance-id", |table| table.of_routes(|route| route.instance_id.clone())),
        ("route.nat-gateway-id", |table| table.of_routes(|route| route.nat_gateway_id.clone())),
        ("route.origin", |table| table.of_routes(|route| Some(route.origin.clone()))),
        ("route.state", |table| table.of_routes(|route| Some(route.state.clone()))),
        ("route.transit-gateway-id", |table| table.of_routes(|route| route.transit_gateway_id.clone())),
        ("route.vpc-peering-connection-id", |table| table.of_routes(|route| route.vpc_peering_connection_id.clone())),
        ("vpc-id", |table| vec![table.vpc_id.clone()]),
    ];

    fn id(&self) -> &str {
        &self.route_table_id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl RouteTable {
    fn of_associations(&self, value: fn(&RouteTableAssociation) -> Option<String>) -> Vec<String> {
        self.associations.iter().filter_map(value).collect()
    }

    fn of_routes(&self, value: fn(&Route) -> Option<String>) -> Vec<String> {
        self.routes.iter().filter_map(value).collect()
    }
}

impl Account {
    /// DescribeRouteTables
    pub(super) fn describe_route_tables(&self, params: &Tree) -> Result<Value, ApiError> {
        describe(params, "RouteTableId", "RouteTables", self.route_tables.values())
    }
}
