//! Ingresses that share a load balancer, understood: typed intent of each member, and what is wrong with those that are
//! set aside. One bad member never stops the others.

mod action;
mod asking;
mod backend;
pub mod class;
mod condition;
pub mod group;
mod health_check;
mod json;
mod leaving;
mod member;
mod merge;
mod ports;
mod reading;
mod references;
mod rules;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::networking::v1::Ingress;

use super::{StackSpec, gone};
use crate::id::{ObjectName, ObjectRef, Protocol, StackId};
use crate::model::PortRef;
use crate::problem::{Declined, Problem, Refusal};
use crate::snapshot::{Settings, Snapshot};

pub use asking::asks_for;
pub use backend::BackendSettings;
use class::Ownership;
pub(crate) use condition::fits_in_one_rule;
use group::Membership;
pub use leaving::Leaving;
pub use member::Member;
pub use merge::{Merged, MergedListener};
pub use ports::ListenerSettings;
pub use references::names_service;
pub use rules::{GroupRef, Rule, RuleAction, Rules};
pub use settings::{LoadBalancerSettings, SecurityGroupName, Subnets};

/// What the Ingresses of a group ask for.
#[derive(Debug, Clone)]
pub struct IngressSpec {
    /// The stack.
    pub id: StackId,
    /// The flags it was understood with.
    pub settings: Arc<Settings>,
    /// The members, in the group's order; those with problems too.
    pub members: Vec<Member>,
    /// Ingresses that hold on to the group and do not belong to it any more.
    pub leaving: Vec<Leaving>,
    /// Whether only the files' objects are known: then a member may have been accepted before though it carries no finalizer.
    pub files_alone: bool,
}

/// The members that go on, those that are set aside, and what the load balancer is to be for them.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The members that go on, in the group's order.
    pub good: Vec<&'a Member>,
    /// Those that listen somewhere: the good ones, and set aside ones that may have been accepted before.
    pub heard: Vec<&'a Member>,
    /// Why the others are set aside.
    pub set_aside: BTreeMap<ObjectName, Vec<Problem>>,
    /// What they ask of the load balancer together.
    pub merged: Merged,
    /// Whether that is all: a member that may have been accepted before could say more if it could be read.
    pub is_settled: bool,
}

impl IngressSpec {
    /// The group without the members that are wrong by themselves, disagree with older ones, or have problems that facts
    /// of AWS brought up.
    pub fn group(&self, found: &BTreeMap<ObjectName, Vec<Problem>>) -> Group<'_> {
        let mut set_aside = found.clone();
        for member in self.members.iter().filter(|member| !member.problems.is_empty()) {
            set_aside.entry(member.name.clone()).or_default().extend(member.problems.iter().cloned());
        }
        let is_heard = |member: &&Member| {
            let readable = !set_aside.contains_key(&member.name);
            readable || member.holds || self.files_alone
        };
        let heard = self.members.iter().filter(is_heard).collect::<Vec<_>>();
        let merge = merge::Merge::of(&heard);
        let mut is_settled = true;
        for member in &heard {
            is_settled &= !(member.is_unsettled && set_aside.contains_key(&member.name));
        }
        for (name, problems) in &merge.conflicts {
            set_aside.entry((*name).clone()).or_default().extend(problems.iter().cloned());
        }
        let merged = merge.merged(&heard);
        let good = self.members.iter().filter(|member| !set_aside.contains_key(&member.name)).collect();
        let heard = heard.into_iter().filter(|member| !merge.conflicts.contains_key(&member.name)).collect();
        Group { good, heard, set_aside, merged, is_settled }
    }

    /// The members, in the group's order.
    pub fn objects(&self) -> Vec<ObjectRef> {
        self.members.iter().map(Member::object).collect()
    }
}

/// Understands the Ingresses of a group.
pub(super) fn accept(snapshot: &Snapshot, id: &StackId) -> Result<StackSpec, Declined> {
    let (mut members, leaving) = members(snapshot, id);
    if members.is_empty() && leaving.is_empty() {
        return Err(declined(snapshot, id));
    }
    // Newcomers that are wrong have nothing here, and no finalizer: what the others leave must not be left to them.
    let has_nothing = |member: &Member| !member.problems.is_empty() && !member.holds && !snapshot.files_alone;
    if members.is_empty() || !leaving.is_empty() && members.iter().all(has_nothing) {
        return Ok(StackSpec::Gone(gone::of_group(id, &leaving, snapshot)));
    }
    members.sort_by(|one, other| {
        let key = |member: &Member| (member.order, member.name.to_string());
        key(one).cmp(&key(other))
    });
    if leaving.is_empty() && members.iter().all(|member| !member.problems.is_empty()) {
        return Err(Declined::Refused(Refusal {
            object: id.object(),
            problems: members.iter().flat_map(|member| member.problems.iter().cloned()).collect(),
            warnings: members.iter().flat_map(|member| member.warnings.iter().cloned()).collect(),
        }));
    }
    Ok(StackSpec::Ingress(Box::new(IngressSpec {
        id: id.clone(),
        settings: Arc::clone(&snapshot.settings),
        members,
        leaving: leaving.iter().map(|ingress| Leaving::of(ingress, snapshot)).collect(),
        files_alone: snapshot.files_alone,
    })))
}

