//! Manifests: files, folders and standard input, read into the objects that a plan needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::id::{ObjectName, ObjectRef};
use northgate_planner::plan::Skipped;
use northgate_planner::problem::Problem;
use northgate_planner::snapshot::Snapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{line_index, unknown_fields};

/// What manifests hold.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// Every object that a plan needs, whole, in the order of the files.
    pub(super) objects: Vec<Value>,
    /// Every other object.
    pub(super) others: Vec<Value>,
    /// Services.
    pub(super) services: BTreeMap<ObjectName, Arc<Service>>,
    /// TargetGroupBindings.
    pub(super) bindings: BTreeMap<ObjectName, Arc<TargetGroupBinding>>,
    /// EndpointSlices.
    pub(super) endpoint_slices: BTreeMap<ObjectName, Arc<EndpointSlice>>,
    /// Nodes.
    pub(super) nodes: BTreeMap<String, Arc<Node>>,
    /// Pods.
    pub(super) pods: BTreeMap<ObjectName, Arc<Pod>>,
    /// Objects that could be ours one day, with the reason why they are not.
    pub(super) skipped: Vec<Skipped>,
    /// Objects of kinds that no plan needs, counted by kind.
    pub(super) ignored: BTreeMap<String, usize>,
    /// Documents that could not be read.
    pub(super) problems: Vec<Problem>,
}

/// A file that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub(super) struct InputError {
    path: PathBuf,
    source: std::io::Error,
}

/// One document of a file, or an item of one.
struct Document<'a> {
    file: &'a str,
    /// The number of its first line, from 1.
    line: usize,
    text: &'a str,
    /// The way to the item: `items[2].`; empty for the document itself.
    way: String,
}

impl Manifests {
    /// Reads every file; folders stand for the `.yaml`, `.yml` and `.json` files in them, `recursive` for those in their
    /// folders too; `-` is standard input.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened. What is wrong inside a file is a problem; the others are still read.
    pub(super) fn read(paths: &[PathBuf], recursive: bool) -> Result<Self, InputError> {
        let mut manifests = Self::default();
        for path in paths {
            if path.as_os_str() == "-" {
                let text = std::io::read_to_string(std::io::stdin())
                    .map_err(|source| InputError { path: path.clone(), source })?;
                manifests.parse("-", &text);
                continue;
            }
            for file in files(path, recursive)? {
                let text =
                    std::fs::read_to_string(&file).map_err(|source| InputError { path: file.clone(), source })?;
                manifests.parse(&file.to_string_lossy(), &text);
            }
        }
        Ok(manifests)
    }

    /// Reads the documents of one file.
    pub(super) fn parse(&mut self, file: &str, text: &str) {
        for document in documents(file, text) {
            match serde_saphyr::from_str::<Value>(document.text) {
                Ok(Value::Null) => {}
                Ok(value) => self.add(&document, value),
                Err(error) => {
                    let line = error.location().map_or(document.line, |at| {
                        document.line + usize::try_from(at.line()).unwrap_or(1).saturating_sub(1)
                    });
                    let first = error.to_string().lines().next().unwrap_or_default().to_owned();
                    self.problems.push(Problem::general(format!("{file}:{line}: this is not YAML: {first}")));
                }
            }
        }
    }

