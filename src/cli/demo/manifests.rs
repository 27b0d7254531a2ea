//! What the demo applies: manifests of the tutorial or of a person, and the Pods that their Services would find.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{DemoError, Failure};
use crate::cli::input::Manifests;

/// Pods for a Service whose manifests bring none.
const PODS: usize = 4;
/// Lines around an edit.
const AROUND: usize = 2;

/// Objects of a file or some.
pub(super) struct Objects {
    /// What a plan is made of.
    pub(super) manifests: Manifests,
    /// Everything, in an order in which it can be applied.
    pub(super) all: Vec<Value>,
    /// What the demo adds or leaves out, a line each.
    pub(super) notes: Vec<String>,
}

impl Objects {
    /// The objects of one file of the tutorial.
    pub(super) fn of_text(name: &str, text: &str) -> Result<Self, DemoError> {
        let mut manifests = Manifests::default();
        manifests.parse(name, text);
        Self::of(manifests)
    }

    /// What a person's files need first, and the files' own objects: their namespaces, and Pods for their Services.
    pub(super) fn of_files(paths: &[PathBuf]) -> Result<(Self, Self), Failure> {
        let mut objects = Self::of(Manifests::read(paths, false)?)?;
        Ok((objects.take_needs(), objects))
    }

    fn of(mut manifests: Manifests) -> Result<Self, DemoError> {
        if !manifests.problems.is_empty() {
            return Err(DemoError::Manifests(manifests.problems.iter().map(ToString::to_string).collect()));
        }
        let mut notes = Vec::new();
        manifests.objects.retain(|object| {
            let is_node = object["kind"] == "Node";
            if is_node {
                notes.push(format!("Node {} is left out: the demo has nodes of its own", name(object)));
            }
            !is_node
        });
        manifests.objects.iter_mut().chain(&mut manifests.others).for_each(strip);
        let all = [manifests.others.clone(), manifests.objects.clone()].concat();
        Ok(Self { manifests, all, notes })
    }

    /// Splits off what has to be there before the rest can be planned.
    fn take_needs(&mut self) -> Self {
        let mut needs = Self { manifests: Manifests::default(), all: self.namespaces(), notes: Vec::new() };
        for (service, pods) in self.pods() {
            needs.notes.push(format!("no Pods for Service {service} among the files: {PODS} are added"));
            needs.all.push(pods);
        }
        self.all.retain(|object| object["kind"] != "Namespace");
        needs
    }

    /// Pods for every Service that selects some and finds none among the files, with the Service's name.
    fn pods(&self) -> Vec<(String, Value)> {
        let mut added: Vec<(String, Value)> = Vec::new();
        for service in self.all.iter().filter(|object| object["kind"] == "Service") {
            let selector = service["spec"]["selector"].as_object().filter(|selector| !selector.is_empty());
            let Some(selector) = selector.filter(|_| service["spec"]["type"] != "ExternalName") else { continue };
            let is_found = self.all.iter().chain(added.iter().map(|(_, pods)| pods)).any(|object| {
                let labels = match object["kind"].as_str() {
                    Some("Deployment") => &object["spec"]["template"]["metadata"]["labels"],
                    Some("Pod") => &object["metadata"]["labels"],
                    _ => return false,
                };
                namespace(object) == namespace(service) && selects(selector, labels)
            });
            if !is_found {
                added.push((name(service).to_owned(), pods_for(service, selector)));
            }
        }
        added
    }

    /// The files' own namespaces, and those that their objects are in.
    fn namespaces(&self) -> Vec<Value> {
        let own: Vec<Value> = self.all.iter().filter(|object| object["kind"] == "Namespace").cloned().collect();
        let known: BTreeSet<&str> = own.iter().map(name).chain(["default", "kube-system"]).collect();
        let needed: BTreeSet<&str> = self.all.iter().map(namespace).filter(|name| !known.contains(name)).collect();
        let made = |name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let made: Vec<Value> = needed.into_iter().map(made).collect();
        [own, made].concat()
    }
}

/// Takes away what only a server writes, so that what `kubectl get -o yaml` printed can be applied.
fn strip(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"] {
            metadata.remove(field);
        }
    }
}

fn selects(selector: &Map<String, Value>, labels: &Value) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