/// The members of a group, and those that leave it.
fn members<'a>(snapshot: &'a Snapshot, id: &StackId) -> (Vec<Member>, Vec<&'a Ingress>) {
    let (mut members, mut leaving) = (Vec::new(), Vec::new());
    let candidates: Vec<&Ingress> = match id {
        StackId::Ingress(name) => snapshot.ingresses.get(name).into_iter().map(AsRef::as_ref).collect(),
        StackId::Group(_) => snapshot.ingresses.values().map(AsRef::as_ref).collect(),
        StackId::Service(_) => Vec::new(),
    };
    for ingress in candidates {
        match group::membership(ingress, id, snapshot) {
            Membership::Active(class) => members.push(Member::read(ingress, class, id, snapshot)),
            Membership::SetAside(problem) => members.push(Member::set_aside(ingress, id, snapshot, problem)),
            Membership::Leaving => match gone::refusal_of_ingress(ingress) {
                Some(problem) => members.push(Member::set_aside(ingress, id, snapshot, problem)),
                None => leaving.push(ingress),
            },
            Membership::None => {}
        }
    }
    (members, leaving)
}

/// Why a group without any member gets no plan.
fn declined(snapshot: &Snapshot, id: &StackId) -> Declined {
    let Some(ingress) = id.owner().and_then(|name| snapshot.ingresses.get(name)) else { return Declined::Absent };
    let (reason, hint) = match class::ownership(ingress, snapshot) {
        _ if ingress.metadata.deletion_timestamp.is_some() => ("it is being deleted".to_owned(), None),
        Ownership::NotOurs { reason, hint } => (reason, hint),
        Ownership::Unknown(problem) | Ownership::Broken(problem) => (problem.message, problem.hint),
        Ownership::Ours(_) => ("it belongs to a group with others".to_owned(), None),
    };
    Declined::Skipped { object: id.object(), reason, hint }
}

/// Whether an Ingress has, or is about to have, a load balancer that uses what the cluster shares. One that is refused
/// has none unless it was once accepted.
pub(super) fn stays(ingress: &Ingress, snapshot: &Snapshot) -> bool {
    if ingress.metadata.deletion_timestamp.is_some() {
        return gone::refusal_of_ingress(ingress).is_some() && group::holds_any(ingress);
    }
    match class::ownership(ingress, snapshot) {
        Ownership::NotOurs { .. } => false,
        Ownership::Unknown(_) | Ownership::Broken(_) => group::holds_any(ingress),
        Ownership::Ours(class) => uses_shared_group(ingress, class, snapshot),
    }
}

fn uses_shared_group(ingress: &Ingress, class: Option<&crate::crd::IngressClassParams>, snapshot: &Snapshot) -> bool {
    let id = StackId::Ingress(ObjectName::of(&ingress.metadata));
    let member = Member::read(ingress, class, &id, snapshot);
    let given = member.settings.security_groups.as_ref().is_some_and(|groups| !groups.is_empty());
    let managed = member.settings.manage_backend_rules.unwrap_or(snapshot.settings.manage_backend_security_group_rules);
    (member.problems.is_empty() || group::holds_any(ingress)) && (!given || managed)
}

/// The Service ports for which a group that serves has TargetGroupBindings: those of its members that are good and have an
/// address.
pub(crate) fn bound(snapshot: &Snapshot, id: &StackId) -> BTreeSet<(ObjectName, PortRef)> {
    let Ok(StackSpec::Ingress(spec)) = accept(snapshot, id) else { return BTreeSet::new() };
    let group = spec.group(&BTreeMap::new());
    let redirects = |protocol| protocol == Protocol::Http && group.merged.ssl_redirect.is_some();
    let mut ports = BTreeSet::new();
    for member in group.good.iter().filter(|member| member.holds && has_address(snapshot, &member.name)) {
        if member.settings.listeners.values().all(|listener| redirects(listener.protocol)) {
            continue;
        }
        for id in member.rules.own_groups() {
            ports.extend(member.rules.backends.get(id).map(|backend| (backend.service.clone(), backend.port.clone())));
        }
    }
    ports
}

fn has_address(snapshot: &Snapshot, name: &ObjectName) -> bool {
    let status = snapshot.ingresses.get(name).and_then(|ingress| ingress.status.as_ref());
    let addresses = status.and_then(|status| status.load_balancer.as_ref()).and_then(|one| one.ingress.as_ref());
    addresses.is_some_and(|addresses| !addresses.is_empty())
}

