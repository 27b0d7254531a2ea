//! Route tables, their routes and associations.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Members;
use super::super::error::{Kind, invalid_combination, invalid_parameter, missing, refused};
use super::super::request::{done, read};
use super::super::route_tables::{Route, RouteTable, RouteTableAssociation};
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use super::super::vpcs::AssociationState;
use super::has_dependencies;
use crate::wire::{self, ApiError, Tree};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRouteTable {
    vpc_id: String,
    client_token: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfTable {
    route_table_id: String,
}

/// CreateRoute and ReplaceRoute: a destination and a target.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteRequest {
    route_table_id: String,
    destination_cidr_block: Option<String>,
    destination_ipv6_cidr_block: Option<String>,
    destination_prefix_list_id: Option<String>,
    carrier_gateway_id: Option<String>,
    egress_only_internet_gateway_id: Option<String>,
    gateway_id: Option<String>,
    instance_id: Option<String>,
    local_gateway_id: Option<String>,
    nat_gateway_id: Option<String>,
    network_interface_id: Option<String>,
    transit_gateway_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRoute {
    route_table_id: String,
    destination_cidr_block: Option<String>,
    destination_ipv6_cidr_block: Option<String>,
    destination_prefix_list_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssociateRouteTable {
    route_table_id: String,
    subnet_id: Option<String>,
    gateway_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Disassociate {
    association_id: String,
}

impl Account {
    pub(super) fn create_route_table(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateRouteTable = read(params)?;
        self.known_vpc(&request.vpc_id)?;
        let tags = Tags::specified(&request.tag_specifications, "route-table")?;
        let id = self.new_id("rtb");
        let table = RouteTable {
            route_table_id: id.clone(),
            vpc_id: request.vpc_id.clone(),
            associations: Vec::new(),
            routes: Vec::new(),
            owner_id: self.scope.account.clone(),
            tags,
            more: Members::new(),
        };
        self.route_tables.insert(id.clone(), table);
        self.refresh_local_routes(&request.vpc_id);
        Ok(json!({ "RouteTable": wire::answer(&self.route_tables[&id]), "ClientToken": request.client_token }))
    }

    pub(super) fn delete_route_table(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let OfTable { route_table_id: id } = read(params)?;
        if !self.table(&id)?.associations.is_empty() {
            return Err(has_dependencies("routeTable", &id));
        }
        self.route_tables.remove(&id);
        Ok(done())
    }

    pub(super) fn create_route(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: RouteRequest = read(params)?;
        let route = self.route(&request)?;
        let table = self.table(&request.route_table_id)?;
        if table.routes.iter().any(|other| other.destination() == route.destination()) {
            let destination = route.destination().unwrap_or_default();
            let message = format!("The route identified by {destination} already exists.");
            return Err(refused("RouteAlreadyExists", message));
        }
        table.routes.push(route);
        Ok(json!({ "Return": true }))
    }

    pub(super) fn replace_route(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: RouteRequest = read(params)?;
        let route = self.route(&request)?;
        let table = self.table(&request.route_table_id)?;
        let position = table.routes.iter().position(|other| other.destination() == route.destination());
        let position = position.ok_or_else(|| no_route(&route, &request.route_table_id))?;
        table.routes[position] = route;
        Ok(done())
    }

    pub(super) fn delete_route(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: DeleteRoute = read(params)?;
        let wanted = Route {
            destination_cidr_block: request.destination_cidr_block,
            destination_ipv6_cidr_block: request.destination_ipv6_cidr_block,
            destination_prefix_list_id: request.destination_prefix_list_id,
            ..Route::local(None, None)
        };
        let table = self.table(&request.route_table_id)?;
        let position = table.routes.iter().position(|route| route.destination() == wanted.destination());
        let position = position.ok_or_else(|| no_route(&wanted, &request.route_table_id))?;
        if table.routes[position].is_local() {
            let destination = wanted.destination().unwrap_or_default();
            return Err(invalid_parameter(format!(
                "cannot remove local route {destination} in route table {}",
                request.route_table_id
            )));
        }
        table.routes.remove(position);
        Ok(done())
    }

    pub(super) fn associate_route_table(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: AssociateRouteTable = read(params)?;
        let id = request.route_table_id;
        let vpc_id = self.table(&id)?.vpc_id.clone();
        match (&request.subnet_id, &request.gateway_id) {
            (Some(subnet_id), None) => {
                if self.known_subnet(subnet_id)?.vpc_id != vpc_id {
                    let message = format!("Route table {id} and subnet {subnet_id} belong to different networks");
                    return Err(invalid_parameter(message));
                }
            }
            (None, Some(_)) => {}
            _ => return Err(invalid_combination("Give either SubnetId or GatewayId")),
        }
        let served = |association: &RouteTableAssociation| {
            association.subnet_id == request.subnet_id
                && association.gateway_id == request.gateway_id
                && !association.main
        };
        if self.route_tables.values().flat_map(|table| &table.associations).any(served) {
            let message =
                format!("the specified association for route table {id} conflicts with an existing association");
            return Err(refused("Resource.AlreadyAssociated", message));
        }
        let association_id = self.new_id("rtbassoc");
        let association = RouteTableAssociation {
            main: false,
            route_table_association_id: Some(association_id.clone()),
            route_table_id: Some(id.clone()),
            subnet_id: request.subnet_id,
            gateway_id: request.gateway_id,
            association_state: AssociationState::default(),
            more: Members::new(),
        };
        let state = wire::answer(&association.association_state);
        self.table(&id)?.associations.push(association);
        Ok(json!({ "AssociationId": association_id, "AssociationState": state }))
    }

    pub(super) fn disassociate_route_table(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let Disassociate { association_id: id } = read(params)?;
        let this = |association: &RouteTableAssociation| association.route_table_association_id.as_deref() == Some(&id);
        let table = self.route_tables.values_mut().find(|table| table.associations.iter().any(this));
        let table = table.ok_or_else(|| {
            refused("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist"))
        })?;
        if table.associations.iter().any(|association| this(association) && association.main) {
            let message = format!("cannot disassociate the main route table association {id}");
            return Err(invalid_parameter(message));
        }
        table.associations.retain(|association| !this(association));
        Ok(done())
    }

    fn table(&mut self, id: &str) -> Result<&mut RouteTable, ApiError> {
        self.route_tables.get_mut(id).ok_or_else(|| Kind::RouteTable.not_found(id))
    }

    /// The route that is asked for; what it goes to has to exist where it is modelled.
    fn route(&mut self, request: &RouteRequest) -> Result<Route, ApiError> {
        let vpc_id = self.table(&request.route_table_id)?.vpc_id.clone();
        if let Some(id) = request.gateway_id.as_ref().filter(|id| id.starts_with("igw-")) {
            let gateway = self.internet_gateways.get(id).ok_or_else(|| Kind::InternetGateway.not_found(id))?;
            if !gateway.serves(&vpc_id) {
                let table = &request.route_table_id;
                let message = format!("route table {table} and network gateway {id} belong to different networks");
                return Err(invalid_parameter(message));
            }
        }
        if let Some(id) = &request.network_interface_id {
            self.known_interface(id)?;
        }
        let route = request.route();
        let targets = [
            &route.carrier_gateway_id,
            &route.egress_only_internet_gateway_id,
            &route.gateway_id,
            &route.instance_id,
            &route.local_gateway_id,
            &route.nat_gateway_id,
            &route.network_interface_id,
            &route.transit_gateway_id,
            &route.vpc_peering_connection_id,
        ];
        if targets.into_iter().flatten().count() != 1 {
            return Err(invalid_combination("A route goes to exactly one target"));
        }
        route.destination().ok_or_else(|| missing("destinationCidrBlock"))?;
        Ok(route)
    }
}

impl RouteRequest {
    fn route(&self) -> Route {
        Route {
            destination_cidr_block: self.destination_cidr_block.clone(),
            destination_ipv6_cidr_block: self.destination_ipv6_cidr_block.clone(),
            destination_prefix_list_id: self.destination_prefix_list_id.clone(),
            carrier_gateway_id: self.carrier_gateway_id.clone(),
            core_network_arn: None,
            egress_only_internet_gateway_id: self.egress_only_internet_gateway_id.clone(),
            gateway_id: self.gateway_id.clone(),
            instance_id: self.instance_id.clone(),
            local_gateway_id: self.local_gateway_id.clone(),
            nat_gateway_id: self.nat_gateway_id.clone(),
            network_interface_id: self.network_interface_id.clone(),
            transit_gateway_id: self.transit_gateway_id.clone(),
            vpc_peering_connection_id: self.vpc_peering_connection_id.clone(),
            origin: "CreateRoute".to_owned(),
            state: "active".to_owned(),
            more: Members::new(),
        }
    }
}

fn no_route(route: &Route, table: &str) -> ApiError {
    let destination = route.destination().unwrap_or_default();
    let message = format!("no route with destination-cidr-block {destination} in route table {table}");
    refused("InvalidRoute.NotFound", message)
}