    fn add(&mut self, document: &Document<'_>, mut value: Value) {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind == "List" || value.get("items").is_some_and(Value::is_array) && kind.ends_with("List") {
            let items = value.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
            for (index, item) in items.into_iter().enumerate() {
                self.add(&Document { way: format!("{}items[{index}].", document.way), ..*document }, item);
            }
            return;
        }
        let result = match (value.get("apiVersion").and_then(Value::as_str).unwrap_or_default(), kind.as_str()) {
            ("v1", "Service") => namespaced(&value, &mut self.services),
            ("v1", "Pod") => namespaced(&value, &mut self.pods),
            ("v1", "Node") => typed::<Node>(&value).map(|node| {
                _ = self.nodes.insert(node.metadata.name.clone().unwrap_or_default(), Arc::new(node));
            }),
            ("discovery.k8s.io/v1", "EndpointSlice") => namespaced(&value, &mut self.endpoint_slices),
            ("elbv2.k8s.aws/v1beta1" | "elbv2.k8s.aws/v1alpha1", "TargetGroupBinding") => {
                namespaced(&value, &mut self.bindings)
            }
            ("networking.k8s.io/v1" | "networking.k8s.io/v1beta1" | "extensions/v1beta1", "Ingress") => {
                let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
                let namespace = text("/metadata/namespace").unwrap_or("default");
                let name = ObjectName::new(namespace, text("/metadata/name").unwrap_or_default());
                let reason = "Ingresses are not supported yet".to_owned();
                self.skipped.push(Skipped { object: ObjectRef::new("Ingress", &name), reason, hint: None });
                return;
            }
            ("", _) | (_, "") => Err(vec![Fault { path: None, message: "apiVersion or kind is missing".to_owned() }]),
            _ => {
                *self.ignored.entry(kind).or_default() += 1;
                self.others.push(value);
                return;
            }
        };
        match result {
            Ok(()) => self.objects.push(value),
            Err(mut faults) => {
                faults.sort_by_cached_key(|fault| document.line_of(fault));
                self.problems.extend(faults.into_iter().map(|fault| document.problem(&kind, fault)));
            }
        }
    }

    /// The files alone as a view of the cluster: what they do not hold is unknown, not empty.
    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        fn known<K: Clone + Ord, V>(map: &BTreeMap<K, Arc<V>>) -> Option<BTreeMap<K, Arc<V>>> {
            (!map.is_empty()).then(|| map.clone())
        }
        snapshot.services.clone_from(&self.services);
        snapshot.bindings.clone_from(&self.bindings);
        snapshot.endpoint_slices = known(&self.endpoint_slices);
        snapshot.nodes = known(&self.nodes);
        snapshot.pods = known(&self.pods);
    }
}

/// What is wrong with one object.
struct Fault {
    path: Option<String>,
    message: String,
}

impl Document<'_> {
    fn problem(&self, kind: &str, fault: Fault) -> Problem {
        let line = self.line_of(&fault);
        let problem = Problem::general(format!("{}:{line}: {kind}: {}", self.file, fault.message));
        Problem { field: fault.path, ..problem }
    }

    /// The line of a field, as near as its path leads.
    fn line_of(&self, fault: &Fault) -> usize {
        let path = fault.path.as_deref().unwrap_or_default();
        self.line + line_index::find(self.text, &format!("{}{path}", self.way))
    }
}

fn namespaced<T>(value: &Value, into: &mut BTreeMap<ObjectName, Arc<T>>) -> Result<(), Vec<Fault>>
where
    T: DeserializeOwned + Serialize + kube::ResourceExt,
{
    let mut object = typed::<T>(value)?;
    // As the API server would complete it.
    object.meta_mut().namespace.get_or_insert_with(|| "default".to_owned());
    into.insert(ObjectName::of(object.meta()), Arc::new(object));
    Ok(())
}

/// Reads an object into its type, and refuses fields that the type does not have, as the API server would.
fn typed<T: DeserializeOwned + Serialize + kube::ResourceExt>(value: &Value) -> Result<T, Vec<Fault>> {
    let object: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = Some(error.path().to_string()).filter(|path| path != ".");
        vec![Fault { path, message: error.into_inner().to_string() }]
    })?;
    let understood = serde_json::to_value(&object).unwrap_or_default();
    let unknown = unknown_fields::find(value, &understood);
    if !unknown.is_empty() {
        let fault = |path: String| Fault { message: format!("there is no field {path}"), path: Some(path) };
        return Err(unknown.into_iter().map(fault).collect());
    }
    if object.meta().name.as_deref().unwrap_or_default().is_empty() {
        return Err(vec![Fault {
            path: Some("metadata.name".to_owned()),
            message: "the object has no name".to_owned(),
        }]);
    }
    Ok(object)
}

