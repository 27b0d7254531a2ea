//! The targets of one binding: endpoints and nodes to wanted targets, and the changes that get there.

mod address;
mod backend;
mod declared;
#[cfg(test)]
pub(crate) mod fixture;
mod group;
mod health;
mod holder;
mod interface;
mod node;
mod object;
mod opening;
mod steps;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::actual::{ActualTargets, Scope, TargetGroupRef};
use crate::crd::TargetGroupBinding;
use crate::facts::{Facts, Needs};
use crate::id::{ObjectName, ObjectRef, StackId, TargetType};
use crate::model::{Binding, IngressRule, NetworkingRule, PortRef, Target, TargetId};
use crate::plan::{AwsChange, Change, Plan, Step, WaitFor, Write};
use crate::problem::{Declined, Problem, Refusal};
use crate::snapshot::{Settings, Snapshot};

pub use crate::actual::TargetCount;
pub(crate) use backend::Candidate;
pub(crate) use declared::Declared;
pub use health::{is_draining, is_settled};
pub use interface::groups_of;
pub(crate) use interface::{Guard, guard};
pub(crate) use object::binding;
pub(crate) use opening::{Opening, SHARED_DESCRIPTION, at_most, overlap};
pub(crate) use steps::decide;

use declared::Group;
use holder::Holders;
use node::Pool;

/// The finalizer that TargetGroupBindings carry.
pub const BINDING_FINALIZER: &str = "elbv2.k8s.aws/resources";

/// What a TargetGroupBinding asks for.
#[derive(Debug, Clone)]
pub struct BindingSpec {
    /// The object's name.
    pub name: ObjectName,
    /// The stack that made the object; `None`: it is hand-made.
    pub of: Option<StackId>,
    declared: Declared,
    intent: Intent,
    candidates: Vec<Candidate>,
    settings: Arc<Settings>,
    warnings: Vec<Problem>,
}

/// What is to become of the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// The group holds the endpoints.
    Keep,
    /// A hand-made object is going: what was registered for it goes first.
    Empty,
    /// The object is going, and its targets are not to be touched: the group goes with its stack, or is another's.
    Release,
}

/// Whether a binding's plan leaves targets registered that serve and are no longer wanted, until others are healthy. The
/// rules that they need must stay as long ([`Snapshot::lingering`]).
pub fn lingers(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::Wait(wait) if wait.reason == WaitFor::TargetsHealthy))
}

/// Whether any of these steps takes a target out.
pub fn deregisters(steps: &[Step]) -> bool {
    let takes_out = |change: &Change| matches!(change.write, Write::Aws(AwsChange::DeregisterTargets(_)));
    steps.iter().any(|step| matches!(step, Step::Change(change) if takes_out(change)))
}

impl BindingSpec {
    /// What has to be observed.
    pub fn scope(&self) -> Scope {
        match (&self.declared.group, self.intent) {
            (_, Intent::Release) | (Group::Made(_), _) => Scope::Nothing,
            // Asked by its name, a group also tells what it is.
            (group, Intent::Keep) if self.is_open() => Scope::Targets(TargetGroupRef::Name(group.name().to_owned())),
            (Group::Arn(arn), _) => Scope::Targets(TargetGroupRef::Arn(arn.clone())),
            (Group::Name(name), _) => Scope::Targets(TargetGroupRef::Name(name.clone())),
        }
    }

