//! Which Ingresses are ours, and what their class says (`ingress-alb.md` §1).

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};

use crate::crd::IngressClassParams;
use crate::id::{ObjectName, ObjectRef};
use crate::label_selector;
use crate::problem::Problem;
use crate::snapshot::Snapshot;

/// The controller that an IngressClass of ours names (LBC's).
pub const CONTROLLER: &str = "ingress.k8s.aws/alb";
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const DEFAULT_ANNOTATION: &str = "ingressclass.kubernetes.io/is-default-class";
const PARAMETERS_GROUP: &str = "elbv2.k8s.aws";
const PARAMETERS_KIND: &str = "IngressClassParams";

/// Whose an Ingress is. Its deletion is another matter.
#[derive(Debug, Clone, PartialEq)]
pub enum Ownership<'a> {
    /// Ours, with what its class says.
    Ours(Option<&'a IngressClassParams>),
    /// Somebody else's, or nobody's.
    NotOurs {
        /// Why.
        reason: String,
        /// The line that would make it ours.
        hint: Option<String>,
    },
    /// It names a class that is not there: nobody knows whose it is.
    Unknown(Problem),
    /// Ours, but its class cannot be used.
    Broken(Problem),
}

/// Decides whose an Ingress is.
pub fn ownership<'a>(ingress: &Ingress, snapshot: &'a Snapshot) -> Ownership<'a> {
    if let Some(value) = ingress.metadata.annotations.as_ref().and_then(|all| all.get(CLASS_ANNOTATION)) {
        return by_annotation(value, &snapshot.settings.ingress_class);
    }
    let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref());
    match named {
        Some(name) => match snapshot.ingress_classes.get(name) {
            Some(class) => by_class(ingress, name, class, snapshot),
            None => Ownership::Unknown(
                about(ingress, format!("there is no IngressClass {name:?}"))
                    .at("spec.ingressClassName")
                    .value(name)
                    .hint(our_class(snapshot)),
            ),
        },
        None => by_default_class(ingress, snapshot),
    }
}

/// The annotation decides alone; no class is looked at.
fn by_annotation<'a>(value: &str, ours: &str) -> Ownership<'a> {
    let is_ours = match ours {
        "" => matches!(value, "" | "alb"),
        ours => value == ours,
    };
    if is_ours {
        return Ownership::Ours(None);
    }
    let ours = if ours.is_empty() { "alb" } else { ours };
    Ownership::NotOurs {
        reason: format!("its annotation {CLASS_ANNOTATION} is {value:?}"),
        hint: Some(format!("{CLASS_ANNOTATION}: {ours}")),
    }
}

fn by_default_class<'a>(ingress: &Ingress, snapshot: &'a Snapshot) -> Ownership<'a> {
    let is_default = |class: &IngressClass| {
        let value = class.metadata.annotations.as_ref().and_then(|all| all.get(DEFAULT_ANNOTATION));
        value.is_some_and(|value| value == "true")
    };
    let defaults = snapshot.ingress_classes.iter().filter(|(_, class)| is_default(class)).collect::<Vec<_>>();
    match defaults.as_slice() {
        [(name, class)] => by_class(ingress, name, class, snapshot),
        [] if snapshot.settings.ingress_class.is_empty() => Ownership::Ours(None),
        [] => Ownership::NotOurs {
            reason: "it names no class, and no IngressClass is the default".to_owned(),
            hint: Some(line_without_a_class(snapshot)),
        },
        several if several.iter().any(|(_, class)| is_ours(class)) => {
            let names = several.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            Ownership::Broken(
                about(ingress, format!("it names no class, and several are the default: {names}"))
                    .at("spec.ingressClassName")
                    .hint(our_class(snapshot)),
            )
        }
        _ => Ownership::NotOurs {
            reason: "it names no class, and several that are not ours are the default".to_owned(),
            hint: Some(our_class(snapshot)),
        },
    }
}

fn by_class<'a>(ingress: &Ingress, name: &str, class: &IngressClass, snapshot: &'a Snapshot) -> Ownership<'a> {
    if !is_ours(class) {
        let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref()).unwrap_or_default();
        return Ownership::NotOurs {
            reason: format!("its class {name} is of controller {controller:?}"),
            hint: Some(our_class(snapshot)),
        };
    }
    match parameters(ingress, name, class, snapshot) {
        Ok(parameters) => Ownership::Ours(parameters),
        Err(problem) => Ownership::Broken(problem),
    }
}

