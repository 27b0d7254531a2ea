//! Intent and facts to what should exist: every name, port, tag and order, decided before the first write.

mod application;
mod naming;
mod network;
mod networking;
mod subnets;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Facts, Live, Needs};
use crate::id::{
    CertificateArn, IpAddressType, Knowable, LoadBalancerType, ObjectName, ObjectRef, Protocol, ProtocolVersion, Ref,
    ResourceKey, ResourceKind, Scheme, SecurityGroupId, StackId, TargetGroupArn, TargetIpAddressType, TargetType,
    VpcId,
};
use crate::model::{Action, Binding, Condition, HealthCheck, IngressRule, Pairs, SubnetMapping};
use crate::problem::Problem;
use crate::spec::StackSpec;
use crate::spec::ingress::Leaving;

pub(crate) use naming::backend_security_group as backend_security_group_name;
pub(crate) use tags::backend as backend_security_group_tags;

/// Everything of one stack that should exist. References between its resources are by their ids inside the stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    /// Front-end security groups, by resource id.
    pub security_groups: BTreeMap<String, SecurityGroup>,
    /// The load balancer.
    pub load_balancer: Option<LoadBalancer>,
    /// Target groups, by resource id.
    pub target_groups: BTreeMap<String, TargetGroup>,
    /// Listeners, by port.
    pub listeners: BTreeMap<u16, Listener>,
    /// TargetGroupBindings, by the resource id of their target group.
    pub bindings: BTreeMap<String, Binding>,
    /// The objects whose wishes these are: they hold on to the stack (its finalizer) before anything is made.
    pub holding: Vec<ObjectRef>,
    /// Members that cannot be understood. What there is for them stays as it is until they are mended: their rules, target
    /// groups and bindings (whose resource ids begin with `<namespace>/<name>-`), and whatever of listeners, certificates
    /// and open ports may be theirs.
    pub set_aside: BTreeSet<ObjectName>,
    /// All Ingresses whose rules the load balancer may have, those that are set aside too, in the group's order.
    pub members: Vec<ObjectName>,
    /// How many rules the load balancer may have; `None`: as many as AWS allows everybody.
    pub rules_allowed: Option<usize>,
    /// Ingresses that belong to another group by now, whose clients still come here: until their new load balancer serves.
    pub moving: BTreeMap<ObjectName, StackId>,
    /// Whether the objects are those of files that name only some members of the group.
    pub partial: bool,
    /// Tag keys that are never touched.
    pub untouched_tags: BTreeSet<String>,
    /// Whether what the cluster shares exists.
    pub shared_is_there: bool,
    /// The way of a request, one line per port.
    pub routes: Vec<String>,
    /// What is wrong with the members that are set aside.
    pub problems: Vec<Problem>,
    /// What is odd about the facts but does no harm.
    pub warnings: Vec<Problem>,
}

/// A load balancer that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// For creation only.
    pub name: String,
    /// Network or application.
    pub load_balancer_type: LoadBalancerType,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// What is asked for, when the existing load balancer has another scheme and stays for now.
    pub replacement_scheme: Option<Scheme>,
    /// Its address type.
    pub ip_address_type: IpAddressType,
    /// One subnet per zone.
    pub subnets: Vec<SubnetMapping>,
    /// How the subnets were chosen, in a sentence.
    pub subnets_reason: String,
    /// Its security groups; none when it was made without any.
    pub security_groups: Vec<Ref<SecurityGroupId>>,
    /// The attributes that must have these values.
    pub attributes: Pairs,
    /// Its tags.
    pub tags: Pairs,
}

/// A front-end security group that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// For creation only.
    pub name: String,
    /// For creation only.
    pub description: &'static str,
    /// The VPC.
    pub vpc: VpcId,
    /// All of its ingress rules.
    pub rules: Vec<IngressRule>,
    /// Its tags.
    pub tags: Pairs,
}

/// A target group that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// For creation only.
    pub name: String,
    /// What its targets are.
    pub target_type: TargetType,
    /// Its protocol.
    pub protocol: Protocol,
    /// How targets are spoken to; HTTP and HTTPS only.
    pub protocol_version: Option<ProtocolVersion>,
    /// For creation only.
    pub port: Knowable<u16>,
    /// The VPC.
    pub vpc: VpcId,
    /// The family of its targets' addresses.
    pub ip_address_type: TargetIpAddressType,
    /// Its health check.
    pub health_check: HealthCheck,
    /// The attributes that must have these values.
    pub attributes: Pairs,
    /// Its tags.
    pub tags: Pairs,
}

/// A listener that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its protocol.
    pub protocol: Protocol,
    /// What it does with a request that no rule takes.
    pub default_actions: Vec<Action>,
    /// Where they are asked for; `None`: nobody asks, and it is the contract's default.
    pub default_origin: Option<Origin>,
    /// Its security policy; HTTPS and TLS only.
    pub ssl_policy: Option<String>,
    /// Its certificates, HTTPS and TLS only: the first is its default, and all of them, the default too, are in its list for
    /// SNI (`ingress-alb.md` §6.3).
    pub certificates: Vec<CertificateArn>,
    /// The attributes that must have these values.
    pub attributes: Pairs,
    /// Its rules: the n-th, from 1, has priority n.
    pub rules: Vec<Rule>,
    /// Its tags.
    pub tags: Pairs,
}

/// A rule that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What a request has to be; at least one.
    pub conditions: Vec<Condition>,
    /// What is done with it.
    pub actions: Vec<Action>,
    /// Where it is asked for.
    pub origin: Origin,
    /// Its tags. The resource's, `<port>:<priority>`, is set anew where rules of a member that is set aside stand between.
    pub tags: Pairs,
}

/// The part of an object that asks for something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The object.
    pub object: ObjectRef,
    /// The field, `spec.rules[0].http.paths[1]`.
    pub field: String,
}

/// A reference to a target group of the stack.
pub(crate) fn target_group_ref(resource_id: &str) -> Ref<TargetGroupArn> {
    Ref::Made(ResourceKey::new(ResourceKind::TargetGroup, resource_id))
}

/// What has to be asked before anything can be decided.
pub(crate) fn needs(spec: &StackSpec, live: &Live) -> Needs {
    match spec {
        StackSpec::Service(spec) => network::needs(spec, live),
        StackSpec::Ingress(spec) => application::needs(spec, live),
        StackSpec::Gone(spec) => Needs { backend_security_group: spec.last_of_cluster, ..Needs::default() },
    }
}

/// Those that leave and are still served by the load balancer that is there.
fn moving(leaving: &[Leaving], live: &Live) -> BTreeMap<ObjectName, StackId> {
    let Some(live) = &live.load_balancer else { return BTreeMap::new() };
    let served = leaving.iter().filter(|one| one.is_served_by(&live.dns_name, &live.name));
    served.filter_map(|one| Some((one.name.clone(), one.moves_to.clone()?))).collect()
}

/// Decides what should exist.
///
/// # Errors
///
/// What the facts forbid (no subnet can be used): every problem at once.
pub(crate) fn decide(spec: &StackSpec, facts: &Facts, live: &Live) -> Result<Desired, Vec<Problem>> {
    match spec {
        StackSpec::Service(spec) => network::decide(spec, facts, live),
        StackSpec::Ingress(spec) => application::decide(spec, facts, live),
        StackSpec::Gone(spec) => {
            let shared_is_there = facts.backend_security_group.is_some();
            Ok(Desired { shared_is_there, moving: moving(&spec.ingresses, live), ..Desired::default() })
        }
    }
}
