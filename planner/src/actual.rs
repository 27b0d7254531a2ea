//! What was observed in AWS, and whose it is.

mod listener;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::facts::{Live, LiveLoadBalancer, SecurityGroupFacts};
use crate::id::{
    IpAddressType, LoadBalancerArn, ObjectName, Protocol, ProtocolVersion, Ref, Scheme, SecurityGroupId, StackId,
    SubnetId, TargetGroupArn, TargetIpAddressType, TargetType,
};
use crate::model::{HealthCheck, IngressRule, Pairs};
use crate::planted::{Bug, planted};

pub use listener::{ActualListener, ActualRule};
pub use target::{ActualTargets, TargetCount, TargetGroupSummary, TargetHealth, TargetState};

/// The tag that names the cluster on everything the controller makes.
pub const CLUSTER_TAG: &str = "elbv2.k8s.aws/cluster";
/// The tag that marks the shared backend security group.
pub const SHARED_RESOURCE_TAG: &str = "elbv2.k8s.aws/resource";
/// The value of [`SHARED_RESOURCE_TAG`] on the backend security group.
pub const BACKEND_SECURITY_GROUP: &str = "backend-sg";

/// What one decision has to see of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything that carries the tags of a stack.
    Stack {
        /// The stack.
        id: StackId,
        /// What for: it decides which attributes are worth reading.
        purpose: Purpose,
    },
    /// The targets of a target group.
    Targets(TargetGroupRef),
    /// The ingress rules of a worker or pod security group.
    Rules(SecurityGroupId),
    /// The shared backend security group and what holds it.
    Cluster,
    /// Nothing: what is planned does not exist yet.
    Nothing,
}

/// Whether a stack is to stay or to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It is wanted, or some of it for a while: rules, and the attributes of its target groups, are read.
    Keep,
    /// It is to go: the attributes of its load balancer (deletion protection) are read.
    Delete,
}

/// A target group as a TargetGroupBinding names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetGroupRef {
    /// By ARN.
    Arn(TargetGroupArn),
    /// By name.
    Name(String),
}

/// What was observed, by the scope that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actual {
    /// A stack.
    Stack(ActualStack),
    /// The targets of a target group.
    Targets(ActualTargets),
    /// The rules of a worker security group; `None`: there is no such group.
    Rules(Option<SecurityGroupFacts>),
    /// What the cluster shares.
    Cluster(ActualCluster),
    /// Nothing was asked.
    Nothing,
}

impl Actual {
    /// The part that may influence what is wanted.
    pub fn live(&self) -> Live {
        match self {
            Self::Stack(stack) => stack.live(),
            Self::Targets(_) | Self::Rules(_) | Self::Cluster(_) | Self::Nothing => Live::default(),
        }
    }

    /// What was found of a binding's targets.
    pub fn targets(&self) -> Option<&ActualTargets> {
        match self {
            Self::Targets(targets) => Some(targets),
            Self::Stack(_) | Self::Rules(_) | Self::Cluster(_) | Self::Nothing => None,
        }
    }

    /// The ARNs and ids of a stack's load balancers, target groups and security groups.
    pub fn ids(&self) -> BTreeSet<&str> {
        let Self::Stack(stack) = self else { return BTreeSet::new() };
        let load_balancers = stack.load_balancers.iter().map(|found| found.arn.as_str());
        let target_groups = stack.target_groups.iter().map(|found| found.arn.as_str());
        let security_groups = stack.security_groups.iter().map(|found| found.id.as_str());
        load_balancers.chain(target_groups).chain(security_groups).collect()
    }
}

/// A resource that carries this stack's tags: the only kind that may be changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned<T> {
    resource_id: String,
    value: T,
}

