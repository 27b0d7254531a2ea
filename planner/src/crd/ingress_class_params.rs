//! IngressClassParams: what all Ingresses of a class have in common.
//!
//! Enumerations are plain text here: one stored object with a value that we do not know must not make the list of all
//! of them unreadable.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::core::Rule;
use kube::{CustomResource, CustomResourceExt as _, Resource};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::schema;

/// An IngressClassParams. Unlike those of other kinds its spec may be missing: LBC's chart makes one without.
#[derive(Resource, Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[resource(inherit = "Definition")]
pub struct IngressClassParams {
    /// Name and labels.
    pub metadata: ObjectMeta,
    /// What it says.
    #[serde(default)]
    pub spec: IngressClassParamsSpec,
}

/// Settings that come before the annotations of the Ingresses of the class.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "elbv2.k8s.aws",
    version = "v1beta1",
    kind = "IngressClassParams",
    root = "Definition",
    plural = "ingressclassparams",
    singular = "ingressclassparam",
    doc = "Settings that all Ingresses of an IngressClass have in common.",
    printcolumn = r#"{"name":"GROUP-NAME","type":"string","jsonPath":".spec.group.name","description":"The Ingress group"}"#,
    printcolumn = r#"{"name":"SCHEME","type":"string","jsonPath":".spec.scheme","description":"Whether the load balancers have public addresses"}"#,
    printcolumn = r#"{"name":"IP-ADDRESS-TYPE","type":"string","jsonPath":".spec.ipAddressType","description":"The address type of the load balancers"}"#,
    printcolumn = r#"{"name":"AGE","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules()))]
pub struct IngressClassParamsSpec {
    /// The namespaces whose Ingresses may use the class; all when it is not set or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::label_selector")]
    pub namespace_selector: Option<LabelSelector>,
    /// The group that all Ingresses of the class belong to: they share one load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<IngressGroup>,
    /// The name of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_name: Option<String>,
    /// Whether the load balancer has public addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["internal", "internet-facing"]))]
    pub scheme: Option<String>,
    /// The address type of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["ipv4", "dualstack", "dualstack-without-public-ipv4"]))]
    pub ip_address_type: Option<String>,
    /// The subnets of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<SubnetSelector>,
    /// The ARNs of the certificates of HTTPS listeners; the first one is the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_arn: Vec<String>,
    /// The security policy of HTTPS listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_policy: Option<String>,
    /// The HTTPS port that HTTP listeners redirect to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_redirect_port: Option<String>,
    /// The addresses that may reach the load balancer, as CIDRs without host bits.
    #[serde(rename = "inboundCIDRs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "inbound_cidrs")]
    pub inbound_cidrs: Vec<String>,
    /// The prefix lists that may reach the load balancer.
    #[serde(rename = "prefixListsIDs", default, skip_serializing_if = "Vec::is_empty")]
    pub prefix_lists_ids: Vec<String>,
    /// The old spelling of prefixListsIDs.
    #[serde(rename = "PrefixListsIDs", default, skip_serializing_if = "Vec::is_empty")]
    pub legacy_prefix_lists_ids: Vec<String>,
    /// Tags of the AWS resources that are made for the class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// What the targets are: `instance` or `ip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["instance", "ip"]))]
    pub target_type: Option<String>,
    /// Attributes of the load balancer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_balancer_attributes: Vec<Attribute>,
    /// Attributes of listeners that the Ingresses make.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerAttributes>,
    /// The capacity to reserve for the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_load_balancer_capacity: Option<MinimumLoadBalancerCapacity>,
    /// Where the public addresses of the load balancer come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_configuration: Option<IpamConfiguration>,
    /// The name of the AWS WAF web ACL of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wafv2_acl_name: Option<String>,
    /// The ARN of the AWS WAF web ACL of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wafv2_acl_arn: Option<String>,
}

/// The definition as the derive makes it.
pub(super) fn definition() -> CustomResourceDefinition {
    Definition::crd()
}

/// What one object alone can answer besides its schema.
fn rules() -> Vec<Rule> {
    vec![
        Rule::new("!(has(self.prefixListsIDs) && has(self.PrefixListsIDs))")
            .message("prefixListsIDs and PrefixListsIDs cannot both be set; prefixListsIDs is the one to use"),
    ]
}

/// A group of Ingresses that share one load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IngressGroup {
    /// The name of the group.
    pub name: String,
}

/// Which subnets a load balancer is in: exactly one of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct SubnetSelector {
    /// Subnets by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "subnet_ids")]
    pub ids: Option<Vec<String>>,
    /// Subnets by tag: for each key, the subnet has one of the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "subnet_tags")]
    pub tags: Option<BTreeMap<String, Vec<String>>>,
}

/// A tag of an AWS resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// An attribute of an AWS resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attribute {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// The attributes of the listener with a protocol and a port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListenerAttributes {
    /// The protocol of the listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The port of the listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listener_attributes: Vec<Attribute>,
}

/// Capacity that AWS keeps ready for a load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MinimumLoadBalancerCapacity {
    /// Load balancer capacity units.
    pub capacity_units: i32,
}

/// Where public addresses come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IpamConfiguration {
    /// The IPAM pool of public IPv4 addresses.
    #[serde(rename = "ipv4IPAMPoolId", skip_serializing_if = "Option::is_none")]
    pub ipv4_ipam_pool_id: Option<String>,
}

/// Bounded so that the API server can tell the cost of the rule: a network interface has at most 1000 rules in all its
/// security groups ("Amazon VPC quotas"), and no CIDR is longer than an IPv6 address with an IPv4 tail and `/128`.
fn inbound_cidrs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 1000,
        "items": {
            "type": "string",
            "maxLength": 49,
            "x-kubernetes-validations": [{
                "rule": "isCIDR(self) && cidr(self).masked() == cidr(self)",
                "message": "must be a CIDR without host bits, such as 10.0.0.0/8",
            }],
        },
    })
}

fn subnet_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "items": { "type": "string", "pattern": "subnet-[0-9a-f]+" },
        "x-kubernetes-list-type": "set",
    })
}

fn subnet_tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "array",
            "items": { "type": "string" },
            "x-kubernetes-list-type": "set",
        },
    })
}