fn pods_for(service: &Value, selector: &Map<String, Value>) -> Value {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let named =
        ports.filter_map(|port| Some((port["targetPort"].as_str()?, port["protocol"].as_str().unwrap_or("TCP"))));
    let named: BTreeSet<(&str, &str)> = named.collect();
    let ports = (8080..).zip(named);
    let ports =
        ports.map(|(number, (name, protocol))| json!({ "name": name, "containerPort": number, "protocol": protocol }));
    let ports: Vec<Value> = ports.collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": name(service), "namespace": namespace(service) },
        "spec": {
            "replicas": PODS,
            "selector": { "matchLabels": selector },
            "template": {
                "metadata": { "labels": selector },
                "spec": { "containers": [{ "name": "demo", "image": "demo", "ports": ports }] },
            },
        },
    })
}

pub(super) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or("default")
}

/// The lines of a file that an edit took away and added, and those around them, as a diff marks them.
pub(super) fn edited(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let lines = script(&before, &after);
    let is_near = |at: usize| {
        let near = at.saturating_sub(AROUND)..(at + AROUND + 1).min(lines.len());
        lines[near].iter().any(|(mark, _)| *mark != ' ')
    };
    let mut shown = String::new();
    let mut was_near = true;
    for (at, (mark, line)) in lines.iter().enumerate() {
        let near = is_near(at);
        if near {
            shown.push_str(format!("{mark} {line}").trim_end());
            shown.push('\n');
        } else if was_near {
            shown.push_str("  ...\n");
        }
        was_near = near;
    }
    shown
}

/// Every line with its mark: the longest common subsequence stays.
fn script<'l>(before: &[&'l str], after: &[&'l str]) -> Vec<(char, &'l str)> {
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for one in (0..before.len()).rev() {
        for other in (0..after.len()).rev() {
            common[one][other] = match before[one] == after[other] {
                true => common[one + 1][other + 1] + 1,
                false => common[one + 1][other].max(common[one][other + 1]),
            };
        }
    }
    let (mut one, mut other, mut lines) = (0, 0, Vec::new());
    while one < before.len() || other < after.len() {
        if one < before.len() && other < after.len() && before[one] == after[other] {
            lines.push((' ', before[one]));
            (one, other) = (one + 1, other + 1);
        } else if one < before.len() && (other == after.len() || common[one + 1][other] >= common[one][other + 1]) {
            lines.push(('-', before[one]));
            one += 1;
        } else {
            lines.push(('+', after[other]));
            other += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_shown_by_its_lines() {
        assert_eq!(edited("a\nb\nc\n", "a\nx\ny\nc\n"), "  a\n- b\n+ x\n+ y\n  c\n");
        assert_eq!(edited("a\na\n", "a\n"), "  a\n- a\n");
        assert_eq!(edited("1\n2\n3\n4\na\n", "1\n2\n3\n4\nb\n"), "  ...\n  3\n  4\n- a\n+ b\n");
    }

    #[test]
    fn services_without_pods_are_given_some_in_a_namespace_that_is_made() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, uid: x}\n\
                    spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n---\n\
                    apiVersion: v1\nkind: Node\nmetadata: {name: other}\n";
        let mut objects = Objects::of_text("web.yaml", text).unwrap();
        let needs = objects.take_needs();
        let kinds = |objects: &Objects| -> Vec<String> {
            objects.all.iter().filter_map(|object| object["kind"].as_str()).map(str::to_owned).collect()
        };
        assert_eq!(
            (kinds(&needs), kinds(&objects)),
            (vec!["Namespace".into(), "Deployment".into()], vec!["Service".into()])
        );
        assert_eq!(needs.all[1]["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"], "http");
        assert!(objects.all[0]["metadata"]["uid"].is_null());
        assert_eq!((needs.notes.len(), objects.notes.len()), (1, 1), "{:?} {:?}", needs.notes, objects.notes);
    }

    #[test]
    fn pods_that_a_deployment_brings_are_enough() {
        let mut objects = Objects::of_text("web.yaml", include_str!("../../../examples/web.yaml")).unwrap();
        let needs = objects.take_needs();
        assert_eq!((needs.all.len(), needs.notes.len(), objects.all.len()), (0, 0, 2));
    }

    #[test]
    fn what_cannot_be_read_is_told_at_once() {
        let error = Objects::of_text("web.yaml", "apiVersion: v1\nkind: Service\nname: x\n").err().unwrap();
        assert!(error.to_string().contains("web.yaml:3"), "{error}");
    }
}
