//! Deployments: defaults, and what cannot be changed.

use k8s_openapi::api::apps::v1::{Deployment, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use super::pod;
use crate::kubernetes::refusal::FieldError;

/// Fills in what a Deployment does not say.
pub(super) fn fill_defaults(deployment: &mut Deployment) {
    let spec = deployment.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
    spec.progress_deadline_seconds.get_or_insert(600);
    let strategy = spec.strategy.get_or_insert_default();
    if strategy.type_.get_or_insert_with(|| "RollingUpdate".to_owned()) == "RollingUpdate" {
        let rolling: &mut RollingUpdateDeployment = strategy.rolling_update.get_or_insert_default();
        rolling.max_surge.get_or_insert_with(|| IntOrString::String("25%".to_owned()));
        rolling.max_unavailable.get_or_insert_with(|| IntOrString::String("25%".to_owned()));
    }
    if let Some(template) = &mut spec.template.spec {
        pod::fill_spec(template);
    }
}

/// Checks a Deployment.
pub(super) fn admit(deployment: &mut Deployment, live: Option<&Deployment>, errors: &mut Vec<FieldError>) {
    deployment.status.get_or_insert_default();
    let Some(spec) = &deployment.spec else { return };
    let wanted = spec.selector.match_labels.clone().unwrap_or_default();
    let has_expressions = spec.selector.match_expressions.as_ref().is_some_and(|all| !all.is_empty());
    if wanted.is_empty() && !has_expressions {
        errors.push(FieldError::required("spec.selector", ""));
    }
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    if wanted.iter().any(|(key, value)| labels.get(key) != Some(value)) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", json!(labels), why));
    }
    if spec.replicas.unwrap_or_default() < 0 {
        let why = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("spec.replicas", spec.replicas.unwrap_or_default(), why));
    }
    let selector = live.and_then(|live| live.spec.as_ref()).map(|spec| &spec.selector);
    if selector.is_some_and(|selector| *selector != spec.selector) {
        errors.push(FieldError::invalid("spec.selector", json!(spec.selector), "field is immutable"));
    }
}
