//! The rules that an Ingress asks for, in the order of the contract (`ingress-alb.md` §7.1).

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressBackend, IngressServiceBackend};

use super::action::{self, Target, Written};
use super::backend::{self, Backend, BackendSettings};
use super::condition::{Conditions, Path, PathType, Unfit};
use super::reading::Reading;
use crate::id::{Knowable, TargetGroupArn};
use crate::model::{Action, Condition, PortRef, Stickiness};
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;

/// The port by which a backend says that an annotation has its action.
const USE_ANNOTATION: &str = "use-annotation";

/// One rule of an Ingress.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where it stands, `spec.rules[0].http.paths[1]`.
    pub field: String,
    /// What a request has to be.
    pub conditions: Vec<Condition>,
    /// What is done with it.
    pub action: RuleAction,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleAction {
    /// An answer that needs no target.
    Answer(Action),
    /// It goes to target groups.
    Forward {
        /// The groups with their weights.
        groups: Vec<(GroupRef, Option<u16>)>,
        /// Whether a client stays with the one it got.
        stickiness: Option<Stickiness>,
    },
}

/// A target group that is forwarded to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupRef {
    /// One of the Ingress's own, by its resource id.
    Own(String),
    /// Somebody else's, by ARN.
    Arn(TargetGroupArn),
    /// Somebody else's, by name.
    Named(String),
}

/// What the rules of an Ingress come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// What is done with a request that no rule takes, where the Ingress says.
    pub default_action: Option<RuleAction>,
    /// The Service ports behind it, by the resource ids of their target groups.
    pub backends: BTreeMap<String, BackendSettings>,
    /// The target groups that are not its own and that it names, with the field that does.
    pub named_groups: BTreeMap<String, String>,
}

impl Rules {
    /// The resource ids of its own target groups that are forwarded to.
    pub fn own_groups(&self) -> impl Iterator<Item = &String> {
        let actions = self.rules.iter().map(|rule| &rule.action).chain(&self.default_action);
        let groups = actions.flat_map(|action| match action {
            RuleAction::Forward { groups, .. } => groups.as_slice(),
            RuleAction::Answer(_) => &[],
        });
        groups.filter_map(|(group, _)| match group {
            GroupRef::Own(id) => Some(id),
            GroupRef::Arn(_) | GroupRef::Named(_) => None,
        })
    }
}

/// Reads them. What cannot be read is noted as a problem and left out.
pub(super) fn read(reading: &mut Reading<'_>) -> Rules {
    let regex = reading.annotations.boolean(&annotation::USE_REGEX_PATH_MATCH).unwrap_or_default();
    let mut reader = Reader::default();
    let mut rules = Vec::new();
    for (index, rule) in reading.spec.rules.iter().flatten().enumerate() {
        let paths = rule.http.iter().flat_map(|http| &http.paths).enumerate();
        let host = rule.host.as_deref().unwrap_or_default();
        let mut sorted = Vec::new();
        for (place, path) in paths {
            let field = format!("spec.rules[{index}].http.paths[{place}]");
            if let Some(path_type) = path_type(reading, path, &field, regex) {
                sorted.push((path_type, field, path));
            }
        }
        // Exact ones, then prefixes with the longest first, then the others; otherwise as they are written.
        sorted.sort_by_key(|(path_type, _, path)| {
            let length = path.path.as_ref().map_or(0, String::len);
            (*path_type, if *path_type == PathType::Prefix { usize::MAX - length } else { 0 })
        });
        for (path_type, field, path) in sorted {
            rules.extend(reader.rule(reading, host, path_type, field, path));
        }
    }
    let default = reading.spec.default_backend.as_ref();
    let default_action = default.and_then(|backend| {
        let service = service(reading, backend, "spec.defaultBackend")?;
        // They have no effect there, but must be right.
        _ = reader.conditions(reading, &service.name);
        reader.action(reading, service, "spec.defaultBackend")
    });
    reader.warn_of_unused(reading);
    let backends = reader.backends.into_iter().filter_map(|(id, backend)| match backend {
        Backend::Found(settings) => Some((id, *settings)),
        Backend::NoService | Backend::Refused => None,
    });
    Rules { rules, default_action, backends: backends.collect(), named_groups: reader.named_groups }
}

fn path_type(reading: &mut Reading<'_>, path: &HTTPIngressPath, field: &str, regex: bool) -> Option<PathType> {
    match path.path_type.as_str() {
        "Exact" => Some(PathType::Exact),
        "Prefix" => Some(PathType::Prefix),
        "ImplementationSpecific" | "" if regex => Some(PathType::Regex),
        "ImplementationSpecific" | "" => Some(PathType::ImplementationSpecific),
        other => {
            let problem = Problem::general("this is no type of a path").at(format!("{field}.pathType")).value(other);
            reading.refuse(problem.hint("allowed: Exact, Prefix or ImplementationSpecific"));
            None
        }
    }
}

