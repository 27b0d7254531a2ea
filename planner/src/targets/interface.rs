//! Which security group guards a target: the one of its network interface (`deploy-and-targets.md` §4.6).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::backend::Candidate;
use super::{BindingSpec, object_ref};
use crate::facts::{Facts, Instance, NetworkInterface};
use crate::id::{InstanceId, SecurityGroupId};
use crate::model::{IngressRule, TargetId};
use crate::problem::Problem;
use crate::snapshot::Settings;

/// What guards a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A security group.
    Group(SecurityGroupId),
    /// Nothing of this VPC: the address is outside (a hybrid node's pod, a peered network).
    Outside,
    /// It could not be told; why.
    Unknown(String),
}

/// Finds the security group of a target.
pub(crate) fn guard(target: &TargetId, facts: &Facts, settings: &Settings) -> Guard {
    match target {
        TargetId::Instance(id) => match instance(id, facts) {
            None => Guard::Unknown(not_found(id)),
            Some(instance) => match &instance.primary_interface {
                None => Guard::Unknown(format!("instance {id} has no network interface at device index 0")),
                Some(interface) => choose(interface, facts, settings),
            },
        },
        TargetId::Ip(address) => match facts.interfaces.get(address) {
            Some(interface) => choose(interface, facts, settings),
            None if is_outside(*address, facts) => Guard::Outside,
            None => Guard::Unknown(format!("no network interface in the VPC holds the address {address}")),
        },
    }
}

/// The worker and pod security groups that a binding's targets have, and the targets of which it could not be told.
pub fn groups_of(spec: &BindingSpec, facts: &Facts) -> (BTreeSet<SecurityGroupId>, Vec<Problem>) {
    let (mut groups, mut problems) = (BTreeSet::new(), Vec::new());
    for candidate in spec.candidates() {
        let (rules, unknown) = rules_by_group(spec, candidate, facts);
        groups.extend(rules.into_keys());
        problems.extend(unknown);
    }
    problems.sort();
    problems.dedup();
    (groups, problems)
}

/// The rules that a binding needs of each security group.
pub(super) fn rules_by_group<'c>(
    spec: &BindingSpec,
    candidate: &'c Candidate,
    facts: &Facts,
) -> (BTreeMap<SecurityGroupId, BTreeSet<&'c IngressRule>>, Vec<Problem>) {
    let (mut rules, mut unknown) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeSet::new());
    for opening in &candidate.openings {
        let mut groups = BTreeSet::new();
        for target in opening.targets.iter() {
            match guard(target, facts, &spec.settings) {
                Guard::Group(group) => {
                    groups.insert(group);
                }
                Guard::Outside => {}
                Guard::Unknown(why) => {
                    unknown.insert(why);
                }
            }
        }
        for group in groups {
            rules.entry(group).or_default().extend(&opening.rules);
        }
    }
    let problems = unknown
        .into_iter()
        .map(|why| {
            Problem::of(object_ref(&spec.name), why)
                .hint("no security group is opened for this target until it can be told")
        })
        .collect();
    (rules, problems)
}

/// An instance that exists. One that is terminated is told for a while yet, but is in no VPC any more.
pub(super) fn instance<'f>(id: &InstanceId, facts: &'f Facts) -> Option<&'f Instance> {
    facts.instances.get(id).filter(|instance| instance.vpc.is_some())
}

/// The sentence about an instance that does not exist.
pub(super) fn not_found(id: &InstanceId) -> String {
    format!("instance {id} was not found")
}

/// Whether an address is known to be outside the cluster's VPC.
pub(super) fn is_outside(address: IpAddr, facts: &Facts) -> bool {
    facts.vpc.as_ref().is_some_and(|vpc| !vpc.cidrs.iter().chain(&vpc.ipv6_cidrs).any(|cidr| cidr.contains(&address)))
}

