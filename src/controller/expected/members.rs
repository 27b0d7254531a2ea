//! What was put into security groups and target groups and taken out of them a while ago.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use northgate_planner::actual::{Actual, ActualTargets};
use northgate_planner::id::Key;
use northgate_planner::model::{IngressRule, Target, TargetId};
use northgate_planner::plan::{Action, AwsChange, Plan, SecurityGroupIngress, Targets, Write};
use northgate_planner::targets::is_draining;
use tokio::time::Instant;

use super::rest;

/// What was done last to the members of each group, by the id of a security group or the ARN of a target group.
#[derive(Debug, Default)]
pub(super) struct Members(BTreeMap<String, BTreeMap<Member, Done>>);

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    /// A rule of a security group, without its description: EC2 does not know it by that.
    Rule(IngressRule),
    /// A target of a target group, without its zone: AWS gives it where none was sent.
    Target(TargetId, u16),
}

#[derive(Debug, Clone, Copy)]
struct Done {
    /// Whether it was put there, or taken away.
    is_there: bool,
    at: Instant,
}

impl Members {
    /// Notes what a change did.
    pub(super) fn note(&mut self, change: &AwsChange) {
        let Some((group, is_there, members)) = members(change) else { return };
        self.0.retain(|_, done| {
            done.retain(|_, done| rest(done.at).is_some());
            !done.is_empty()
        });
        let done = Done { is_there, at: Instant::now() };
        self.0.entry(group.to_owned()).or_default().extend(members.into_iter().map(|member| (member, done)));
    }

    /// Forgets a group that is deleted.
    pub(super) fn forget(&mut self, group: &str) {
        self.0.remove(group);
    }

    /// For how long a read may be older than what was done, where the plan leaves that as the read shows it.
    pub(super) fn contradict(&self, plan: &Plan, read: &Actual, target_group: Option<&str>) -> Option<Duration> {
        let shown = shown(&plan.key, read, target_group).into_iter();
        shown.filter_map(|(group, shown)| self.contradict_one(plan, group, &shown)).max()
    }

    fn contradict_one(&self, plan: &Plan, group: &str, shown: &BTreeSet<Member>) -> Option<Duration> {
        let done = self.0.get(group)?;
        let mut changed = BTreeSet::new();
        for change in plan.changes() {
            if change.action() == Action::Delete && change.resource.physical_id.as_deref() == Some(group) {
                return None;
            }
            if let Write::Aws(write) = &change.write
                && let Some((of, _, members)) = members(write)
                && of == group
            {
                changed.extend(members);
            }
        }
        let left = done.iter().filter(|(member, _)| !changed.contains(member));
        let contradicted = left.filter(|(member, done)| shown.contains(member) != done.is_there);
        contradicted.filter_map(|(_, done)| rest(done.at)).max()
    }
}

/// The group of a change, whether it puts something there, and what.
fn members(change: &AwsChange) -> Option<(&str, bool, Vec<Member>)> {
    match change {
        AwsChange::AuthorizeSecurityGroupIngress(request) => rules(request).map(|(group, rules)| (group, true, rules)),
        AwsChange::RevokeSecurityGroupIngress(request) => rules(request).map(|(group, rules)| (group, false, rules)),
        AwsChange::RegisterTargets(request) => targets(request).map(|(group, targets)| (group, true, targets)),
        AwsChange::DeregisterTargets(request) => targets(request).map(|(group, targets)| (group, false, targets)),
        _ => None,
    }
}

fn rules(request: &SecurityGroupIngress) -> Option<(&str, Vec<Member>)> {
    let SecurityGroupIngress { group_id, ip_permissions } = request;
    Some((group_id.known()?.as_str(), ip_permissions.iter().map(rule).collect()))
}

fn targets(request: &Targets) -> Option<(&str, Vec<Member>)> {
    let Targets { target_group_arn, targets } = request;
    Some((target_group_arn.known()?.as_str(), targets.iter().map(target).collect()))
}

