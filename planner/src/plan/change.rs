//! The writes that a plan can hold: one variant per call, each with the request as it is sent.

use serde::Serialize;
use serde::ser::SerializeSeq as _;
use serde_json::{Value, json};

use crate::id::{
    HealthCheckProtocol, IpAddressType, Key, Knowable, ListenerArn, LoadBalancerArn, ObjectName, Protocol, Ref,
    ResourceKey, Scheme, SecurityGroupId, TargetGroupArn, TargetIpAddressType, TargetType, VpcId,
};
use crate::model::{HealthCheckPort, IngressRule, Pairs, SubnetMapping, Target};

/// One write, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The resource that is changed.
    pub resource: Resource,
    /// The call.
    pub write: Write,
    /// What an update changes.
    pub fields: Vec<FieldChange>,
    /// What clients notice.
    pub impact: Impact,
    /// Why, in a sentence.
    pub reason: String,
}

impl Change {
    /// What is done to the resource.
    pub fn action(&self) -> Action {
        match &self.write {
            Write::Aws(change) => change.action(),
            Write::Kube(KubeChange::Create(_)) => Action::Create,
            Write::Kube(KubeChange::Patch(_)) => Action::Update,
            Write::Kube(KubeChange::Delete(_)) => Action::Delete,
        }
    }

    /// The call as plans and IAM policies spell it: `elasticloadbalancing:CreateListener`.
    pub fn call(&self) -> String {
        match &self.write {
            Write::Aws(change) => format!("{}:{}", change.service(), change.operation()),
            Write::Kube(change) => format!("kubernetes:{} targetgroupbindings", change.verb()),
        }
    }
}

/// The resource of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Kind and id inside the stack.
    pub key: ResourceKey,
    /// The ARN or physical id of one that exists.
    pub physical_id: Option<String>,
    /// Whether it is the one being replaced.
    pub retiring: bool,
}

impl Resource {
    /// A resource that is to be made.
    pub fn new(key: ResourceKey) -> Self {
        Self { key, physical_id: None, retiring: false }
    }

    /// A resource that exists.
    pub fn live(key: ResourceKey, physical_id: impl ToString) -> Self {
        Self { key, physical_id: Some(physical_id.to_string()), retiring: false }
    }
}

/// One field that an update changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field as the request names it, `Attributes[idle_timeout.timeout_seconds]`.
    pub field: String,
    /// What is there; `None`: nothing.
    pub from: Option<String>,
    /// What will be there; `None`: nothing.
    pub to: Option<String>,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// What clients notice of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// Nothing.
    None,
    /// Connections may see errors for seconds.
    Brief,
    /// Minutes without service, or the host name changes.
    Outage,
    /// What serves goes away.
    Destroys,
}

/// A write to AWS or to Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A call to AWS.
    Aws(AwsChange),
    /// A write of a TargetGroupBinding object.
    Kube(KubeChange),
}

impl Write {
    /// The request with the call's own field names, references included.
    pub fn request(&self) -> Value {
        match self {
            Self::Aws(change) => change.request(),
            Self::Kube(change) => change.request(),
        }
    }
}

macro_rules! aws_changes {
    ($($(#[$doc:meta])* $variant:ident($request:ty), $service:literal, $action:ident;)*) => {
        /// A write to AWS: one variant per call.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum AwsChange { $($(#[$doc])* $variant($request),)* }

        impl AwsChange {
            /// Every call, as IAM spells its action.
            pub const ACTIONS: &[(&'static str, &'static str)] = &[$(($service, stringify!($variant)),)*];

            /// The service's IAM prefix.
            pub fn service(&self) -> &'static str {
                match self { $(Self::$variant(_) => $service,)* }
            }

            /// The name of the call.
            pub fn operation(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($variant),)* }
            }

            /// What the call does to the resource it is listed under.
            pub fn action(&self) -> Action {
                match self { $(Self::$variant(_) => Action::$action,)* }
            }

            /// The request with the call's own field names.
            pub fn request(&self) -> Value {
                match self { $(Self::$variant(request) => json!(request),)* }
            }
        }
    };
}

