//! What is asked of load balancers: each port of a Service, each host and path of an Ingress.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};
use northgate_simulator::Observed;

/// Enough to meet several Pods.
const SEVERAL: usize = 4;
/// For each of several rules.
const FEW: usize = 2;
/// Enough to see weights.
const MANY: usize = 10;
/// As many requests are made up of one Ingress and one port.
const MOST: usize = 8;

/// A request, and how often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// The load balancer's host name.
    pub(super) balancer: String,
    /// The listener's port.
    pub(super) port: u16,
    /// Whether the listener is one for TLS.
    pub(super) is_secure: bool,
    /// The name that is asked for, where it is not the load balancer's.
    pub(super) host: Option<String>,
    /// The path.
    pub(super) path: String,
    /// How often it is sent.
    pub(super) times: usize,
}

impl Request {
    /// The command line that sends it once, to the load balancer or to who stands for it.
    pub(super) fn curl(&self, at: &str, is_secure: bool) -> String {
        let insecure = if is_secure { " -k" } else { "" };
        let host = self.host.as_ref().map(|host| format!(" -H 'Host: {host}'")).unwrap_or_default();
        let scheme = if is_secure { "https" } else { "http" };
        format!("curl{insecure}{host} {scheme}://{at}{}", self.path)
    }

    /// The load balancer as a URL names it.
    pub(super) fn place(&self) -> String {
        let usual = if self.is_secure { 443 } else { 80 };
        if self.port == usual { self.balancer.clone() } else { format!("{}:{}", self.balancer, self.port) }
    }

    /// What the Host header says.
    pub(super) fn host(&self) -> &str {
        self.host.as_deref().unwrap_or(&self.balancer)
    }
}

/// A request for each port of a Service's load balancer.
pub(super) fn of_service(service: &Service, balancer: &str) -> Vec<Request> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let request = |port| Request {
        balancer: balancer.to_owned(),
        port,
        is_secure: false,
        host: None,
        path: "/".to_owned(),
        times: SEVERAL,
    };
    ports.filter_map(|port| u16::try_from(port.port).ok()).map(request).collect()
}

/// A request for each host and path of an Ingress, on each of its ports; of one that has a load balancer for itself also one
/// that none of its rules takes.
pub(super) fn of_ingress(ingress: &Ingress, is_alone: bool, balancer: &str, observed: &Observed) -> Vec<Request> {
    let asked = asked(ingress, is_alone);
    let redirects = annotation(ingress, "ssl-redirect").is_some();
    let mut requests = Vec::new();
    for (port, is_secure) in listeners(ingress, balancer, observed) {
        let (most, least) = if redirects && !is_secure { (1, 1) } else { (MOST, FEW) };
        for Asked { host, path, is_action } in asked.iter().take(most) {
            let times = match (least, is_action) {
                (1, _) => 1,
                (_, true) => MANY,
                (_, false) if asked.len() == 1 => SEVERAL,
                (_, false) => least,
            };
            let (host, path) = (host.clone(), path.clone());
            requests.push(Request { balancer: balancer.to_owned(), port, is_secure, host, path, times });
        }
    }
    requests
}

/// What an Ingress lets clients ask for.
struct Asked {
    host: Option<String>,
    path: String,
    /// Whether an annotation says what becomes of it: perhaps by weight.
    is_action: bool,
}

fn asked(ingress: &Ingress, is_alone: bool) -> Vec<Asked> {
    let spec = ingress.spec.clone().unwrap_or_default();
    let mut asked: Vec<Asked> = Vec::new();
    let mut ask = |host: Option<String>, path: String, is_action| match asked
        .iter_mut()
        .find(|known| (&known.host, &known.path) == (&host, &path))
    {
        Some(known) => known.is_action |= is_action,
        None => asked.push(Asked { host, path, is_action }),
    };
    for rule in spec.rules.iter().flatten() {
        for path in rule.http.iter().flat_map(|http| &http.paths) {
            ask(rule.host.as_deref().map(one_host), one_path(path), is_action(&path.backend));
        }
    }
    match &spec.default_backend {
        Some(backend) => ask(None, "/".to_owned(), is_action(backend)),
        // One of the rules takes it, or the load balancer says itself that there is nothing.
        None if is_alone => ask(None, "/".to_owned(), false),
        None => {}
    }
    asked
}

fn is_action(backend: &IngressBackend) -> bool {
    let port = backend.service.as_ref().and_then(|service| service.port.as_ref());
    port.and_then(|port| port.name.as_deref()) == Some("use-annotation")
}

/// A name that a host with a wildcard stands for.
fn one_host(host: &str) -> String {
    host.replacen('*', "any", 1)
}

