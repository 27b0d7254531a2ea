//! What a TargetGroupBinding says, and what is wrong with it on its own.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::id::{
    ObjectName, ObjectRef, Protocol, Ref, ResourceKey, ResourceKind, StackId, TargetGroupArn, TargetIpAddressType,
    TargetType, VpcId,
};
use crate::label_selector;
use crate::model::{Binding, NetworkingRule, PortRef};
use crate::problem::Problem;
use crate::snapshot::Settings;

/// What a TargetGroupBinding says. Unlike [`Binding`] it can leave open what its target group knows.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(super) name: ObjectName,
    pub(super) of: Option<StackId>,
    pub(super) group: Group,
    pub(super) target_type: Option<TargetType>,
    pub(super) protocol: Option<Protocol>,
    pub(super) service: String,
    pub(super) port: PortRef,
    pub(super) ip_address_type: Option<TargetIpAddressType>,
    pub(super) vpc: Option<VpcId>,
    pub(super) node_selector: Option<LabelSelector>,
    pub(super) networking: Option<Vec<NetworkingRule>>,
    pub(super) multi_cluster: bool,
    pub(super) assumes_role: bool,
}

/// The target group as a TargetGroupBinding names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Group {
    /// By ARN.
    Arn(TargetGroupArn),
    /// By name.
    Name(String),
    /// Made by an earlier step of its stack's plan.
    Made(ResourceKey),
}

impl Group {
    /// The name of the group, unique in account and Region; empty when there is none to be read.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Arn(arn) => name_in(arn.as_str()).unwrap_or_default(),
            Self::Name(name) => name,
            Self::Made(_) => "",
        }
    }

    /// Whether both name one group.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Arn(one), Self::Arn(other)) => one == other,
            (Self::Made(_), _) | (_, Self::Made(_)) => false,
            (Self::Arn(_) | Self::Name(_), _) => !self.name().is_empty() && self.name() == other.name(),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn(arn) => arn.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Made(key) => f.write_str(&key.id),
        }
    }
}

/// The name inside `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`.
pub(super) fn name_in(arn: &str) -> Option<&str> {
    let (prefix, rest) = arn.split_once(":targetgroup/")?;
    let (name, id) = rest.split_once('/')?;
    (prefix.starts_with("arn:") && !name.is_empty() && !id.is_empty()).then_some(name)
}

impl From<&Binding> for Declared {
    fn from(binding: &Binding) -> Self {
        let Binding {
            name,
            labels,
            target_group,
            target_type,
            protocol,
            service,
            port,
            ip_address_type,
            vpc,
            node_selector,
            networking,
            multi_cluster,
        } = binding.clone();
        Self {
            name,
            of: StackId::from_labels(&labels),
            group: match target_group {
                Ref::Known(arn) => Group::Arn(arn),
                Ref::Made(key) => Group::Made(key),
            },
            target_type: Some(target_type),
            protocol,
            service,
            port,
            ip_address_type: Some(ip_address_type),
            vpc,
            node_selector,
            networking,
            multi_cluster,
            assumes_role: false,
        }
    }
}

impl Declared {
    /// The target group inside its stack. Hand-made objects get the same kind of id.
    pub(super) fn resource_key(&self) -> ResourceKey {
        match &self.group {
            Group::Made(key) => key.clone(),
            Group::Arn(_) | Group::Name(_) => ResourceKey::new(
                ResourceKind::TargetGroup,
                format!("{}/{}:{}", self.name.namespace, self.service, self.port),
            ),
        }
    }

    /// The Service.
    pub(super) fn service_name(&self) -> ObjectName {
        ObjectName::new(self.name.namespace.clone(), self.service.clone())
    }

    /// Every kind of target that is left possible.
    pub(super) fn kinds(&self) -> Vec<(TargetType, TargetIpAddressType)> {
        let families = match self.ip_address_type {
            Some(family) => vec![family],
            None => vec![TargetIpAddressType::Ipv4, TargetIpAddressType::Ipv6],
        };
        let mut kinds = Vec::new();
        if self.target_type != Some(TargetType::Ip) {
            kinds.push((TargetType::Instance, families[0]));
        }
        if self.target_type != Some(TargetType::Instance) {
            kinds.extend(families.into_iter().map(|family| (TargetType::Ip, family)));
        }
        kinds
    }

    /// What is wrong with the object on its own: every problem at once.
    pub(super) fn problems(&self, object: &ObjectRef, settings: &Settings) -> Vec<Problem> {
        let problem = |field: &str, message: &str| Problem::of(object.clone(), message).at(field);
        let mut problems = Vec::new();
        if self.multi_cluster {
            problems.push(problem(
                "spec.multiClusterTargetGroup",
                "target groups that several clusters share are not supported yet",
            ));
        }
        if self.assumes_role {
            problems.push(problem("spec.iamRoleArnToAssume", "target groups of other accounts are not supported yet"));
        }
        if let Group::Arn(arn) = &self.group
            && name_in(arn.as_str()).is_none()
        {
            problems.push(
                problem("spec.targetGroupARN", "not the ARN of a target group")
                    .value(arn.as_str())
                    .hint("arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID"),
            );
        }
        if let Some(vpc) = self.vpc.as_ref().filter(|vpc| **vpc != settings.vpc) {
            problems.push(
                problem("spec.vpcID", "target groups outside the cluster's VPC are not supported yet")
                    .value(vpc.as_str())
                    .hint(format!("the cluster's VPC is {}", settings.vpc)),
            );
        }
        if let Some(selector) = &self.node_selector {
            problems.extend(
                label_selector::problems(selector).into_iter().map(|message| problem("spec.nodeSelector", &message)),
            );
        }
        problems.extend(self.contradictions(object));
        problems
    }

