//! Shield Advanced: the subscription of one account, and the resources that it protects.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::accounts::uuid;
use crate::tags::{self, Tags, shown};
use crate::wire::constraint::{Int, List, Text};
use crate::wire::pattern::{Matching, patterns, words_and};
use crate::wire::{self, ApiError, Tree, token};

/// AWS's default quota: protected resources of one kind.
const MOST_PROTECTIONS: usize = 1000;
/// The kind of ListProtections' tokens.
const LIST: &str = "protections";

/// What Shield holds for one account.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) subscribed: bool,
    /// By id.
    pub(crate) protections: BTreeMap<String, Protection>,
    made: u64,
}

/// A protection as AWS prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Protection {
    /// Filled in before it is stored.
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) resource_arn: String,
    pub(crate) protection_arn: Option<String>,
    #[serde(default)]
    pub(crate) health_check_ids: Vec<String>,
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
    #[serde(default, deserialize_with = "tags::deserialize", skip_serializing)]
    pub(crate) tags: Tags,
}

/// One call.
pub(crate) struct Asked<'a> {
    pub(crate) account: &'a str,
    /// The load balancers of the Region, as [`crate::load_balancing::LoadBalancing::standing`] has them.
    pub(crate) load_balancers: &'a BTreeMap<String, String>,
    pub(crate) params: &'a Tree,
}

