//! Names, ARNs, ports and keys: every string from outside gets its type here.

mod stack;
mod vocabulary;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use stack::StackId;
pub use vocabulary::{
    HealthCheckProtocol, IpAddressType, IpProtocol, LoadBalancerType, Protocol, ProtocolVersion, RedirectStatusCode,
    Scheme, TargetIpAddressType, TargetType, UnknownValue,
};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as AWS or Kubernetes gave it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// The cluster's name (`--cluster-name`): part of names and the value of the cluster tag.
    ClusterName;
    /// An AWS account: twelve digits.
    AccountId;
    /// An AWS Region, `us-west-2`.
    Region;
    /// `vpc-…`.
    VpcId;
    /// `subnet-…`.
    SubnetId;
    /// `sg-…`.
    SecurityGroupId;
    /// `i-…`.
    InstanceId;
    /// `eni-…`.
    NetworkInterfaceId;
    /// The name of an Availability Zone, `us-west-2a`.
    AvailabilityZone;
    /// The ARN of a load balancer.
    LoadBalancerArn;
    /// The ARN of a listener.
    ListenerArn;
    /// The ARN of a rule of a listener.
    RuleArn;
    /// The ARN of a certificate, in ACM or in IAM.
    CertificateArn;
    /// The ARN of a target group.
    TargetGroupArn;
    /// A Kubernetes object's uid.
    Uid;
}

/// A namespaced Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectName {
    /// Joins a namespace and a name.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The name under which an object's metadata stands; no namespace means `default`.
    pub fn of(metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta) -> Self {
        Self::new(metadata.namespace.as_deref().unwrap_or("default"), metadata.name.as_deref().unwrap_or_default())
    }
}

/// `<namespace>/<name>`; an object without a namespace (an IngressClass, a group of Ingresses) is its name.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => f.write_str(&self.name),
            namespace => write!(f, "{namespace}/{}", self.name),
        }
    }
}

/// What is planned, and worked on, one at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// What the cluster shares: the backend security group.
    Cluster,
    /// One load balancer and all that belongs to it.
    Stack(StackId),
    /// The ingress rules of one worker or pod security group.
    Rules(SecurityGroupId),
    /// The targets of one TargetGroupBinding.
    Binding(ObjectName),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster"),
            Self::Stack(stack) => stack.fmt(f),
            Self::Rules(group) => write!(f, "rules/{group}"),
            Self::Binding(name) => write!(f, "binding/{name}"),
        }
    }
}

/// A Kubernetes object as messages name it: `Service/default/web`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    kind: &'static str,
    name: ObjectName,
}

impl ObjectRef {
    /// Names an object of `kind`.
    pub fn new(kind: &'static str, name: &ObjectName) -> Self {
        Self { kind, name: name.clone() }
    }

    /// The kind, as in the object's own `kind` field.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Namespace and name.
    pub fn name(&self) -> &ObjectName {
        &self.name
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The kinds of things that a plan changes, by their CloudFormation types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A security group.
    SecurityGroup,
    /// A target group.
    TargetGroup,
    /// A load balancer.
    LoadBalancer,
    /// A listener.
    Listener,
    /// A rule of a listener.
    ListenerRule,
    /// The Kubernetes object that records a target group's Service port.
    TargetGroupBinding,
}

impl ResourceKind {
    /// The CloudFormation type (for the Kubernetes object: the one of the stack model).
    pub fn cloud_formation_type(self) -> &'static str {
        match self {
            Self::SecurityGroup => "AWS::EC2::SecurityGroup",
            Self::TargetGroup => "AWS::ElasticLoadBalancingV2::TargetGroup",
            Self::LoadBalancer => "AWS::ElasticLoadBalancingV2::LoadBalancer",
            Self::Listener => "AWS::ElasticLoadBalancingV2::Listener",
            Self::ListenerRule => "AWS::ElasticLoadBalancingV2::ListenerRule",
            Self::TargetGroupBinding => "K8S::ElasticLoadBalancingV2::TargetGroupBinding",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cloud_formation_type())
    }
}

/// A resource inside its stack: the kind and the id in its `…/resource` tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// The kind.
    pub kind: ResourceKind,
    /// The id inside the stack: `LoadBalancer`, `80`, `default/web:80`, `ManagedLBSecurityGroup`.
    pub id: String,
}

impl ResourceKey {
    /// Joins a kind and an id.
    pub fn new(kind: ResourceKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// The load balancer of a stack.
    pub fn load_balancer() -> Self {
        Self::new(ResourceKind::LoadBalancer, "LoadBalancer")
    }

    /// The front-end security group that we make for a load balancer.
    pub fn managed_security_group() -> Self {
        Self::new(ResourceKind::SecurityGroup, "ManagedLBSecurityGroup")
    }

    /// The security group that all load balancers of the cluster share towards their targets.
    pub fn backend_security_group() -> Self {
        Self::new(ResourceKind::SecurityGroup, "BackendSecurityGroup")
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// An id that is known, or the resource that has it once an earlier step made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ref<Id> {
    /// The resource exists.
    Known(Id),
    /// Made by an earlier step of this plan, of its stack's plan or of the cluster's.
    Made(ResourceKey),
}

impl<Id> Ref<Id> {
    /// The id of a resource that exists.
    pub fn known(&self) -> Option<&Id> {
        match self {
            Self::Known(id) => Some(id),
            Self::Made(_) => None,
        }
    }
}

impl<Id: Serialize> Serialize for Ref<Id> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        match self {
            Self::Known(id) => id.serialize(serializer),
            Self::Made(key) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("ref", &key.to_string())?;
                map.end()
            }
        }
    }
}

/// A value, or the field whose value only the API server can give.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knowable<T> {
    /// Known now.
    Known(T),
    /// Known after the object was applied; the field that will hold it.
    After(String),
}

impl<T: Copy> Knowable<T> {
    /// The value, when it is known.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::After(_) => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Knowable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::After(_) => f.write_str(KNOWN_AFTER_APPLY),
        }
    }
}

impl<T: Serialize> Serialize for Knowable<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::After(field) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("unknown", field)?;
                map.end()
            }
        }
    }
}

/// How texts show what only the API server can give.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_the_plan_prints_them() {
        let web = ObjectName::new("default", "web");
        assert_eq!(Key::Stack(StackId::Service(web.clone())).to_string(), "service/default/web");
        assert_eq!(Key::Stack(StackId::Ingress(web.clone())).to_string(), "ingress/default/web");
        assert_eq!(Key::Stack(StackId::Group("shop".to_owned())).to_string(), "group/shop");
        assert_eq!(Key::Binding(web).to_string(), "binding/default/web");
        assert_eq!(Key::Rules(SecurityGroupId::new("sg-1")).to_string(), "rules/sg-1");
        assert_eq!(Key::Cluster.to_string(), "cluster");
    }

    #[test]
    fn a_reference_prints_the_resource_that_will_have_the_id() {
        let made: Ref<LoadBalancerArn> = Ref::Made(ResourceKey::load_balancer());
        assert_eq!(
            serde_json::to_value(&made).unwrap(),
            serde_json::json!({ "ref": "AWS::ElasticLoadBalancingV2::LoadBalancer/LoadBalancer" })
        );
    }

    #[test]
    fn a_value_out_of_range_names_the_allowed_ones() {
        let error = "public".parse::<Scheme>().unwrap_err();
        assert_eq!(error.to_string(), "\"public\" is none of internal, internet-facing");
    }
}
