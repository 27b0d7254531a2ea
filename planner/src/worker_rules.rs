//! The ingress rules of one worker or pod security group, from all bindings at once.

mod claim;
mod span;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diff::rule_field;
use crate::facts::{Facts, Needs, SecurityGroupFacts};
use crate::id::{Key, Ref, ResourceKey, ResourceKind, SecurityGroupId};
use crate::model::{IngressRule, Peer, TargetId};
use crate::plan::{AwsChange, Change, Impact, Plan, Resource, SecurityGroupIngress, Step, Wait, WaitFor, Write};
use crate::planted::{Bug, planted};
use crate::problem::Problem;
use crate::snapshot::{Settings, Snapshot};
use crate::targets::{self, Guard, SHARED_DESCRIPTION};

pub use crate::targets::groups_of;
use claim::Claim;

/// What all bindings ask of a worker security group.
#[derive(Debug, Clone)]
pub struct RulesSpec {
    /// The group.
    pub group: SecurityGroupId,
    claims: Vec<Claim>,
    /// Bindings of which nothing is known: while there is one, nothing is closed.
    blind: Vec<String>,
    needs: Needs,
    settings: Arc<Settings>,
}

impl RulesSpec {
    /// What has to be asked: the interfaces of every target of every binding.
    pub fn needs(&self) -> Needs {
        self.needs.clone()
    }
}

/// Collects what all bindings ask, whichever group their targets turn out to have.
pub(crate) fn accept(snapshot: &Snapshot, group: &SecurityGroupId) -> RulesSpec {
    let (claims, blind, needs) = claim::collect(snapshot);
    RulesSpec { group: group.clone(), claims, blind, needs, settings: Arc::clone(&snapshot.settings) }
}

/// Decides which rules are opened and which are closed; `None`: there is no such group.
pub(crate) fn decide(spec: &RulesSpec, facts: &Facts, found: Option<&SecurityGroupFacts>) -> Plan {
    let mut plan = Plan::empty(Key::Rules(spec.group.clone()), Vec::new());
    let Some(found) = found else {
        let message = format!("there is no security group {}", spec.group);
        plan.problems.push(Problem::general(message).hint("targets that have it are not reachable until it is back"));
        return plan;
    };
    let guards = Guards::of(spec, facts);
    let wanted = wanted(spec, &guards);
    let is_in = |rules: &[IngressRule], rule: &IngressRule| rules.iter().any(|other| other.is_same_rule(rule));
    let open = wanted.iter().filter(|rule| !is_in(&found.rules, rule)).cloned().collect::<Vec<_>>();
    let mut unwanted = found
        .rules
        .iter()
        .filter(|rule| rule.description == SHARED_DESCRIPTION && !is_in(&wanted, rule))
        .cloned()
        .collect::<Vec<_>>();
    unwanted.sort();
    let close = if planted(Bug::RulesStayOpen) {
        Vec::new()
    } else if planted(Bug::RulesClosedTooEarly) {
        unwanted
    } else {
        spare(spec, &guards, unwanted, &mut plan.warnings)
    };
    if !open.is_empty() {
        plan.steps.extend(waits(&open).map(Step::Wait));
        let reason = "TargetGroupBindings have to reach targets that have this security group";
        plan.steps.push(change(spec, AwsChange::AuthorizeSecurityGroupIngress, open, reason));
    }
    if !close.is_empty() {
        let reason = "no TargetGroupBinding needs these rules";
        plan.steps.push(change(spec, AwsChange::RevokeSecurityGroupIngress, close, reason));
    }
    plan
}

/// The targets that this group guards, and those of which it could not be told.
struct Guards<'a> {
    members: BTreeSet<&'a TargetId>,
    unknown: BTreeMap<&'a TargetId, String>,
}