patterns! {
    /// The id of a protection.
    ProtectionId(36, 36, r"[a-zA-Z0-9\\-]*") = |text| words_and(text, "-") && !text.contains('_');
    /// The name of a protection.
    ProtectionName(1, 128, r"[ a-zA-Z0-9_\\.\\-]*") = |text| words_and(text, " .-");
    /// What is protected.
    ResourceArn(1, 2048, "^arn:aws.*") = |text| text.starts_with("arn:aws");
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeProtection {
    protection_id: Option<Matching<ProtectionId>>,
    resource_arn: Option<Matching<ResourceArn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateProtection {
    name: Matching<ProtectionName>,
    resource_arn: Matching<ResourceArn>,
    tags: Option<List<Tag, 0, 200>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    key: Option<Text<1, 128>>,
    value: Option<Text<0, 256>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteProtection {
    protection_id: Matching<ProtectionId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListProtections {
    next_token: Option<Text<1, 4096>>,
    max_results: Option<Int<0, 10000>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tagged {
    #[serde(rename = "ResourceARN")]
    resource: Matching<ResourceArn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    wire::request_or(params, "ValidationException")
}

impl Protection {
    /// Fills in what a description leaves out.
    pub(crate) fn complete(&mut self, account: &str) {
        if self.id.is_empty() {
            self.id = uuid((account, "protection", &self.resource_arn));
        }
        if self.name.is_empty() {
            self.name.clone_from(&self.id);
        }
        self.protection_arn.get_or_insert_with(|| protection_arn(account, &self.id));
    }

    /// With its tags, as a description has it.
    pub(crate) fn saved(&self) -> Value {
        let mut saved = wire::answer(self);
        saved["Tags"] = shown(&self.tags);
        saved
    }
}

impl Store {
    /// Carries out one action.
    pub(crate) fn handle(&mut self, action: &str, asked: &Asked<'_>) -> Result<Value, ApiError> {
        match action {
            "CreateProtection" => self.create(asked),
            "CreateSubscription" => self.subscribe(asked),
            "DeleteProtection" => self.delete(asked),
            "DescribeProtection" => self.describe(asked),
            "GetSubscriptionState" => {
                read::<Nothing>(asked.params)?;
                Ok(json!({ "SubscriptionState": self.subscription() }))
            }
            "ListProtections" => self.list(asked),
            "ListTagsForResource" => self.list_tags(asked),
            _ => Err(ApiError::invalid_action("Shield", action)),
        }
    }

    /// `ACTIVE` or `INACTIVE`.
    pub(crate) fn subscription(&self) -> &'static str {
        if self.subscribed { "ACTIVE" } else { "INACTIVE" }
    }

    fn subscribe(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        read::<Nothing>(asked.params)?;
        if std::mem::replace(&mut self.subscribed, true) {
            return Err(ApiError::new("ResourceAlreadyExistsException", "The subscription already exists."));
        }
        Ok(json!({}))
    }

    fn describe(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: DescribeProtection = read(asked.params)?;
        let protection = match (&request.protection_id, &request.resource_arn) {
            (Some(id), None) => self.protections.get(id.as_str()),
            (None, Some(arn)) => self.protection_of(arn.as_str()),
            _ => {
                let message = "Give either the ProtectionId or the ResourceArn";
                return Err(ApiError::new("InvalidParameterException", message));
            }
        };
        let protection = protection.ok_or_else(|| not_found("The referenced protection does not exist."))?;
        Ok(json!({ "Protection": wire::answer(protection) }))
    }

    fn create(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: CreateProtection = read(asked.params)?;
        let arn = request.resource_arn.into_string();
        if !self.subscribed {
            return Err(not_found("The subscription does not exist."));
        }
        let kind = kind_of(&arn).ok_or_else(|| invalid_resource("Unrecognized resource 'ResourceArn' type."))?;
        let load_balancer = kind == "elasticloadbalancing";
        let network = asked.load_balancers.get(&arn).is_some_and(|kind| kind == "network");
        if network || load_balancer && !asked.load_balancers.contains_key(&arn) {
            let message = format!("Resource '{arn}' cannot be protected: it does not exist, or is of another type");
            return Err(invalid_resource(message));
        }
        if let Some(existing) = self.protection_of(&arn) {
            let message = format!("The referenced protection already exists: {}", existing.id);
            return Err(ApiError::new("ResourceAlreadyExistsException", message));
        }
        let of_kind = self.protections.values().filter(|other| kind_of(&other.resource_arn) == Some(kind)).count();
        if of_kind >= MOST_PROTECTIONS {
            let message = format!("The limit of {MOST_PROTECTIONS} protections of resources of this type is reached");
            return Err(ApiError::new("LimitsExceededException", message));
        }
        self.made += 1;
        let id = uuid((asked.account, &arn, self.made));
        let tags = request.tags.map(List::into_vec).unwrap_or_default();
        let text = |text: Option<String>| text.unwrap_or_default();
        let tags =
            tags.into_iter().map(|tag| (text(tag.key.map(Text::into_string)), text(tag.value.map(Text::into_string))));
        let protection = Protection {
            id: id.clone(),
            name: request.name.into_string(),
            protection_arn: Some(protection_arn(asked.account, &id)),
            resource_arn: arn,
            health_check_ids: Vec::new(),
            more: Map::new(),
            tags: tags.collect(),
        };
        self.protections.insert(id.clone(), protection);
        Ok(json!({ "ProtectionId": id }))
    }

    fn delete(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let DeleteProtection { protection_id } = read(asked.params)?;
        let removed = self.protections.remove(protection_id.as_str());
        removed.map(|_| json!({})).ok_or_else(|| not_found("The referenced protection does not exist."))
    }

    fn list(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: ListProtections = read(asked.params)?;
        let size = request.max_results.map(Int::get).filter(|size| *size > 0);
        let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let all = self.protections.iter().map(|(id, protection)| (id.clone(), protection)).collect();
        let (page, next) = token::page(LIST, all, request.next_token.as_ref().map(Text::as_str), size)
            .ok_or_else(|| ApiError::new("InvalidPaginationTokenException", "The NextToken is not valid"))?;
        Ok(json!({ "Protections": wire::answer(&page), "NextToken": next }))
    }

    fn list_tags(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let Tagged { resource } = read(asked.params)?;
        let this = |protection: &&Protection| protection.protection_arn.as_deref() == Some(resource.as_str());
        let protection = self.protections.values().find(this);
        let protection = protection.ok_or_else(|| not_found("The referenced resource does not exist."))?;
        Ok(json!({ "Tags": shown(&protection.tags) }))
    }

    fn protection_of(&self, resource: &str) -> Option<&Protection> {
        self.protections.values().find(|protection| protection.resource_arn == resource)
    }
}

/// The ARN of a protection.
pub(crate) fn protection_arn(account: &str, id: &str) -> String {
    format!("arn:aws:shield::{account}:protection/{id}")
}

/// The service of a resource that Shield can protect.
fn kind_of(arn: &str) -> Option<&str> {
    let kinds = BTreeSet::from(["cloudfront", "ec2", "elasticloadbalancing", "globalaccelerator", "route53"]);
    let service = arn.split(':').nth(2)?;
    let resource = arn.splitn(6, ':').nth(5)?;
    let fits = kinds.contains(service) && (service != "ec2" || resource.starts_with("eip-allocation/"));
    fits.then_some(service)
}

fn not_found(message: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

fn invalid_resource(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidResourceException", message)
}