    /// Fields that do not go with the target type.
    fn contradictions(&self, object: &ObjectRef) -> Vec<Problem> {
        let problem = |field: &str, message: &str| Problem::of(object.clone(), message).at(field);
        let mut problems = Vec::new();
        match self.target_type {
            Some(TargetType::Ip) if self.node_selector.is_some() => {
                problems.push(problem("spec.nodeSelector", "picks nodes, but the target type is ip"));
            }
            Some(TargetType::Instance) => {
                if let Some(protocol @ (Protocol::Quic | Protocol::TcpQuic)) = self.protocol {
                    problems.push(
                        problem("spec.targetGroupProtocol", "cannot be used with target type instance")
                            .value(protocol.as_str()),
                    );
                }
                if let Some(name) = self.named_ports().first() {
                    problems.push(
                        problem("spec.networking", "ports by name can only be used with target type ip")
                            .value(*name)
                            .hint("write the number of the node port"),
                    );
                }
            }
            // Whose security groups to open, the nodes' or the pods', must not be a guess.
            None if self.networking.as_ref().is_some_and(|rules| !rules.is_empty()) => problems.push(
                problem("spec.targetType", "has to be set when networking is")
                    .hint("write the target type of the target group: instance or ip"),
            ),
            Some(TargetType::Ip) | None => {}
        }
        problems
    }

    fn named_ports(&self) -> Vec<&str> {
        let rules = self.networking.iter().flatten();
        rules
            .flat_map(|rule| &rule.ports)
            .filter_map(|port| match &port.port {
                Some(PortRef::Name(name)) => Some(name.as_str()),
                Some(PortRef::Number(_)) | None => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IpProtocol, Knowable};
    use crate::model::NetworkingPort;
    use crate::targets::fixture;

    fn problems(change: impl FnOnce(&mut Declared)) -> Vec<String> {
        let mut declared = Declared::from(&fixture::binding());
        change(&mut declared);
        let object = ObjectRef::new("TargetGroupBinding", &declared.name);
        let settings = crate::testing::snapshot().settings;
        declared.problems(&object, &settings).iter().map(ToString::to_string).collect()
    }

    fn port(port: PortRef) -> Vec<NetworkingRule> {
        let ports = vec![NetworkingPort { protocol: IpProtocol::Tcp, port: Some(port) }];
        vec![NetworkingRule { from: Vec::new(), ports }]
    }

    #[test]
    fn a_valid_binding_has_no_problems() {
        assert_eq!(problems(|_| {}), [""; 0]);
        let mut made = fixture::binding();
        made.target_group = Ref::Made(ResourceKey::new(ResourceKind::TargetGroup, "default/web:80"));
        assert_eq!(Declared::from(&made).resource_key().id, "default/web:80");
    }

    #[test]
    fn each_mistake_has_its_own_sentence() {
        type Mutation = fn(&mut Declared);
        let cases: &[(Mutation, &str)] = &[
            (|d| d.multi_cluster = true, "spec.multiClusterTargetGroup: target groups that several clusters share"),
            (|d| d.assumes_role = true, "spec.iamRoleArnToAssume: target groups of other accounts"),
            (
                |d| d.group = Group::Arn(TargetGroupArn::new("arn:aws:x")),
                "spec.targetGroupARN: \"arn:aws:x\": not the ARN",
            ),
            (|d| d.vpc = Some(VpcId::new("vpc-2")), "spec.vpcID: \"vpc-2\": target groups outside the cluster's VPC"),
            (|d| d.protocol = Some(Protocol::Quic), "spec.targetGroupProtocol: \"QUIC\": cannot be used"),
            (|d| d.networking = Some(port(PortRef::Name("http".into()))), "spec.networking: \"http\": ports by name"),
            (
                |d| {
                    d.target_type = None;
                    d.networking = Some(port(PortRef::Number(Knowable::Known(80))));
                },
                "spec.targetType: has to be set when networking is",
            ),
            (
                |d| {
                    d.target_type = Some(TargetType::Ip);
                    d.node_selector = Some(LabelSelector::default());
                },
                "spec.nodeSelector: picks nodes, but the target type is ip",
            ),
        ];
        for (mutation, sentence) in cases {
            let found = problems(mutation);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(sentence), "{found:?} should start with {sentence}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let found = problems(|d| {
            d.multi_cluster = true;
            d.assumes_role = true;
            d.vpc = Some(VpcId::new("vpc-2"));
        });
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn what_is_left_open_leaves_several_kinds() {
        let mut declared = Declared::from(&fixture::binding());
        assert_eq!(declared.kinds(), [(TargetType::Instance, TargetIpAddressType::Ipv4)]);
        declared.target_type = None;
        assert_eq!(declared.kinds().len(), 2);
        declared.ip_address_type = None;
        assert_eq!(declared.kinds().len(), 3);
        declared.target_type = Some(TargetType::Instance);
        assert_eq!(declared.kinds().len(), 1, "instances have no family");
    }

    #[test]
    fn a_group_is_the_same_by_arn_or_by_name() {
        let arn = |id: &str| {
            Group::Arn(TargetGroupArn::new(format!("arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/{id}")))
        };
        let named = |name: &str| Group::Name(name.to_owned());
        assert!(arn("a/1").is_same(&arn("a/1")));
        assert!(!arn("a/1").is_same(&arn("a/2")));
        assert!(arn("a/1").is_same(&named("a")) && named("a").is_same(&arn("a/1")));
        assert!(!named("a").is_same(&named("b")));
        assert!(!named("").is_same(&named("")), "what cannot be read is nobody's");
    }
}
