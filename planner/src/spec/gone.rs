//! A stack that is to go: its object is being deleted or no longer ours. A valid spec is never needed for that.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::annotation::ingress as annotation;
use super::ingress::Leaving;
use super::{cluster, value};
use crate::id::{ObjectName, ObjectRef, StackId};
use crate::problem::{Problem, Refusal};
use crate::snapshot::Snapshot;

/// LBC's annotation that can hold `deletion_protection.enabled`.
const ATTRIBUTES: &str = "service.beta.kubernetes.io/aws-load-balancer-attributes";
const DELETION_PROTECTION: &str = "deletion_protection.enabled";

/// What there is to know of a stack that is to go.
#[derive(Debug, Clone)]
pub struct GoneSpec {
    /// The stack.
    pub id: StackId,
    /// Whether the object itself says that its load balancer is not protected; only then is protection switched off.
    pub unprotected: bool,
    /// The objects that hold on to it, and let go of it at the end.
    pub leaving: Vec<ObjectRef>,
    /// Those of them that are Ingresses, with where they move.
    pub ingresses: Vec<Leaving>,
    /// Whether every object with our finalizer is going: then what the cluster shares goes too, before the last finalizers.
    pub last_of_cluster: bool,
}

/// Understands an object that is going (`decisions.md`, "deletion protection").
pub(super) fn accept(service: &Service, snapshot: &Snapshot) -> Result<GoneSpec, Refusal> {
    let id = StackId::Service(ObjectName::of(&service.metadata));
    let protection = match protection(&service.metadata, ATTRIBUTES) {
        Ok(Some(true)) => return Err(refusal(&id, protected(ATTRIBUTES))),
        Ok(protection) => protection,
        Err(problem) => return Err(refusal(&id, problem)),
    };
    let leaving = vec![id.object()];
    let last_of_cluster = cluster::goes_with(snapshot);
    Ok(GoneSpec { id, unprotected: protection == Some(false), leaving, ingresses: Vec::new(), last_of_cluster })
}

/// A group of Ingresses that all leave it.
pub(super) fn of_group(id: &StackId, leaving: &[&Ingress], snapshot: &Snapshot) -> GoneSpec {
    let says_false = |ingress: &&&Ingress| {
        protection(&ingress.metadata, annotation::LOAD_BALANCER_ATTRIBUTES.key()) == Ok(Some(false))
    };
    let ingresses = leaving.iter().map(|ingress| Leaving::of(ingress, snapshot)).collect::<Vec<_>>();
    GoneSpec {
        id: id.clone(),
        unprotected: leaving.iter().any(|ingress| says_false(&ingress)),
        leaving: ingresses.iter().map(Leaving::object).collect(),
        ingresses,
        last_of_cluster: cluster::goes_with(snapshot),
    }
}

/// Why an Ingress that is being deleted may not go yet. One that only moves takes its protection along.
pub(super) fn refusal_of_ingress(ingress: &Ingress) -> Option<Problem> {
    ingress.metadata.deletion_timestamp.as_ref()?;
    let key = annotation::LOAD_BALANCER_ATTRIBUTES.key();
    let problem = match protection(&ingress.metadata, key) {
        Ok(Some(true)) => protected(key),
        Ok(Some(false) | None) => return None,
        Err(problem) => problem,
    };
    Some(Problem { object: Some(ObjectRef::new("Ingress", &ObjectName::of(&ingress.metadata))), ..problem })
}

fn protected(key: &str) -> Problem {
    Problem::general("the load balancer is not deleted while the annotation says that it is protected")
        .at(format!("metadata.annotations[{key}]"))
        .value(format!("{DELETION_PROTECTION}=true"))
        .hint(format!("set {DELETION_PROTECTION}=false in the annotation"))
}

fn refusal(id: &StackId, problem: Problem) -> Refusal {
    Refusal {
        object: id.object(),
        problems: vec![Problem { object: Some(id.object()), ..problem }],
        warnings: Vec::new(),
    }
}

/// What the annotation says of deletion protection; `None`: nothing.
fn protection(metadata: &ObjectMeta, key: &str) -> Result<Option<bool>, Problem> {
    let Some(raw) = metadata.annotations.as_ref().and_then(|all| all.get(key)) else { return Ok(None) };
    let wrong =
        |message: String| Problem::general(message).at(format!("metadata.annotations[{key}]")).value(raw.clone());
    let attributes = value::parse_string_map(raw).map_err(&wrong)?;
    match attributes.get(DELETION_PROTECTION) {
        Some(text) => {
            value::parse_bool(text).map(Some).map_err(|message| wrong(format!("{DELETION_PROTECTION}: {message}")))
        }
        None => Ok(None),
    }
}