aws_changes! {
    /// Makes a security group.
    CreateSecurityGroup(CreateSecurityGroup), "ec2", Create;
    /// Opens ports.
    AuthorizeSecurityGroupIngress(SecurityGroupIngress), "ec2", Update;
    /// Closes ports.
    RevokeSecurityGroupIngress(SecurityGroupIngress), "ec2", Update;
    /// Deletes a security group.
    DeleteSecurityGroup(DeleteSecurityGroup), "ec2", Delete;
    /// Sets tags of a security group.
    CreateTags(CreateTags), "ec2", Update;
    /// Removes tags of a security group.
    DeleteTags(DeleteTags), "ec2", Update;
    /// Makes a target group.
    CreateTargetGroup(CreateTargetGroup), "elasticloadbalancing", Create;
    /// Changes a health check.
    ModifyTargetGroup(ModifyTargetGroup), "elasticloadbalancing", Update;
    /// Changes attributes of a target group.
    ModifyTargetGroupAttributes(ModifyTargetGroupAttributes), "elasticloadbalancing", Update;
    /// Deletes a target group.
    DeleteTargetGroup(DeleteTargetGroup), "elasticloadbalancing", Delete;
    /// Makes a load balancer.
    CreateLoadBalancer(CreateLoadBalancer), "elasticloadbalancing", Create;
    /// Changes attributes of a load balancer.
    ModifyLoadBalancerAttributes(ModifyLoadBalancerAttributes), "elasticloadbalancing", Update;
    /// Changes the security groups of a load balancer.
    SetSecurityGroups(SetSecurityGroups), "elasticloadbalancing", Update;
    /// Changes the subnets of a load balancer.
    SetSubnets(SetSubnets), "elasticloadbalancing", Update;
    /// Changes the address type of a load balancer.
    SetIpAddressType(SetIpAddressType), "elasticloadbalancing", Update;
    /// Deletes a load balancer with its listeners.
    DeleteLoadBalancer(DeleteLoadBalancer), "elasticloadbalancing", Delete;
    /// Makes a listener.
    CreateListener(CreateListener), "elasticloadbalancing", Create;
    /// Changes a listener.
    ModifyListener(ModifyListener), "elasticloadbalancing", Update;
    /// Deletes a listener.
    DeleteListener(DeleteListener), "elasticloadbalancing", Delete;
    /// Sets tags.
    AddTags(AddTags), "elasticloadbalancing", Update;
    /// Removes tags.
    RemoveTags(RemoveTags), "elasticloadbalancing", Update;
    /// Adds targets.
    RegisterTargets(Targets), "elasticloadbalancing", Update;
    /// Removes targets.
    DeregisterTargets(Targets), "elasticloadbalancing", Update;
}

/// Tags or attributes as AWS takes them: a list of Key and Value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagList(pub Pairs);

impl Serialize for TagList {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            list.serialize_element(&json!({ "Key": key, "Value": value }))?;
        }
        list.end()
    }
}

/// Tags set at creation, as EC2 takes them.
fn tag_specifications<S: serde::Serializer>(tags: &TagList, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(1))?;
    list.serialize_element(&json!({ "ResourceType": "security-group", "Tags": tags }))?;
    list.end()
}

fn http_code<S: serde::Serializer>(matcher: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    json!({ "HttpCode": matcher }).serialize(serializer)
}

/// The actions of a listener as AWS takes them: one that forwards.
fn default_actions<S: serde::Serializer>(forward: &Vec<Forward>, serializer: S) -> Result<S::Ok, S::Error> {
    json!([{ "Type": "forward", "Order": 1, "ForwardConfig": { "TargetGroups": forward } }]).serialize(serializer)
}

/// Request of CreateSecurityGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateSecurityGroup {
    /// Unique in the VPC.
    pub group_name: String,
    /// Shown by the console.
    pub description: String,
    /// The VPC.
    pub vpc_id: VpcId,
    /// Tags set in the same call.
    #[serde(rename = "TagSpecifications", serialize_with = "tag_specifications")]
    pub tags: TagList,
}

