//! WAF Regional, the regional side of WAF Classic: web ACLs by id, and the load balancers that they stand before.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::tags::{self, Tags};
use crate::wafv2::{Asked, check_resource};
use crate::wire::constraint::Int;
use crate::wire::pattern::{Matching, patterns};
use crate::wire::{self, ApiError, Tree, token};

/// The kind of ListWebACLs' markers.
const LIST: &str = "classic-web-acls";

/// What WAF Regional holds for one account in one Region.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By id.
    pub(crate) web_acls: BTreeMap<String, WebAcl>,
    /// The id of the web ACL before each resource, by the resource's ARN.
    pub(crate) associations: BTreeMap<String, String>,
}

/// A web ACL as a description has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WebAcl {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default, deserialize_with = "tags::deserialize", skip_serializing)]
    pub(crate) tags: Tags,
    /// What is only kept and shown again.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

patterns! {
    /// An id, a name.
    ResourceId(1, 128, r".*\S.*") = |text| !text.trim().is_empty();
    /// An ARN.
    ResourceArn(1, 1224, r".*\S.*") = |text| !text.trim().is_empty();
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListWebAcls {
    next_marker: Option<Matching<ResourceArn>>,
    limit: Option<Int<0, 100>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfResource {
    resource_arn: Matching<ResourceArn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssociateWebAcl {
    #[serde(rename = "WebACLId")]
    web_acl: Matching<ResourceId>,
    #[serde(rename = "ResourceArn")]
    resource: Matching<ResourceArn>,
}

fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    wire::request_or(params, "ValidationException")
}

impl Store {
    /// Carries out one action. What stood before a load balancer that has gone stands before nothing.
    pub(crate) fn handle(&mut self, action: &str, asked: &Asked<'_>) -> Result<Value, ApiError> {
        self.associations.retain(|resource, _| check_resource(resource, asked.load_balancers).is_ok());
        match action {
            "AssociateWebACL" => self.associate(asked),
            "DisassociateWebACL" => self.disassociate(asked),
            "GetWebACLForResource" => self.get_for_resource(asked),
            "ListWebACLs" => self.list(asked),
            _ => Err(ApiError::invalid_action("WAF Regional", action)),
        }
    }

    fn list(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: ListWebAcls = read(asked.params)?;
        let listed = self.web_acls.iter().map(|(id, acl)| (id.clone(), acl.summary())).collect();
        let size = request.limit.map(Int::get).filter(|limit| *limit > 0).unwrap_or(100);
        let marker = request.next_marker.as_ref().map(Matching::as_str);
        let (page, next) = token::page(LIST, listed, marker, usize::try_from(size).unwrap_or(100))
            .ok_or_else(|| ApiError::new("WAFInvalidParameterException", "NextMarker is not valid"))?;
        Ok(json!({ "WebACLs": page, "NextMarker": next }))
    }

    fn get_for_resource(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let OfResource { resource_arn } = read(asked.params)?;
        check_resource(resource_arn.as_str(), asked.load_balancers)?;
        let acl = self.associations.get(resource_arn.as_str()).and_then(|id| self.web_acls.get(id));
        Ok(json!({ "WebACLSummary": acl.map(WebAcl::summary) }))
    }

    /// AssociateWebACL: takes the place of the one that stood there.
    fn associate(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let AssociateWebAcl { web_acl, resource } = read(asked.params)?;
        check_resource(resource.as_str(), asked.load_balancers)?;
        if !self.web_acls.contains_key(web_acl.as_str()) {
            return Err(ApiError::new("WAFNonexistentItemException", "The referenced item does not exist."));
        }
        self.associations.insert(resource.into_string(), web_acl.into_string());
        Ok(json!({}))
    }

    fn disassociate(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let OfResource { resource_arn } = read(asked.params)?;
        check_resource(resource_arn.as_str(), asked.load_balancers)?;
        self.associations.remove(resource_arn.as_str());
        Ok(json!({}))
    }
}

impl WebAcl {
    fn summary(&self) -> Value {
        json!({ "WebACLId": self.id, "Name": self.name })
    }
}
