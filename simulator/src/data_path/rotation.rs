//! Whose turn it is: target groups by weight, targets one after the other, and clients that stay with theirs.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::rule::Forward;
use crate::observed::{ObservedTarget, ObservedTargetGroup};

/// What was handed out so far.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    /// By rule or listener: what each group has coming, in the order of the action's groups.
    credits: BTreeMap<String, Vec<i64>>,
    /// By target group: how many connections or requests it got.
    served: BTreeMap<String, usize>,
    /// By target group and client: the target, id and port, that the client stays with.
    stays: BTreeMap<(String, IpAddr), (String, u16)>,
}

impl Rotation {
    /// The target group whose turn it is under a rule: over any run of requests each gets its share. `stays_with` is
    /// the group that the client had before. None when no group has a weight.
    pub(super) fn group<'f>(
        &mut self,
        rule: &str,
        forward: &'f Forward,
        stays_with: impl Fn(&str) -> bool,
    ) -> Option<&'f str> {
        let groups = forward.groups.iter().filter(|group| group.weight > 0).collect::<Vec<_>>();
        if forward.sticky_seconds.is_some()
            && let Some(group) = groups.iter().find(|group| stays_with(&group.target_group_arn))
        {
            return Some(&group.target_group_arn);
        }
        let credits = self.credits.entry(rule.to_owned()).or_default();
        credits.resize(groups.len(), 0);
        for (credit, group) in credits.iter_mut().zip(&groups) {
            *credit += group.weight;
        }
        let turn = (0..groups.len()).rev().max_by_key(|index| credits[*index])?;
        credits[turn] -= groups.iter().map(|group| group.weight).sum::<i64>();
        Some(&groups[turn].target_group_arn)
    }

    /// The target whose turn it is in a group, or the one that the client had before.
    pub(super) fn target<'g>(
        &mut self,
        arn: &str,
        group: &'g ObservedTargetGroup,
        stays_with: impl Fn(&ObservedTarget) -> bool,
    ) -> Option<&'g ObservedTarget> {
        let serving = serving(group);
        if let Some(target) = serving.iter().find(|target| stays_with(target)) {
            return Some(target);
        }
        let served = self.served.entry(arn.to_owned()).or_default();
        let target = serving.get(*served % serving.len().max(1)).copied();
        *served += 1;
        target
    }
}

impl Rotation {
    /// The target that a client's address leads to: the same one for as long as it serves.
    pub(super) fn target_of<'g>(
        &mut self,
        client: IpAddr,
        arn: &str,
        group: &'g ObservedTargetGroup,
    ) -> Option<&'g ObservedTarget> {
        let key = (arn.to_owned(), client);
        let before = self.stays.get(&key).cloned();
        let had = |target: &ObservedTarget| {
            before.as_ref().is_some_and(|(id, port)| (id, *port) == (&target.id, target.port))
        };
        let target = self.target(arn, group, had)?;
        self.stays.insert(key, (target.id.clone(), target.port));
        Some(target)
    }
}

/// The targets that get something new: the healthy ones, or all that fail their health checks when none passes.
///
/// Source: Application Load Balancer guide, "Health checks for target groups": a load balancer fails open.
fn serving(group: &ObservedTargetGroup) -> Vec<&ObservedTarget> {
    let in_state = |state: &str| group.targets.iter().filter(|target| target.state == state).collect::<Vec<_>>();
    let healthy = in_state("healthy");
    if healthy.is_empty() { in_state("unhealthy") } else { healthy }
}

#[cfg(test)]
mod tests {
    use super::super::rule::Weighted;
    use super::*;

    fn forward(weights: &[(&str, i64)], sticky_seconds: Option<u64>) -> Forward {
        let group = |(arn, weight): &(&str, i64)| Weighted { target_group_arn: (*arn).to_owned(), weight: *weight };
        Forward { groups: weights.iter().map(group).collect(), sticky_seconds }
    }

