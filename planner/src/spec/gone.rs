//! A stack that is to go: its object is being deleted or no longer ours. A valid spec is never needed for that.

use k8s_openapi::api::core::v1::Service;

use super::{cluster, value};
use crate::id::{ObjectName, StackId};
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
    /// Whether every object with our finalizer is going: then what the cluster shares goes too, before the last finalizers.
    pub last_of_cluster: bool,
}

/// Understands an object that is going (`decisions.md`, "deletion protection").
pub(super) fn accept(service: &Service, snapshot: &Snapshot) -> Result<GoneSpec, Refusal> {
    let id = StackId::Service(ObjectName::of(&service.metadata));
    let protection = match protection(service) {
        Ok(protection) => protection,
        Err(problem) => return Err(refusal(&id, problem)),
    };
    if protection == Some(true) {
        let problem = "the load balancer is not deleted while the annotation says that it is protected";
        return Err(refusal(
            &id,
            Problem::general(problem)
                .at(format!("metadata.annotations[{ATTRIBUTES}]"))
                .value(format!("{DELETION_PROTECTION}=true"))
                .hint(format!("set {DELETION_PROTECTION}=false in the annotation")),
        ));
    }
    Ok(GoneSpec {
        id,
        unprotected: protection == Some(false),
        last_of_cluster: !snapshot.services.values().any(|service| cluster::stays(service, snapshot)),
    })
}

fn refusal(id: &StackId, problem: Problem) -> Refusal {
    Refusal {
        object: id.object(),
        problems: vec![Problem { object: Some(id.object()), ..problem }],
        warnings: Vec::new(),
    }
}

/// What the annotation says of deletion protection; `None`: nothing.
fn protection(service: &Service) -> Result<Option<bool>, Problem> {
    let Some(raw) = service.metadata.annotations.as_ref().and_then(|all| all.get(ATTRIBUTES)) else { return Ok(None) };
    let wrong = |message: String| {
        Problem::general(message).at(format!("metadata.annotations[{ATTRIBUTES}]")).value(raw.clone())
    };
    let attributes = value::parse_string_map(raw).map_err(&wrong)?;
    match attributes.get(DELETION_PROTECTION) {
        Some(text) => {
            value::parse_bool(text).map(Some).map_err(|message| wrong(format!("{DELETION_PROTECTION}: {message}")))
        }
        None => Ok(None),
    }
}
