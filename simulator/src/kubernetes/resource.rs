//! The kinds of objects that the server knows: the built-in ones, and those of custom resource definitions.

use std::sync::Arc;

use super::schema::Schema;

/// Which resource, by its place in the registry. A place is never given to another resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResourceId(pub(crate) usize);

/// One resource: a kind of object and where its objects are found.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: ResourceId,
    /// Where its objects are kept: the id of another resource when both show the same objects.
    pub(crate) table: ResourceId,
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) namespaced: bool,
    /// The served versions, the preferred one first.
    pub(crate) versions: Vec<Version>,
    pub(crate) rules: Rules,
}

/// One version of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) name: String,
    /// `group/version`, or the version alone for the core group.
    pub(crate) api_version: String,
    pub(crate) has_status: bool,
    /// What custom resources are held to.
    pub(crate) schema: Option<Arc<Schema>>,
}

/// Who knows how objects of a resource behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    Builtin(Builtin),
    Custom,
}

/// The kinds that every server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Builtin {
    Namespace,
    Service,
    Pod,
    Node,
    EndpointSlice,
    Event,
    Lease,
    Deployment,
    Ingress,
    IngressClass,
    Secret,
    ConfigMap,
    ServiceAccount,
    CustomResourceDefinition,
}

impl Builtin {
    /// Whether writes without a resourceVersion are taken.
    pub(crate) fn allows_unconditional_update(self) -> bool {
        !matches!(self, Self::CustomResourceDefinition | Self::Lease)
    }

    /// Whether a PUT makes what is not there.
    pub(crate) fn allows_create_on_update(self) -> bool {
        matches!(self, Self::Service | Self::Lease | Self::Event)
    }

    /// Whether the answer to a deletion is the object that is gone.
    pub(crate) fn returns_deleted(self) -> bool {
        matches!(self, Self::Service | Self::Pod | Self::ServiceAccount)
    }

    /// Whether creates clear the status that was given.
    pub(crate) fn resets_status_on_create(self) -> bool {
        !matches!(self, Self::Node | Self::CustomResourceDefinition)
    }

    /// Whether its objects count the changes of their specs.
    pub(crate) fn has_generation(self) -> bool {
        matches!(
            self,
            Self::Deployment
                | Self::Ingress
                | Self::IngressClass
                | Self::EndpointSlice
                | Self::Pod
                | Self::CustomResourceDefinition
        )
    }
}

impl Resource {
    /// `services`, `targetgroupbindings.elbv2.k8s.aws`.
    pub(crate) fn qualified(&self) -> String {
        with_group(&self.plural, &self.group)
    }

    /// `Service`, `TargetGroupBinding.elbv2.k8s.aws`.
    pub(crate) fn qualified_kind(&self) -> String {
        with_group(&self.kind, &self.group)
    }

    /// The kind of its built-in rules.
    pub(crate) fn builtin(&self) -> Option<Builtin> {
        match self.rules {
            Rules::Builtin(builtin) => Some(builtin),
            Rules::Custom => None,
        }
    }
}

fn with_group(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// `group/version`, or the version alone for the core group.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// Every resource that is served.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    /// `None`: the definition is gone.
    resources: Vec<Option<Arc<Resource>>>,
}

impl Registry {
    /// The resources that every server has.
    pub(crate) fn builtin() -> Self {
        let resources = BUILTIN.iter().enumerate().map(|(place, row)| Some(Arc::new(row.resource(place)))).collect();
        Self { resources }
    }

