//! Manifests: files, folders and standard input, read into the objects that a plan needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use northgate_planner::crd::{IngressClassParams, TargetGroupBinding};
use northgate_planner::id::{ObjectName, ObjectRef};
use northgate_planner::model::Pairs;
use northgate_planner::plan::Skipped;
use northgate_planner::problem::Problem;
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress::class::CONTROLLER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{line_index, retired, unknown_fields};

/// The name that LBC's chart gives its IngressClass.
const USUAL_CLASS: &str = "alb";

/// What manifests hold.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// Every object that a plan needs, whole, in the order of the files.
    pub(super) objects: Vec<Value>,
    /// Every other object.
    pub(super) others: Vec<Value>,
    /// Services.
    pub(super) services: BTreeMap<ObjectName, Arc<Service>>,
    /// Ingresses.
    pub(super) ingresses: BTreeMap<ObjectName, Arc<Ingress>>,
    /// IngressClasses.
    pub(super) ingress_classes: BTreeMap<String, Arc<IngressClass>>,
    /// IngressClassParams.
    pub(super) ingress_class_params: BTreeMap<String, Arc<IngressClassParams>>,
    /// The labels of Namespaces.
    pub(super) namespaces: BTreeMap<String, Pairs>,
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
    /// What is odd about objects but does no harm.
    pub(super) warnings: Vec<Problem>,
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
        for text in texts(paths, recursive) {
            let (file, text) = text?;
            manifests.parse(&file, &text);
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
        self.warnings.extend(retired::convert(&mut value));
        let result = match (value.get("apiVersion").and_then(Value::as_str).unwrap_or_default(), kind.as_str()) {
            ("v1", "Service") => namespaced(&value, &mut self.services),
            ("v1", "Pod") => namespaced(&value, &mut self.pods),
            ("v1", "Node") => named(&value, &mut self.nodes),
            ("v1", "Namespace") => typed::<Namespace>(&value).map(|namespace| {
                let name = namespace.metadata.name.unwrap_or_default();
                _ = self.namespaces.insert(name, namespace.metadata.labels.unwrap_or_default());
            }),
            ("networking.k8s.io/v1", "Ingress") => namespaced(&value, &mut self.ingresses),
            ("networking.k8s.io/v1", "IngressClass") => named(&value, &mut self.ingress_classes),
            ("elbv2.k8s.aws/v1beta1", "IngressClassParams") => named(&value, &mut self.ingress_class_params),
            ("discovery.k8s.io/v1", "EndpointSlice") => namespaced(&value, &mut self.endpoint_slices),
            ("elbv2.k8s.aws/v1beta1" | "elbv2.k8s.aws/v1alpha1", "TargetGroupBinding") => {
                namespaced(&value, &mut self.bindings)
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

    /// Files seldom hold the class that their Ingresses name: the one of the usual name, where no class is given at all, is
    /// taken to be ours.
    pub(super) fn assume_class(&mut self) {
        let names_it = |ingress: &Ingress| {
            ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref()) == Some(USUAL_CLASS)
        };
        if !self.ingress_classes.is_empty() {
            return;
        }
        for (name, _) in self.ingresses.iter().filter(|(_, ingress)| names_it(ingress)) {
            let message =
                format!("the IngressClass is not among the files; it is taken to be of controller {CONTROLLER}");
            let warning = Problem::of(ObjectRef::new("Ingress", name), message).at("spec.ingressClassName");
            self.warnings.push(warning.value(USUAL_CLASS));
            let mut class = IngressClass::default();
            class.metadata.name = Some(USUAL_CLASS.to_owned());
            class.spec.get_or_insert_default().controller = Some(CONTROLLER.to_owned());
            self.ingress_classes.insert(USUAL_CLASS.to_owned(), Arc::new(class));
        }
    }

    /// Whether they hold anything that a plan tells of.
    pub(super) fn concern_us(&self) -> bool {
        let Self { services, ingresses, bindings, skipped, .. } = self;
        !(services.is_empty() && ingresses.is_empty() && bindings.is_empty() && skipped.is_empty())
    }

    /// The files alone as a view of the cluster: what they do not hold is unknown, not empty.
    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        fn known<K: Clone + Ord, V>(map: &BTreeMap<K, Arc<V>>) -> Option<BTreeMap<K, Arc<V>>> {
            (!map.is_empty()).then(|| map.clone())
        }
        snapshot.services.clone_from(&self.services);
        snapshot.ingresses.clone_from(&self.ingresses);
        snapshot.ingress_classes.clone_from(&self.ingress_classes);
        snapshot.ingress_class_params.clone_from(&self.ingress_class_params);
        snapshot.namespaces.clone_from(&self.namespaces);
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

/// The same for what is in no namespace.
fn named<T>(value: &Value, into: &mut BTreeMap<String, Arc<T>>) -> Result<(), Vec<Fault>>
where
    T: DeserializeOwned + Serialize + kube::ResourceExt,
{
    let object = typed::<T>(value)?;
    into.insert(object.name_any(), Arc::new(object));
    Ok(())
}

/// Reads an object into its type, and refuses fields that the type does not have, as the API server would.
fn typed<T: DeserializeOwned + Serialize + kube::ResourceExt>(value: &Value) -> Result<T, Vec<Fault>> {
    let object: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = Some(error.path().to_string()).filter(|path| path != ".");
        vec![Fault { path, message: error.into_inner().to_string() }]
    })?;
    let understood = serde_json::to_value(&object).unwrap_or_default();
    let mut unknown = unknown_fields::find(value, &understood);
    // By these the type was chosen.
    unknown.retain(|path| path != "apiVersion" && path != "kind");
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

/// The files of these paths, each by its name and with its text.
///
/// # Errors
///
/// Of each that cannot be read, why.
pub(super) fn texts(paths: &[PathBuf], recursive: bool) -> impl Iterator<Item = Result<(String, String), InputError>> {
    let read = |path: PathBuf| {
        let text = match path.as_os_str() == "-" {
            true => std::io::read_to_string(std::io::stdin()),
            false => std::fs::read_to_string(&path),
        };
        let name = path.to_string_lossy().into_owned();
        text.map(|text| (name, text)).map_err(|source| InputError { path, source })
    };
    let found = paths.iter().flat_map(move |path| match path.as_os_str() == "-" {
        true => vec![Ok(path.clone())],
        false => match files(path, recursive) {
            Ok(files) => files.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        },
    });
    found.map(move |path| path.and_then(read))
}

/// The documents of a text, each with the number of its first line, from 1.
pub(super) fn split(text: &str) -> impl Iterator<Item = (usize, &str)> {
    documents("", text).into_iter().map(|document| (document.line, document.text))
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
    fn ingresses_come_with_their_classes_and_retired_ones_in_todays_form() {
        let manifests = read(
            "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: web}\nspec: {backend: {serviceName: web, servicePort: 80}}\n---\n\
             apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: alb}\nspec: {controller: ingress.k8s.aws/alb}\n---\n\
             apiVersion: elbv2.k8s.aws/v1beta1\nkind: IngressClassParams\nmetadata: {name: alb}\nspec: {scheme: internal}\n---\n\
             apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n",
        );
        assert_eq!(manifests.problems, []);
        assert_eq!(manifests.warnings.len(), 1);
        let ingress = &manifests.ingresses[&ObjectName::new("default", "web")];
        assert!(ingress.spec.as_ref().unwrap().default_backend.is_some());
        assert_eq!(manifests.ingress_classes.len() + manifests.ingress_class_params.len(), 2);
        assert_eq!(manifests.namespaces["shop"]["team"], "a");
        let slip = read(
            "apiVersion: elbv2.k8s.aws/v1beta1\nkind: IngressClassParams\nmetadata: {name: alb}\nspec: {schema: internal}\n",
        );
        assert!(slip.problems[0].message.contains("there is no field spec.schema"), "{:?}", slip.problems);
    }

    #[test]
    fn the_usual_class_is_assumed_only_where_no_class_is_given() {
        let ingress =
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {ingressClassName: alb}\n";
        let class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: other}\nspec: {controller: x/y}\n";
        for (text, assumed) in
            [(ingress.to_owned(), true), (format!("{ingress}{class}"), false), (ingress.replace("alb", "nginx"), false)]
        {
            let mut manifests = read(&text);
            manifests.assume_class();
            assert_eq!(
                (manifests.ingress_classes.contains_key("alb"), manifests.warnings.len() == 1),
                (assumed, assumed)
            );
        }
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
