//! Ingresses of API versions that Kubernetes 1.22 has retired, in today's form.

use northgate_planner::id::{ObjectName, ObjectRef};
use northgate_planner::problem::Problem;
use serde_json::{Map, Value, json};

/// Today's version.
const TODAY: &str = "networking.k8s.io/v1";
const RETIRED: [&str; 2] = ["extensions/v1beta1", "networking.k8s.io/v1beta1"];

/// Brings an Ingress of a retired version into today's form. Gives the warning that says so; `None`: it is another object.
pub(super) fn convert(object: &mut Value) -> Option<Problem> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let version = text("/apiVersion").filter(|version| RETIRED.contains(version))?.to_owned();
    let kind = match text("/kind")? {
        "Ingress" => "Ingress",
        "IngressClass" => "IngressClass",
        _ => return None,
    };
    let namespace = text("/metadata/namespace").unwrap_or("default");
    let name = ObjectName::new(namespace, text("/metadata/name").unwrap_or_default());
    object["apiVersion"] = json!(TODAY);
    if let (Some(spec), "Ingress") = (object.get_mut("spec").and_then(Value::as_object_mut), kind) {
        convert_spec(spec);
    }
    let warning = Problem::of(ObjectRef::new(kind, &name), "this API version was retired with Kubernetes 1.22");
    Some(warning.at("apiVersion").value(version).hint(format!("northgate convert -f FILE prints it as {TODAY}")))
}

fn convert_spec(spec: &mut Map<String, Value>) {
    if let Some(mut backend) = spec.remove("backend") {
        convert_backend(&mut backend);
        spec.insert("defaultBackend".to_owned(), backend);
    }
    let rules = spec.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
    let paths = rules.filter_map(|rule| rule.pointer_mut("/http/paths")?.as_array_mut()).flatten();
    for path in paths.filter_map(Value::as_object_mut) {
        path.get_mut("backend").into_iter().for_each(convert_backend);
        // The field was optional, and this its default.
        path.entry("pathType").or_insert_with(|| json!("ImplementationSpecific"));
    }
}

/// `serviceName` and `servicePort` became `service.name` and `service.port.name` or `.number`.
fn convert_backend(backend: &mut Value) {
    let Some(backend) = backend.as_object_mut() else { return };
    let (name, port) = (backend.remove("serviceName"), backend.remove("servicePort"));
    if name.is_none() && port.is_none() {
        return;
    }
    let mut service = Map::new();
    service.extend(name.map(|name| ("name".to_owned(), name)));
    service.extend(port.map(|port| {
        let field = if port.is_string() { "name" } else { "number" };
        ("port".to_owned(), json!({ field: port }))
    }));
    backend.insert("service".to_owned(), Value::Object(service));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_ingress_takes_todays_form_with_a_warning() {
        let retired = json!({
            "apiVersion": "extensions/v1beta1", "kind": "Ingress",
            "metadata": { "name": "web", "annotations": { "kubernetes.io/ingress.class": "alb" } },
            "spec": {
                "backend": { "serviceName": "web", "servicePort": 80 },
                "rules": [
                    { "host": "a.example.com" },
                    { "http": { "paths": [
                        { "path": "/a", "backend": { "serviceName": "a", "servicePort": "http" } },
                        { "path": "/b", "pathType": "Exact", "backend": { "resource": { "kind": "Bucket", "name": "b" } } }
                    ] } }
                ]
            }
        });
        let today = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": { "name": "web", "annotations": { "kubernetes.io/ingress.class": "alb" } },
            "spec": {
                "defaultBackend": { "service": { "name": "web", "port": { "number": 80 } } },
                "rules": [
                    { "host": "a.example.com" },
                    { "http": { "paths": [
                        { "path": "/a", "pathType": "ImplementationSpecific", "backend": { "service": { "name": "a", "port": { "name": "http" } } } },
                        { "path": "/b", "pathType": "Exact", "backend": { "resource": { "kind": "Bucket", "name": "b" } } }
                    ] } }
                ]
            }
        });
        let mut object = retired;
        let warning = convert(&mut object).unwrap();
        assert_eq!(object, today);
        assert_eq!(warning.object.as_ref().unwrap().to_string(), "Ingress/default/web");
        assert!(warning.to_string().starts_with("apiVersion: \"extensions/v1beta1\": this API version was retired"));
        assert_eq!(convert(&mut object), None, "it is of today");
        assert_eq!(convert(&mut json!({ "apiVersion": "extensions/v1beta1", "kind": "Deployment" })), None);
    }
}