/// Request of AuthorizeSecurityGroupIngress and RevokeSecurityGroupIngress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroupIngress {
    /// The group.
    pub group_id: Ref<SecurityGroupId>,
    /// The rules.
    pub ip_permissions: Vec<IngressRule>,
}

/// Request of DeleteSecurityGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteSecurityGroup {
    /// The group.
    pub group_id: SecurityGroupId,
}

/// Request of EC2's CreateTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTags {
    /// The security groups.
    pub resources: Vec<SecurityGroupId>,
    /// Only the tags that change (the shipped IAM policy refuses the cluster tag here).
    pub tags: TagList,
}

/// Request of EC2's DeleteTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTags {
    /// The security groups.
    pub resources: Vec<SecurityGroupId>,
    /// With their values, so that a tag changed in between survives.
    pub tags: TagList,
}

/// Request of CreateTargetGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTargetGroup {
    /// At most 32 characters, unique in account and Region.
    pub name: String,
    /// Instances or addresses.
    pub target_type: TargetType,
    /// The protocol.
    pub protocol: Protocol,
    /// The port that a target has when none is given; ours all give one.
    pub port: Knowable<u16>,
    /// The VPC.
    pub vpc_id: VpcId,
    /// Sent only when it is not AWS's default, `ipv4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<TargetIpAddressType>,
    /// Always on.
    pub health_check_enabled: bool,
    /// The health check.
    #[serde(flatten)]
    pub health_check: HealthCheckRequest,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// The health check part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheckRequest {
    /// How targets are asked.
    pub health_check_protocol: HealthCheckProtocol,
    /// Where.
    pub health_check_port: HealthCheckPort,
    /// HTTP and HTTPS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_path: Option<String>,
    /// Seconds.
    pub health_check_interval_seconds: u16,
    /// Seconds.
    pub health_check_timeout_seconds: u16,
    /// Checks.
    pub healthy_threshold_count: u16,
    /// Checks.
    pub unhealthy_threshold_count: u16,
    /// HTTP and HTTPS only.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "http_code")]
    pub matcher: Option<String>,
}

/// Request of ModifyTargetGroup: the whole health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyTargetGroup {
    /// The target group.
    pub target_group_arn: TargetGroupArn,
    /// The health check.
    #[serde(flatten)]
    pub health_check: HealthCheckRequest,
}

/// Request of ModifyTargetGroupAttributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyTargetGroupAttributes {
    /// The target group.
    pub target_group_arn: Ref<TargetGroupArn>,
    /// Only the attributes that change.
    pub attributes: TagList,
}

/// Request of DeleteTargetGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTargetGroup {
    /// The target group.
    pub target_group_arn: TargetGroupArn,
}

/// Request of CreateLoadBalancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateLoadBalancer {
    /// At most 32 characters, unique in account and Region.
    pub name: String,
    /// `network`.
    #[serde(rename = "Type")]
    pub load_balancer_type: &'static str,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// Its address type.
    pub ip_address_type: IpAddressType,
    /// One subnet per zone.
    pub subnet_mappings: Vec<SubnetMapping>,
    /// Its security groups; only at creation can it be given the first one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<Ref<SecurityGroupId>>,
    /// `off`; sent because LBC sends it.
    pub enable_prefix_for_ipv6_source_nat: &'static str,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// Request of ModifyLoadBalancerAttributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyLoadBalancerAttributes {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// Only the attributes that change.
    pub attributes: TagList,
}

/// Request of SetSecurityGroups: the whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetSecurityGroups {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// Never empty.
    pub security_groups: Vec<Ref<SecurityGroupId>>,
}

/// Request of SetSubnets: the whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetSubnets {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// One subnet per zone.
    pub subnet_mappings: Vec<SubnetMapping>,
    /// `off`; sent because LBC sends it.
    pub enable_prefix_for_ipv6_source_nat: &'static str,
}

/// Request of SetIpAddressType.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetIpAddressType {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// The address type.
    pub ip_address_type: IpAddressType,
}

/// Request of DeleteLoadBalancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteLoadBalancer {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
}