impl<'a> Guards<'a> {
    fn of(spec: &'a RulesSpec, facts: &Facts) -> Self {
        let targets = spec.claims.iter().flat_map(|claim| &claim.openings).flat_map(|opening| opening.targets.iter());
        let (mut members, mut unknown) = (BTreeSet::new(), BTreeMap::new());
        for target in targets.collect::<BTreeSet<_>>() {
            match targets::guard(target, facts, &spec.settings) {
                Guard::Group(group) if group == spec.group => {
                    members.insert(target);
                }
                Guard::Group(_) | Guard::Outside => {}
                Guard::Unknown(why) => {
                    unknown.insert(target, why);
                }
            }
        }
        Self { members, unknown }
    }
}

/// The rules that the group should have, sorted.
fn wanted(spec: &RulesSpec, guards: &Guards<'_>) -> Vec<IngressRule> {
    let openings = spec.claims.iter().flat_map(|claim| &claim.openings);
    let here = openings.filter(|opening| guards.members.iter().any(|member| opening.targets.contains(*member)));
    let rules = here.flat_map(|opening| opening.rules.iter().cloned()).collect::<BTreeSet<_>>();
    if spec.settings.exact_worker_ports { rules.into_iter().collect() } else { span::join(rules) }
}

/// What may be closed: nothing that a binding may need of which not everything is known.
fn spare(
    spec: &RulesSpec,
    guards: &Guards<'_>,
    unwanted: Vec<IngressRule>,
    warnings: &mut Vec<Problem>,
) -> Vec<IngressRule> {
    let mut doubts = BTreeMap::<IngressRule, BTreeSet<String>>::new();
    for claim in &spec.claims {
        for rule in &claim.doubtful {
            doubts.entry(rule.clone()).or_default().insert(claim.doubt());
        }
        for opening in &claim.openings {
            for (_, why) in guards.unknown.iter().filter(|(target, _)| opening.targets.contains(**target)) {
                for rule in &opening.rules {
                    doubts.entry(rule.clone()).or_default().insert(why.clone());
                }
            }
        }
    }
    let (mut close, mut kept, mut why) = (Vec::new(), 0, BTreeSet::new());
    for rule in unwanted {
        let near = doubts.iter().filter(|(doubtful, _)| targets::overlap(doubtful, &rule));
        let reasons = near.flat_map(|(_, reasons)| reasons).chain(&spec.blind).collect::<BTreeSet<_>>();
        if reasons.is_empty() {
            close.push(rule);
        } else {
            kept += 1;
            why.extend(reasons);
        }
    }
    if kept > 0 {
        let message =
            format!("{kept} of the rules in security group {} stay although no known target needs them", spec.group);
        let hint =
            format!("not everything is known: {}", why.into_iter().map(String::as_str).collect::<Vec<_>>().join("; "));
        warnings.push(Problem::general(message).hint(hint));
    }
    close
}

/// A rule can only name a group that exists.
fn waits(open: &[IngressRule]) -> impl Iterator<Item = Wait> {
    let backend = ResourceKey::backend_security_group();
    let needs_backend = open.iter().any(|rule| rule.peer == Peer::SecurityGroup(Ref::Made(backend.clone())));
    needs_backend
        .then(|| Wait {
            reason: WaitFor::BackendGroup,
            resource: Some(backend),
            entry: Some(Key::Cluster),
            message: "the backend security group has to exist".to_owned(),
        })
        .into_iter()
}

