//! Ingresses and their classes: what they must say.

use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, IngressClass};
use serde_json::Value;

use crate::kubernetes::refusal::FieldError;

/// Checks an IngressClass.
pub(super) fn admit_class(class: &IngressClass, live: Option<&IngressClass>, errors: &mut Vec<FieldError>) {
    let controller = |class: &IngressClass| class.spec.clone().unwrap_or_default().controller.unwrap_or_default();
    let given = controller(class);
    if given.is_empty() {
        errors.push(FieldError::required("spec.controller", ""));
    } else if live.is_some_and(|live| controller(live) != given) {
        errors.push(FieldError::invalid("spec.controller", given, "field is immutable"));
    }
}

/// Completes and checks an Ingress.
pub(super) fn admit(ingress: &mut Ingress, errors: &mut Vec<FieldError>) {
    ingress.status.get_or_insert_default().load_balancer.get_or_insert_default();
    let Some(spec) = &ingress.spec else {
        errors.push(FieldError::invalid("spec", Value::Null, "either `defaultBackend` or `rules` must be specified"));
        return;
    };
    let rules = spec.rules.as_deref().unwrap_or_default();
    if rules.is_empty() && spec.default_backend.is_none() {
        errors.push(FieldError::invalid("spec", Value::Null, "either `defaultBackend` or `rules` must be specified"));
    }
    if let Some(backend) = &spec.default_backend {
        check_backend("spec.defaultBackend", backend, errors);
    }
    for (place, rule) in rules.iter().enumerate() {
        let Some(http) = &rule.http else { continue };
        for (number, path) in http.paths.iter().enumerate() {
            let field = format!("spec.rules[{place}].http.paths[{number}]");
            check_path(&field, &path.path_type, path.path.as_deref().unwrap_or_default(), errors);
            check_backend(&format!("{field}.backend"), &path.backend, errors);
        }
    }
}

fn check_path(field: &str, kind: &str, path: &str, errors: &mut Vec<FieldError>) {
    match kind {
        "" => errors.push(FieldError::required(format!("{field}.pathType"), "pathType must be specified")),
        "Exact" | "Prefix" => {
            if !path.starts_with('/') {
                errors.push(FieldError::invalid(format!("{field}.path"), path, "must be an absolute path"));
            }
        }
        "ImplementationSpecific" => {
            if !path.is_empty() && !path.starts_with('/') {
                errors.push(FieldError::invalid(format!("{field}.path"), path, "must be an absolute path"));
            }
        }
        other => {
            let supported = &["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(FieldError::unsupported(format!("{field}.pathType"), other, supported));
        }
    }
}

fn check_backend(field: &str, backend: &IngressBackend, errors: &mut Vec<FieldError>) {
    match (&backend.service, &backend.resource) {
        (None, None) => errors.push(FieldError::required(field, "resource or service backend is required")),
        (Some(_), Some(_)) => {
            let why = "cannot set both resource and service backends";
            errors.push(FieldError::invalid(field, Value::Null, why));
        }
        (Some(service), None) => {
            if service.name.is_empty() {
                errors.push(FieldError::required(format!("{field}.service.name"), ""));
            }
            let port = service.port.clone().unwrap_or_default();
            if port.name.is_none() && port.number.unwrap_or_default() == 0 {
                errors.push(FieldError::required(field, "port name or number is required"));
            }
        }
        (None, Some(_)) => {}
    }
}