fn parameters<'a>(
    ingress: &Ingress,
    class_name: &str,
    class: &IngressClass,
    snapshot: &'a Snapshot,
) -> Result<Option<&'a IngressClassParams>, Problem> {
    let Some(reference) = class.spec.as_ref().and_then(|spec| spec.parameters.as_ref()) else { return Ok(None) };
    let at = |message: String| about(ingress, message).at(format!("IngressClass {class_name}: spec.parameters"));
    if reference.api_group.as_deref() != Some(PARAMETERS_GROUP) || reference.kind != PARAMETERS_KIND {
        let group = reference.api_group.as_deref().unwrap_or_default();
        return Err(at(format!("{:?} of API group {group:?} are no parameters of ours", reference.kind))
            .hint(format!("apiGroup: {PARAMETERS_GROUP}, kind: {PARAMETERS_KIND}")));
    }
    let Some(found) = snapshot.ingress_class_params.get(&reference.name) else {
        return Err(at(format!("there is no {PARAMETERS_KIND} {:?}", reference.name))
            .hint("make it, or take spec.parameters out of the IngressClass"));
    };
    in_namespace(ingress, &reference.name, found, snapshot)?;
    is_supported(ingress, &reference.name, found)?;
    Ok(Some(found))
}

/// Whether the parameters are for the Ingress's namespace.
fn in_namespace(
    ingress: &Ingress,
    name: &str,
    parameters: &IngressClassParams,
    snapshot: &Snapshot,
) -> Result<(), Problem> {
    let Some(selector) = &parameters.spec.namespace_selector else { return Ok(()) };
    let at = |message: String| about(ingress, message).at(format!("{PARAMETERS_KIND} {name}: spec.namespaceSelector"));
    if let Some(problem) = label_selector::problems(selector).first() {
        return Err(at(problem.clone()));
    }
    let namespace = ObjectName::of(&ingress.metadata).namespace;
    match snapshot.namespaces.get(&namespace) {
        Some(labels) if label_selector::selects(selector, Some(labels)) => Ok(()),
        Some(_) => Err(at(format!("the class is not for namespace {namespace:?}"))
            .hint("label the namespace as the selector asks, or use another class")),
        None if label_selector::selects(selector, None) && !snapshot.files_alone => Ok(()),
        None => Err(at(format!("the labels of namespace {namespace:?} are not known"))
            .hint("name the Namespace among the files as well")),
    }
}

/// Fields whose settings do not exist yet refuse the Ingress: nothing that is asked for is silently left out.
fn is_supported(ingress: &Ingress, name: &str, parameters: &IngressClassParams) -> Result<(), Problem> {
    let spec = &parameters.spec;
    let field = [
        (spec.minimum_load_balancer_capacity.is_some(), "minimumLoadBalancerCapacity"),
        (spec.ipam_configuration.as_ref().is_some_and(|ipam| ipam.ipv4_ipam_pool_id.is_some()), "ipamConfiguration"),
        (spec.wafv2_acl_name.as_deref().is_some_and(|name| !name.is_empty()), "wafv2AclName"),
        (spec.wafv2_acl_arn.as_deref().is_some_and(|arn| !arn.is_empty()), "wafv2AclArn"),
    ];
    match field.iter().find(|(given, _)| *given) {
        None => Ok(()),
        Some((_, field)) => Err(about(
            ingress,
            "this field is not supported yet; the Ingresses of the class are refused so that nothing it asks for is \
             silently left out",
        )
        .at(format!("{PARAMETERS_KIND} {name}: spec.{field}"))
        .hint("take the field away, or leave the class to its present controller for now")),
    }
}

fn is_ours(class: &IngressClass) -> bool {
    class.spec.as_ref().and_then(|spec| spec.controller.as_deref()) == Some(CONTROLLER)
}

/// The line that makes an Ingress ours.
fn our_class(snapshot: &Snapshot) -> String {
    match snapshot.ingress_classes.iter().find(|(_, class)| is_ours(class)) {
        Some((name, _)) => format!("spec.ingressClassName: {name}"),
        None => {
            format!("make an IngressClass with spec.controller: {CONTROLLER}, and name it in spec.ingressClassName")
        }
    }
}

/// The line that makes an Ingress ours that names no class: without an IngressClass of ours the annotation does.
fn line_without_a_class(snapshot: &Snapshot) -> String {
    match snapshot.ingress_classes.values().any(|class| is_ours(class)) {
        true => our_class(snapshot),
        false => format!("{CLASS_ANNOTATION}: {}", snapshot.settings.ingress_class),
    }
}

fn about(ingress: &Ingress, message: impl Into<String>) -> Problem {
    Problem::of(ObjectRef::new("Ingress", &ObjectName::of(&ingress.metadata)), message)
}