/// The groups that Ingresses of a snapshot concern: what there is to plan.
pub fn groups(snapshot: &Snapshot) -> BTreeSet<StackId> {
    snapshot.ingresses.values().flat_map(|ingress| group::groups_of(ingress, snapshot)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::ingress::{add, add_service, annotate, cluster, path};

    fn web() -> StackId {
        StackId::Ingress(ObjectName::new("shop", "web"))
    }

    fn shop() -> StackId {
        StackId::Group("shop".to_owned())
    }

    fn read(snapshot: &Snapshot, id: &StackId) -> IngressSpec {
        match accept(snapshot, id) {
            Ok(StackSpec::Ingress(spec)) => *spec,
            other => panic!("{other:?}"),
        }
    }

    /// What is wrong with the Ingress after a change, every problem on its lines.
    fn problems(change: impl FnOnce(&mut Snapshot, &mut Value)) -> Vec<String> {
        let mut snapshot = cluster();
        let mut ingress = Value::Null;
        add(&mut snapshot, "web", |object| ingress = object.clone());
        change(&mut snapshot, &mut ingress);
        add(&mut snapshot, "web", |object| *object = ingress);
        match accept(&snapshot, &web()) {
            Err(Declined::Refused(refusal)) => refusal.problems.iter().map(ToString::to_string).collect(),
            Ok(StackSpec::Ingress(spec)) => {
                spec.group(&BTreeMap::new()).set_aside.into_values().flatten().map(|one| one.to_string()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn annotated(suffix: &'static str, value: &str) -> Vec<String> {
        problems(|_, ingress| annotate(ingress, suffix, value))
    }

    #[test]
    fn a_plain_ingress_is_accepted() {
        assert_eq!(problems(|_, _| {}), [""; 0]);
        let mut snapshot = cluster();
        add(&mut snapshot, "web", |_| {});
        let spec = read(&snapshot, &web());
        let group = spec.group(&BTreeMap::new());
        assert_eq!(group.good.len(), 1);
        assert!(group.is_settled);
        assert_eq!(group.merged.listeners.keys().collect::<Vec<_>>(), [&80]);
        let backends = &group.good[0].rules.backends;
        assert_eq!(backends.keys().collect::<Vec<_>>(), ["shop/web-web:80"]);
        assert_eq!(groups(&snapshot), BTreeSet::from([web()]));
    }

    /// One valid Ingress, one annotation, one problem.
    #[test]
    fn a_bad_annotation_is_one_problem() {
        for (suffix, value, wrong) in [
            ("group.name", "", "this is no name of a group"),
            ("group.name", "Shop", "this is no name of a group"),
            ("group.order", "first", "this is not a whole number"),
            ("group.order", "1001", "out of range"),
            ("load-balancer-name", "a-name-that-has-more-than-thirty-two", "has at most 32 characters"),
            ("load-balancer-name", "", "only letters, digits and dashes"),
            ("scheme", "public", "this value is unknown"),
            ("ip-address-type", "ipv6", "this value is unknown"),
            ("subnets", "", "no subnet is named"),
            ("manage-backend-security-group-rules", "yes", "not a boolean"),
            ("inbound-cidrs", "10.0.0.0", "is not a CIDR range"),
            ("security-group-prefix-lists", "pl-1,office", "\"office\" is no id of a prefix list"),
            ("target-node-labels", "zone", "is not a key=value pair"),
            ("certificate-arn", "shop", "\"shop\" is not an ARN"),
            ("ssl-policy", "", "this is no name of a security policy"),
            ("load-balancer-attributes", "idle_timeout", "is not a key=value pair"),
            ("tags", "team", "is not a key=value pair"),
            ("listen-ports", "80", "must be a list of objects"),
            ("listener-attributes.HTTP-80", "a", "is not a key=value pair"),
            ("ssl-redirect", "https", "not a whole number"),
            ("target-type", "pod", "this value is unknown"),
            ("backend-protocol", "TCP", "this value is unknown"),
            ("backend-protocol-version", "HTTP3", "this value is unknown"),
            ("target-group-attributes", "stickiness", "is not a key=value pair"),
            ("healthcheck-port", "metrics", "no port of the Service has this name"),
            ("healthcheck-protocol", "TCP", "this value is unknown"),
            ("healthcheck-path", "healthz", "begins with a slash"),
            ("healthcheck-interval-seconds", "5", "a check may take 5 s"),
            ("healthcheck-timeout-seconds", "121", "out of range"),
            ("healthy-threshold-count", "1", "out of range"),
            ("unhealthy-threshold-count", "11", "out of range"),
            ("success-codes", "OK", "these are no success codes"),
            ("use-regex-path-match", "maybe", "not a boolean"),
            ("wafv2-acl-arn", "arn:aws:wafv2:x", "not supported yet"),
            ("auth-type", "oidc", "not supported yet"),
            ("transforms.web", "[]", "not supported yet"),
            ("conditions.web", "{}", "this must be a list"),
        ] {
            let found = annotated(suffix, value);
            assert_eq!(found.len(), 1, "{suffix}: {found:?}");
            assert!(found[0].contains(wrong), "{suffix}: {found:?}");
            assert!(
                found[0].starts_with(&format!("metadata.annotations[alb.ingress.kubernetes.io/{suffix}")),
                "{found:?}"
            );
            assert!(found[0].contains("\nhint: "), "{found:?}");
        }
    }

    #[test]
    fn every_problem_is_found_at_once() {
        let found = problems(|_, ingress| {
            annotate(ingress, "scheme", "public");
            annotate(ingress, "healthy-threshold-count", "one");
            ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/a*");
            ingress["spec"]["rules"][0]["http"]["paths"].as_array_mut().unwrap().push(path("/b", "api"));
        });
        assert_eq!(found.len(), 4, "{found:#?}");
    }

    #[test]
    fn a_backend_that_cannot_be_had_says_what_would_work() {
        let backend = |change: fn(&mut Value)| {
            problems(move |_, ingress| {
                change(&mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]);
            })
        };
        assert_eq!(
            backend(|backend| backend["service"]["port"] = json!({ "number": 81 })),
            [
                "spec.rules[0].http.paths[0].backend.service: Service shop/web has no port 81\nhint: its ports: 80 (http)"
            ]
        );
        assert_eq!(
            backend(|backend| *backend = json!({ "resource": { "kind": "Bucket", "name": "x" } })),
            ["spec.rules[0].http.paths[0].backend: the backend names no Service\n\
              hint: name a Service: a load balancer reaches nothing else"]
        );
        let cluster_ip = backend(|backend| backend["service"] = json!({ "name": "api", "port": { "number": 8080 } }));
        assert!(cluster_ip[0].contains("Service shop/api of type ClusterIP has none"), "{cluster_ip:?}");
        assert!(cluster_ip[0].contains("hint: set alb.ingress.kubernetes.io/target-type: ip"), "{cluster_ip:?}");
        let external = problems(|snapshot, _| {
            add_service(snapshot, "web", |service| service["spec"]["type"] = json!("ExternalName"));
        });
        assert!(external[0].contains("is of type ExternalName, which has no endpoints"), "{external:?}");
    }

    #[test]
    fn target_groups_that_aws_does_not_take_together_are_told() {
        let action = |groups: &str, more: &str, sticky: bool| {
            let text = format!(r#"{{"type":"forward","forwardConfig":{{"targetGroups":[{groups}]{more}}}}}"#);
            problems(move |_, ingress| {
                annotate(ingress, "actions.x", text);
                if sticky {
                    annotate(ingress, "target-group-attributes", "stickiness.enabled=true");
                }
                let backend = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
                *backend = json!({ "name": "x", "port": { "name": "use-annotation" } });
            })
        };
        let two = r#"{"serviceName":"web","servicePort":80,"weight":1},{"serviceName":"web","servicePort":"http","weight":1}"#;
        let twice =
            r#"{"serviceName":"web","servicePort":80,"weight":1},{"serviceName":"web","servicePort":"80","weight":2}"#;
        let enabled = r#","targetGroupStickinessConfig":{"enabled":true,"durationSeconds":60}"#;
        assert_eq!(action(two, "", false), [""; 0]);
        assert_eq!(action(two, enabled, true), [""; 0]);
        assert!(action(twice, "", false)[0].contains("targetGroups entry 2: it is named before"));
        assert!(action(two, "", true)[0].contains("hint: enable targetGroupStickinessConfig"));
    }

    #[test]
    fn a_missing_service_is_answered_for_where_that_is_tolerated() {
        let missing =
            |snapshot: &mut Snapshot, _: &mut Value| _ = snapshot.services.remove(&ObjectName::new("shop", "web"));
        assert_eq!(problems(missing), [""; 0]);
        let strict = problems(|snapshot, ingress| {
            missing(snapshot, ingress);
            Arc::make_mut(&mut snapshot.settings).tolerate_missing_service = false;
        });
        assert_eq!(strict.len(), 1);
        assert!(strict[0].contains("there is no Service shop/web"), "{strict:?}");
        let mut snapshot = cluster();
        snapshot.services.clear();
        add(&mut snapshot, "web", |_| {});
        let spec = read(&snapshot, &web());
        assert!(spec.members[0].warnings[0].message.ends_with("requests are answered with 503"));
        assert!(matches!(spec.members[0].rules.rules[0].action, RuleAction::Answer(_)));
    }

    #[test]
    fn rules_stand_in_the_order_of_the_contract() {
        let mut snapshot = cluster();
        add(&mut snapshot, "web", |ingress| {
            let typed = |text: &str, path_type: &str| {
                let mut path = path(text, "web");
                path["pathType"] = json!(path_type);
                path
            };
            ingress["spec"]["rules"] = json!([
                { "host": "b.example.com", "http": { "paths": [
                    typed("/x*", "ImplementationSpecific"), typed("/a", "Prefix"), typed("/long", "Prefix"),
                    typed("/b", "Prefix"), typed("/z", "Exact"), typed("/y", "Exact")
                ] } },
                { "host": "c.example.com" },
                { "host": "a.example.com", "http": { "paths": [path("/", "web")] } }
            ]);
        });
        let spec = read(&snapshot, &web());
        let fields = spec.members[0].rules.rules.iter().map(|rule| rule.field.clone()).collect::<Vec<_>>();
        let first = [4, 5, 2, 1, 3, 0].map(|place| format!("spec.rules[0].http.paths[{place}]"));
        assert_eq!(fields[..6], first);
        assert_eq!(fields[6..], ["spec.rules[2].http.paths[0]"]);
    }

    #[test]
    fn a_service_speaks_before_its_ingress_and_a_class_before_both() {
        let mut snapshot = cluster();
        add_service(&mut snapshot, "web", |service| {
            annotate(service, "healthcheck-path", "/service");
            annotate(service, "tags", "a=service,b=service");
        });
        add(&mut snapshot, "web", |ingress| {
            annotate(ingress, "healthcheck-path", "/ingress");
            annotate(ingress, "success-codes", "200-299");
            annotate(ingress, "tags", "b=ingress,c=ingress");
        });
        let spec = read(&snapshot, &web());
        let backend = &spec.members[0].rules.backends["shop/web-web:80"];
        assert_eq!(backend.health_check.path.as_deref(), Some("/service"));
        assert_eq!(backend.health_check.matcher.as_ref().map(ToString::to_string).as_deref(), Some("200-299"));
        let tags = backend.tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
        assert_eq!(tags, ["a=service", "b=service", "c=ingress"]);
        let class = json!({ "metadata": { "name": "params" }, "spec": {
            "targetType": "ip", "scheme": "internet-facing", "tags": [{ "key": "c", "value": "class" }]
        } });
        snapshot.ingress_class_params.insert("params".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
        use_parameters(&mut snapshot, "params");
        let spec = read(&snapshot, &web());
        let backend = &spec.members[0].rules.backends["shop/web-web:80"];
        assert_eq!(backend.target_type, crate::id::TargetType::Ip);
        assert_eq!(backend.tags["c"], "class");
        assert_eq!(spec.members[0].settings.scheme, Some(crate::id::Scheme::InternetFacing));
    }

    fn use_parameters(snapshot: &mut Snapshot, name: &str) {
        let class = json!({ "metadata": { "name": "alb" }, "spec": { "controller": "ingress.k8s.aws/alb", "parameters": {
            "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": name
        } } });
        snapshot.ingress_classes.insert("alb".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
    }

    #[test]
    fn what_a_service_cannot_say_is_told() {
        let with = |suffix: &'static str, value: &'static str| {
            problems(move |snapshot, _| add_service(snapshot, "web", |service| annotate(service, suffix, value)))
        };
        let refused = with("multi-cluster-target-group", "true");
        assert!(refused[0].contains("not supported yet; the Ingress is refused"), "{refused:?}");
        let bad = with("success-codes", "fine");
        assert!(
            bad[0].starts_with("Service shop/web: metadata.annotations[alb.ingress.kubernetes.io/success-codes]: ")
        );
        assert!(bad[0].contains("these are no success codes"), "{bad:?}");
        let mut snapshot = cluster();
        add_service(&mut snapshot, "web", |service| {
            annotate(service, "scheme", "internal");
            annotate(service, "healthcheck-paht", "/");
        });
        add(&mut snapshot, "web", |_| {});
        let warnings = read(&snapshot, &web()).members[0].warnings.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].contains("did you mean alb.ingress.kubernetes.io/healthcheck-path?"), "{warnings:?}");
        assert!(warnings[1].contains("this annotation has no effect on a Service"), "{warnings:?}");
    }

    #[test]
    fn a_class_that_cannot_be_used_refuses_its_ingresses() {
        let with = |spec: Value| {
            problems(move |snapshot, _| {
                let class = json!({ "metadata": { "name": "params" }, "spec": spec });
                snapshot
                    .ingress_class_params
                    .insert("params".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
                snapshot.namespaces.insert("shop".to_owned(), BTreeMap::from([("team".to_owned(), "web".to_owned())]));
                use_parameters(snapshot, "params");
            })
        };
        assert_eq!(with(json!({ "namespaceSelector": { "matchLabels": { "team": "web" } } })), [""; 0]);
        for (spec, wrong) in [
            (json!({ "namespaceSelector": { "matchLabels": { "team": "api" } } }), "the class is not for namespace"),
            (json!({ "wafv2AclName": "x" }), "this field is not supported yet"),
            (json!({ "minimumLoadBalancerCapacity": { "capacityUnits": 100 } }), "this field is not supported yet"),
            (json!({ "prefixListsIDs": ["office"] }), "this is no id of a prefix list"),
            (json!({ "PrefixListsIDs": ["office"] }), "this is no id of a prefix list"),
            (json!({ "scheme": "public" }), "this value is unknown"),
            (json!({ "sslRedirectPort": "https" }), "a port is 1 to 65535"),
            (json!({ "inboundCIDRs": ["10.0.0.0"] }), "this is not a CIDR range"),
            (json!({ "targetType": "pod" }), "this value is unknown"),
            (json!({ "loadBalancerName": "-" }), "neither begins nor ends with a dash"),
            (json!({ "certificateArn": ["shop"] }), "this is not an ARN"),
            (json!({ "sslPolicy": "TLS 1.3" }), "this is no name of a security policy"),
            (json!({ "group": { "name": "-" } }), "this is no name of a group"),
        ] {
            let found = with(spec.clone());
            assert_eq!(found.len(), 1, "{spec}: {found:?}");
            assert!(found[0].contains(wrong) && found[0].contains("IngressClassParams params"), "{spec}: {found:?}");
            assert!(found[0].contains("\nhint: "), "{spec}: {found:?}");
        }
        let missing = problems(|snapshot, _| use_parameters(snapshot, "nothing"));
        assert!(missing[0].contains("there is no IngressClassParams \"nothing\""), "{missing:?}");
    }

    #[test]
    fn what_is_not_ours_says_which_line_would_make_it_ours() {
        let told = |change: fn(&mut Snapshot, &mut Value)| {
            let mut snapshot = cluster();
            let mut ingress = Value::Null;
            add(&mut snapshot, "web", |object| ingress = object.clone());
            change(&mut snapshot, &mut ingress);
            add(&mut snapshot, "web", |object| *object = ingress);
            match accept(&snapshot, &web()) {
                Err(Declined::Skipped { reason, hint, .. }) => (reason, hint.unwrap_or_default()),
                other => panic!("{other:?}"),
            }
        };
        let ours = "spec.ingressClassName: alb".to_owned();
        assert_eq!(
            told(|_, ingress| ingress["spec"]["ingressClassName"] = json!("nginx")),
            ("there is no IngressClass \"nginx\"".to_owned(), ours.clone())
        );
        assert_eq!(
            told(|_, ingress| ingress["spec"]["ingressClassName"] = Value::Null),
            ("it names no class, and no IngressClass is the default".to_owned(), ours)
        );
        assert_eq!(
            told(|_, ingress| ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"] = json!("nginx")),
            (
                "its annotation kubernetes.io/ingress.class is \"nginx\"".to_owned(),
                "kubernetes.io/ingress.class: alb".to_owned()
            )
        );
    }

    fn class(controller: &str, is_default: bool) -> Arc<k8s_openapi::api::networking::v1::IngressClass> {
        let default = json!({ "ingressclass.kubernetes.io/is-default-class": is_default.to_string() });
        let class = json!({ "metadata": { "annotations": default }, "spec": { "controller": controller } });
        Arc::new(serde_json::from_value(class).unwrap())
    }

    #[test]
    fn a_default_class_is_for_ingresses_without_one() {
        let mut snapshot = cluster();
        add(&mut snapshot, "web", |ingress| ingress["spec"]["ingressClassName"] = Value::Null);
        add(&mut snapshot, "named", |_| {});
        snapshot.ingress_classes.insert("other".to_owned(), class(class::CONTROLLER, true));
        assert!(accept(&snapshot, &web()).is_ok());
        snapshot.ingress_classes.insert("second".to_owned(), class("example.com/x", true));
        let Err(Declined::Refused(refusal)) = accept(&snapshot, &web()) else { panic!("refused") };
        assert!(refusal.problems[0].message.contains("several are the default: other, second"));
        assert!(accept(&snapshot, &StackId::Ingress(ObjectName::new("shop", "named"))).is_ok(), "it names its class");
    }

    /// `ingress-alb.md` §1.1, line by line.
    #[test]
    fn whose_an_ingress_is_follows_the_contract() {
        let annotation = "kubernetes.io/ingress.class";
        for (flag, annotated, named, default, ours, why) in [
            ("alb", Some("alb"), None, None, true, "the annotation names the flag's class"),
            ("alb", Some("alb"), Some("other"), None, true, "the annotation decides alone"),
            ("alb", Some("nginx"), Some("alb"), None, false, "the annotation decides alone"),
            ("alb", Some(""), Some("alb"), None, false, "an empty one decides too"),
            ("public", Some("alb"), None, None, false, "another flag"),
            ("public", None, Some("alb"), None, true, "a class is told by its controller, not by its name"),
            ("", Some(""), None, None, true, "without a flag the empty annotation is ours"),
            ("", Some("alb"), None, None, true, "and so is alb"),
            ("", Some("nginx"), None, None, false, "but no other"),
            ("", None, None, None, true, "without a flag an Ingress without a class is ours"),
            ("alb", None, None, None, false, "with one it is not"),
            ("alb", None, None, Some(("alb", "true")), true, "unless ours is the default class"),
            ("alb", None, None, Some(("alb", "True")), false, "spelled exactly"),
            ("", None, None, Some(("other", "true")), false, "another controller's default comes before the flag"),
            ("alb", None, Some("other"), Some(("alb", "true")), false, "a default is for those without a class"),
        ] {
            let mut snapshot = cluster();
            Arc::make_mut(&mut snapshot.settings).ingress_class = flag.to_owned();
            snapshot.ingress_classes.insert("other".to_owned(), class("example.com/other", false));
            if let Some((name, value)) = default {
                let default = Arc::make_mut(snapshot.ingress_classes.get_mut(name).unwrap());
                let marked = [("ingressclass.kubernetes.io/is-default-class".to_owned(), value.to_owned())];
                default.metadata.annotations = Some(marked.into());
            }
            add(&mut snapshot, "web", |ingress| {
                ingress["spec"]["ingressClassName"] = json!(named);
                if let Some(value) = annotated {
                    ingress["metadata"]["annotations"][annotation] = json!(value);
                }
            });
            let found = matches!(accept(&snapshot, &web()), Ok(StackSpec::Ingress(_)));
            assert_eq!(found, ours, "{why}: --ingress-class={flag:?}, annotation {annotated:?}, class {named:?}");
        }
    }

    #[test]
    fn the_class_annotation_loads_no_parameters() {
        let mut snapshot = cluster();
        let params = json!({ "metadata": { "name": "params" }, "spec": { "scheme": "internet-facing" } });
        snapshot.ingress_class_params.insert("params".to_owned(), Arc::new(serde_json::from_value(params).unwrap()));
        use_parameters(&mut snapshot, "params");
        let scheme = |snapshot: &Snapshot| read(snapshot, &web()).members[0].settings.scheme;
        add(&mut snapshot, "web", |_| {});
        assert_eq!(scheme(&snapshot), Some(crate::id::Scheme::InternetFacing));
        add(&mut snapshot, "web", |ingress| {
            ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"] = json!("alb");
        });
        assert_eq!(scheme(&snapshot), None);
    }

    #[test]
    fn an_unknown_type_of_a_path_is_told() {
        let found = problems(|_, ingress| {
            ingress["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = json!("Fancy");
        });
        assert_eq!(
            found,
            ["spec.rules[0].http.paths[0].pathType: \"Fancy\": this is no type of a path\n\
              hint: allowed: Exact, Prefix or ImplementationSpecific"]
        );
    }

    #[test]
    fn members_stand_in_their_order() {
        let mut snapshot = cluster();
        for (name, order) in [("c", "0"), ("b", "0"), ("a", "5"), ("d", "-5")] {
            add(&mut snapshot, name, |ingress| {
                annotate(ingress, "group.name", "shop");
                annotate(ingress, "group.order", order);
            });
        }
        add(&mut snapshot, "alone", |_| {});
        let names = read(&snapshot, &shop()).objects().iter().map(|one| one.name().name.clone()).collect::<Vec<_>>();
        assert_eq!(names, ["d", "b", "c", "a"]);
        assert_eq!(groups(&snapshot).len(), 2);
    }

    #[test]
    fn of_two_that_disagree_the_younger_is_set_aside() {
        for (suffix, one, other) in [
            ("scheme", "internal", "internet-facing"),
            ("ip-address-type", "ipv4", "dualstack"),
            ("load-balancer-name", "one", "other"),
            ("subnets", "subnet-a,subnet-b", "subnet-a"),
            ("security-groups", "sg-1,sg-2", "sg-2,sg-1"),
            ("manage-backend-security-group-rules", "true", "false"),
            ("inbound-cidrs", "10.0.0.0/8", "10.0.0.0/16"),
            ("security-group-prefix-lists", "pl-1", "pl-2"),
            ("load-balancer-attributes", "a=1", "a=2"),
            ("listener-attributes.HTTP-80", "a=1", "a=2"),
            ("tags", "a=1", "a=2"),
            ("ssl-redirect", "443", "8443"),
            ("listen-ports", r#"[{"HTTP":80}]"#, r#"[{"HTTPS":80}]"#),
        ] {
            let mut snapshot = cluster();
            // The younger one comes first in the group's order.
            for (name, created, value) in [("a", "2026-01-02T00:00:00Z", other), ("b", "2026-01-01T00:00:00Z", one)] {
                add(&mut snapshot, name, |ingress| {
                    annotate(ingress, "group.name", "shop");
                    annotate(ingress, suffix, value);
                    if suffix.starts_with("manage") {
                        annotate(ingress, "security-groups", "sg-1");
                    }
                    ingress["metadata"]["creationTimestamp"] = json!(created);
                });
            }
            let spec = read(&snapshot, &shop());
            let group = spec.group(&BTreeMap::new());
            let names = group.set_aside.keys().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(names, ["shop/a"], "{suffix}");
            let problem = &group.set_aside[&ObjectName::new("shop", "a")][0];
            assert!(problem.message.contains("Ingress shop/b says"), "{suffix}: {problem}");
            assert_eq!(problem.object.as_ref().map(ToString::to_string).as_deref(), Some("Ingress/shop/a"));
        }
    }

    /// Two Ingresses of one group with what each says, and what became of the younger one.
    fn of_two(first: &[(&'static str, &str)], second: &[(&'static str, &str)], class: Value) -> Vec<String> {
        let mut snapshot = cluster();
        let params = json!({ "metadata": { "name": "params" }, "spec": class });
        snapshot.ingress_class_params.insert("params".to_owned(), Arc::new(serde_json::from_value(params).unwrap()));
        let class = json!({ "metadata": { "name": "fixing" }, "spec": { "controller": "ingress.k8s.aws/alb",
            "parameters": { "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "params" } } });
        snapshot.ingress_classes.insert("fixing".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
        // The younger one comes first in the group's order, with a class of its own.
        for (name, created, class, said) in [
            ("b", "2026-01-01T00:00:00Z", "alb", first),
            ("c", "2026-01-02T00:00:00Z", "alb", second),
            ("a", "2026-01-03T00:00:00Z", "fixing", &[]),
        ] {
            add(&mut snapshot, name, |ingress| {
                annotate(ingress, "group.name", "shop");
                ingress["metadata"]["creationTimestamp"] = json!(created);
                ingress["spec"]["ingressClassName"] = json!(class);
                said.iter().for_each(|(suffix, value)| annotate(ingress, suffix, *value));
            });
        }
        let set_aside = read(&snapshot, &shop()).group(&BTreeMap::new()).set_aside;
        set_aside.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn what_has_no_effect_is_no_disagreement() {
        let manages = |value| [("manage-backend-security-group-rules", value)];
        assert_eq!(of_two(&manages("true"), &manages("false"), json!({})), [""; 0], "no security group is named");
        let attributes = json!([{ "key": "a", "value": "3" }]);
        let said = |value| [("listener-attributes.HTTP-80", value), ("load-balancer-attributes", value)];
        assert_eq!(of_two(&said("a=1"), &said("a=2"), json!({})), ["shop/c"]);
        let class = json!({ "loadBalancerAttributes": attributes,
            "listeners": [{ "protocol": "HTTP", "port": 80, "listenerAttributes": attributes }] });
        assert_eq!(of_two(&said("a=1"), &said("a=2"), class), [""; 0], "the class of the first one says it");
    }

    #[test]
    fn lists_of_subnets_and_ranges_agree_in_any_order() {
        for (suffix, one, other) in [
            ("subnets", "subnet-a,subnet-b", "subnet-b, subnet-a"),
            ("inbound-cidrs", "10.0.0.0/8,::/0", "::/0,10.0.0.0/8"),
        ] {
            let mut snapshot = cluster();
            for (name, value) in [("a", one), ("b", other)] {
                add(&mut snapshot, name, |ingress| {
                    annotate(ingress, "group.name", "shop");
                    annotate(ingress, suffix, value);
                });
            }
            assert_eq!(read(&snapshot, &shop()).group(&BTreeMap::new()).set_aside, BTreeMap::new(), "{suffix}");
        }
    }

    #[test]
    fn a_bad_member_stands_aside_and_what_it_says_of_the_load_balancer_stays() {
        let mut snapshot = cluster();
        add(&mut snapshot, "a", |ingress| annotate(ingress, "group.name", "shop"));
        add(&mut snapshot, "b", |ingress| {
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "inbound-cidrs", "10.0.0.0/8");
            annotate(ingress, "conditions.web", "not JSON");
        });
        let stranger = read(&snapshot, &shop());
        let group = stranger.group(&BTreeMap::new());
        assert_eq!(group.set_aside.len(), 1);
        assert_eq!(group.merged.listeners[&80].inbound_cidrs, None, "it was never accepted");
        let held = |ingress: &mut Value| {
            annotate(ingress, "group.name", "shop");
            ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
        };
        add(&mut snapshot, "b", |ingress| {
            held(ingress);
            annotate(ingress, "inbound-cidrs", "10.0.0.0/8");
            annotate(ingress, "conditions.web", "not JSON");
        });
        let known = read(&snapshot, &shop());
        let group = known.group(&BTreeMap::new());
        assert!(group.merged.listeners[&80].inbound_cidrs.is_some(), "nobody else may come in for its mistake");
        assert!(group.is_settled);
        add(&mut snapshot, "b", |ingress| {
            held(ingress);
            annotate(ingress, "inbound-cidrs", "10.0.0.0");
        });
        assert!(!read(&snapshot, &shop()).group(&BTreeMap::new()).is_settled);
    }

    #[test]
    fn bindings_are_expected_of_ingresses_that_serve() {
        let expected = |change: fn(&mut Value)| {
            let mut snapshot = cluster();
            add(&mut snapshot, "web", |ingress| {
                ingress["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources"]);
                ingress["status"] = json!({ "loadBalancer": { "ingress": [{ "hostname": "x.elb.amazonaws.com" }] } });
                change(ingress);
            });
            bound(&snapshot, &web()).into_iter().map(|(service, port)| format!("{service}:{port}")).collect::<Vec<_>>()
        };
        assert_eq!(expected(|_| {}), ["shop/web:80"]);
        assert_eq!(expected(|ingress| ingress["status"] = json!({})), [""; 0], "it serves nothing yet");
        assert_eq!(expected(|ingress| ingress["metadata"]["finalizers"] = json!([])), [""; 0]);
        assert_eq!(expected(|ingress| annotate(ingress, "scheme", "public")), [""; 0]);
        assert_eq!(expected(|ingress| annotate(ingress, "ssl-redirect", "443")), [""; 0], "it only redirects");
    }

    #[test]
    fn what_the_last_one_leaves_is_not_left_to_a_newcomer_that_is_wrong() {
        let mut snapshot = cluster();
        add(&mut snapshot, "web", |ingress| {
            ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
        });
        add(&mut snapshot, "new", |ingress| {
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "scheme", "nonsense");
        });
        let Ok(StackSpec::Gone(gone)) = accept(&snapshot, &shop()) else { panic!("nobody holds on to it") };
        assert_eq!(gone.leaving.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Ingress/shop/web"]);
        add(&mut snapshot, "new", |ingress| {
            ingress["metadata"]["finalizers"] = json!(["group.ingress.k8s.aws/shop"]);
            annotate(ingress, "group.name", "shop");
            annotate(ingress, "scheme", "nonsense");
        });
        assert_eq!(read(&snapshot, &shop()).members.len(), 1, "it was accepted once: what it had stays");
    }

    #[test]
    fn an_ingress_that_goes_or_moves_leaves_its_group() {
        let mut snapshot = cluster();
        let held = json!(["ingress.k8s.aws/resources"]);
        add(&mut snapshot, "web", |ingress| {
            ingress["metadata"]["finalizers"] = held.clone();
            annotate(ingress, "group.name", "shop");
        });
        assert_eq!(groups(&snapshot), BTreeSet::from([web(), shop()]));
        let Ok(StackSpec::Gone(gone)) = accept(&snapshot, &web()) else { panic!("gone") };
        assert_eq!(gone.leaving.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Ingress/shop/web"]);
        assert!(!gone.last_of_cluster, "it goes on in the other group");
        assert_eq!(read(&snapshot, &shop()).members.len(), 1);
        add(&mut snapshot, "web", |ingress| {
            ingress["metadata"]["finalizers"] = held;
            ingress["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
            annotate(ingress, "scheme", "nonsense");
        });
        let Ok(StackSpec::Gone(gone)) = accept(&snapshot, &web()) else { panic!("gone") };
        assert!(gone.last_of_cluster && !gone.unprotected);
    }

    #[test]
    fn a_protected_ingress_stays_until_it_says_otherwise() {
        let going = |value: &str| {
            let mut snapshot = cluster();
            add(&mut snapshot, "web", |ingress| {
                ingress["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources"]);
                ingress["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
                annotate(ingress, "load-balancer-attributes", format!("deletion_protection.enabled={value}"));
            });
            accept(&snapshot, &web())
        };
        assert!(matches!(going("false"), Ok(StackSpec::Gone(gone)) if gone.unprotected));
        for value in ["true", "maybe"] {
            let Err(Declined::Refused(refusal)) = going(value) else { panic!("refused") };
            assert_eq!(refusal.problems.len(), 1, "{value}");
        }
    }

    #[test]
    fn a_lost_class_gives_nothing_up() {
        let mut snapshot = cluster();
        add(&mut snapshot, "web", |ingress| ingress["metadata"]["finalizers"] = json!(["ingress.k8s.aws/resources"]));
        snapshot.ingress_classes.clear();
        assert!(matches!(accept(&snapshot, &web()), Err(Declined::Refused(_))));
        snapshot.ingress_classes.insert("alb".to_owned(), class("example.com/other", false));
        assert!(matches!(accept(&snapshot, &web()), Ok(StackSpec::Gone(_))), "the class is another controller's now");
    }
}
