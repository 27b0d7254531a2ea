//! The writes that a plan can hold: one variant per call.

use serde::Serialize;
use serde_json::{Value, json};

use super::request::{
    AddTags, CreateListener, CreateLoadBalancer, CreateRule, CreateSecurityGroup, CreateTags, CreateTargetGroup,
    DeleteListener, DeleteLoadBalancer, DeleteRule, DeleteSecurityGroup, DeleteTags, DeleteTargetGroup,
    ListenerCertificates, ModifyListener, ModifyListenerAttributes, ModifyLoadBalancerAttributes, ModifyRule,
    ModifyTargetGroup, ModifyTargetGroupAttributes, RemoveTags, SecurityGroupIngress, SetIpAddressType,
    SetRulePriorities, SetSecurityGroups, SetSubnets, Targets,
};
use crate::id::{Key, ObjectName, ResourceKey};

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
    /// Whether another takes its place and its id.
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
    /// Changes attributes of a listener.
    ModifyListenerAttributes(ModifyListenerAttributes), "elasticloadbalancing", Update;
    /// Adds a certificate to a listener's list.
    AddListenerCertificates(ListenerCertificates), "elasticloadbalancing", Update;
    /// Takes a certificate off a listener's list.
    RemoveListenerCertificates(ListenerCertificates), "elasticloadbalancing", Update;
    /// Makes a rule.
    CreateRule(CreateRule), "elasticloadbalancing", Create;
    /// Changes what a rule takes and what it does.
    ModifyRule(ModifyRule), "elasticloadbalancing", Update;
    /// Changes the order of a listener's rules.
    SetRulePriorities(SetRulePriorities), "elasticloadbalancing", Update;
    /// Deletes a rule.
    DeleteRule(DeleteRule), "elasticloadbalancing", Delete;
    /// Sets tags.
    AddTags(AddTags), "elasticloadbalancing", Update;
    /// Removes tags.
    RemoveTags(RemoveTags), "elasticloadbalancing", Update;
    /// Adds targets.
    RegisterTargets(Targets), "elasticloadbalancing", Update;
    /// Removes targets.
    DeregisterTargets(Targets), "elasticloadbalancing", Update;
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

/// The entry that a reference of `key`'s plan is looked up in after its own: the stack of a generated binding, then the cluster.
pub(super) fn lookup_order(key: &Key, of: Option<&crate::id::StackId>) -> Vec<Key> {
    let mut order = vec![key.clone()];
    order.extend(of.map(|stack| Key::Stack(stack.clone())));
    order.push(Key::Cluster);
    order
}
