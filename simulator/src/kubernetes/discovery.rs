//! The documents that say which resources are served, and the server's version.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::resource::{Registry, Resource, Version};

/// The document at a path; `None`: there is none.
pub(crate) fn document(registry: &Registry, segments: &[String], accept: &str) -> Option<Value> {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let is_aggregated = accept.contains("as=APIGroupDiscoveryList");
    match segments.as_slice() {
        ["version"] => Some(version()),
        ["api"] if is_aggregated => Some(aggregated(registry, true)),
        ["apis"] if is_aggregated => Some(aggregated(registry, false)),
        ["api"] => Some(json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443" }],
        })),
        ["apis"] => {
            let groups: Vec<Value> =
                groups(registry).iter().map(|(group, versions)| group_json(group, versions)).collect();
            Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
        }
        ["api", "v1"] => resources(registry, "", "v1"),
        ["apis", group] => {
            let versions = groups(registry).remove(*group)?;
            let mut document = group_json(group, &versions);
            document["kind"] = json!("APIGroup");
            document["apiVersion"] = json!("v1");
            Some(document)
        }
        ["apis", group, version] => resources(registry, group, version),
        _ => None,
    }
}

/// The release whose behaviour is modelled.
fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "simulator",
    })
}

/// The groups but the core one, each with its versions, the preferred one first.
fn groups(registry: &Registry) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for resource in registry.all().filter(|resource| !resource.group.is_empty()) {
        let versions = groups.entry(resource.group.clone()).or_default();
        for version in &resource.versions {
            if !versions.contains(&version.name) {
                versions.push(version.name.clone());
            }
        }
    }
    groups
}

fn group_json(group: &str, versions: &[String]) -> Value {
    let shown: Vec<Value> = versions
        .iter()
        .map(|version| json!({ "groupVersion": format!("{group}/{version}"), "version": version }))
        .collect();
    json!({ "name": group, "versions": shown, "preferredVersion": shown.first() })
}

fn of_version<'r>(
    registry: &'r Registry,
    group: &'r str,
    version: &'r str,
) -> impl Iterator<Item = (&'r Resource, &'r Version)> {
    let in_group = registry.all().filter(move |resource| resource.group == group);
    in_group.filter_map(move |resource| {
        let version = resource.versions.iter().find(|served| served.name == version)?;
        Some((&**resource, version))
    })
}

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const STATUS_VERBS: &[&str] = &["get", "patch", "update"];

fn resources(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let mut all = Vec::new();
    for (resource, served) in of_version(registry, group, version) {
        let entry = |name: String, verbs: &[&str]| json!({ "name": name, "singularName": "", "namespaced": resource.namespaced, "kind": resource.kind, "verbs": verbs });
        let mut main = entry(resource.plural.clone(), VERBS);
        main["singularName"] = json!(resource.singular);
        if !resource.short_names.is_empty() {
            main["shortNames"] = json!(resource.short_names);
        }
        all.push(main);
        if served.has_status {
            all.push(entry(format!("{}/status", resource.plural), STATUS_VERBS));
        }
    }
    let group_version = super::resource::api_version(group, version);
    let document =
        json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": all });
    (!all.is_empty()).then_some(document)
}

fn aggregated(registry: &Registry, is_core: bool) -> Value {
    let groups = if is_core { BTreeMap::from([(String::new(), vec!["v1".to_owned()])]) } else { groups(registry) };
    let items: Vec<Value> =
        groups
            .iter()
            .map(|(group, versions)| {
                let versions: Vec<Value> = versions
                .iter()
                .map(|version| json!({
                    "version": version, "freshness": "Current",
                    "resources": of_version(registry, group, version).map(aggregated_resource).collect::<Vec<_>>(),
                }))
                .collect();
                let metadata = if is_core { json!({ "creationTimestamp": null }) } else { json!({ "name": group }) };
                json!({ "metadata": metadata, "versions": versions })
            })
            .collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items })
}

fn aggregated_resource((resource, version): (&Resource, &Version)) -> Value {
    let kind = json!({ "group": resource.group, "version": version.name, "kind": resource.kind });
    let mut entry = json!({
        "resource": resource.plural, "responseKind": kind, "singularResource": resource.singular,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" }, "verbs": VERBS,
    });
    if version.has_status {
        entry["subresources"] = json!([{ "subresource": "status", "responseKind": kind, "verbs": STATUS_VERBS }]);
    }
    entry
}
