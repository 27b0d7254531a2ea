//! What lists and maps of an object are to server-side apply and to strategic merge patches: replaced as a whole, or
//! merged entry by entry.

use serde_json::Value;

use super::resource::{Builtin, Rules};
use super::schema::{Schema, Topology};
use super::target::Target;

/// A place in objects of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Shape<'s> {
    kind: Kind<'s>,
    /// The fields that lead here; entries of lists are not in it.
    path: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'s> {
    Builtin(Builtin),
    /// `None`: the schema says nothing of this place.
    Custom(Option<&'s Schema>),
}

impl<'s> Shape<'s> {
    /// The whole object.
    pub(crate) fn of(target: &'s Target) -> Self {
        let kind = match target.resource.rules {
            Rules::Builtin(builtin) => Kind::Builtin(builtin),
            Rules::Custom => Kind::Custom(target.version().schema.as_deref()),
        };
        Self { kind, path: Vec::new() }
    }

    /// A field of what is here.
    pub(crate) fn field(&self, name: &str) -> Self {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        let kind = match self.kind {
            Kind::Custom(schema) => Kind::Custom(schema.and_then(|schema| schema.field(name))),
            builtin @ Kind::Builtin(_) => builtin,
        };
        Self { kind, path }
    }

    /// An entry of the list that is here.
    pub(crate) fn entry(&self) -> Self {
        let kind = match self.kind {
            Kind::Custom(schema) => Kind::Custom(schema.and_then(Schema::items)),
            builtin @ Kind::Builtin(_) => builtin,
        };
        Self { kind, path: self.path.clone() }
    }

    /// Whether what is here is replaced as a whole.
    pub(crate) fn is_atomic(&self, value: &Value) -> bool {
        match (value, self.topology()) {
            (_, Topology::Atomic) | (Value::Array(_), Topology::Plain) => true,
            (Value::Array(_) | Value::Object(_), _) => false,
            _ => true,
        }
    }

    /// What a list or a map that is here is.
    pub(crate) fn topology(&self) -> Topology {
        if self.path.first().is_some_and(|first| first == "metadata") {
            return of_metadata(&self.path[1..]);
        }
        match self.kind {
            Kind::Custom(Some(schema)) => schema.topology.clone(),
            Kind::Custom(None) => Topology::Plain,
            Kind::Builtin(builtin) => of_builtin(builtin, &self.path),
        }
    }

    /// What names an entry of the list that is here: `k:{"port":80}`, `v:"text"`.
    pub(crate) fn name_of(&self, entry: &Value) -> String {
        match self.topology() {
            Topology::Map(keys) => {
                let fields = keys.iter().map(|key| {
                    let value = match entry.get(key) {
                        // The one key that the built-in kinds have a default for.
                        None if key == "protocol" => Value::String("TCP".to_owned()),
                        value => value.cloned().unwrap_or_default(),
                    };
                    (key.clone(), value)
                });
                format!("k:{}", Value::Object(fields.filter(|(_, value)| !value.is_null()).collect()))
            }
            _ => format!("v:{entry}"),
        }
    }
}

fn of_metadata(path: &[String]) -> Topology {
    match path.first().map(String::as_str) {
        Some("finalizers") => Topology::Set,
        Some("ownerReferences") => map(&["uid"]),
        _ => Topology::Plain,
    }
}

fn map(keys: &[&str]) -> Topology {
    Topology::Map(keys.iter().map(|key| (*key).to_owned()).collect())
}

fn of_builtin(builtin: Builtin, path: &[String]) -> Topology {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (builtin, path.as_slice()) {
        (_, ["status", "conditions"]) => map(&["type"]),
        (Builtin::Service, ["spec", "ports"]) => map(&["port", "protocol"]),
        (Builtin::Service, ["spec", "selector"]) | (Builtin::Deployment, ["spec", "selector"]) => Topology::Atomic,
        (Builtin::Node, ["status", "addresses"]) => map(&["type"]),
        (Builtin::Node, ["spec", "podCIDRs"]) => Topology::Set,
        (Builtin::Pod, ["status", "podIPs"]) => map(&["ip"]),
        (Builtin::Pod, ["spec", rest @ ..]) | (Builtin::Deployment, ["spec", "template", "spec", rest @ ..]) => {
            of_pod_spec(rest)
        }
        (Builtin::ServiceAccount, ["secrets"]) => map(&["name"]),
        _ => Topology::Plain,
    }
}

fn of_pod_spec(path: &[&str]) -> Topology {
    match path {
        ["containers" | "initContainers" | "ephemeralContainers", rest @ ..] => match rest {
            [] | ["env"] => map(&["name"]),
            ["ports"] => map(&["containerPort", "protocol"]),
            ["volumeMounts"] => map(&["mountPath"]),
            ["volumeDevices"] => map(&["devicePath"]),
            _ => Topology::Plain,
        },
        ["volumes" | "imagePullSecrets" | "schedulingGates" | "resourceClaims"] => map(&["name"]),
        ["hostAliases"] => map(&["ip"]),
        ["topologySpreadConstraints"] => map(&["topologyKey", "whenUnsatisfiable"]),
        ["nodeSelector"] => Topology::Atomic,
        _ => Topology::Plain,
    }
}