/// Splits a file at its `---` lines; at the start of a line they always part documents.
fn documents<'a>(file: &'a str, text: &'a str) -> Vec<Document<'a>> {
    let mut documents = Vec::new();
    let (mut start, mut first_line, mut offset) = (0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let marker =
            line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if marker {
            documents.push(Document { file, line: first_line, text: &text[start..offset], way: String::new() });
            start = offset + line.len();
            first_line = index + 2;
        }
        offset += line.len();
    }
    documents.push(Document { file, line: first_line, text: &text[start..], way: String::new() });
    documents.retain(|document| !document.text.trim().is_empty());
    documents
}

/// A file itself, or the manifests in a folder, by name.
fn files(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, InputError> {
    let failed = |source| InputError { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        let extension = entry.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if entry.is_dir() {
            if recursive {
                found.extend(files(&entry, recursive)?);
            }
        } else if ["yaml", "yml", "json"].contains(&extension) {
            found.push(entry);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Manifests {
        let mut manifests = Manifests::default();
        manifests.parse("web.yaml", text);
        manifests
    }

    #[test]
    fn documents_lists_and_other_kinds_are_told_apart() {
        let manifests = read(
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n---\n# nothing\n---\n\
             apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: a}}\n\
             - {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}\n",
        );
        assert_eq!(manifests.problems, []);
        assert!(manifests.services.contains_key(&ObjectName::new("default", "web")));
        assert_eq!(manifests.nodes.len(), 1);
        assert_eq!(manifests.ignored, BTreeMap::from([("Deployment".to_owned(), 1)]));
    }

    #[test]
    fn a_slip_names_file_line_and_field_and_the_others_are_still_read() {
        let manifests = read(
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  prots: [{port: 80}]\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec:\n  ports:\n  - port: eighty\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {name: good}\nspec: {ports: [{port: 80}]}\n",
        );
        let problems = manifests.problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(problems[0], "spec.prots: web.yaml:5: Service: there is no field spec.prots");
        assert!(
            problems[1].starts_with("spec.ports[0].port: web.yaml:12: Service: invalid type: string"),
            "{}",
            problems[1]
        );
        assert_eq!(manifests.services.len(), 1);
    }

    #[test]
    fn problems_stand_in_the_order_of_their_lines_also_inside_a_list() {
        let manifests = read(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n\
             - apiVersion: v1\n  kind: Service\n  metadata:\n    name: api\n    zone: a\n  spec:\n    prots: 1\n    more: 2\n",
        );
        let problems = manifests.problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>();
        assert_eq!(
            problems,
            [
                "web.yaml:11: Service: there is no field metadata.zone",
                "web.yaml:13: Service: there is no field spec.prots",
                "web.yaml:14: Service: there is no field spec.more",
            ]
        );
    }

    #[test]
    fn folders_inside_a_folder_are_read_when_asked_for() {
        let folder = std::env::temp_dir().join(format!("northgate-input-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("deeper")).unwrap();
        let service = |name: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n");
        for (file, text) in [
            ("b.yaml", service("b")),
            ("deeper/c.yml", service("c")),
            ("a.json", "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"}}".to_owned()),
            ("notes.txt", "not a manifest: [".to_owned()),
        ] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        let names = |recursive| {
            let manifests = Manifests::read(std::slice::from_ref(&folder), recursive).unwrap();
            assert_eq!(manifests.problems, []);
            manifests.services.into_keys().map(|name| name.name).collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["a", "b"]);
        assert_eq!(names(true), ["a", "b", "c"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_not_yaml_is_a_problem_with_its_line() {
        let manifests = read("apiVersion: v1\nkind: Service\n---\nspec: [\n");
        assert!(
            manifests.problems.iter().any(|problem| problem.message.starts_with("web.yaml:")),
            "{:?}",
            manifests.problems
        );
    }
}
