//! WAFV2: web ACLs of one account in one Region, and the load balancers that they stand before.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::accounts::uuid;
use crate::network::Scope;
use crate::tags::{self, Tags, shown};
use crate::wire::constraint::Int;
use crate::wire::pattern::{Matching, patterns, words_and};
use crate::wire::{self, ApiError, Tree, token};

/// The only Region with web ACLs for CloudFront.
const GLOBAL_REGION: &str = "us-east-1";
/// The kind of this service's markers.
const LIST: &str = "web-acls";

/// What WAFV2 holds for one account in one Region.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By ARN.
    pub(crate) web_acls: BTreeMap<String, WebAcl>,
    /// The web ACL before each resource, both by ARN.
    pub(crate) associations: BTreeMap<String, String>,
}

/// A web ACL as ListWebACLs prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WebAcl {
    pub(crate) name: String,
    /// Filled in before it is stored.
    #[serde(default)]
    pub(crate) id: String,
    /// Filled in before it is stored.
    #[serde(default, rename = "ARN")]
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    /// Filled in before it is stored.
    #[serde(default)]
    pub(crate) lock_token: String,
    #[serde(skip)]
    pub(crate) for_cloudfront: bool,
    #[serde(default, deserialize_with = "tags::deserialize", skip_serializing)]
    pub(crate) tags: Tags,
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

/// One call.
pub(crate) struct Asked<'a> {
    pub(crate) scope: &'a Scope,
    /// The load balancers of the Region, as [`crate::load_balancing::LoadBalancing::standing`] has them.
    pub(crate) load_balancers: &'a BTreeMap<String, String>,
    pub(crate) params: &'a Tree,
}