    /// What has to be asked.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        if self.intent != Intent::Release {
            self.ask(&mut needs);
        }
        needs
    }

    /// Whether everything is open that has to reach its targets, as far as that can be told.
    pub fn rules_are_open(&self, facts: &Facts) -> bool {
        self.candidates.iter().all(|candidate| steps::rules_open(self, candidate, facts, &mut Vec::new()).is_empty())
    }

    /// How many targets are wanted, and how many of them receive traffic; `None`: nobody knows what is wanted.
    pub fn count(&self, found: &ActualTargets) -> Option<TargetCount> {
        let ActualTargets::Found { group, targets } = found else { return None };
        let candidate = self.candidate(group.as_ref())?;
        Some(health::count(candidate.wanted.as_ref()?, targets))
    }

    /// The targets that it registers, those that are registered already too; `None`: nobody knows.
    pub fn targets(&self, facts: &Facts, found: Option<&ActualTargets>) -> Option<Vec<Target>> {
        let group = match found {
            Some(ActualTargets::Found { group, .. }) => group.as_ref(),
            Some(ActualTargets::Missing) | None => None,
        };
        let wanted = self.candidate(group)?.wanted.as_ref()?.iter().collect::<Vec<_>>();
        Some(steps::registrable(self, &wanted, facts, &mut Vec::new()))
    }

    /// The rules that its targets need, whatever security groups they have; `None`: not all of them can be told.
    pub fn rules(&self) -> Option<BTreeSet<&IngressRule>> {
        let is_told = self.candidates.iter().all(|candidate| candidate.doubtful.is_empty());
        let openings = self.candidates.iter().flat_map(|candidate| &candidate.openings);
        is_told.then(|| openings.flat_map(|opening| &opening.rules).collect())
    }

    /// The object as messages name it.
    pub(crate) fn object(&self) -> ObjectRef {
        object_ref(&self.name)
    }

    pub(crate) fn intent(&self) -> Intent {
        self.intent
    }

    /// All that the targets may be: one, unless the object leaves it to the target group.
    pub(crate) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Adds the questions that its part of the worker rules asks.
    pub(crate) fn ask_about_rules(&self, needs: &mut Needs) {
        if self.opens() {
            self.ask(needs);
        }
    }

    fn opens(&self) -> bool {
        self.declared.networking.as_ref().is_some_and(|rules| !rules.is_empty())
    }

    fn ask(&self, needs: &mut Needs) {
        let opens = self.opens();
        needs.security_groups_of_interfaces |= opens && !self.candidates.is_empty();
        for candidate in &self.candidates {
            needs.vpc |= candidate.target_type == TargetType::Ip;
            for target in candidate.wanted.iter().flatten() {
                match &target.id {
                    // Asked for without networking too: one instance that does not exist fails a whole registration.
                    TargetId::Instance(id) => {
                        needs.instances.insert(id.clone());
                    }
                    TargetId::Ip(address) if opens => {
                        let host = needs.interfaces_with.entry(*address).or_default();
                        *host = host.take().or_else(|| candidate.hosts.get(address).cloned());
                    }
                    TargetId::Ip(_) => {}
                }
            }
        }
    }

    /// Whether the target group has to say what its targets are.
    fn is_open(&self) -> bool {
        self.candidates.len() > 1
    }

    /// The candidate that fits the target group.
    fn candidate(&self, group: Option<&crate::actual::TargetGroupSummary>) -> Option<&Candidate> {
        match (self.candidates.as_slice(), group) {
            ([only], _) => Some(only),
            (several, Some(group)) => several.iter().find(|candidate| {
                Some(candidate.target_type) == group.target_type
                    && (candidate.target_type == TargetType::Instance
                        || candidate.ip_address_type == group.ip_address_type)
            }),
            (_, None) => None,
        }
    }
}

/// Understands one binding.
///
/// # Errors
///
/// Why there will be no plan: the object is refused (with all its problems at once), going without our finalizer, or
/// not there.
pub(crate) fn accept(snapshot: &Snapshot, name: &ObjectName) -> Result<BindingSpec, Declined> {
    View::of(snapshot).accept(name)
}

/// A snapshot with what all bindings ask of it, worked out once.
pub(crate) struct View<'a> {
    snapshot: &'a Snapshot,
    nodes: Option<Pool<'a>>,
    holders: Holders<'a>,
}

