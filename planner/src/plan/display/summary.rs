//! The last lines: how much is done, what it costs in load balancers, and what is open to everybody.

use std::collections::BTreeMap;

use super::{count, page::Page, rules, title};
use crate::id::{Key, Scheme, StackId};
use crate::model::IngressRule;
use crate::plan::json::{Document, Entry, Summary};
use crate::plan::{AwsChange, Write};

/// How many of the Services that could share a load balancer are named; the others are counted.
const SERVICES_SHOWN: usize = 4;

pub(super) fn render(document: &Document) -> String {
    let mut page = Page::default();
    page.line("Plan: ", 2, &totals(document));
    let load_balancers = document.summary.load_balancers;
    if load_balancers > 0 {
        page.line("Load balancers: ", 2, &load_balancers.to_string());
    }
    for hint in sharing(&document.entries).into_iter().chain(exposure(document)) {
        page.line("hint: ", 2, &hint);
    }
    page.finish()
}

fn totals(document: &Document) -> String {
    let Summary { create: _, update: _, delete: _, calls, held, refused, load_balancers: _ } = document.summary;
    let mut parts = Vec::new();
    if document.entries.is_empty() {
        parts.push("nothing of ours was found".to_owned());
    } else if calls == 0 {
        parts.push("no changes".to_owned());
    } else {
        parts.push(resources(&document.summary));
        parts.push(calls_by_api(document));
    }
    if held > 0 {
        parts.push(format!("{} held", count(held, "change")));
    }
    if refused > 0 {
        parts.push(format!("{refused} refused"));
    }
    parts.join("; ")
}

/// `4 AWS resources to create, 1 to update`.
fn resources(summary: &Summary) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (number, verb) in [(summary.create, "create"), (summary.update, "update"), (summary.delete, "delete")] {
        match number {
            0 => {}
            _ if parts.is_empty() => parts.push(format!("{} to {verb}", count(number, "AWS resource"))),
            _ => parts.push(format!("{number} to {verb}")),
        }
    }
    if parts.is_empty() { "no AWS resource changes".to_owned() } else { parts.join(", ") }
}

fn calls_by_api(document: &Document) -> String {
    let changes = || document.entries.iter().flat_map(Entry::changes);
    let aws = changes().filter(|change| matches!(change.write, Write::Aws(_))).count();
    let kubernetes = changes().count() - aws;
    match (aws, kubernetes) {
        (aws, 0) => format!("{} to AWS", count(aws, "call")),
        (0, kubernetes) => format!("{} to Kubernetes", count(kubernetes, "call")),
        (aws, kubernetes) => format!("{} to AWS, {kubernetes} to Kubernetes", count(aws, "call")),
    }
}

/// Every Service has a load balancer of its own. Services select pods of their own namespace, so only those of one
/// namespace could be one Service.
fn sharing(entries: &[Entry]) -> Vec<String> {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.has_load_balancer()) {
        if let Key::Stack(StackId::Service(name)) = &entry.key {
            names.entry(&name.namespace).or_default().push(name.to_string());
        }
    }
    names.retain(|_, names| names.len() > 1);
    let hint = |names: &Vec<String>| {
        let mut shown: Vec<_> = names.iter().take(SERVICES_SHOWN).cloned().collect();
        if names.len() > SERVICES_SHOWN {
            shown.push(format!("{} more", names.len() - SERVICES_SHOWN));
        }
        let last = shown.pop().unwrap_or_default();
        format!(
            "{} and {last} have a load balancer each; those with the same pods can share one, as ports of one Service",
            shown.join(", ")
        )
    };
    names.values().map(hint).collect()
}

/// What the changes open to everybody beside web ports. An internal load balancer has no public address.
fn exposure(document: &Document) -> Vec<String> {
    let mut hints = Vec::new();
    for entry in &document.entries {
        let rules = exposing_rules(entry);
        if rules.is_empty() || planned_scheme(entry) == Some(Scheme::Internal) {
            continue;
        }
        let remedy = match &entry.key {
            Key::Stack(_) => "; list who needs it in spec.loadBalancerSourceRanges",
            Key::Cluster | Key::Rules(_) | Key::Binding(_) => "",
        };
        let rules = rules::summary(&rules);
        hints.push(format!("{} opens more than web ports to everybody: {rules}{remedy}", title(document, &entry.key)));
    }
    hints
}

fn exposing_rules(entry: &Entry) -> Vec<IngressRule> {
    let opened = entry.changes().filter_map(|change| match &change.write {
        Write::Aws(AwsChange::AuthorizeSecurityGroupIngress(request)) => Some(&request.ip_permissions),
        _ => None,
    });
    opened.flatten().filter(|rule| rules::is_exposure(rule)).cloned().collect()
}

/// The scheme of the load balancer that the entry makes.
fn planned_scheme(entry: &Entry) -> Option<Scheme> {
    entry.changes().find_map(|change| match &change.write {
        Write::Aws(AwsChange::CreateLoadBalancer(request)) => Some(request.scheme),
        _ => None,
    })
}