/// A path that a pattern stands for.
fn one_path(path: &HTTPIngressPath) -> String {
    let pattern = path.path.as_deref().unwrap_or_default();
    let path = match path.path_type.as_str() {
        "Exact" | "Prefix" => pattern.to_owned(),
        _ => pattern.replace('*', "").replace('?', "x"),
    };
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// The ports in the status of an Ingress, and whether they are for TLS.
fn listeners(ingress: &Ingress, balancer: &str, observed: &Observed) -> Vec<(u16, bool)> {
    let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = status.iter().flat_map(|status| status.ingress.iter().flatten());
    let ports = entries.flat_map(|entry| entry.ports.iter().flatten());
    let ports: BTreeSet<u16> = ports.filter_map(|port| u16::try_from(port.port).ok()).collect();
    let is_its =
        |arn: &str| observed.load_balancers.get(arn).is_some_and(|found| found.dns_name.eq_ignore_ascii_case(balancer));
    let found = observed.listeners.values().filter(|listener| is_its(&listener.load_balancer_arn));
    let its = found.filter(|listener| ports.is_empty() || ports.contains(&listener.port));
    let mut its: Vec<_> = its.map(|listener| (listener.port, listener.protocol == "HTTPS")).collect();
    its.sort_unstable();
    its
}

fn annotation<'i>(ingress: &'i Ingress, key: &str) -> Option<&'i str> {
    let annotations = ingress.metadata.annotations.as_ref()?;
    annotations.get(&format!("alb.ingress.kubernetes.io/{key}")).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use northgate_simulator::{ObservedListener, ObservedLoadBalancer};
    use serde_json::{Value, json};

    use super::*;

    const BALANCER: &str = "web-1.us-west-2.elb.amazonaws.com";

    /// A load balancer with these listeners.
    fn observed(listeners: &[(&str, u16)]) -> Observed {
        let balancer = ObservedLoadBalancer {
            name: "web".to_owned(),
            r#type: "application".to_owned(),
            dns_name: BALANCER.to_owned(),
            scheme: "internal".to_owned(),
            ip_address_type: "ipv4".to_owned(),
            state: "active".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            subnets: BTreeMap::new(),
            security_groups: Vec::new(),
            attributes: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        let listener = |(protocol, port): &(&str, u16)| {
            let listener = ObservedListener {
                load_balancer_arn: "web".to_owned(),
                protocol: (*protocol).to_owned(),
                port: *port,
                certificates: Vec::new(),
                default_actions: Value::Null,
                attributes: BTreeMap::new(),
                tags: BTreeMap::new(),
            };
            (port.to_string(), listener)
        };
        Observed {
            load_balancers: BTreeMap::from([("web".to_owned(), balancer)]),
            listeners: listeners.iter().map(listener).collect(),
            ..Observed::default()
        }
    }

    /// The curl lines of an Ingress, with how often.
    fn lines(annotations: Value, is_alone: bool, spec: Value, listeners: &[(&str, u16)]) -> Vec<String> {
        let ingress = json!({ "metadata": { "name": "web", "annotations": annotations }, "spec": spec });
        let ingress: Ingress = serde_json::from_value(ingress).unwrap();
        let requests = of_ingress(&ingress, is_alone, BALANCER, &observed(listeners));
        let line = |request: &Request| {
            let line = request.curl(&request.place(), request.is_secure).replace(BALANCER, "web");
            format!("{}x {line}", request.times)
        };
        requests.iter().map(line).collect()
    }

    #[test]
    fn each_host_and_path_is_asked_for_and_what_no_rule_takes() {
        let backend = json!({ "service": { "name": "web", "port": { "number": 80 } } });
        let split = json!({ "service": { "name": "split", "port": { "name": "use-annotation" } } });
        let path =
            |path: &str, kind: &str, backend: &Value| json!({ "path": path, "pathType": kind, "backend": backend });
        let cases = [
            (true, json!({ "defaultBackend": backend }), vec!["4x curl http://web/"]),
            (
                true,
                json!({ "rules": [{ "http": { "paths": [path("/a", "Exact", &backend), path("/b/*", "ImplementationSpecific", &backend)] } }] }),
                vec!["2x curl http://web/a", "2x curl http://web/b/", "2x curl http://web/"],
            ),
            (
                false,
                json!({ "rules": [{ "host": "*.example.com", "http": { "paths": [path("/", "Prefix", &split)] } }] }),
                vec!["10x curl -H 'Host: any.example.com' http://web/"],
            ),
        ];
        for (is_alone, spec, expected) in cases {
            assert_eq!(lines(json!({}), is_alone, spec.clone(), &[("HTTP", 80)]), expected, "{spec}");
        }
    }

    #[test]
    fn a_port_that_redirects_is_asked_once() {
        let backend = json!({ "service": { "name": "web", "port": { "number": 80 } } });
        let annotations = json!({ "alb.ingress.kubernetes.io/ssl-redirect": "443" });
        let lines = lines(
            annotations,
            true,
            json!({ "defaultBackend": backend }),
            &[("HTTP", 80), ("HTTPS", 443), ("HTTPS", 8443)],
        );
        assert_eq!(lines, ["1x curl http://web/", "4x curl -k https://web/", "4x curl -k https://web:8443/"]);
    }
}