/// One target group that a listener forwards to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Forward {
    /// The target group.
    pub target_group_arn: Ref<TargetGroupArn>,
    /// 0 to 999; left out when there is only one group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
}

/// Request of CreateListener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateListener {
    /// The load balancer.
    pub load_balancer_arn: Ref<LoadBalancerArn>,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// Where it forwards to.
    #[serde(rename = "DefaultActions", serialize_with = "default_actions")]
    pub forward: Vec<Forward>,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// Request of ModifyListener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyListener {
    /// The listener.
    pub listener_arn: ListenerArn,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// Where it forwards to.
    #[serde(rename = "DefaultActions", serialize_with = "default_actions")]
    pub forward: Vec<Forward>,
}

/// Request of DeleteListener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteListener {
    /// The listener.
    pub listener_arn: ListenerArn,
}

/// Request of ELBv2's AddTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddTags {
    /// ARNs of load balancers, target groups or listeners.
    pub resource_arns: Vec<String>,
    /// Only the tags that change.
    pub tags: TagList,
}

/// Request of ELBv2's RemoveTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveTags {
    /// ARNs of load balancers, target groups or listeners.
    pub resource_arns: Vec<String>,
    /// The keys.
    pub tag_keys: Vec<String>,
}

/// Request of RegisterTargets and DeregisterTargets; at most 200 targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Targets {
    /// The target group.
    pub target_group_arn: Ref<TargetGroupArn>,
    /// The targets.
    pub targets: Vec<Target>,
}

/// A write of a TargetGroupBinding object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubeChange {
    /// Makes it.
    Create(CreateTargetGroupBinding),
    /// Changes spec fields and labels that are ours, by a JSON merge patch.
    Patch(PatchTargetGroupBinding),
    /// Deletes it.
    Delete(DeleteTargetGroupBinding),
}

impl KubeChange {
    /// The verb, as RBAC spells it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Patch(_) => "patch",
            Self::Delete(_) => "delete",
        }
    }

    /// Namespace and name of the object.
    pub fn name(&self) -> &ObjectName {
        match self {
            Self::Create(create) => &create.name,
            Self::Patch(patch) => &patch.name,
            Self::Delete(delete) => &delete.name,
        }
    }

    fn request(&self) -> Value {
        match self {
            Self::Create(create) => create.object.clone(),
            Self::Patch(patch) => patch.patch.clone(),
            Self::Delete(delete) => {
                json!({ "metadata": { "name": delete.name.name, "namespace": delete.name.namespace } })
            }
        }
    }
}

/// Makes a TargetGroupBinding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTargetGroupBinding {
    /// Its name.
    pub name: ObjectName,
    /// The object; references stand as `{"ref": …}` until they are resolved.
    pub object: Value,
}

/// Patches a TargetGroupBinding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchTargetGroupBinding {
    /// Its name.
    pub name: ObjectName,
    /// The JSON merge patch, with resourceVersion.
    pub patch: Value,
}

/// Deletes a TargetGroupBinding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteTargetGroupBinding {
    /// Its name.
    pub name: ObjectName,
}

impl From<&crate::model::HealthCheck> for HealthCheckRequest {
    fn from(check: &crate::model::HealthCheck) -> Self {
        let crate::model::HealthCheck {
            protocol,
            port,
            path,
            matcher,
            interval,
            timeout,
            healthy_threshold,
            unhealthy_threshold,
        } = check.clone();
        Self {
            health_check_protocol: protocol,
            health_check_port: port,
            health_check_path: path,
            health_check_interval_seconds: interval,
            health_check_timeout_seconds: timeout,
            healthy_threshold_count: healthy_threshold,
            unhealthy_threshold_count: unhealthy_threshold,
            matcher,
        }
    }
}

/// The entry that a reference of `key`'s plan is looked up in after its own: the stack of a generated binding, then the cluster.
pub(super) fn lookup_order(key: &Key, of: Option<&crate::id::StackId>) -> Vec<Key> {
    let mut order = vec![key.clone()];
    order.extend(of.map(|stack| Key::Stack(stack.clone())));
    order.push(Key::Cluster);
    order
}