    /// All that are served.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.iter().flatten()
    }

    /// By a place in an URL; gives the resource and the index of the version.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<(&Arc<Resource>, usize)> {
        self.all().filter(|resource| resource.plural == plural && resource.group == group).find_map(|resource| {
            let place = resource.versions.iter().position(|served| served.name == version)?;
            Some((resource, place))
        })
    }

    /// Whether built-in resources are of this group.
    pub(crate) fn has_builtin_group(&self, group: &str) -> bool {
        self.all().any(|resource| resource.builtin().is_some() && resource.group == group)
    }

    /// By what objects say of themselves.
    pub(crate) fn find_kind(&self, api_version: &str, kind: &str) -> Option<(&Arc<Resource>, usize)> {
        self.all().filter(|resource| resource.kind == kind).find_map(|resource| {
            let place = resource.versions.iter().position(|served| served.api_version == api_version)?;
            Some((resource, place))
        })
    }

    /// By its plural name alone, `services`, or with its group, `targetgroupbindings.elbv2.k8s.aws`.
    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Resource>> {
        self.all().find(|resource| resource.plural == name || resource.qualified() == name)
    }

    /// The built-in resource.
    pub(crate) fn of(&self, builtin: Builtin) -> &Arc<Resource> {
        self.all()
            .find(|resource| resource.builtin() == Some(builtin))
            .expect("the built-in resources are never removed")
    }

    /// Adds a resource, or puts it in the place of the one with the same name.
    pub(crate) fn put(&mut self, make: impl FnOnce(ResourceId) -> Resource, name: &str) -> ResourceId {
        let place = self.resources.iter().position(|resource| {
            resource.as_ref().is_some_and(|resource| resource.rules == Rules::Custom && resource.qualified() == name)
        });
        let place = place.unwrap_or(self.resources.len());
        if place == self.resources.len() {
            self.resources.push(None);
        }
        let id = ResourceId(place);
        self.resources[place] = Some(Arc::new(make(id)));
        id
    }

    /// Serves a resource no more.
    pub(crate) fn remove(&mut self, id: ResourceId) {
        self.resources[id.0] = None;
    }
}

struct Row {
    builtin: Builtin,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    short_names: &'static [&'static str],
    namespaced: bool,
    has_status: bool,
}

impl Row {
    fn resource(&self, place: usize) -> Resource {
        let first = BUILTIN.iter().position(|row| row.builtin == self.builtin).expect("it is in the table");
        let version = Version {
            name: self.version.to_owned(),
            api_version: api_version(self.group, self.version),
            has_status: self.has_status,
            schema: None,
        };
        Resource {
            id: ResourceId(place),
            table: ResourceId(first),
            group: self.group.to_owned(),
            plural: self.plural.to_owned(),
            singular: self.kind.to_lowercase(),
            kind: self.kind.to_owned(),
            short_names: self.short_names.iter().map(|name| (*name).to_owned()).collect(),
            namespaced: self.namespaced,
            versions: vec![version],
            rules: Rules::Builtin(self.builtin),
        }
    }
}

#[rustfmt::skip]
const BUILTIN: &[Row] = &[
    row(Builtin::Namespace, "", "v1", "namespaces", "Namespace", &["ns"], false, true),
    row(Builtin::Service, "", "v1", "services", "Service", &["svc"], true, true),
    row(Builtin::Pod, "", "v1", "pods", "Pod", &["po"], true, true),
    row(Builtin::Node, "", "v1", "nodes", "Node", &["no"], false, true),
    row(Builtin::EndpointSlice, "discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", &[], true, false),
    row(Builtin::Event, "", "v1", "events", "Event", &["ev"], true, false),
    row(Builtin::Event, "events.k8s.io", "v1", "events", "Event", &["ev"], true, false),
    row(Builtin::Lease, "coordination.k8s.io", "v1", "leases", "Lease", &[], true, false),
    row(Builtin::Deployment, "apps", "v1", "deployments", "Deployment", &["deploy"], true, true),
    row(Builtin::Ingress, "networking.k8s.io", "v1", "ingresses", "Ingress", &["ing"], true, true),
    row(Builtin::IngressClass, "networking.k8s.io", "v1", "ingressclasses", "IngressClass", &[], false, false),
    row(Builtin::Secret, "", "v1", "secrets", "Secret", &[], true, false),
    row(Builtin::ConfigMap, "", "v1", "configmaps", "ConfigMap", &["cm"], true, false),
    row(Builtin::ServiceAccount, "", "v1", "serviceaccounts", "ServiceAccount", &["sa"], true, false),
    row(Builtin::CustomResourceDefinition, "apiextensions.k8s.io", "v1", "customresourcedefinitions",
        "CustomResourceDefinition", &["crd", "crds"], false, true),
];

#[expect(clippy::too_many_arguments, reason = "the columns of the table above")]
const fn row(
    builtin: Builtin,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    short_names: &'static [&'static str],
    namespaced: bool,
    has_status: bool,
) -> Row {
    Row { builtin, group, version, plural, kind, short_names, namespaced, has_status }
}