    fn group(targets: &[(&str, &str)]) -> ObservedTargetGroup {
        let target = |(id, state): &(&str, &str)| ObservedTarget {
            id: (*id).to_owned(),
            port: 80,
            state: (*state).to_owned(),
            zone: None,
        };
        ObservedTargetGroup {
            name: "web".to_owned(),
            protocol: "HTTP".to_owned(),
            protocol_version: Some("HTTP1".to_owned()),
            port: 80,
            vpc_id: "vpc-a".to_owned(),
            target_type: "ip".to_owned(),
            health_check: serde_json::Value::Null,
            load_balancer_arns: Vec::new(),
            targets: targets.iter().map(target).collect(),
            attributes: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn groups_take_turns_by_weight() {
        let cases: [(&[(&str, i64)], &str); 4] = [
            (&[("a", 1)], "aaaaaaaa"),
            (&[("a", 3), ("b", 1)], "aabaaaba"),
            (&[("a", 1), ("b", 0)], "aaaaaaaa"),
            (&[("a", 0)], ""),
        ];
        for (weights, expected) in cases {
            let (mut rotation, forward) = (Rotation::default(), forward(weights, None));
            let turns = (0..8).filter_map(|_| rotation.group("rule", &forward, |_| false));
            assert_eq!(turns.collect::<String>(), expected, "{weights:?}");
        }
    }

    #[test]
    fn a_client_stays_with_its_group_while_stickiness_is_on_and_the_group_has_a_weight() {
        let mut rotation = Rotation::default();
        let sticky = forward(&[("a", 1), ("b", 1)], Some(60));
        assert_eq!((0..4).filter_map(|_| rotation.group("r", &sticky, |arn| arn == "b")).collect::<String>(), "bbbb");
        let retired = forward(&[("a", 1), ("b", 0)], Some(60));
        assert_eq!(rotation.group("s", &retired, |arn| arn == "b"), Some("a"));
        let free = forward(&[("a", 1), ("b", 1)], None);
        assert_eq!((0..4).filter_map(|_| rotation.group("t", &free, |arn| arn == "b")).collect::<String>(), "abab");
    }

    #[test]
    fn targets_that_serve_take_turns_and_no_others() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[("a", "healthy"), ("b", "healthy")], "abab"),
            (&[("a", "healthy"), ("b", "draining"), ("c", "initial"), ("d", "unhealthy")], "aaaa"),
            (&[("a", "unhealthy"), ("b", "unhealthy"), ("c", "draining")], "abab"),
            (&[("a", "initial"), ("b", "unused")], ""),
            (&[], ""),
        ];
        for (targets, expected) in cases {
            let (mut rotation, group) = (Rotation::default(), group(targets));
            let turns = (0..4).filter_map(|_| rotation.target("arn", &group, |_| false));
            assert_eq!(turns.map(|target| target.id.as_str()).collect::<String>(), expected, "{targets:?}");
        }
        let group = group(&[("a", "healthy"), ("b", "healthy")]);
        let mut rotation = Rotation::default();
        let stays = (0..3).filter_map(|_| rotation.target("arn", &group, |target| target.id == "b"));
        assert_eq!(stays.map(|target| target.id.as_str()).collect::<String>(), "bbb");
    }

    #[test]
    fn an_address_leads_to_the_same_target_while_that_serves() {
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let both = group(&[("a", "healthy"), ("b", "healthy")]);
        let mut rotation = Rotation::default();
        let targets = [one, one, other, one, other].map(|client| rotation.target_of(client, "arn", &both).unwrap());
        assert_eq!(targets.map(|target| target.id.as_str()).concat(), "aabab");
        let less = group(&[("a", "draining"), ("b", "healthy")]);
        assert_eq!(rotation.target_of(one, "arn", &less).unwrap().id, "b");
        assert_eq!(rotation.target_of(one, "arn", &both).unwrap().id, "b", "it stays with the new one");
    }
}
