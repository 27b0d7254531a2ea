//! Rules that are kept as they are asked for and that no request reaches, because an earlier one takes it: an Ingress with
//! the path `/` before the others of its group is the usual case. LBC says nothing.

use std::collections::BTreeMap;

use crate::desired::{Origin, Rule};
use crate::model::{Condition, Patterns, canonical_conditions};

/// The rules that no request reaches, each with the one that takes what would be theirs.
pub(super) fn unreachable(rules: &[Rule]) -> Vec<(&Rule, &Origin)> {
    // Looked up, not compared pair by pair: a group may have many rules.
    let mut same: BTreeMap<Vec<Condition>, &Origin> = BTreeMap::new();
    let mut all_of_host: BTreeMap<&str, &Origin> = BTreeMap::new();
    let mut all: Option<&Origin> = None;
    let mut found = Vec::new();
    for rule in rules {
        let hosts = Condition::texts(&rule.conditions, "host-header");
        let conditions = canonical_conditions(&rule.conditions);
        let of_hosts = hosts.iter().map(|host| all_of_host.get(host).copied()).collect::<Option<Vec<_>>>();
        let by_host = of_hosts.and_then(|origins| origins.first().copied());
        if let Some(earlier) = all.or(by_host).or(same.get(&conditions).copied()) {
            found.push((rule, earlier));
            continue;
        }
        if takes_every_path(&rule.conditions) {
            match hosts.as_slice() {
                [] => all = Some(&rule.origin),
                hosts => hosts.iter().for_each(|host| _ = all_of_host.entry(host).or_insert(&rule.origin)),
            }
        }
        same.insert(conditions, &rule.origin);
    }
    found
}

/// Whether a rule takes every request for its hosts.
fn takes_every_path(conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| match condition {
        Condition::HostHeader(Patterns::Values(_)) => true,
        Condition::PathPattern(Patterns::Values(paths)) => paths.iter().any(|path| path == "/*" || path == "*"),
        _ => false,
    })
}
