//! What happens in the demo's world, told line by line as it happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use northgate_simulator::kubernetes::WriteVerb;
use northgate_simulator::{CallRecord, Observed};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::world::World;
use super::{DemoError, Failure};
use crate::cli::print;

/// How often somebody looks.
const GLANCE: Duration = Duration::from_millis(40);
/// Nothing in the demo takes longer.
const LIMIT: Duration = Duration::from_secs(20);

/// What was told already.
pub(super) struct News {
    begin: Instant,
    /// The last call to the account.
    call: u64,
    /// The writes to the API server.
    writes: usize,
    /// What resources are called, those that are gone included.
    names: BTreeMap<String, String>,
    /// The listener of each rule, and what the rule looks for.
    rules: BTreeMap<String, (String, String)>,
    /// The state of each load balancer and target.
    states: BTreeMap<String, String>,
    hosts: BTreeMap<String, String>,
    pods: BTreeSet<String>,
    warnings: BTreeSet<String>,
    is_new_chapter: bool,
}

impl News {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            call: 0,
            writes: 0,
            names: BTreeMap::new(),
            rules: BTreeMap::new(),
            states: BTreeMap::new(),
            hosts: BTreeMap::new(),
            pods: BTreeSet::new(),
            warnings: BTreeSet::new(),
            is_new_chapter: true,
        }
    }

    /// What comes now stands apart from what was told.
    pub(super) fn new_chapter(&mut self) {
        self.is_new_chapter = true;
    }

    /// Tells what happens until something has come to pass.
    pub(super) async fn until<T>(
        &mut self,
        world: &World,
        what: &str,
        mut looks: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let begin = Instant::now();
        loop {
            self.tell(world).await?;
            if let Some(found) = looks().await? {
                self.tell(world).await?;
                return Ok(found);
            }
            if begin.elapsed() > LIMIT {
                return Err(DemoError::late(world, what, LIMIT).into());
            }
            sleep(GLANCE).await;
        }
    }

    /// The Pods that were not told of yet.
    pub(super) fn unknown_pods(&mut self, pods: Vec<Pod>) -> Vec<Pod> {
        pods.into_iter().filter(|pod| self.pods.insert(pod.metadata.uid.clone().unwrap_or_default())).collect()
    }

    /// Tells what is new.
    pub(super) async fn tell(&mut self, world: &World) -> Result<(), DemoError> {
        let calls = world.simulator.calls_after(self.call);
        let observed = world.observe().await?;
        self.learn_names(&observed);
        for call in calls {
            self.call = call.number;
            if is_write(&call) {
                let concerns = self.concerns(&call);
                self.line(&call.action, &concerns, &answer(&call));
            }
        }
        self.tell_writes(world);
        self.tell_states(&observed);
        self.tell_hosts(world);
        self.tell_warnings(world);
        Ok(())
    }

    fn learn_names(&mut self, observed: &Observed) {
        let names = observed.load_balancers.iter().map(|(arn, found)| (arn, found.name.clone()));
        let names = names.chain(observed.target_groups.iter().map(|(arn, found)| (arn, found.name.clone())));
        let names = names.chain(observed.security_groups.iter().map(|(id, found)| (id, found.name.clone())));
        let listeners = observed.listeners.iter().filter_map(|(arn, found)| {
            let owner = observed.load_balancers.get(&found.load_balancer_arn)?;
            Some((arn, format!("{} {}:{}", owner.name, found.protocol, found.port)))
        });
        self.names.extend(names.chain(listeners).map(|(id, name)| (id.clone(), name)));
        let rules = observed.rules.iter().filter_map(|(arn, rule)| {
            let listener = self.names.get(&rule.listener_arn)?;
            Some((arn.clone(), (listener.clone(), seen(&rule.description["Conditions"]))))
        });
        self.rules.extend(rules);
    }

    /// Objects of ours that are made and deleted; what people and the cluster write is told elsewhere, or of no interest.
    fn tell_writes(&mut self, world: &World) {
        for written in world.kubernetes.log(self.writes) {
            self.writes += 1;
            let verb = match written.verb {
                WriteVerb::Create => "create",
                WriteVerb::Delete => "delete",
                WriteVerb::Update => continue,
            };
            if written.resource == "targetgroupbindings.elbv2.k8s.aws" {
                let object = format!("TargetGroupBinding {}/{}", written.namespace, written.name);
                self.line(&format!("kubernetes: {verb}"), &object, "");
            }
        }
    }

    fn tell_states(&mut self, observed: &Observed) {
        let mut states = BTreeMap::new();
        for load_balancer in observed.load_balancers.values() {
            states.insert(format!("load balancer {}", load_balancer.name), load_balancer.state.clone());
        }
        for group in observed.target_groups.values() {
            for target in &group.targets {
                states.insert(format!("target {}:{} of {}", target.id, target.port, group.name), target.state.clone());
            }
        }
        for (thing, state) in &states {
            if self.states.get(thing) != Some(state) {
                self.event(&format!("{thing} is {state}"));
            }
        }
        self.states = states;
    }

    fn tell_hosts(&mut self, world: &World) {
        let objects = ["services", "ingresses"].into_iter().flat_map(|resource| world.kubernetes.objects(resource));
        for object in objects {
            let metadata = &object["metadata"];
            let name =
                format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
            let host = text(&object["status"]["loadBalancer"]["ingress"][0]["hostname"]).to_owned();
            let before = self.hosts.insert(name.clone(), host.clone()).unwrap_or_default();
            if before != host {
                let shown = if host.is_empty() {
                    "has no host name any more".to_owned()
                } else {
                    format!("has the host name {host}")
                };
                self.event(&format!("{name} {shown}"));
            }
        }
    }

    fn tell_warnings(&mut self, world: &World) {
        for warning in warnings(world) {
            if self.warnings.insert(warning.clone()) {
                self.event(&format!("the controller warns: {warning}"));
            }
        }
    }

    /// A call or a write, and what was answered.
    fn line(&mut self, action: &str, what: &str, answer: &str) {
        let answer = if answer.is_empty() { String::new() } else { format!(" -> {answer}") };
        self.event(&format!("{action:<29} {what}{answer}"));
    }

    /// Something happened.
    fn event(&mut self, what: &str) {
        let gap = if std::mem::take(&mut self.is_new_chapter) { "\n" } else { "" };
        print(&format!("{gap}{:5.1} s  {what}\n", self.begin.elapsed().as_secs_f64()));
    }

    /// What a call is about, by name.
    fn concerns(&self, call: &CallRecord) -> String {
        let members = call.members();
        let fields = ["LoadBalancerArn", "TargetGroupArn", "ListenerArn", "RuleArn", "GroupId"];
        let known = fields.iter().find_map(|field| members[*field].as_str());
        let made = ["Name", "GroupName"].iter().find_map(|field| members[*field].as_str());
        let tagged = ["ResourceArns", "ResourceId"].iter().find_map(|field| members[*field][0].as_str());
        let name = match (made, known.or(tagged)) {
            (Some(name), _) => name.to_owned(),
            (None, Some(id)) => self.called(id),
            (None, None) => String::new(),
        };
        let more = match call.action.as_str() {
            "CreateListener" => format!(" {}:{}", text(&members["Protocol"]), text(&members["Port"])),
            "CreateRule" => format!(" {}", seen(&members["Conditions"])),
            "SetRulePriorities" => return self.priorities(&members),
            "RegisterTargets" | "DeregisterTargets" => format!(" {}", targets(&members)),
            "AuthorizeSecurityGroupIngress" | "RevokeSecurityGroupIngress" => {
                format!(" {}", self.permissions(&members))
            }
            _ => String::new(),
        };
        format!("{name}{more}")
    }

    /// What a resource is called.
    fn called(&self, id: &str) -> String {
        match (self.names.get(id), self.rules.get(id)) {
            (Some(name), _) => name.clone(),
            (None, Some((listener, seen))) => format!("{listener} {seen}"),
            (None, None) => id.to_owned(),
        }
    }

    fn priorities(&self, members: &Value) -> String {
        let rule = |place: &Value| self.rules.get(text(&place["RuleArn"]));
        let listener = list(&members["RulePriorities"]).find_map(rule).map_or("", |(listener, _)| listener);
        let place = |place: &Value| {
            let seen = rule(place).map_or("?", |(_, seen)| seen);
            format!("{seen} to {}", text(&place["Priority"]))
        };
        let places = list(&members["RulePriorities"]).map(place).collect::<Vec<_>>().join(", ");
        format!("{listener} {places}")
    }

    fn permissions(&self, members: &Value) -> String {
        let permission = |permission: &Value| {
            let (from, to) = (text(&permission["FromPort"]), text(&permission["ToPort"]));
            let ports = if from == to { from.to_owned() } else { format!("{from}-{to}") };
            let ranges = list(&permission["IpRanges"]).map(|range| text(&range["CidrIp"]).to_owned());
            let groups = list(&permission["Groups"]).map(|group| {
                let id = text(&group["GroupId"]);
                self.names.get(id).map_or_else(|| id.to_owned(), Clone::clone)
            });
            let peers = ranges.chain(groups).collect::<Vec<_>>().join(", ");
            format!("{} {ports} from {peers}", text(&permission["IpProtocol"]))
        };
        list(&members["IpPermissions"]).map(permission).collect::<Vec<_>>().join("; ")
    }
}