fn change(
    spec: &RulesSpec,
    call: impl FnOnce(SecurityGroupIngress) -> AwsChange,
    rules: Vec<IngressRule>,
    reason: &str,
) -> Step {
    let key = ResourceKey::new(ResourceKind::SecurityGroup, spec.group.as_str());
    let request = SecurityGroupIngress { group_id: Ref::Known(spec.group.clone()), ip_permissions: rules.clone() };
    let write = call(request);
    let opened = matches!(write, AwsChange::AuthorizeSecurityGroupIngress(_));
    Step::Change(Change {
        resource: Resource::live(key, &spec.group),
        write: Write::Aws(write),
        fields: rules.iter().map(|rule| rule_field(rule, opened)).collect(),
        impact: Impact::None,
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::id::{IpProtocol, ObjectName};
    use crate::model::{NetworkingPort, NetworkingRule, PortRef, RuleProtocol};
    use crate::targets::fixture::{self, cluster, facts, group, name, object, put, rule, security_group, want};

    fn workers() -> SecurityGroupId {
        SecurityGroupId::new("sg-workers")
    }

    fn planned(snapshot: &Snapshot, facts: &Facts, found: Vec<IngressRule>) -> Plan {
        decide(&accept(snapshot, &workers()), facts, Some(&group(found)))
    }

    fn steps(plan: &Plan) -> Vec<String> {
        plan.steps
            .iter()
            .map(|step| match step {
                Step::Wait(wait) => format!("{:?}", wait.reason),
                Step::Change(change) => {
                    let (sign, request) = match &change.write {
                        Write::Aws(AwsChange::AuthorizeSecurityGroupIngress(request)) => ("+", request),
                        Write::Aws(AwsChange::RevokeSecurityGroupIngress(request)) => ("-", request),
                        other => panic!("{other:?}"),
                    };
                    let rules = request.ip_permissions.iter();
                    let rules = rules.map(|rule| format!(" {}:{}-{}", rule.peer, rule.from_port, rule.to_port));
                    format!("{sign}{}", rules.collect::<String>())
                }
            })
            .collect()
    }

    fn lb() -> Peer {
        security_group("sg-lb")
    }

    /// A cluster with one binding for each of these ports.
    fn bound(ports: &[u16]) -> Snapshot {
        let mut snapshot = cluster();
        for port in ports {
            want(&mut snapshot, |binding| {
                binding.name = ObjectName::new("default", format!("b-{port}"));
                binding.networking.as_mut().unwrap()[0].ports = fixture::ports(&[*port]);
            });
        }
        snapshot
    }

    #[test]
    fn one_span_is_opened_over_all_bindings() {
        let plan = planned(&bound(&[31000, 30500, 32000]), &facts(Vec::new()), Vec::new());
        assert_eq!(steps(&plan), ["+ sg-lb:30500-32000"]);
        let change = plan.changes().next().unwrap();
        assert_eq!(
            (change.resource.key.id.as_str(), change.resource.physical_id.as_deref()),
            ("sg-workers", Some("sg-workers"))
        );
        assert_eq!(
            change.write.request()["IpPermissions"][0]["UserIdGroupPairs"],
            json!([{ "GroupId": "sg-lb", "Description": "elbv2.k8s.aws/targetGroupBinding=shared" }])
        );
        assert_eq!((plan.key.to_string(), plan.objects.len(), plan.wanted), ("rules/sg-workers".into(), 0, true));
    }

    #[test]
    fn exact_ports_are_a_setting() {
        let mut snapshot = bound(&[31000, 30500]);
        Arc::make_mut(&mut snapshot.settings).exact_worker_ports = true;
        let plan = planned(&snapshot, &facts(Vec::new()), Vec::new());
        assert_eq!(steps(&plan), ["+ sg-lb:30500-30500 sg-lb:31000-31000"]);
    }

    #[test]
    fn a_span_that_grows_is_opened_before_the_old_one_is_closed() {
        let plan = planned(&bound(&[31000, 30500]), &facts(Vec::new()), vec![rule(31000, 31000, lb())]);
        assert_eq!(steps(&plan), ["+ sg-lb:30500-31000", "- sg-lb:31000-31000"]);
    }

    #[test]
    fn rules_that_are_not_ours_are_left_alone() {
        let foreign = |from, to| IngressRule { description: "mine".to_owned(), ..rule(from, to, lb()) };
        let other = rule(80, 80, security_group("sg-gone"));
        let found = vec![foreign(31000, 31000), foreign(22, 22), other];
        let plan = planned(&bound(&[31000]), &facts(Vec::new()), found);
        assert_eq!(steps(&plan), ["- sg-gone:80-80"], "EC2 takes the foreign rule for the same one");
    }

    #[test]
    fn each_rule_is_told_as_a_field() {
        let plan = planned(&bound(&[31000, 31001]), &facts(Vec::new()), vec![rule(80, 80, security_group("sg-old"))]);
        let fields = plan.changes().flat_map(|change| &change.fields);
        let fields = fields.map(|field| (field.field.as_str(), field.from.as_deref(), field.to.as_deref()));
        assert_eq!(
            fields.collect::<Vec<_>>(),
            [
                ("IpPermissions", None, Some("tcp 31000-31001 from sg-lb")),
                ("IpPermissions", Some("tcp 80 from sg-old"), None)
            ]
        );
    }

    #[test]
    fn targets_that_still_serve_keep_every_rule() {
        let mut snapshot = bound(&[31000]);
        snapshot.lingering.insert(Key::Binding(ObjectName::new("default", "b-31000")));
        let plan = planned(&snapshot, &facts(Vec::new()), vec![rule(30999, 30999, lb())]);
        assert_eq!(steps(&plan), ["+ sg-lb:31000-31000"]);
        assert_eq!(
            plan.warnings[0].hint.as_deref(),
            Some(
                "not everything is known: targets that TargetGroupBinding default/b-31000 no longer wants may serve \
                 until others are healthy"
            )
        );
        snapshot.lingering.clear();
        let plan = planned(&snapshot, &facts(Vec::new()), vec![rule(30999, 30999, lb())]);
        assert_eq!(steps(&plan), ["+ sg-lb:31000-31000", "- sg-lb:30999-30999"]);
    }

    #[test]
    fn files_alone_close_nothing() {
        let mut snapshot = bound(&[31000]);
        snapshot.files_alone = true;
        let plan = planned(&snapshot, &facts(Vec::new()), vec![rule(80, 80, security_group("sg-old"))]);
        assert_eq!(steps(&plan), ["+ sg-lb:31000-31000"]);
        let hint = plan.warnings[0].hint.as_deref().unwrap();
        assert!(hint.ends_with("TargetGroupBindings outside the files are not known"), "{hint}");
    }

    #[test]
    fn another_protocol_is_another_rule() {
        let mut snapshot = cluster();
        want(&mut snapshot, |binding| {
            let udp = NetworkingPort { protocol: IpProtocol::Udp, ..fixture::ports(&[31000])[0].clone() };
            binding.networking.as_mut().unwrap()[0].ports.push(udp);
        });
        let udp = IngressRule { protocol: RuleProtocol::Ip(IpProtocol::Udp), ..rule(31000, 31000, lb()) };
        let plan = planned(&snapshot, &facts(Vec::new()), vec![udp]);
        assert_eq!(steps(&plan), ["+ sg-lb:31000-31000"]);
    }

    #[test]
    fn only_bindings_with_a_target_in_the_group_count() {
        let mut facts = facts(Vec::new());
        for instance in ["i-1", "i-2"] {
            fixture::put_instance(&mut facts, instance, "sg-other");
        }
        let plan = planned(&bound(&[31000]), &facts, vec![rule(31000, 31000, lb())]);
        assert_eq!(steps(&plan), ["- sg-lb:31000-31000"]);
        fixture::put_instance(&mut facts, "i-2", "sg-workers");
        assert_eq!(steps(&planned(&bound(&[31000]), &facts, vec![rule(31000, 31000, lb())])), [""; 0]);
    }

    #[test]
    fn a_group_that_is_gone_is_a_problem() {
        let plan = decide(&accept(&bound(&[31000]), &workers()), &facts(Vec::new()), None);
        assert!(plan.steps.is_empty());
        assert_eq!(plan.problems[0].message, "there is no security group sg-workers");
    }

    #[test]
    fn a_peer_that_is_not_made_yet_is_waited_for() {
        let mut snapshot = cluster();
        want(&mut snapshot, |binding| {
            let backend = Peer::SecurityGroup(Ref::Made(ResourceKey::backend_security_group()));
            binding.networking.as_mut().unwrap()[0].from = vec![backend];
        });
        let plan = planned(&snapshot, &facts(Vec::new()), Vec::new());
        assert_eq!(steps(&plan), ["BackendGroup", "+ BackendSecurityGroup:31000-31000"]);
    }

    #[test]
    fn a_target_that_could_not_be_found_keeps_what_it_may_need_and_nothing_else() {
        let mut facts = facts(Vec::new());
        facts.instances.remove(&crate::id::InstanceId::new("i-2"));
        let found = vec![rule(30000, 32000, lb()), rule(80, 80, security_group("sg-old"))];
        let plan = planned(&bound(&[31000]), &facts, found);
        assert_eq!(steps(&plan), ["+ sg-lb:31000-31000", "- sg-old:80-80"]);
        assert_eq!(
            plan.warnings[0].message,
            "1 of the rules in security group sg-workers stay although no known target needs them"
        );
        assert_eq!(plan.warnings[0].hint.as_deref(), Some("not everything is known: instance i-2 was not found"));
    }

    #[test]
    fn nodes_that_are_not_known_keep_their_rules() {
        let mut snapshot = bound(&[31000]);
        snapshot.nodes = None;
        let plan = planned(
            &snapshot,
            &facts(Vec::new()),
            vec![rule(31000, 31000, lb()), rule(31000, 31000, security_group("sg-old"))],
        );
        assert_eq!(steps(&plan), ["- sg-old:31000-31000"]);
        assert!(plan.warnings[0].hint.as_ref().unwrap().contains("what TargetGroupBinding default/b-31000 needs"));
    }

    /// One existing object beside nothing else.
    fn with(change: impl FnOnce(&mut Value)) -> Snapshot {
        let mut snapshot = cluster();
        put(&mut snapshot, object(change));
        snapshot
    }

    #[test]
    fn one_object_that_cannot_be_read_closes_nothing() {
        let snapshot = with(|object| object["spec"]["networking"]["ingress"][0]["from"] = json!([{}]));
        let plan = planned(&snapshot, &facts(Vec::new()), vec![rule(80, 80, security_group("sg-old"))]);
        assert_eq!(steps(&plan), [""; 0]);
        assert!(
            plan.warnings[0]
                .hint
                .as_ref()
                .unwrap()
                .ends_with("TargetGroupBinding default/k8s-default-web cannot be read")
        );
    }

    #[test]
    fn a_refused_object_opens_nothing_and_keeps_what_it_has() {
        let snapshot = with(|object| object["spec"]["multiClusterTargetGroup"] = json!(true));
        let old = || rule(80, 80, security_group("sg-old"));
        assert_eq!(steps(&planned(&snapshot, &facts(Vec::new()), vec![old()])), ["- sg-old:80-80"]);
        let both = vec![rule(31000, 31000, lb()), old()];
        assert_eq!(steps(&planned(&snapshot, &facts(Vec::new()), both)), ["- sg-old:80-80"]);
    }

    #[test]
    fn an_object_that_goes_keeps_its_rules_only_when_its_targets_stay() {
        let open = || vec![rule(31000, 31000, lb())];
        let by_hand = with(fixture::deleting);
        assert_eq!(steps(&planned(&by_hand, &facts(Vec::new()), open())), ["- sg-lb:31000-31000"]);
        let generated = with(|object| {
            fixture::deleting(object);
            fixture::generated(object);
        });
        assert_eq!(steps(&planned(&generated, &facts(Vec::new()), open())), [""; 0]);
        let not_ours = with(|object| {
            fixture::deleting(object);
            object["metadata"]["finalizers"] = json!(["example.com/other"]);
        });
        assert_eq!(steps(&planned(&not_ours, &facts(Vec::new()), open())), ["- sg-lb:31000-31000"]);
    }

    #[test]
    fn an_ingress_that_lost_its_binding_closes_nothing_until_it_is_back() {
        let mut snapshot = cluster();
        crate::testing::ingress::add(&mut snapshot, "web", |ingress| {
            ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"] = json!("alb");
            ingress["metadata"]["namespace"] = json!("default");
            ingress["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources"]);
            ingress["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": "x.elb.amazonaws.com" }] } });
        });
        let ingress = snapshot.ingresses.pop_first().unwrap().1;
        snapshot.ingresses.insert(crate::id::ObjectName::of(&ingress.metadata), ingress);
        fixture::put_service(&mut snapshot, &fixture::service());
        let plan = planned(&snapshot, &facts(Vec::new()), vec![rule(31000, 31000, lb())]);
        assert_eq!(steps(&plan), [""; 0]);
        let hint = plan.warnings[0].hint.as_deref().unwrap();
        assert!(hint.ends_with("Ingress/default/web has no TargetGroupBinding for Service default/web:80"), "{hint}");
    }

    #[test]
    fn a_service_that_lost_its_binding_closes_nothing_until_it_is_back() {
        let mut snapshot = cluster();
        let mut service = fixture::service();
        service["metadata"]["finalizers"] = json!(["service.k8s.aws/resources"]);
        service["spec"]["loadBalancerClass"] = json!("service.k8s.aws/nlb");
        service["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": "x.elb.amazonaws.com" }] } });
        fixture::put_service(&mut snapshot, &service);
        let open = || vec![rule(31000, 31000, lb())];
        let plan = planned(&snapshot, &facts(Vec::new()), open());
        assert_eq!(steps(&plan), [""; 0]);
        assert!(
            plan.warnings[0]
                .hint
                .as_ref()
                .unwrap()
                .ends_with("Service default/web has fewer TargetGroupBindings than ports")
        );
        put(&mut snapshot, object(fixture::generated));
        assert_eq!(
            steps(&planned(&snapshot, &facts(Vec::new()), vec![rule(80, 80, lb())])),
            ["+ sg-lb:31000-31000", "- sg-lb:80-80"]
        );
        snapshot.bindings.clear();
        service["metadata"]["deletionTimestamp"] = json!("2026-01-31T11:59:00Z");
        fixture::put_service(&mut snapshot, &service);
        assert_eq!(
            steps(&planned(&snapshot, &facts(Vec::new()), open())),
            ["- sg-lb:31000-31000"],
            "what goes needs nothing"
        );
    }

    #[test]
    fn named_ports_are_the_pods_numbers() {
        let mut snapshot = cluster();
        want(&mut snapshot, fixture::with_addresses);
        assert_eq!(steps(&planned(&snapshot, &facts(Vec::new()), Vec::new())), ["+ sg-lb:8080-8080"]);
        want(&mut snapshot, |binding| {
            fixture::with_addresses(binding);
            binding.networking.as_mut().unwrap()[0].ports[0].port = Some(PortRef::Name("admin".into()));
        });
        let plan = planned(&snapshot, &facts(Vec::new()), vec![rule(9000, 9000, lb())]);
        assert_eq!(steps(&plan), [""; 0], "whichever number it had, it stays");
        assert_eq!(plan.warnings.len(), 1);
    }

    #[test]
    fn the_interfaces_of_all_targets_with_networking_are_asked_for() {
        let mut snapshot = bound(&[31000]);
        let needs = accept(&snapshot, &workers()).needs();
        assert_eq!((needs.instances.len(), needs.security_groups_of_interfaces), (2, true));
        snapshot.wanted_bindings.clear();
        want(&mut snapshot, |binding| binding.networking = None);
        assert_eq!(accept(&snapshot, &workers()).needs(), Needs::default());
    }

    #[test]
    fn addresses_are_not_joined() {
        let mut snapshot = cluster();
        want(&mut snapshot, |binding| {
            let from = vec![Peer::Cidr("10.1.2.3/16".parse().unwrap()), Peer::Cidr("0.0.0.0/0".parse().unwrap())];
            binding.networking = Some(vec![NetworkingRule { from, ports: fixture::ports(&[31000, 31001]) }]);
        });
        let plan = planned(&snapshot, &facts(Vec::new()), Vec::new());
        assert_eq!(
            steps(&plan),
            ["+ 0.0.0.0/0:31000-31000 10.1.0.0/16:31000-31000 0.0.0.0/0:31001-31001 10.1.0.0/16:31001-31001"]
        );
    }

    /// Applies a plan, and says whether all of `needed` was open after each call.
    fn apply(plan: &Plan, rules: &mut Vec<IngressRule>, needed: &[IngressRule]) -> bool {
        let is_open = |rules: &[IngressRule]| needed.iter().all(|need| rules.iter().any(|rule| rule.covers(need)));
        let mut stayed_open = true;
        for change in plan.changes() {
            let was_open = is_open(rules);
            match &change.write {
                Write::Aws(AwsChange::AuthorizeSecurityGroupIngress(request)) => {
                    for rule in &request.ip_permissions {
                        assert!(!rules.iter().any(|other| other.is_same_rule(rule)), "EC2 refuses a duplicate");
                        rules.push(rule.clone());
                    }
                }
                Write::Aws(AwsChange::RevokeSecurityGroupIngress(request)) => {
                    for rule in &request.ip_permissions {
                        assert!(rules.iter().any(|other| other.is_same_rule(rule)), "EC2 refuses what is not there");
                        rules.retain(|other| !other.is_same_rule(rule));
                    }
                }
                other => panic!("{other:?}"),
            }
            stayed_open &= !was_open || is_open(rules);
        }
        stayed_open
    }

    #[test]
    fn from_any_rules_the_wanted_ones_are_reached_without_closing_what_is_needed() {
        let pool = [
            rule(31000, 31000, lb()),
            rule(31001, 31001, lb()),
            rule(31000, 31001, lb()),
            rule(0, 65535, lb()),
            rule(31000, 31000, security_group("sg-old")),
            IngressRule { description: String::new(), ..rule(31000, 31002, lb()) },
        ];
        for exact in [false, true] {
            for wanted in 0..8_u16 {
                let ports = [31000, 31001, 31002].into_iter().enumerate().filter(|(bit, _)| wanted & (1 << bit) > 0);
                let ports = ports.map(|(_, port)| port).collect::<Vec<_>>();
                let mut snapshot = bound(&ports);
                Arc::make_mut(&mut snapshot.settings).exact_worker_ports = exact;
                let needed = ports.iter().map(|port| rule((*port).into(), (*port).into(), lb())).collect::<Vec<_>>();
                for start in 0..64_u8 {
                    let start = pool.iter().enumerate().filter(|(bit, _)| start & (1 << bit) > 0);
                    let mut rules = start.map(|(_, rule)| rule.clone()).collect::<Vec<_>>();
                    let plan = planned(&snapshot, &facts(Vec::new()), rules.clone());
                    assert!(plan.changes().count() <= 2, "one call to open, one to close");
                    assert!(apply(&plan, &mut rules, &needed), "{ports:?}: {:?}", steps(&plan));
                    assert!(needed.iter().all(|need| rules.iter().any(|rule| rule.covers(need))));
                    let again = planned(&snapshot, &facts(Vec::new()), rules);
                    assert!(again.steps.is_empty(), "{ports:?}: {:?} then {:?}", steps(&plan), steps(&again));
                }
            }
        }
    }

    #[test]
    fn groups_are_told_with_the_targets_that_have_none() {
        let mut snapshot = bound(&[31000]);
        put(&mut snapshot, object(|_| {}));
        let mut facts = facts(Vec::new());
        fixture::put_instance(&mut facts, "i-1", "sg-gpu");
        let spec = targets::accept(&snapshot, &name()).unwrap();
        let (groups, unknown) = groups_of(&spec, &facts);
        assert_eq!(groups.iter().map(SecurityGroupId::as_str).collect::<Vec<_>>(), ["sg-gpu", "sg-workers"]);
        assert!(unknown.is_empty());
        facts.instances.remove(&crate::id::InstanceId::new("i-1"));
        let (groups, unknown) = groups_of(&spec, &facts);
        assert_eq!(groups.len(), 1);
        assert_eq!(unknown[0].message, "instance i-1 was not found");
        assert_eq!(unknown[0].object.as_ref().unwrap().to_string(), "TargetGroupBinding/default/k8s-default-web");
    }
}