impl<'a> View<'a> {
    /// Works out the nodes that can be targets, and who holds which target group.
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, nodes: snapshot.nodes.as_ref().map(Pool::of), holders: Holders::of(snapshot) }
    }

    /// The names of all bindings that exist or are wanted.
    pub(crate) fn names(&self) -> BTreeSet<&'a ObjectName> {
        self.snapshot.bindings.keys().chain(self.snapshot.wanted_bindings.keys()).collect()
    }

    /// Who may reach a binding's targets, whether or not the binding is accepted; `None`: it cannot be read.
    pub(crate) fn networking(&self, name: &ObjectName) -> Option<Vec<NetworkingRule>> {
        let (declared, problems) = match self.find(name)? {
            Source::Object(object) => object::read(object),
            Source::Wanted(binding) => (Declared::from(binding), Vec::new()),
        };
        problems.is_empty().then(|| declared.networking.unwrap_or_default())
    }

    /// The Service port that a binding serves; `None`: it cannot be read.
    pub(crate) fn serves(&self, name: &ObjectName) -> Option<(String, PortRef)> {
        let declared = match self.find(name)? {
            Source::Object(object) => object::read(object).0,
            Source::Wanted(binding) => Declared::from(binding),
        };
        Some((declared.service, declared.port))
    }

    /// The stack that made a binding, readable or not.
    pub(crate) fn stack_of(&self, name: &ObjectName) -> Option<StackId> {
        match self.find(name)? {
            Source::Object(object) => object.metadata.labels.as_ref().and_then(StackId::from_labels),
            Source::Wanted(binding) => StackId::from_labels(&binding.labels),
        }
    }

    /// Understands one binding; see [`accept`].
    pub(crate) fn accept(&self, name: &ObjectName) -> Result<BindingSpec, Declined> {
        match self.find(name) {
            None => Err(Declined::Absent),
            Some(Source::Wanted(binding)) => self.keep(name, Declared::from(binding), Vec::new()),
            Some(Source::Object(object)) if object.metadata.deletion_timestamp.is_some() => self.leave(name, object),
            Some(Source::Object(object)) => {
                let (declared, problems) = object::read(object);
                self.keep(name, declared, problems)
            }
        }
    }

    /// A binding that its stack's plan is about to write counts as it will be, not as it is.
    fn find(&self, name: &ObjectName) -> Option<Source<'a>> {
        let object = self.snapshot.bindings.get(name).map(|object| Source::Object(object.as_ref()));
        if self.snapshot.bindings.get(name).is_some_and(|object| object.metadata.deletion_timestamp.is_some()) {
            return object;
        }
        self.snapshot.wanted_bindings.get(name).map(Source::Wanted).or(object)
    }

    fn keep(&self, name: &ObjectName, declared: Declared, mut problems: Vec<Problem>) -> Result<BindingSpec, Declined> {
        let object = object_ref(name);
        problems.extend(declared.problems(&object, &self.snapshot.settings));
        if let Some(other) = self.holders.before(name, &declared.group) {
            problems.push(
                Problem::of(object.clone(), format!("TargetGroupBinding {other} already holds this target group"))
                    .at("spec.targetGroupARN")
                    .value(declared.group.to_string())
                    .hint("bind each target group once: delete this object or the other one"),
            );
        }
        let candidates = self.candidates(&declared);
        // A generated object is right whatever its Service says: its stack follows the Service.
        if let ([only], None) = (candidates.as_slice(), &declared.of) {
            problems.extend(only.problems.iter().cloned());
        }
        if problems.is_empty() {
            Ok(self.spec(name, declared, Intent::Keep, candidates, Vec::new()))
        } else {
            problems.sort();
            Err(Declined::Refused(Refusal { object, problems, warnings: Vec::new() }))
        }
    }

    /// An object that is being deleted: no spec is too wrong to go.
    fn leave(&self, name: &ObjectName, object: &TargetGroupBinding) -> Result<BindingSpec, Declined> {
        if !has_finalizer(object) {
            let reason = "it is being deleted and does not carry our finalizer".to_owned();
            return Err(Declined::Skipped { object: object_ref(name), reason, hint: None });
        }
        let (declared, _) = object::read(object);
        let spared = if declared.of.is_some() {
            Some(None)
        } else if declared.multi_cluster || declared.assumes_role {
            Some(Some("its target group is shared or another account's, which is not supported".to_owned()))
        } else if declared.group.name().is_empty() {
            Some(Some("it names no target group that can be read".to_owned()))
        } else {
            self.holders
                .besides(name, &declared.group)
                .map(|other| Some(format!("TargetGroupBinding {other} holds its target group too")))
        };
        let intent = if spared.is_some() { Intent::Release } else { Intent::Empty };
        let warnings = spared
            .flatten()
            .map(|why| Problem::of(object_ref(name), format!("no target is deregistered: {why}")))
            .into_iter()
            .collect();
        let candidates = self.candidates(&declared);
        Ok(self.spec(name, declared, intent, candidates, warnings))
    }

    fn candidates(&self, declared: &Declared) -> Vec<Candidate> {
        declared.kinds().into_iter().map(|(kind, family)| Candidate::of(self, declared, kind, family)).collect()
    }

    fn spec(
        &self,
        name: &ObjectName,
        declared: Declared,
        intent: Intent,
        candidates: Vec<Candidate>,
        warnings: Vec<Problem>,
    ) -> BindingSpec {
        let settings = Arc::clone(&self.snapshot.settings);
        BindingSpec { name: name.clone(), of: declared.of.clone(), declared, intent, candidates, settings, warnings }
    }
}