/// A backend is a Service; other resources cannot be reached by a load balancer.
fn service<'a>(reading: &mut Reading<'_>, backend: &'a IngressBackend, at: &str) -> Option<&'a IngressServiceBackend> {
    if backend.service.is_none() {
        let problem = Problem::general("the backend names no Service").at(format!("{at}.backend"));
        reading.refuse(problem.hint("name a Service: a load balancer reaches nothing else"));
    }
    backend.service.as_ref()
}

/// What was found so far: many paths lead to the same Service port, action or conditions.
#[derive(Default)]
struct Reader {
    backends: BTreeMap<String, Backend>,
    named_groups: BTreeMap<String, String>,
    actions: BTreeMap<String, Option<RuleAction>>,
    conditions: BTreeMap<String, Option<Conditions>>,
}

impl Reader {
    fn rule(
        &mut self,
        reading: &mut Reading<'_>,
        host: &str,
        path_type: PathType,
        field: String,
        path: &HTTPIngressPath,
    ) -> Option<Rule> {
        let service = service(reading, &path.backend, &field)?;
        let action = self.action(reading, service, &format!("{field}.backend.service"));
        let text = path.path.as_deref().unwrap_or_default();
        let conditions = self.conditions(reading, &service.name)?.of_rule(host, Path { text, path_type });
        match conditions {
            Ok(conditions) => Some(Rule { field, conditions, action: action? }),
            Err(Unfit { message, hint }) => {
                let problem = Problem::general(message).at(field);
                let key = format!("{}.{}", annotation::CONDITIONS.key(), service.name);
                let adds = reading.annotations.member(&annotation::CONDITIONS, &service.name).is_some();
                let together = format!("the rule's own host and path come together with those of {key}");
                reading.refuse(problem.hint(if adds { together } else { hint.to_owned() }));
                None
            }
        }
    }

    fn conditions(&mut self, reading: &mut Reading<'_>, name: &str) -> Option<&Conditions> {
        if !self.conditions.contains_key(name) {
            let found = Self::read_conditions(reading, name);
            self.conditions.insert(name.to_owned(), found);
        }
        self.conditions.get(name)?.as_ref()
    }

    fn read_conditions(reading: &mut Reading<'_>, name: &str) -> Option<Conditions> {
        let Some(text) = reading.annotations.member(&annotation::CONDITIONS, name) else {
            return Some(Conditions::default());
        };
        match Conditions::parse(text) {
            Ok(conditions) => {
                for field in &conditions.unknown {
                    let at = format!("metadata.annotations[{}.{name}]", annotation::CONDITIONS.key());
                    let warning = Problem::general(format!("the field {field:?} is unknown and has no effect")).at(at);
                    reading.warn(warning.hint(
                        "allowed: host-header, path-pattern, http-header, http-request-method, query-string, source-ip",
                    ));
                }
                Some(conditions)
            }
            Err(message) => {
                reading.annotations.refuse_member(&annotation::CONDITIONS, name, message, None);
                None
            }
        }
    }

    fn action(&mut self, reading: &mut Reading<'_>, service: &IngressServiceBackend, at: &str) -> Option<RuleAction> {
        let port = service.port.as_ref();
        let name = port.and_then(|port| port.name.as_deref()).filter(|name| !name.is_empty());
        if name == Some(USE_ANNOTATION) {
            if !self.actions.contains_key(&service.name) {
                let action = self.annotated(reading, &service.name, at);
                self.actions.insert(service.name.clone(), action);
            }
            return self.actions.get(&service.name).cloned().flatten();
        }
        let number = port.and_then(|port| port.number).and_then(|number| u16::try_from(number).ok());
        let port = match (name, number) {
            (Some(name), _) => PortRef::Name(name.to_owned()),
            (None, Some(number)) => PortRef::Number(Knowable::Known(number)),
            (None, None) => {
                reading.refuse(Problem::general("the backend names no port of the Service").at(format!("{at}.port")));
                return None;
            }
        };
        Some(match self.single(reading, &service.name, &port, at)? {
            Ok(group) => RuleAction::Forward { groups: vec![(group, None)], stickiness: None },
            Err(answer) => RuleAction::Answer(answer),
        })
    }