/// What a read shows in each group.
fn shown<'a>(key: &'a Key, read: &'a Actual, target_group: Option<&'a str>) -> Vec<(&'a str, BTreeSet<Member>)> {
    match (key, read) {
        (Key::Rules(group), Actual::Rules(Some(found))) => {
            vec![(group.as_str(), found.rules.iter().map(rule).collect())]
        }
        (_, Actual::Stack(stack)) => {
            let groups = stack.security_groups.iter();
            groups.map(|found| (found.id.as_str(), found.rules.iter().map(rule).collect())).collect()
        }
        (_, Actual::Targets(ActualTargets::Found { group, targets })) => {
            let arn = group.as_ref().map(|group| group.arn.as_str()).or(target_group);
            let registered = targets.iter().filter(|(_, health)| !is_draining(health));
            let registered = registered.map(|(found, _)| target(found)).collect::<BTreeSet<_>>();
            arn.map(|arn| (arn, registered)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn rule(rule: &IngressRule) -> Member {
    Member::Rule(IngressRule { description: String::new(), ..rule.clone() })
}

fn target(target: &Target) -> Member {
    Member::Target(target.id.clone(), target.port)
}

#[cfg(test)]
mod tests {
    use northgate_planner::actual::{TargetHealth, TargetState};
    use northgate_planner::facts::SecurityGroupFacts;
    use northgate_planner::id::{
        InstanceId, IpProtocol, Knowable, ObjectName, Ref, ResourceKey, SecurityGroupId, TargetGroupArn,
    };
    use northgate_planner::model::{Pairs, Peer, RuleProtocol};
    use northgate_planner::plan::{Change, Impact, Resource, Step};
    use tokio::time::advance;

    use super::super::SEEN_WITHIN;
    use super::*;

    fn group() -> SecurityGroupId {
        SecurityGroupId::new("sg-worker")
    }

    fn ingress(port: &i32) -> IngressRule {
        IngressRule {
            protocol: RuleProtocol::Ip(IpProtocol::Tcp),
            from_port: Knowable::Known(*port),
            to_port: Knowable::Known(*port),
            peer: Peer::SecurityGroup(Ref::Known(SecurityGroupId::new("sg-lb"))),
            description: String::new(),
        }
    }

    fn request(ports: &[i32]) -> SecurityGroupIngress {
        SecurityGroupIngress { group_id: Ref::Known(group()), ip_permissions: ports.iter().map(ingress).collect() }
    }

    fn open(ports: &[i32]) -> AwsChange {
        AwsChange::AuthorizeSecurityGroupIngress(request(ports))
    }

    fn close(ports: &[i32]) -> AwsChange {
        AwsChange::RevokeSecurityGroupIngress(request(ports))
    }

    fn plan(key: Key, change: Option<AwsChange>) -> Plan {
        let step = |change| {
            Step::Change(Change {
                resource: Resource::new(ResourceKey::backend_security_group()),
                write: Write::Aws(change),
                fields: Vec::new(),
                impact: Impact::None,
                reason: String::new(),
            })
        };
        Plan { steps: change.map(step).into_iter().collect(), ..Plan::empty(key, Vec::new()) }
    }

    /// For how long a read that shows the rules of these ports is too old for a plan of this change.
    fn contradicts(members: &Members, shown: &[i32], change: Option<AwsChange>) -> Option<Duration> {
        let described = |port: &i32| IngressRule { description: "ours".to_owned(), ..ingress(port) };
        let found = SecurityGroupFacts { tags: Pairs::new(), rules: shown.iter().map(described).collect() };
        members.contradict(&plan(Key::Rules(group()), change), &Actual::Rules(Some(found)), None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_that_was_closed_is_no_reason_to_close_another() {
        let mut members = Members::default();
        assert_eq!(contradicts(&members, &[1, 2], Some(close(&[2]))), None);
        members.note(&close(&[1]));
        assert_eq!(contradicts(&members, &[2], None), None, "it is not shown");
        assert_eq!(contradicts(&members, &[1, 2], Some(close(&[1]))), None, "it is closed again");
        advance(Duration::from_secs(10)).await;
        assert_eq!(contradicts(&members, &[1, 2], Some(close(&[2]))), Some(Duration::from_secs(20)));
        advance(Duration::from_secs(20)).await;
        assert_eq!(contradicts(&members, &[1, 2], Some(close(&[2]))), None, "somebody else opened it");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_done_last_counts() {
        let mut members = Members::default();
        members.note(&close(&[1, 2]));
        members.note(&open(&[1]));
        assert_eq!(contradicts(&members, &[1], None), None);
        assert_eq!(contradicts(&members, &[1, 2], None), Some(SEEN_WITHIN));
        assert_eq!(contradicts(&members, &[], None), Some(SEEN_WITHIN), "the one that is open would stay so");
        assert_eq!(contradicts(&members, &[], Some(open(&[1]))), None, "that it is open already does no harm");
        members.forget("sg-worker");
        assert_eq!(contradicts(&members, &[1, 2], None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_was_deregistered_is_registered_again_when_it_is_seen_to_be_gone() {
        let arn = TargetGroupArn::new("tg");
        let instance = Target { id: TargetId::Instance(InstanceId::new("i-1")), port: 80, availability_zone: None };
        let request = || Targets { target_group_arn: Ref::Known(arn.clone()), targets: vec![instance.clone()] };
        let read = |state| {
            let health = TargetHealth { state, reason: None, description: None };
            Actual::Targets(ActualTargets::Found { group: None, targets: [(instance.clone(), health)].into() })
        };
        let mut members = Members::default();
        members.note(&AwsChange::DeregisterTargets(request()));
        let key = || Key::Binding(ObjectName::new("default", "web"));
        let contradict = |state, change| members.contradict(&plan(key(), change), &read(state), Some("tg"));
        assert_eq!(contradict(TargetState::Draining, None), None);
        assert_eq!(contradict(TargetState::Healthy, None), Some(SEEN_WITHIN));
        assert_eq!(contradict(TargetState::Healthy, Some(AwsChange::DeregisterTargets(request()))), None);
        assert_eq!(members.contradict(&plan(key(), None), &read(TargetState::Healthy), Some("another")), None);
    }
}
