//! What `kubectl get` would show of Services and Ingresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// Hosts of an Ingress that fit into its line.
const HOSTS: usize = 3;

/// The command and its table, for each namespace; Ingresses where there are any, else Services.
pub(super) fn get(objects: &[Arc<Value>]) -> String {
    let of_kind = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).collect::<Vec<_>>();
    let (kind, found) = match of_kind("Ingress") {
        ingresses if ingresses.is_empty() => ("service", of_kind("Service")),
        ingresses => ("ingress", ingresses),
    };
    let mut by_namespace: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for object in found {
        by_namespace.entry(text(&object["metadata"]["namespace"])).or_default().push(object);
    }
    let shown = by_namespace.into_iter().map(|(namespace, objects)| {
        let names = objects.iter().map(|object| name(object)).collect::<Vec<_>>().join(" ");
        let namespace = if namespace == "default" { String::new() } else { format!(" -n {namespace}") };
        let rows = if kind == "ingress" { ingresses(&objects) } else { services(&objects) };
        format!("$ kubectl get {kind} {names}{namespace}\n{}", table(&rows))
    });
    shown.collect()
}

fn services(services: &[&Value]) -> Vec<Vec<String>> {
    let head = ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)"];
    let row = |service: &&Value| {
        let spec = &service["spec"];
        let ports = spec["ports"].as_array().into_iter().flatten().map(|port| {
            let node_port = port["nodePort"].as_u64().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}{node_port}/{}", port["port"], port["protocol"].as_str().unwrap_or("TCP"))
        });
        let is_load_balancer = spec["type"] == "LoadBalancer";
        let outside = match (address(service), is_load_balancer, spec["externalName"].as_str()) {
            (_, false, Some(elsewhere)) => elsewhere,
            (_, false, None) => "<none>",
            ("", true, _) => "<pending>",
            (host, true, _) => host,
        };
        let own = spec["clusterIP"].as_str().unwrap_or("<none>");
        let ports = ports.collect::<Vec<_>>().join(",");
        [name(service), text(&spec["type"]), own, outside, &ports].map(str::to_owned).to_vec()
    };
    with_head(&head, services.iter().map(row))
}

fn ingresses(ingresses: &[&Value]) -> Vec<Vec<String>> {
    let head = ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS"];
    let row = |ingress: &&Value| {
        let spec = &ingress["spec"];
        let class = spec["ingressClassName"].as_str().unwrap_or("<none>");
        let ports = if spec["tls"].as_array().is_some_and(|tls| !tls.is_empty()) { "80, 443" } else { "80" };
        [name(ingress), class, &hosts(spec), address(ingress), ports].map(str::to_owned).to_vec()
    };
    with_head(&head, ingresses.iter().map(row))
}

fn hosts(spec: &Value) -> String {
    let rules = spec["rules"].as_array().into_iter().flatten();
    let hosts: Vec<&str> = rules.filter_map(|rule| rule["host"].as_str()).filter(|host| !host.is_empty()).collect();
    match hosts.len() {
        0 => "*".to_owned(),
        count if count > HOSTS => format!("{} + {} more...", hosts[..HOSTS].join(","), count - HOSTS),
        _ => hosts.join(","),
    }
}

fn address(object: &Value) -> &str {
    text(&object["status"]["loadBalancer"]["ingress"][0]["hostname"])
}

fn with_head(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let head = head.iter().map(|title| (*title).to_owned()).collect();
    std::iter::once(head).chain(rows).collect()
}

/// Columns as wide as they need to be, three spaces apart.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(String::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("   ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn services_are_shown_with_their_ports_and_what_they_wait_for() {
        let service = |name: &str, spec: Value, status: Value| {
            Arc::new(
                json!({ "kind": "Service", "metadata": { "name": name, "namespace": "default" }, "spec": spec, "status": status }),
            )
        };
        let port = json!([{ "port": 80, "nodePort": 30001, "protocol": "TCP" }]);
        let objects = [
            service("one", json!({ "type": "NodePort", "clusterIP": "10.0.0.1", "ports": port }), Value::Null),
            service("two", json!({ "type": "LoadBalancer", "clusterIP": "10.0.0.2", "ports": port }), Value::Null),
            service(
                "three",
                json!({ "type": "LoadBalancer", "clusterIP": "10.0.0.3", "ports": [] }),
                json!({ "loadBalancer": { "ingress": [{ "hostname": "lb" }] } }),
            ),
        ];
        let expected = "$ kubectl get service one two three\n\
                        NAME    TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)\n\
                        one     NodePort       10.0.0.1     <none>        80:30001/TCP\n\
                        two     LoadBalancer   10.0.0.2     <pending>     80:30001/TCP\n\
                        three   LoadBalancer   10.0.0.3     lb\n";
        assert_eq!(get(&objects), expected);
    }

    #[test]
    fn ingresses_are_shown_by_namespace_and_instead_of_services() {
        let rules = |hosts: &[&str]| json!(hosts.iter().map(|host| json!({ "host": host })).collect::<Vec<_>>());
        let ingress = |namespace: &str, spec: Value| {
            Arc::new(json!({ "kind": "Ingress", "metadata": { "name": "web", "namespace": namespace }, "spec": spec }))
        };
        let objects = [
            Arc::new(json!({ "kind": "Service", "metadata": { "name": "web" } })),
            ingress(
                "default",
                json!({ "ingressClassName": "alb", "rules": rules(&["a", "b", "c", "d"]), "tls": [{}] }),
            ),
            ingress("shop", json!({})),
        ];
        let expected = "$ kubectl get ingress web\n\
                        NAME   CLASS   HOSTS               ADDRESS   PORTS\n\
                        web    alb     a,b,c + 1 more...             80, 443\n\
                        $ kubectl get ingress web -n shop\n\
                        NAME   CLASS    HOSTS   ADDRESS   PORTS\n\
                        web    <none>   *                 80\n";
        assert_eq!(get(&objects), expected);
    }
}