impl<T> Owned<T> {
    /// Takes a resource as ours when its tags name the cluster, the stack and a resource id; otherwise gives it back.
    ///
    /// # Errors
    ///
    /// The value itself, when it is somebody else's.
    pub fn claim(value: T, tags: &Pairs, cluster: &str, stack: &StackId) -> Result<Self, T> {
        let ours = (tags.get(CLUSTER_TAG).is_some_and(|name| name == cluster) || planted(Bug::ClusterTagIgnored))
            && tags.get(&stack.stack_tag()) == Some(&stack.tag_value());
        match tags.get(&stack.resource_tag()) {
            Some(resource_id) if ours => Ok(Self { resource_id: resource_id.clone(), value }),
            _ => Err(value),
        }
    }

    /// The id inside the stack, from the tag.
    pub fn resource_id(&self) -> &str {
        &self.resource_id
    }
}

impl<T> std::ops::Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Everything of one stack, and the names that others took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActualStack {
    /// Load balancers of the stack, by ARN.
    pub load_balancers: Vec<Owned<ActualLoadBalancer>>,
    /// Target groups of the stack, by ARN.
    pub target_groups: Vec<Owned<ActualTargetGroup>>,
    /// Security groups of the stack, by id.
    pub security_groups: Vec<Owned<ActualSecurityGroup>>,
    /// Load balancers of the Region that are not this stack's.
    pub foreign_load_balancers: Foreign<LoadBalancerArn>,
    /// Target groups of the Region that are not this stack's.
    pub foreign_target_groups: Foreign<TargetGroupArn>,
    /// ARNs and ids that carry the stack's tags but no resource id: never touched, only told.
    pub unidentified: Vec<String>,
}

/// What others have in the Region, by name: a name can be taken once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign<Arn> {
    /// Everything of the Region; shared by all stacks that look at the same listing.
    listed: Arc<BTreeMap<String, Arn>>,
    /// Of these the stack's own, and what is gone by now.
    not_foreign: BTreeSet<Arn>,
}

impl<Arn> Default for Foreign<Arn> {
    fn default() -> Self {
        Self { listed: Arc::default(), not_foreign: BTreeSet::new() }
    }
}

impl<Arn: Ord> Foreign<Arn> {
    /// All that is listed but for these.
    pub fn of(listed: &Arc<BTreeMap<String, Arn>>, not_foreign: impl IntoIterator<Item = Arn>) -> Self {
        Self { listed: Arc::clone(listed), not_foreign: not_foreign.into_iter().collect() }
    }

    /// What has this name and is somebody else's.
    pub fn named(&self, name: &str) -> Option<&Arn> {
        self.listed.get(name).filter(|arn| !self.not_foreign.contains(arn))
    }

    /// All of it, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arn)> {
        let foreign = self.listed.iter().filter(|(_, arn)| !self.not_foreign.contains(arn));
        foreign.map(|(name, arn)| (name.as_str(), arn))
    }
}

impl ActualStack {
    /// Whether nothing of the stack is left.
    pub fn is_empty(&self) -> bool {
        let Self {
            load_balancers,
            target_groups,
            security_groups,
            foreign_load_balancers: _,
            foreign_target_groups: _,
            unidentified: _,
        } = self;
        load_balancers.is_empty() && target_groups.is_empty() && security_groups.is_empty()
    }

    /// The load balancer in use: of several with the stack's tags the first that has listeners.
    pub fn current(&self) -> Option<&Owned<ActualLoadBalancer>> {
        let serving = self.load_balancers.iter().find(|found| !found.listeners.is_empty());
        serving.or(self.load_balancers.first())
    }

    fn live(&self) -> Live {
        Live {
            load_balancer: self.current().map(|found| LiveLoadBalancer {
                arn: found.arn.clone(),
                name: found.name.clone(),
                dns_name: found.dns_name.clone(),
                scheme: found.scheme,
                ip_address_type: found.ip_address_type,
                subnets: found.subnets.clone(),
                security_groups: found.security_groups.clone(),
                redirecting_ports: found.listeners.iter().filter(|one| one.redirects()).map(|one| one.port).collect(),
            }),
            target_groups: self.rules_by_target_group(),
        }
    }