/// What the controller warned of in Events.
pub(super) fn warnings(world: &World) -> Vec<String> {
    let events = world.kubernetes.objects("events");
    let warnings = events.iter().filter(|event| event["type"] == "Warning").map(|event| {
        let about = &event["involvedObject"];
        let message = text(&event["message"]).replace('\n', "; ");
        format!("{} {}: {message}", text(&about["kind"]), text(&about["name"]))
    });
    warnings.collect()
}

fn is_write(call: &Arc<CallRecord>) -> bool {
    !["Describe", "Get", "List"].iter().any(|reads| call.action.starts_with(reads))
}

fn answer(call: &CallRecord) -> String {
    match &call.code {
        Some(code) => format!("{} {code}", call.status),
        None => format!("{} OK", call.status),
    }
}

fn targets(members: &Value) -> String {
    let target = |target: &Value| match target["Port"].as_str() {
        Some(port) => format!("{}:{port}", text(&target["Id"])),
        None => text(&target["Id"]).to_owned(),
    };
    list(&members["Targets"]).map(target).collect::<Vec<_>>().join(", ")
}

/// What the conditions of a rule look for.
fn seen(conditions: &Value) -> String {
    let values = |condition: &Value| {
        let mut members = condition.as_object().into_iter().flatten();
        let config = members.find(|(name, config)| name.ends_with("Config") && !config.is_null());
        let values = config.map_or(&condition["Values"], |(_, config)| &config["Values"]);
        let value = |value: &Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => format!("{}={}", text(&value["Key"]), text(&value["Value"])),
        };
        list(values).map(value).collect::<Vec<_>>().join("|")
    };
    list(conditions).map(values).collect::<Vec<_>>().join(" ")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