/// Where a binding is taken from.
enum Source<'a> {
    Object(&'a TargetGroupBinding),
    Wanted(&'a Binding),
}

fn object_ref(name: &ObjectName) -> ObjectRef {
    ObjectRef::new("TargetGroupBinding", name)
}

fn has_finalizer(object: &TargetGroupBinding) -> bool {
    object.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == BINDING_FINALIZER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::id::{ResourceKey, ResourceKind, TargetIpAddressType};
    use crate::model::PortRef;
    use fixture::{cluster, name, object, put, put_service, want};

    fn with(object: TargetGroupBinding) -> Snapshot {
        let mut snapshot = cluster();
        put(&mut snapshot, object);
        snapshot
    }

    fn accepted(snapshot: &Snapshot) -> BindingSpec {
        accept(snapshot, &name()).unwrap()
    }

    fn refused(snapshot: &Snapshot) -> Vec<String> {
        match accept(snapshot, &name()) {
            Err(Declined::Refused(refusal)) => refusal.problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The only candidate's targets and what is odd about it.
    fn wanted(snapshot: &Snapshot) -> (Option<Vec<String>>, Vec<String>) {
        let spec = accepted(snapshot);
        let [candidate] = spec.candidates.as_slice() else { panic!("{spec:?}") };
        let targets = candidate.wanted.as_ref().map(|wanted| wanted.iter().map(ToString::to_string).collect());
        let odd = candidate.warnings.iter().chain(&candidate.problems);
        (targets, odd.map(|problem| problem.message.clone()).collect())
    }

    #[test]
    fn instance_targets_are_all_nodes_on_the_node_port() {
        let snapshot = with(object(|_| {}));
        assert_eq!(wanted(&snapshot), (Some(vec!["i-1:31000".into(), "i-2:31000".into()]), Vec::new()));
        let needs = accepted(&snapshot).needs();
        assert_eq!((needs.instances.len(), needs.security_groups_of_interfaces, needs.vpc), (2, true, false));
        let [opening] = accepted(&snapshot).candidates[0].openings.clone().try_into().unwrap();
        assert_eq!(opening.rules, [fixture::rule(31000, 31000, fixture::security_group("sg-lb"))]);
    }

    #[test]
    fn address_targets_are_the_endpoints_with_the_numbers_of_named_ports() {
        let mut snapshot = cluster();
        want(&mut snapshot, fixture::with_addresses);
        assert_eq!(wanted(&snapshot), (Some(vec!["10.0.1.1:8080".into()]), Vec::new()));
        let spec = accepted(&snapshot);
        let needs = spec.needs();
        let asked = ("10.0.1.1".parse().unwrap(), Some(crate::id::InstanceId::new("i-1")));
        assert_eq!((needs.interfaces_with, needs.vpc), ([asked].into(), true), "with the node, for prefixes");
        assert_eq!(
            spec.candidates[0].openings[0].rules,
            [fixture::rule(8080, 8080, fixture::security_group("sg-lb"))],
            "the Service's own target port has the number of the EndpointSlice"
        );
    }

    #[test]
    fn another_named_port_is_the_pods_and_one_that_no_pod_has_opens_nothing() {
        let named = |name: &str| {
            let mut snapshot = cluster();
            let mut service = fixture::service();
            service["spec"]["ports"][0]["targetPort"] = json!(8080);
            put_service(&mut snapshot, &service);
            want(&mut snapshot, |binding| {
                fixture::with_addresses(binding);
                binding.networking.as_mut().unwrap()[0].ports[0].port = Some(PortRef::Name(name.to_owned()));
            });
            accepted(&snapshot).candidates.remove(0)
        };
        let known = named("http");
        assert_eq!((known.openings.len(), known.doubtful.len()), (1, 0));
        let unknown = named("admin");
        assert_eq!((unknown.openings.len(), unknown.doubtful.len()), (0, 1));
        assert!(unknown.warnings[0].message.starts_with("target 10.0.1.1: spec.networking names a port"));
        assert_eq!(unknown.wanted.unwrap().len(), 1, "it is a target all the same");
    }

    #[test]
    fn without_networking_no_security_group_is_asked_for() {
        let spec = accepted(&with(object(|object| object["spec"]["networking"] = Value::Null)));
        let needs = spec.needs();
        assert_eq!((needs.instances.len(), needs.security_groups_of_interfaces), (2, false));
        let mut rules = Needs::default();
        spec.ask_about_rules(&mut rules);
        assert_eq!(rules, Needs::default());
    }

    #[test]
    fn the_scope_is_the_group_as_far_as_it_is_known() {
        let arn = TargetGroupRef::Arn(crate::id::TargetGroupArn::new(fixture::ARN));
        assert_eq!(accepted(&with(object(|_| {}))).scope(), Scope::Targets(arn));
        let by_name = with(object(|object| {
            object["spec"]["targetGroupARN"] = Value::Null;
            object["spec"]["targetGroupName"] = json!("mine");
        }));
        assert_eq!(accepted(&by_name).scope(), Scope::Targets(TargetGroupRef::Name("mine".into())));
        let open = with(object(|object| {
            object["spec"]["targetType"] = Value::Null;
            object["spec"]["networking"] = Value::Null;
        }));
        assert_eq!(accepted(&open).scope(), Scope::Targets(TargetGroupRef::Name("k8s-default-web".into())));
        let mut planned = cluster();
        let key = ResourceKey::new(ResourceKind::TargetGroup, "default/web:80");
        want(&mut planned, |binding| binding.target_group = crate::id::Ref::Made(key));
        assert_eq!(accepted(&planned).scope(), Scope::Nothing);
    }

    #[test]
    fn the_labels_say_which_stack_made_it() {
        assert_eq!(accepted(&with(object(|_| {}))).of, None);
        let stack = StackId::Service(ObjectName::new("default", "web"));
        assert_eq!(accepted(&with(object(fixture::generated))).of, Some(stack));
        let half = with(object(|object| object["metadata"]["labels"] = json!({ "service.k8s.aws/stack-name": "web" })));
        assert_eq!(accepted(&half).of, None);
    }

    #[test]
    fn what_is_nowhere_has_no_plan() {
        assert_eq!(accept(&cluster(), &name()).unwrap_err(), Declined::Absent);
    }

    #[test]
    fn every_problem_of_an_object_is_told_at_once() {
        let problems = refused(&with(object(|object| {
            object["spec"]["multiClusterTargetGroup"] = json!(true);
            object["spec"]["iamRoleArnToAssume"] = json!("arn:aws:iam::1:role/x");
            object["spec"]["serviceRef"]["port"] = json!(8080);
            object["spec"]["networking"]["ingress"][0]["from"] = json!([{ "ipBlock": { "cidr": "x" } }]);
        })));
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("has no such port\nhint: it has 80 (http)")));
    }

    #[test]
    fn troubles_with_the_service_refuse_a_hand_made_object_and_leave_a_generated_one_alone() {
        type Mutation = fn(&mut Value);
        let cases: &[(Mutation, &str)] = &[
            (|s| s["spec"]["ports"][0]["port"] = json!(81), "Service default/web has no such port"),
            (
                |s| s["spec"]["type"] = json!("ClusterIP"),
                "Service default/web is of type ClusterIP and has no node ports",
            ),
            (
                |s| {
                    s["spec"]["ports"][0]["nodePort"] = Value::Null;
                    s["spec"]["allocateLoadBalancerNodePorts"] = json!(false);
                },
                "port 80 of Service default/web has no node port",
            ),
        ];
        for (change, sentence) in cases {
            let mut service = fixture::service();
            change(&mut service);
            let mut by_hand = with(object(|_| {}));
            put_service(&mut by_hand, &service);
            let problems = refused(&by_hand);
            assert!(problems.len() == 1 && problems[0].contains(sentence), "{problems:?}");
            let mut generated = with(object(fixture::generated));
            put_service(&mut generated, &service);
            let (targets, odd) = wanted(&generated);
            assert_eq!(targets, None, "unknown is not empty");
            assert!(odd[0].starts_with(sentence), "{odd:?}");
            assert!(!accepted(&generated).candidates[0].doubtful.is_empty(), "its rules stay");
        }
    }

    #[test]
    fn a_node_port_that_is_not_assigned_yet_leaves_the_targets_to_later() {
        let mut snapshot = with(object(|_| {}));
        let mut service = fixture::service();
        service["spec"]["ports"][0]["nodePort"] = Value::Null;
        put_service(&mut snapshot, &service);
        let (targets, odd) = wanted(&snapshot);
        assert_eq!(
            (targets, odd[0].as_str()),
            (None, "targets are decided when running: the node port is only known after apply")
        );
    }

    #[test]
    fn nothing_is_decided_from_what_is_not_known() {
        let mut no_nodes = with(object(|_| {}));
        no_nodes.nodes = None;
        let mut no_slices = cluster();
        want(&mut no_slices, fixture::with_addresses);
        no_slices.endpoint_slices = None;
        for snapshot in [no_nodes, no_slices] {
            let (targets, odd) = wanted(&snapshot);
            assert_eq!(targets, None);
            assert!(odd[0].starts_with("targets are decided when running"), "{odd:?}");
        }
    }

    #[test]
    fn a_service_that_selects_pods_without_any_slice_is_not_one_without_endpoints() {
        let without_slices = |change: fn(&mut Value)| {
            let mut snapshot = cluster();
            let mut service = fixture::service();
            change(&mut service);
            put_service(&mut snapshot, &service);
            want(&mut snapshot, fixture::with_addresses);
            snapshot.endpoint_slices = Some(BTreeMap::new());
            wanted(&snapshot)
        };
        let (targets, odd) = without_slices(|_| {});
        assert_eq!(
            (targets, odd[0].as_str()),
            (None, "Service default/web has no EndpointSlice for ipv4 yet: its targets stay")
        );
        let by_hand = without_slices(|service| service["spec"]["selector"] = Value::Null);
        assert_eq!(by_hand, (Some(Vec::new()), Vec::new()), "who writes slices by hand may write none");
        let ipv6_only = without_slices(|service| service["spec"]["ipFamilies"] = json!(["IPv6"]));
        assert_eq!(ipv6_only.0, Some(Vec::new()));
        let mut empty = cluster();
        want(&mut empty, fixture::with_addresses);
        let slices = empty.endpoint_slices.as_mut().unwrap();
        slices.values_mut().for_each(|slice| Arc::make_mut(slice).endpoints = None);
        assert_eq!(wanted(&empty).0, Some(Vec::new()));
    }

    #[test]
    fn a_service_is_gone_when_both_caches_say_so() {
        type Mutation = fn(&mut Snapshot);
        let gone: Mutation = |snapshot| snapshot.endpoint_slices = Some(BTreeMap::new());
        let cases: &[(Mutation, Option<usize>, &str)] = &[
            (gone, Some(0), "Service default/web does not exist: no targets are wanted"),
            (|_| {}, None, "Service default/web was not found, but EndpointSlices of it are: its targets stay"),
            (
                |snapshot| {
                    let slices = snapshot.endpoint_slices.as_mut().unwrap();
                    for slice in slices.values_mut() {
                        Arc::make_mut(slice).metadata.owner_references = None;
                    }
                },
                Some(0),
                "Service default/web does not exist: no targets are wanted",
            ),
            (
                |snapshot| snapshot.endpoint_slices = None,
                None,
                "targets are decided when running: Service default/web and its endpoints are not known",
            ),
            (
                |snapshot| {
                    snapshot.endpoint_slices = Some(BTreeMap::new());
                    snapshot.nodes = None;
                },
                None,
                "targets are decided when running: Service default/web and its endpoints are not known",
            ),
            (
                |snapshot| snapshot.files_alone = true,
                None,
                "targets are decided when running: Service default/web is not among the files",
            ),
        ];
        for (change, expected, sentence) in cases {
            let mut snapshot = with(object(|_| {}));
            snapshot.services.clear();
            change(&mut snapshot);
            let (targets, odd) = wanted(&snapshot);
            assert_eq!(targets.map(|targets| targets.len()), *expected, "{sentence}");
            assert_eq!(odd, [*sentence]);
            let doubtful = &accepted(&snapshot).candidates[0].doubtful;
            assert_eq!(doubtful.is_empty(), expected.is_some(), "rules are closed only when the targets are known");
        }
    }

    #[test]
    fn of_two_ports_with_one_number_the_one_of_the_protocol_is_taken() {
        let mut snapshot = cluster();
        let mut service = fixture::service();
        service["spec"]["ports"] = json!([
            { "name": "dns-tcp", "port": 53, "nodePort": 31053, "protocol": "TCP" },
            { "name": "dns", "port": 53, "nodePort": 31054, "protocol": "UDP" }
        ]);
        put_service(&mut snapshot, &service);
        for (protocol, expected) in [("TCP", "i-1:31053"), ("UDP", "i-1:31054"), ("TCP_UDP", "i-1:31053")] {
            put(
                &mut snapshot,
                object(|object| {
                    object["spec"]["serviceRef"]["port"] = json!(53);
                    object["spec"]["targetGroupProtocol"] = json!(protocol);
                }),
            );
            assert_eq!(wanted(&snapshot).0.unwrap()[0], expected);
        }
        put(&mut snapshot, object(|object| object["spec"]["serviceRef"]["port"] = json!("dns")));
        assert_eq!(wanted(&snapshot).0.unwrap()[0], "i-1:31054");
    }

    #[test]
    fn what_is_deleted_without_our_finalizer_is_not_ours() {
        let snapshot = with(object(|object| {
            fixture::deleting(object);
            object["metadata"]["finalizers"] = json!(["example.com/other"]);
        }));
        assert!(matches!(accept(&snapshot, &name()), Err(Declined::Skipped { .. })));
    }

    #[test]
    fn deletion_needs_no_valid_spec() {
        let invalid = object(|object| {
            fixture::deleting(object);
            object["spec"]["targetType"] = json!("lambda");
            object["spec"]["serviceRef"]["port"] = json!("none");
        });
        assert_eq!(accepted(&with(invalid)).intent, Intent::Empty);
    }

    #[test]
    fn deletion_empties_only_what_is_this_binding_s_alone() {
        type Mutation = fn(&mut Value);
        let cases: &[(Mutation, Intent)] = &[
            (|_| {}, Intent::Empty),
            (fixture::generated, Intent::Release),
            (|o| o["spec"]["multiClusterTargetGroup"] = json!(true), Intent::Release),
            (|o| o["spec"]["iamRoleArnToAssume"] = json!("arn:aws:iam::1:role/x"), Intent::Release),
            (|o| o["spec"]["targetGroupARN"] = Value::Null, Intent::Release),
        ];
        for (change, intent) in cases {
            let snapshot = with(object(|object| {
                fixture::deleting(object);
                change(object);
            }));
            assert_eq!(accepted(&snapshot).intent, *intent);
        }
        let mut shared = with(object(fixture::deleting));
        put(&mut shared, object(|object| object["metadata"]["name"] = json!("other")));
        let spec = accepted(&shared);
        assert_eq!(spec.intent, Intent::Release);
        assert!(spec.warnings[0].message.ends_with("TargetGroupBinding default/other holds its target group too"));
    }

    #[test]
    fn the_newer_of_two_bindings_on_one_group_gives_way() {
        type Mutation = fn(&mut Value);
        let cases: &[(Mutation, bool)] = &[
            (|o| o["metadata"]["creationTimestamp"] = json!("2026-01-31T09:00:00Z"), true),
            (|o| o["metadata"]["creationTimestamp"] = json!("2026-01-31T11:00:00Z"), false),
            (|o| o["metadata"]["name"] = json!("a"), true),
            (|o| o["metadata"]["name"] = json!("z"), false),
            (
                |o| {
                    o["metadata"]["name"] = json!("a");
                    o["spec"]["targetGroupARN"] = Value::Null;
                    o["spec"]["targetGroupName"] = json!("k8s-default-web");
                },
                true,
            ),
            (|o| o["spec"]["targetGroupARN"] = json!(fixture::ARN.replace("/1", "/2")), false),
            // About to empty the group, whatever its age.
            (
                |o| {
                    o["metadata"]["creationTimestamp"] = json!("2026-01-31T11:00:00Z");
                    fixture::deleting(o);
                },
                true,
            ),
            // A generated one that goes leaves the targets alone.
            (
                |o| {
                    o["metadata"]["creationTimestamp"] = json!("2026-01-31T09:00:00Z");
                    fixture::deleting(o);
                    fixture::generated(o);
                },
                false,
            ),
        ];
        for (index, (change, gives_way)) in cases.iter().enumerate() {
            let mut snapshot = with(object(|_| {}));
            put(
                &mut snapshot,
                object(|other| {
                    other["metadata"]["name"] = json!("other");
                    other["metadata"]["creationTimestamp"] = json!("2026-01-31T10:00:00Z");
                    change(other);
                }),
            );
            assert_eq!(accept(&snapshot, &name()).is_err(), *gives_way, "case {index}");
        }
    }

    #[test]
    fn a_planned_binding_comes_before_the_object_it_changes() {
        let mut snapshot = with(object(|_| {}));
        want(&mut snapshot, |binding| binding.networking = None);
        assert!(accepted(&snapshot).candidates[0].openings.is_empty());
        put(&mut snapshot, object(fixture::deleting));
        assert_eq!(accepted(&snapshot).intent, Intent::Empty, "one that is going has to go first");
    }

    #[test]
    fn the_count_is_of_wanted_targets() {
        use crate::actual::TargetState;
        let spec = accepted(&with(object(|_| {})));
        let found = fixture::found(&[(fixture::instance("i-1"), TargetState::Healthy)]);
        assert_eq!(spec.count(&found), Some(TargetCount { ready: 1, total: 2 }));
        assert_eq!(spec.count(&ActualTargets::Missing), None);
    }

    #[test]
    fn addresses_of_both_families_are_kept_apart() {
        let mut snapshot = cluster();
        want(&mut snapshot, |binding| {
            fixture::with_addresses(binding);
            binding.ip_address_type = TargetIpAddressType::Ipv6;
        });
        assert_eq!(wanted(&snapshot).0, Some(Vec::new()));
    }
}
