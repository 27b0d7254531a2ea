//! Which Services an Ingress names: a change of one of them concerns it.

use k8s_openapi::api::networking::v1::Ingress;

use super::action::{self, Target, Written};
use crate::spec::annotation::ingress as annotation;

/// Whether an Ingress names a Service of its namespace: in its rules, as its default backend, or in an action. An action that
/// cannot be read names none.
pub fn names_service(ingress: &Ingress, service: &str) -> bool {
    let spec = ingress.spec.iter();
    let rules = spec.clone().flat_map(|spec| spec.rules.iter().flatten()).filter_map(|rule| rule.http.as_ref());
    let paths = rules.flat_map(|http| &http.paths).map(|path| &path.backend);
    let mut backends = spec.filter_map(|spec| spec.default_backend.as_ref()).chain(paths);
    backends.any(|backend| backend.service.as_ref().is_some_and(|named| named.name == service))
        || forwards_to(ingress, service)
}

fn forwards_to(ingress: &Ingress, service: &str) -> bool {
    let is_action = |key: &str| key.strip_prefix(annotation::ACTIONS.key()).is_some_and(|rest| rest.starts_with('.'));
    let annotations = ingress.metadata.annotations.iter().flatten();
    annotations.filter(|(key, text)| is_action(key) && text.contains(service)).any(|(_, text)| {
        let Ok(Written::Forward { groups, .. }) = action::parse(text) else { return false };
        groups.iter().any(|group| matches!(&group.target, Target::Service { name, .. } if name == service))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_the_default_backend_and_actions_name_services() {
        let forward =
            r#"{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"canary","servicePort":80}]}}"#;
        let ingress: Ingress = serde_json::from_value(json!({
            "metadata": { "annotations": {
                "alb.ingress.kubernetes.io/actions.split": forward,
                "alb.ingress.kubernetes.io/actions.broken": "{ canary2",
                "alb.ingress.kubernetes.io/actions.gone": r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":"404","messageBody":"note"}}"#
            } },
            "spec": {
                "defaultBackend": { "service": { "name": "rest", "port": { "number": 80 } } },
                "rules": [
                    { "host": "a.example.com" },
                    { "http": { "paths": [
                        { "pathType": "Prefix", "path": "/", "backend": { "service": { "name": "web", "port": { "number": 80 } } } },
                        { "pathType": "Prefix", "path": "/b", "backend": { "resource": { "kind": "Bucket", "name": "static" } } }
                    ] } }
                ]
            }
        }))
        .unwrap();
        let named =
            ["rest", "web", "canary", "canary2", "note", "static", "we"].map(|name| names_service(&ingress, name));
        assert_eq!(named, [true, true, true, false, false, false, false]);
    }
}
