//! Internet gateways.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Members;
use super::super::error::{Kind, dependency, invalid_parameter, refused};
use super::super::internet_gateways::{InternetGateway, InternetGatewayAttachment};
use super::super::request::{done, read};
use super::super::store::Account;
use super::super::tags::{TagSpecification, Tags};
use super::has_dependencies;
use crate::wire::{self, ApiError, Tree};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateInternetGateway {
    #[serde(default, rename = "TagSpecification")]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfGateway {
    internet_gateway_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attachment {
    internet_gateway_id: String,
    vpc_id: String,
}

impl Account {
    pub(super) fn create_internet_gateway(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let request: CreateInternetGateway = read(params)?;
        let tags = Tags::specified(&request.tag_specifications, "internet-gateway")?;
        let gateway = InternetGateway {
            internet_gateway_id: self.new_id("igw"),
            owner_id: self.scope.account.clone(),
            attachments: Vec::new(),
            tags,
            more: Members::new(),
        };
        let answer = json!({ "InternetGateway": wire::answer(&gateway) });
        self.internet_gateways.insert(gateway.internet_gateway_id.clone(), gateway);
        Ok(answer)
    }

    pub(super) fn attach_internet_gateway(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let Attachment { internet_gateway_id: id, vpc_id } = read(params)?;
        self.known_vpc(&vpc_id)?;
        if self.internet_gateways.values().any(|gateway| gateway.serves(&vpc_id)) {
            return Err(invalid_parameter(format!("Network {vpc_id} already has an internet gateway attached")));
        }
        let gateway = self.gateway(&id)?;
        if let Some(attachment) = gateway.attachments.first() {
            let message = format!("resource {id} is already attached to network {}", attachment.vpc_id);
            return Err(refused("Resource.AlreadyAssociated", message));
        }
        gateway.attachments.push(InternetGatewayAttachment { vpc_id, state: super::super::available() });
        Ok(done())
    }

    /// DetachInternetGateway: not while anything in the VPC has a public address.
    pub(super) fn detach_internet_gateway(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let Attachment { internet_gateway_id: id, vpc_id } = read(params)?;
        self.known_vpc(&vpc_id)?;
        let public = |interface: &super::super::network_interfaces::NetworkInterface| {
            interface.vpc_id == vpc_id && interface.association.is_some()
        };
        let mapped = self.network_interfaces.values().any(public);
        let gateway = self.gateway(&id)?;
        if !gateway.serves(&vpc_id) {
            return Err(refused("Gateway.NotAttached", format!("resource {id} is not attached to network {vpc_id}")));
        }
        if mapped {
            return Err(dependency(format!(
                "Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before \
                 detaching the gateway."
            )));
        }
        gateway.attachments.clear();
        Ok(done())
    }

    pub(super) fn delete_internet_gateway(&mut self, params: &Tree) -> Result<Value, ApiError> {
        let OfGateway { internet_gateway_id: id } = read(params)?;
        if !self.gateway(&id)?.attachments.is_empty() {
            return Err(has_dependencies("internetGateway", &id));
        }
        self.internet_gateways.remove(&id);
        Ok(done())
    }

    fn gateway(&mut self, id: &str) -> Result<&mut InternetGateway, ApiError> {
        self.internet_gateways.get_mut(id).ok_or_else(|| Kind::InternetGateway.not_found(id))
    }
}
