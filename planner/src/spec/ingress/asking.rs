//! Whether an Ingress asks for requests to a host and a path, whoever serves it: to tell why one that does is not served.

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress};

use super::condition::{Path, PathType};
use crate::model::pattern;

/// The first field by which an Ingress asks for such requests. What its annotations add (regular expressions, conditions) is
/// not looked at. An empty host is one that no rule names.
pub fn asks_for(ingress: &Ingress, host: &str, path: &str) -> Option<String> {
    let spec = ingress.spec.as_ref()?;
    for (index, rule) in spec.rules.iter().flatten().enumerate() {
        let named = rule.host.as_deref().unwrap_or_default();
        if !named.is_empty() && !pattern::matches(&named.to_lowercase(), &host.to_lowercase()) {
            continue;
        }
        let paths = rule.http.iter().flat_map(|http| &http.paths);
        if let Some(place) = paths.into_iter().position(|one| takes(one, path)) {
            return Some(format!("spec.rules[{index}].http.paths[{place}]"));
        }
    }
    spec.default_backend.is_some().then(|| "spec.defaultBackend".to_owned())
}

fn takes(asked: &HTTPIngressPath, path: &str) -> bool {
    let path_type = match asked.path_type.as_str() {
        "Exact" => PathType::Exact,
        "Prefix" => PathType::Prefix,
        _ => PathType::ImplementationSpecific,
    };
    let text = asked.path.as_deref().unwrap_or_default();
    // A path that is not allowed is why its Ingress is not served; what it meant is plain.
    let patterns = Path { text, path_type }.patterns().unwrap_or_else(|_| vec![text.to_owned()]);
    patterns.is_empty() || patterns.iter().any(|one| pattern::matches(one, path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_paths_and_the_default_backend_ask_for_requests() {
        let backend = json!({ "service": { "name": "web", "port": { "number": 80 } } });
        let path = |path: &str, path_type: &str| json!({ "path": path, "pathType": path_type, "backend": backend });
        let of = |spec: serde_json::Value| -> Ingress { serde_json::from_value(json!({ "spec": spec })).unwrap() };
        let ingress = of(json!({ "rules": [
            { "host": "*.example.com", "http": { "paths": [path("/a", "Exact"), path("/b", "Prefix"), path("/c*", "")] } },
            { "host": "b.example.com" },
            { "http": { "paths": [path("/all", "Prefix")] } }
        ] }));
        for (host, path, expected) in [
            ("a.example.com", "/a", Some("spec.rules[0].http.paths[0]")),
            ("A.Example.com", "/b/x", Some("spec.rules[0].http.paths[1]")),
            ("a.example.com", "/cx", Some("spec.rules[0].http.paths[2]")),
            ("a.example.com", "/bx", None),
            ("example.com", "/a", None),
            ("", "/all/x", Some("spec.rules[2].http.paths[0]")),
            ("", "/a", None),
        ] {
            assert_eq!(asks_for(&ingress, host, path).as_deref(), expected, "{host}{path}");
        }
        let slip = of(json!({ "rules": [{ "http": { "paths": [path("/blog*", "Prefix")] } }] }));
        assert_eq!(asks_for(&slip, "any", "/blog/1").as_deref(), Some("spec.rules[0].http.paths[0]"));
        let default = of(json!({ "defaultBackend": backend }));
        assert_eq!(asks_for(&default, "any", "/").as_deref(), Some("spec.defaultBackend"));
    }
}
