//! The world at the end of an episode, without ids, so that it can be compared with another episode's.

use std::collections::BTreeMap;

use northgate_simulator::Observed;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::view::{is_our_rule, is_ours, resource, stack};

/// Everything of ours, by what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EndState(BTreeMap<String, String>);

impl EndState {
    /// The world as it is now.
    pub(crate) async fn of(stage: &Stage) -> Self {
        let view = stage.observe().await;
        let labels = labels(&view);
        let mut things = account(&view);
        for binding in stage.objects("targetgroupbindings") {
            let labels = &binding["metadata"]["labels"];
            let what =
                json!({ "labels": labels, "spec": binding["spec"], "finalizers": binding["metadata"]["finalizers"] });
            things.push((format!("TargetGroupBinding {}", binding["metadata"]["name"]), what));
        }
        for (kind, resource) in [("Service", "services"), ("Ingress", "ingresses")] {
            for object in stage.objects(resource) {
                let what = json!({ "status": object["status"], "finalizers": object["metadata"]["finalizers"] });
                things.push((format!("{kind} {}", object["metadata"]["name"]), what));
            }
        }
        // Longer ones first: an ARN holds a name.
        let mask = |text: String| labels.iter().fold(text, |text, (id, label)| text.replace(id.as_str(), label));
        Self(things.into_iter().map(|(key, what)| (mask(key), mask(what.to_string()))).collect())
    }

    /// What this one has otherwise than `reference`, a line each.
    pub(crate) fn differences(&self, reference: &Self) -> Vec<String> {
        let missing = reference.0.iter().filter(|(key, _)| !self.0.contains_key(*key));
        let missing = missing.map(|(key, _)| format!("{key} is missing"));
        let other = self.0.iter().filter_map(|(key, found)| match reference.0.get(key) {
            None => Some(format!("{key} is there: {found}")),
            Some(expected) if expected != found => Some(format!("{key} is {found}, not {expected}")),
            Some(_) => None,
        });
        missing.chain(other).collect()
    }
}

/// What is ours in the account.
fn account(view: &Observed) -> Vec<(String, Value)> {
    let mut things = Vec::new();
    for (arn, found) in view.load_balancers.iter().filter(|(_, found)| is_ours(&found.tags)) {
        let mut found = found.clone();
        // A set to AWS; ids differ from run to run, and so does their order.
        found.security_groups.sort_by_key(|id| view.security_groups.get(id).map(|group| &group.name));
        things.push((format!("load balancer {arn}"), json!(found)));
        for (listener, listening) in view.listeners.iter().filter(|(_, found)| found.load_balancer_arn == *arn) {
            things.push((format!("listener {listener}"), json!(listening)));
            let rules = view.rules.iter().filter(|(_, rule)| rule.listener_arn == *listener);
            things.extend(rules.map(|(arn, rule)| (format!("rule {arn}"), json!(rule))));
        }
    }
    for (arn, found) in view.target_groups.iter().filter(|(_, found)| is_ours(&found.tags)) {
        things.push((format!("target group {arn}"), json!(found)));
    }
    for (id, found) in &view.security_groups {
        if is_ours(&found.tags) {
            things.push((format!("security group {id}"), json!(found)));
        } else {
            let rules = found.ingress.iter().filter(|rule| is_our_rule(rule)).collect::<Vec<_>>();
            things.push((format!("rules of {id}"), json!(rules)));
        }
    }
    things
}

/// What each id and name stands for, the longest first.
fn labels(view: &Observed) -> Vec<(String, String)> {
    let owner = |tags: &BTreeMap<String, String>| stack(tags).map(|stack| stack.to_string()).unwrap_or_default();
    let label = |tags: &BTreeMap<String, String>| format!("<{} {}>", owner(tags), resource(tags));
    let mut labels = Vec::new();
    for (arn, found) in &view.load_balancers {
        let label = label(&found.tags);
        labels.extend([(arn.clone(), label.clone()), (found.dns_name.clone(), format!("host of {label}"))]);
        labels.push((found.name.clone(), format!("name of {label}")));
    }
    for (arn, found) in &view.listeners {
        let owner = view.load_balancers.get(&found.load_balancer_arn).map(|found| owner(&found.tags));
        let label = format!("{} {}", owner.unwrap_or_default(), found.port);
        let rules = view.rules.iter().filter(|(_, rule)| rule.listener_arn == *arn);
        let named = |priority: Option<u32>| priority.map_or_else(|| "default".to_owned(), |number| number.to_string());
        labels.extend(rules.map(|(arn, rule)| (arn.clone(), format!("<{label} rule {}>", named(rule.priority)))));
        labels.push((arn.clone(), format!("<{label}>")));
    }
    for (arn, found) in &view.target_groups {
        let label = label(&found.tags);
        labels.extend([(arn.clone(), label.clone()), (found.name.clone(), format!("name of {label}"))]);
    }
    for (id, found) in view.security_groups.iter().filter(|(_, found)| is_ours(&found.tags)) {
        let label = label(&found.tags);
        labels.extend([(id.clone(), label.clone()), (found.name.clone(), format!("name of {label}"))]);
    }
    labels.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    labels
}