patterns! {
    /// An ARN.
    Arn(20, 2048, r".*\S.*") = |text| !text.trim().is_empty();
    /// The name of a web ACL.
    Name(1, 128, r"^[\w\-]+$") = |text| words_and(text, "-");
    /// The id of a web ACL.
    Id(1, 36, r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$") = |text| {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    /// What an earlier page ended with.
    Marker(1, 256, r".*\S.*") = |text| !text.trim().is_empty();
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum AclScope {
    Cloudfront,
    Regional,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListWebAcls {
    scope: AclScope,
    next_marker: Option<Matching<Marker>>,
    limit: Option<Int<1, 100>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetWebAcl {
    name: Option<Matching<Name>>,
    scope: Option<AclScope>,
    id: Option<Matching<Id>>,
    #[serde(rename = "ARN")]
    arn: Option<Matching<Arn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfResource {
    resource_arn: Matching<Arn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tagged {
    #[serde(rename = "ResourceARN")]
    resource: Matching<Arn>,
    #[serde(rename = "NextMarker")]
    next_marker: Option<Matching<Marker>>,
    #[serde(rename = "Limit")]
    limit: Option<Int<1, 100>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssociateWebAcl {
    #[serde(rename = "WebACLArn")]
    web_acl: Matching<Arn>,
    #[serde(rename = "ResourceArn")]
    resource: Matching<Arn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListResources {
    #[serde(rename = "WebACLArn")]
    web_acl: Matching<Arn>,
    #[serde(rename = "ResourceType")]
    resource_type: Option<ResourceType>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ResourceType {
    ApplicationLoadBalancer,
    ApiGateway,
    Appsync,
    CognitoUserPool,
    AppRunnerService,
    VerifiedAccessInstance,
    Amplify,
}

fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    wire::request_or(params, "ValidationException")
}

impl Store {
    /// Carries out one action. What stood before a load balancer that has gone stands before nothing.
    pub(crate) fn handle(&mut self, action: &str, asked: &Asked<'_>) -> Result<Value, ApiError> {
        self.associations
            .retain(|resource, _| !is_load_balancer(resource) || asked.load_balancers.contains_key(resource));
        match action {
            "AssociateWebACL" => self.associate(asked),
            "DisassociateWebACL" => self.disassociate(asked),
            "GetWebACL" => self.get(asked),
            "GetWebACLForResource" => self.get_for_resource(asked),
            "ListResourcesForWebACL" => self.list_resources(asked),
            "ListTagsForResource" => self.list_tags(asked),
            "ListWebACLs" => self.list(asked),
            _ => Err(ApiError::invalid_action("WAFV2", action)),
        }
    }

    fn list(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: ListWebAcls = read(asked.params)?;
        check_scope(request.scope, asked.scope)?;
        let cloudfront = request.scope == AclScope::Cloudfront;
        let of_scope = self.web_acls.iter().filter(|(_, acl)| acl.for_cloudfront == cloudfront);
        let listed = of_scope.map(|(arn, acl)| (arn.clone(), acl)).collect();
        let (page, next) = page(listed, request.next_marker.as_ref(), request.limit)?;
        Ok(json!({ "WebACLs": wire::answer(&page), "NextMarker": next }))
    }

    fn get(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: GetWebAcl = read(asked.params)?;
        let found = match (&request.arn, &request.name, &request.id, request.scope) {
            (Some(arn), None, None, None) => self.web_acls.get(arn.as_str()),
            (None, Some(name), Some(id), Some(scope)) => {
                check_scope(scope, asked.scope)?;
                self.web_acls.values().find(|acl| acl.name == name.as_str() && acl.id == id.as_str())
            }
            _ => return Err(invalid_parameter("Give the ARN, or Name, Scope and Id")),
        };
        let acl = found.ok_or_else(nonexistent)?;
        Ok(json!({ "WebACL": acl.whole(asked.scope), "LockToken": acl.lock_token }))
    }

    fn get_for_resource(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let OfResource { resource_arn } = read(asked.params)?;
        check_resource(resource_arn.as_str(), asked.load_balancers)?;
        let acl = self.associations.get(resource_arn.as_str()).and_then(|arn| self.web_acls.get(arn));
        Ok(json!({ "WebACL": acl.map(|acl| acl.whole(asked.scope)) }))
    }

    /// AssociateWebACL: takes the place of the one that stood there.
    fn associate(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let AssociateWebAcl { web_acl, resource } = read(asked.params)?;
        check_resource(resource.as_str(), asked.load_balancers)?;
        let acl = self.web_acls.get(web_acl.as_str()).ok_or_else(nonexistent)?;
        if acl.for_cloudfront {
            return Err(invalid_parameter("A web ACL for CloudFront cannot stand before a regional resource"));
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

    fn list_resources(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let ListResources { web_acl, resource_type } = read(asked.params)?;
        self.web_acls.get(web_acl.as_str()).ok_or_else(nonexistent)?;
        let asked_for = resource_type.unwrap_or(ResourceType::ApplicationLoadBalancer);
        let load_balancers = asked_for == ResourceType::ApplicationLoadBalancer;
        let before = self
            .associations
            .iter()
            .filter(|(resource, acl)| **acl == web_acl.as_str() && is_load_balancer(resource) == load_balancers);
        Ok(json!({ "ResourceArns": before.map(|(resource, _)| resource).collect::<Vec<_>>() }))
    }

    fn list_tags(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let Tagged { resource, next_marker, limit } = read(asked.params)?;
        let acl = self.web_acls.get(resource.as_str()).ok_or_else(nonexistent)?;
        let tags = acl.tags.iter().map(|(key, value)| (key.clone(), (key.clone(), value.clone()))).collect();
        let (page, next) = page(tags, next_marker.as_ref(), limit)?;
        let page = page.into_iter().collect();
        Ok(json!({ "TagInfoForResource": { "ResourceARN": acl.arn, "TagList": shown(&page) }, "NextMarker": next }))
    }
}

impl WebAcl {
    /// As GetWebACL shows it. What it lets through is not modelled: everything.
    fn whole(&self, scope: &Scope) -> Value {
        let metrics =
            json!({ "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": self.name });
        json!({
            "Name": self.name,
            "Id": self.id,
            "ARN": self.arn,
            "Description": self.description,
            "DefaultAction": { "Allow": {} },
            "Rules": [],
            "VisibilityConfig": metrics,
            "Capacity": 0,
            "ManagedByFirewallManager": false,
            "LabelNamespace": format!("awswaf:{}:webacl:{}:", scope.account, self.name),
        })
    }

    /// Fills in what a description leaves out.
    pub(crate) fn complete(&mut self, scope: &Scope) {
        let Scope { account, region } = scope;
        if self.id.is_empty() {
            self.id = match self.arn.rsplit('/').next() {
                Some(id) if !id.is_empty() => id.to_owned(),
                _ => uuid((scope, "web-acl", &self.name)),
            };
        }
        if self.arn.is_empty() {
            let reach = if self.for_cloudfront { "global" } else { "regional" };
            self.arn = format!("arn:aws:wafv2:{region}:{account}:{reach}/webacl/{}/{}", self.name, self.id);
        }
        if self.lock_token.is_empty() {
            self.lock_token = uuid((scope, "lock", &self.arn));
        }
    }
}

/// One page of a list, and the marker of the next.
fn page<T>(
    list: Vec<(String, T)>,
    marker: Option<&Matching<Marker>>,
    limit: Option<Int<1, 100>>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size = limit.map_or(100, |limit| usize::try_from(limit.get()).unwrap_or(100));
    token::page(LIST, list, marker.map(Matching::as_str), size)
        .ok_or_else(|| invalid_parameter("NextMarker is not one that this operation gave out"))
}

fn check_scope(scope: AclScope, asked: &Scope) -> Result<(), ApiError> {
    if scope == AclScope::Cloudfront && asked.region != GLOBAL_REGION {
        let message = "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT";
        return Err(invalid_parameter(message));
    }
    Ok(())
}

/// A resource that a web ACL can stand before: an application load balancer, or one that is not modelled.
pub(crate) fn check_resource(arn: &str, load_balancers: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if !arn.starts_with("arn:") {
        return Err(invalid_arn(arn));
    }
    if !is_load_balancer(arn) {
        return Ok(());
    }
    match load_balancers.get(arn).map(String::as_str) {
        Some("application") => Ok(()),
        Some(_) => Err(invalid_arn(arn)),
        None => Err(nonexistent()),
    }
}

fn is_load_balancer(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("elasticloadbalancing")
}

fn invalid_arn(arn: &str) -> ApiError {
    invalid_parameter(format!(
        "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by \
         colons or slashes., field: RESOURCE_ARN, parameter: {arn}"
    ))
}

fn invalid_parameter(message: impl Into<String>) -> ApiError {
    ApiError::new("WAFInvalidParameterException", message)
}

fn nonexistent() -> ApiError {
    let message = "AWS WAF couldn\u{2019}t perform the operation because your resource doesn\u{2019}t exist.";
    ApiError::new("WAFNonexistentItemException", message)
}