    fn annotated(&mut self, reading: &mut Reading<'_>, name: &str, at: &str) -> Option<RuleAction> {
        let key = format!("{}.{name}", annotation::ACTIONS.key());
        let Some(text) = reading.annotations.member(&annotation::ACTIONS, name) else {
            let problem = Problem::general(format!("there is no annotation {key}")).at(at);
            let problem = problem.hint("write the annotation, or name a port of the Service");
            if !reading.settings.tolerate_missing_action {
                reading.refuse(problem);
                return None;
            }
            let message = format!("{}; requests are answered with 503", problem.message);
            reading.warn(Problem { message, ..problem });
            return Some(RuleAction::Answer(Action::unavailable("action")));
        };
        let written = match action::parse(text) {
            Ok(written) => written,
            Err(message) => {
                let hint = format!("write an action such as {}", action::example(text));
                reading.annotations.refuse_member(&annotation::ACTIONS, name, message, Some(hint));
                return None;
            }
        };
        let (groups, stickiness) = match written {
            Written::Answer(answer) => return Some(RuleAction::Answer(answer)),
            Written::Forward { groups, stickiness } => (groups, stickiness),
        };
        let at = format!("metadata.annotations[{key}]");
        let is_single = groups.len() == 1;
        if !is_single && !reading.settings.gates.weighted_target_groups {
            let message = "several target groups are switched off (feature gate WeightedTargetGroups)";
            let hint = "forward to a single one".to_owned();
            reading.annotations.refuse_member(&annotation::ACTIONS, name, message, Some(hint));
            return None;
        }
        let mut found = Vec::new();
        for group in groups {
            let target = match group.target {
                Target::Arn(arn) => Some(GroupRef::Arn(arn)),
                Target::Name(name) => {
                    self.named_groups.entry(name.clone()).or_insert_with(|| at.clone());
                    Some(GroupRef::Named(name))
                }
                Target::Service { name, port } if is_single => match self.single(reading, &name, &port, &at)? {
                    Ok(group) => Some(group),
                    Err(answer) => return Some(RuleAction::Answer(answer)),
                },
                Target::Service { name, port } => self.group(reading, &name, &port, &at),
            };
            found.push(target.map(|target| (target, group.weight)));
        }
        let groups = found.into_iter().collect::<Option<Vec<_>>>()?;
        if let Err((message, hint)) = action::together(&groups, stickiness, |id| self.is_sticky(id)) {
            reading.annotations.refuse_member(&annotation::ACTIONS, name, message, Some(hint.to_owned()));
            return None;
        }
        Some(RuleAction::Forward { groups, stickiness })
    }

    fn is_sticky(&self, id: &str) -> bool {
        let Some(Backend::Found(backend)) = self.backends.get(id) else { return false };
        backend.attributes.get("stickiness.enabled").is_some_and(|enabled| enabled == "true")
    }

    /// The only target group of an action. Where its Service is missing and that is tolerated, an answer stands in for it.
    fn single(
        &mut self,
        reading: &mut Reading<'_>,
        name: &str,
        port: &PortRef,
        at: &str,
    ) -> Option<Result<GroupRef, Action>> {
        let tolerated = reading.settings.tolerate_missing_service;
        if tolerated && *self.backend(reading, name, port, at) == Backend::NoService {
            let problem = missing(reading, name, at);
            let message = format!("{}; requests are answered with 503", problem.message);
            reading.warn(Problem { message, ..problem });
            return Some(Err(Action::unavailable("service")));
        }
        self.group(reading, name, port, at).map(Ok)
    }

    fn group(&mut self, reading: &mut Reading<'_>, name: &str, port: &PortRef, at: &str) -> Option<GroupRef> {
        let id = resource_id(reading, name, port);
        match self.backend(reading, name, port, at) {
            Backend::Found(_) => Some(GroupRef::Own(id)),
            Backend::Refused => None,
            Backend::NoService => {
                let problem = missing(reading, name, at);
                reading.refuse(problem);
                None
            }
        }
    }

    fn backend(&mut self, reading: &mut Reading<'_>, name: &str, port: &PortRef, at: &str) -> &Backend {
        let id = resource_id(reading, name, port);
        self.backends.entry(id).or_insert_with(|| backend::find(reading, name, port, at))
    }

    /// Actions and conditions that no backend names have no effect.
    fn warn_of_unused(&self, reading: &mut Reading<'_>) {
        let used = |annotation, name: &str| match annotation {
            true => self.actions.contains_key(name),
            false => self.conditions.contains_key(name),
        };
        for (row, is_action) in [(&annotation::ACTIONS, true), (&annotation::CONDITIONS, false)] {
            for (name, _) in reading.annotations.family(row) {
                if !used(is_action, name) {
                    let what = if is_action { "with the port use-annotation" } else { "of the Ingress" };
                    let warning = Problem::general(format!("no backend {what} has this name; it has no effect"));
                    reading.warn(warning.at(format!("metadata.annotations[{}.{name}]", row.key())));
                }
            }
        }
    }
}

fn resource_id(reading: &Reading<'_>, service: &str, port: &PortRef) -> String {
    format!("{}-{service}:{port}", reading.name)
}

fn missing(reading: &Reading<'_>, service: &str, at: &str) -> Problem {
    let namespace = &reading.name.namespace;
    let problem = Problem::general(format!("there is no Service {namespace}/{service}")).at(at);
    match reading.snapshot.files_alone {
        true => problem.hint("name the Service among the files as well, or use --cluster"),
        false => problem.hint("make the Service, or name another one"),
    }
}
