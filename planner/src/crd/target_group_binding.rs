//! TargetGroupBinding: which target group holds the endpoints of which Service port.
//!
//! Enumerations are plain text here: one stored object with a value that we do not know must not make the list of all
//! of them unreadable.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use kube::core::{Reason, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;

/// Which target group, which endpoints, and who may reach them.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "elbv2.k8s.aws",
    version = "v1beta1",
    kind = "TargetGroupBinding",
    namespaced,
    status = "TargetGroupBindingStatus",
    derive = "PartialEq",
    doc = "Binds a target group to the endpoints of a Service port: they are its targets.",
    printcolumn = r#"{"name":"SERVICE-NAME","type":"string","jsonPath":".spec.serviceRef.name","description":"The name of the Service"}"#,
    printcolumn = r#"{"name":"SERVICE-PORT","type":"string","jsonPath":".spec.serviceRef.port","description":"The port of the Service"}"#,
    printcolumn = r#"{"name":"TARGET-TYPE","type":"string","jsonPath":".spec.targetType","description":"What the targets are: instances or addresses"}"#,
    printcolumn = r#"{"name":"READY","type":"integer","jsonPath":".status.readyTargets","description":"Targets that receive traffic"}"#,
    printcolumn = r#"{"name":"TARGETS","type":"integer","jsonPath":".status.totalTargets","description":"Targets that are wanted"}"#,
    printcolumn = r#"{"name":"ARN","type":"string","jsonPath":".spec.targetGroupARN","description":"The ARN of the target group","priority":1}"#,
    printcolumn = r#"{"name":"NAME","type":"string","jsonPath":".spec.targetGroupName","description":"The name of the target group","priority":2}"#,
    printcolumn = r#"{"name":"AGE","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules()))]
pub struct TargetGroupBindingSpec {
    /// The ARN of the target group. It comes before the name, and cannot be changed.
    #[serde(rename = "targetGroupARN", skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<String>,
    /// The name of the target group, where its ARN is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_name: Option<String>,
    /// Whether the group also holds targets of other clusters, which are then left alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multi_cluster_target_group: bool,
    /// What the targets are: `instance` or `ip`. Taken from the target group when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["instance", "ip"]))]
    pub target_type: Option<String>,
    /// The protocol of the target group. Taken from the target group when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"]))]
    pub target_group_protocol: Option<String>,
    /// The Service, in the same namespace, and its port.
    pub service_ref: ServiceReference,
    /// Who may reach the targets. When it is not set, their security groups are left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networking: Option<TargetGroupBindingNetworking>,
    /// Which nodes are targets (target type `instance` only); all that may be, when it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::label_selector")]
    pub node_selector: Option<LabelSelector>,
    /// The family of the targets' addresses: `ipv4` or `ipv6`. Taken from the target group when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["ipv4", "ipv6"]))]
    pub ip_address_type: Option<String>,
    /// The VPC of the target group. Taken from the target group when it is not set.
    #[serde(rename = "vpcID", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^vpc-([0-9a-f]{8}|[0-9a-f]{17}|[0-9a-f]{32})$"))]
    pub vpc_id: Option<String>,
    /// The IAM role to assume for a target group in another account (target type `ip` only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_role_arn_to_assume: Option<String>,
    /// The external id to assume that role with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assume_role_external_id: Option<String>,
}

/// What one object alone can answer; LBC asks it in webhooks.
fn rules() -> Vec<Rule> {
    let named = |field: &str| format!("has(self.{field}) && self.{field} != ''");
    let with = |target_type: &str| format!("has(self.targetType) && self.targetType == '{target_type}'");
    vec![
        Rule::new(format!("({}) || ({})", named("targetGroupARN"), named("targetGroupName")))
            .message("one of targetGroupARN and targetGroupName is required")
            .reason(Reason::FieldValueRequired),
        once_set("targetGroupARN"),
        // Without an ARN the name alone says which group it is.
        Rule::new(
            "(has(oldSelf.targetGroupARN) && oldSelf.targetGroupARN != '') || !has(oldSelf.targetGroupName) \
             || (has(self.targetGroupName) && self.targetGroupName == oldSelf.targetGroupName)",
        )
        .message("targetGroupName cannot be changed while targetGroupARN is not set")
        .field_path(".targetGroupName"),
        once_set("targetType"),
        once_set("ipAddressType"),
        once_set("vpcID"),
        Rule::new(format!("!(has(self.nodeSelector) && {})", with("ip")))
            .message("nodeSelector picks nodes: it cannot be used with targetType ip")
            .field_path(".nodeSelector"),
        Rule::new(format!("!({} && {})", named("iamRoleArnToAssume"), with("instance")))
            .message("iamRoleArnToAssume cannot be used with targetType instance")
            .field_path(".iamRoleArnToAssume"),
        Rule::new(format!(
            "!(has(self.targetGroupProtocol) && self.targetGroupProtocol in ['QUIC', 'TCP_QUIC'] && {})",
            with("instance")
        ))
        .message("targetGroupProtocol QUIC and TCP_QUIC cannot be used with targetType instance")
        .field_path(".targetGroupProtocol"),
    ]
}

/// A field that may be set later, but neither changed nor taken away. LBC fills what was not said from the target group
/// when the object is made; here it stays open, and saying the same later changes nothing.
fn once_set(field: &str) -> Rule {
    let rule = format!(
        "!has(oldSelf.{field}) || oldSelf.{field} == '' || (has(self.{field}) && self.{field} == oldSelf.{field})"
    );
    Rule::new(rule).message(format!("{field} cannot be changed").as_str()).field_path(format!(".{field}"))
}

/// A Service port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceReference {
    /// The name of the Service.
    pub name: String,
    /// The number or the name of the Service's port.
    #[schemars(schema_with = "schema::port")]
    pub port: IntOrString,
}

/// Who may reach the targets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetGroupBindingNetworking {
    /// What may come in; each entry on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<NetworkingIngressRule>,
}

/// Who may reach the targets on which ports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkingIngressRule {
    /// Any of these.
    pub from: Vec<NetworkingPeer>,
    /// On any of these ports; none means all TCP ports.
    pub ports: Vec<NetworkingPort>,
}

/// Where traffic may come from: exactly one of the fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct NetworkingPeer {
    /// Addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<IpBlock>,
    /// Whatever carries a security group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group: Option<SecurityGroup>,
}

/// Addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IpBlock {
    /// A CIDR, IPv4 or IPv6.
    pub cidr: String,
}

/// A security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityGroup {
    /// The id of the security group.
    #[serde(rename = "groupID")]
    pub group_id: String,
}

/// One port that traffic may reach.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkingPort {
    /// `TCP` or `UDP`; TCP when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["TCP", "UDP"]))]
    pub protocol: Option<String>,
    /// The port on the targets: a number or, with target type `ip`, the name of a pod's port. All when it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::port")]
    pub port: Option<IntOrString>,
}

/// What was last done for a TargetGroupBinding.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupBindingStatus {
    /// The generation of the spec that the rest of the status was found for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How things stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// How many of the wanted targets receive traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_targets: Option<i32>,
    /// How many targets are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_targets: Option<i32>,
}