/// Of several groups, the one that the cluster and the settings point at by its tags.
fn choose(interface: &NetworkInterface, facts: &Facts, settings: &Settings) -> Guard {
    if let [only] = interface.security_groups.as_slice() {
        return Guard::Group(only.clone());
    }
    let cluster_tag = format!("kubernetes.io/cluster/{}", settings.cluster_name);
    let wanted = &settings.target_eni_security_group_tags;
    let is_ours = |group: &&SecurityGroupId| {
        facts.security_groups.get(*group).is_some_and(|facts| {
            facts.tags.contains_key(&cluster_tag)
                && wanted.iter().all(|(key, value)| facts.tags.get(key) == Some(value))
        })
    };
    let groups = interface.security_groups.iter().collect::<BTreeSet<_>>();
    match groups.iter().copied().filter(is_ours).collect::<Vec<_>>().as_slice() {
        [only] => Guard::Group((*only).clone()),
        tagged => {
            let list = groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(", ");
            let tags = wanted.iter().map(|(key, value)| format!(" and {key}={value}")).collect::<String>();
            Guard::Unknown(format!(
                "network interface {} has the security groups {list}; exactly one has to carry the tag \
                 {cluster_tag}{tags}, and {} do",
                interface.id,
                tagged.len(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{SecurityGroupFacts, Vpc};
    use crate::id::{NetworkInterfaceId, VpcId};
    use crate::testing;

    fn vpc() -> Option<VpcId> {
        Some(VpcId::new("vpc-1"))
    }

    fn interface(groups: &[&str]) -> NetworkInterface {
        NetworkInterface {
            id: NetworkInterfaceId::new("eni-1"),
            security_groups: groups.iter().map(|group| SecurityGroupId::new(*group)).collect(),
        }
    }

    fn facts(interface: NetworkInterface, tagged: &[(&str, &str, &str)]) -> Facts {
        let mut facts = Facts::default();
        let instance = Instance { vpc: vpc(), primary_interface: Some(interface) };
        facts.instances.insert(InstanceId::new("i-1"), instance);
        for (group, key, value) in tagged {
            let entry = facts
                .security_groups
                .entry(SecurityGroupId::new(*group))
                .or_insert(SecurityGroupFacts { tags: Default::default(), rules: Vec::new() });
            entry.tags.insert((*key).to_owned(), (*value).to_owned());
        }
        facts
    }

    fn guard_of(facts: &Facts, change: impl FnOnce(&mut Settings)) -> Guard {
        let mut snapshot = testing::snapshot();
        change(std::sync::Arc::make_mut(&mut snapshot.settings));
        guard(&TargetId::Instance(InstanceId::new("i-1")), facts, &snapshot.settings)
    }

    fn group(id: &str) -> Guard {
        Guard::Group(SecurityGroupId::new(id))
    }

    #[test]
    fn the_only_group_needs_no_tag() {
        assert_eq!(guard_of(&facts(interface(&["sg-a"]), &[]), |_| {}), group("sg-a"));
    }

    #[test]
    fn of_several_groups_the_tagged_one_is_taken() {
        let tag = "kubernetes.io/cluster/demo";
        let several = || interface(&["sg-b", "sg-a"]);
        assert_eq!(guard_of(&facts(several(), &[("sg-b", tag, "owned")]), |_| {}), group("sg-b"));
        assert_eq!(guard_of(&facts(several(), &[("sg-b", tag, "")]), |_| {}), group("sg-b"), "any value will do");
        let both = [("sg-a", tag, "owned"), ("sg-b", tag, "owned"), ("sg-a", "use", "lb")];
        let by_setting = guard_of(&facts(several(), &both), |settings| {
            settings.target_eni_security_group_tags.insert("use".into(), "lb".into());
        });
        assert_eq!(by_setting, group("sg-a"));
        let Guard::Unknown(why) = guard_of(&facts(several(), &both), |_| {}) else { panic!("two are tagged") };
        assert_eq!(
            why,
            "network interface eni-1 has the security groups sg-a, sg-b; exactly one has to carry the tag \
             kubernetes.io/cluster/demo, and 2 do"
        );
        let other = [("sg-a", "kubernetes.io/cluster/demo-2", "owned")];
        assert!(
            matches!(guard_of(&facts(several(), &other), |_| {}), Guard::Unknown(why) if why.ends_with("and 0 do"))
        );
    }

    #[test]
    fn what_was_not_found_is_not_known() {
        assert_eq!(guard_of(&Facts::default(), |_| {}), Guard::Unknown("instance i-1 was not found".into()));
        let mut without = Facts::default();
        without.instances.insert(InstanceId::new("i-1"), Instance { vpc: None, primary_interface: None });
        assert_eq!(guard_of(&without, |_| {}), Guard::Unknown("instance i-1 was not found".into()), "terminated");
        without.instances.insert(InstanceId::new("i-1"), Instance { vpc: vpc(), primary_interface: None });
        assert!(matches!(guard_of(&without, |_| {}), Guard::Unknown(why) if why.contains("device index 0")));
        assert!(matches!(guard_of(&facts(interface(&[]), &[]), |_| {}), Guard::Unknown(_)));
    }

    #[test]
    fn an_address_outside_the_vpc_has_no_interface_to_look_for() {
        let settings = testing::snapshot().settings;
        let inside = TargetId::Ip("10.0.1.1".parse().unwrap());
        let outside = TargetId::Ip("192.168.1.1".parse().unwrap());
        let mut facts = Facts::default();
        assert!(matches!(guard(&outside, &facts, &settings), Guard::Unknown(_)), "without the VPC nothing is outside");
        facts.vpc = Some(Vpc { cidrs: vec!["10.0.0.0/16".parse().unwrap()], ipv6_cidrs: Vec::new() });
        assert_eq!(guard(&outside, &facts, &settings), Guard::Outside);
        assert!(matches!(guard(&inside, &facts, &settings), Guard::Unknown(_)));
    }
}