    fn rules_by_target_group(&self) -> BTreeMap<String, usize> {
        let mut leading: BTreeMap<&TargetGroupArn, usize> = BTreeMap::new();
        let listeners = self.current().into_iter().flat_map(|found| &found.listeners);
        for action in listeners.flat_map(|listener| &listener.rules).flat_map(|rule| &rule.actions) {
            action.target_groups().filter_map(Ref::known).for_each(|arn| *leading.entry(arn).or_default() += 1);
        }
        let rules = |group: &Owned<ActualTargetGroup>| leading.get(&group.arn).copied().unwrap_or_default();
        self.target_groups.iter().map(|group| (group.resource_id().to_owned(), rules(group))).collect()
    }
}

/// A load balancer with its listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualLoadBalancer {
    /// Its ARN.
    pub arn: LoadBalancerArn,
    /// Its name.
    pub name: String,
    /// Its host name.
    pub dns_name: String,
    /// `network` or `application`.
    pub load_balancer_type: String,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// How far its creation is.
    pub state: LoadBalancerState,
    /// Its address type.
    pub ip_address_type: IpAddressType,
    /// Its subnets, in the order of the API.
    pub subnets: Vec<SubnetId>,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Its tags.
    pub tags: Pairs,
    /// Its attributes; `None`: not read.
    pub attributes: Option<Pairs>,
    /// Its listeners, by port.
    pub listeners: Vec<ActualListener>,
}

/// The state of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadBalancerState {
    /// Being set up.
    Provisioning,
    /// Serving (`active_impaired` counts).
    Active,
    /// Could not be set up; with AWS's reason.
    Failed(String),
}

/// A target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualTargetGroup {
    /// Its ARN.
    pub arn: TargetGroupArn,
    /// Its name.
    pub name: String,
    /// What its targets are.
    pub target_type: TargetType,
    /// Its protocol.
    pub protocol: Protocol,
    /// How targets are spoken to; HTTP and HTTPS only.
    pub protocol_version: Option<ProtocolVersion>,
    /// The family of its targets' addresses.
    pub ip_address_type: TargetIpAddressType,
    /// Its health check.
    pub health_check: HealthCheck,
    /// Its attributes; `None`: not read.
    pub attributes: Option<Pairs>,
    /// The load balancers that send traffic to it: none or one.
    pub load_balancers: Vec<LoadBalancerArn>,
    /// Its tags.
    pub tags: Pairs,
}

/// A security group that we made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualSecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its name.
    pub name: String,
    /// Its ingress rules.
    pub rules: Vec<IngressRule>,
    /// Its tags.
    pub tags: Pairs,
}

/// The shared backend security group and what holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActualCluster {
    /// The group, when it exists. Several may carry its tags; the one with the lowest id is used.
    pub backend_security_group: Option<ActualSecurityGroup>,
    /// Security groups whose rules name it.
    pub referenced_by: BTreeSet<SecurityGroupId>,
    /// Stacks of the cluster that still have a security group of their own: it is the last thing that a stack gives up,
    /// so their load balancers may still carry the shared group.
    pub stacks_left: BTreeSet<StackId>,
}

/// The generated TargetGroupBinding objects of a stack, as the API server holds them.
#[derive(Debug, Clone, PartialEq)]
pub struct ActualBinding {
    /// What it says.
    pub binding: crate::model::Binding,
    /// The spec as JSON, to find the fields that a patch has to change.
    pub spec: serde_json::Value,
    /// Guards a patch against a change in between.
    pub resource_version: Option<String>,
    /// Whether its deletion has begun.
    pub deleting: bool,
    /// How far its targets are, as its status says; `None`: it does not.
    pub targets: Option<TargetCount>,
}

impl ActualBinding {
    /// The object's name.
    pub fn name(&self) -> &ObjectName {
        &self.binding.name
    }
}
