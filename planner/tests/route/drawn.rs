//! Groups of Ingresses and requests, drawn from a seed: from few words, so that rules overlap and requests meet them.

use fastrand::Rng;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::Ingress;
use serde_json::{Map, Value, json};

use super::reference::Ask;

/// The name of every drawn group.
pub(crate) const GROUP: &str = "front";

/// The Services that there are: namespace, name, node port. Each has the port 80, which is also called `http`.
pub(crate) const SERVICES: &[(&str, &str, u16)] = &[
    ("shop", "web", 31_001),
    ("shop", "api", 31_002),
    ("shop", "blog", 31_003),
    ("home", "web", 31_004),
    ("home", "api", 31_005),
];

/// What backends name: Services, one that is missing, actions, one that is not written.
const NAMES: [&str; 12] =
    ["web", "web", "web", "api", "api", "blog", "gone", "split", "split", "away", "note", "unwritten"];

const PORTS: &[&str] = &[
    r#"[{"HTTP":80}]"#,
    r#"[{"HTTP":80},{"HTTPS":443}]"#,
    r#"[{"HTTP":80,"HTTPS":443},{"HTTP":8080}]"#,
    r#"[{"HTTPS":443}]"#,
];

/// The Services as objects.
pub(crate) fn services() -> Vec<Service> {
    let service = |(namespace, name, node_port): &(&str, &str, u16)| {
        let object = json!({
            "metadata": { "namespace": namespace, "name": name, "uid": format!("uid-{namespace}-{name}") },
            "spec": { "type": "NodePort", "selector": { "app": name }, "ports": [
                { "name": "http", "port": 80, "targetPort": 8080, "nodePort": node_port, "protocol": "TCP" }
            ] }
        });
        serde_json::from_value(object).unwrap()
    };
    SERVICES.iter().map(service).collect()
}

/// One to four Ingresses of one group. Those that have a default backend listen on the same ports.
pub(crate) fn group(random: &mut Rng) -> Vec<Ingress> {
    let default_ports = of(random, PORTS);
    (0..random.u8(1..=4)).map(|number| ingress(random, number, default_ports)).collect()
}

fn ingress(random: &mut Rng, number: u8, default_ports: &str) -> Ingress {
    let ports = of(random, PORTS);
    let regex = one_in(random, 5);
    let mut spec = json!({ "ingressClassName": "alb", "rules": rules(random, regex) });
    if ports == default_ports && random.bool() {
        spec["defaultBackend"] = backend_of(random, &NAMES[..9]);
    }
    let object = json!({
        "metadata": {
            "namespace": of(random, &["shop", "shop", "home"]),
            "name": format!("door-{}", random.u8(..3) * 4 + number),
            "uid": format!("uid-{number}"),
            "annotations": annotations(random, ports, regex),
            "creationTimestamp": format!("2026-01-{:02}T00:00:00Z", random.u8(1..=6) * 4 + number),
        },
        "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

fn annotations(random: &mut Rng, ports: &str, regex: bool) -> Map<String, Value> {
    let mut annotations = Map::new();
    let mut annotate = |suffix: String, value: String| {
        annotations.insert(format!("alb.ingress.kubernetes.io/{suffix}"), json!(value));
    };
    annotate("group.name".to_owned(), GROUP.to_owned());
    if random.bool() {
        annotate("group.order".to_owned(), random.i32(-2..=2).to_string());
    }
    // The default follows from the certificate.
    let is_default = ports == PORTS[0] || ports == PORTS[3];
    if !is_default || random.bool() {
        annotate("listen-ports".to_owned(), ports.to_owned());
    }
    if ports.contains("HTTPS") {
        let arn = "arn:aws:acm:us-west-2:123456789012:certificate/wildcard";
        annotate("certificate-arn".to_owned(), arn.to_owned());
        if one_in(random, 8) {
            annotate("ssl-redirect".to_owned(), "443".to_owned());
        }
    }
    if regex {
        annotate("use-regex-path-match".to_owned(), "true".to_owned());
    }
    for (name, action) in [("split", split(random)), ("away", away(random, regex)), ("note", note(random))] {
        annotate(format!("actions.{name}"), action.to_string());
    }
    for name in ["web", "api", "split", "away"] {
        if one_in(random, 5) {
            annotate(format!("conditions.{name}"), conditions(random).to_string());
        }
    }
    annotations
}

fn rules(random: &mut Rng, regex: bool) -> Vec<Value> {
    let hosts = [
        "",
        "",
        "",
        "a.example.com",
        "a.example.com",
        "b.example.com",
        "*.example.com",
        "*.a.example.com",
        "?.example.com",
    ];
    let mut rules = Vec::new();
    // At most 96 rules for four Ingresses with three ports each: 100 are allowed.
    for _ in 0..random.u8(1..=2) {
        let paths = (0..random.u8(1..=4)).map(|_| path(random, regex)).collect::<Vec<_>>();
        let mut rule = json!({ "http": { "paths": paths } });
        let host = of(random, &hosts);
        if !host.is_empty() {
            rule["host"] = json!(host);
        }
        rules.push(rule);
    }
    rules
}

fn path(random: &mut Rng, regex: bool) -> Value {
    let plain = ["/", "/a", "/a/", "/a/b", "/b", "/A", "/a/1"];
    let wild = ["/*", "/a*", "/a/?", "/*.html", "/b/*", ""];
    let expressions = ["/^/a/[0-9]+$", "/^/(a|b)$", "/html"];
    let path_type = of(random, &["Exact", "Prefix", "Prefix", "ImplementationSpecific"]);
    let text = match path_type {
        // An Ingress with a wildcard where none may be is set aside.
        "Exact" | "Prefix" if one_in(random, 80) => of(random, &["/a*", "/?"]),
        "Exact" | "Prefix" => of(random, &plain),
        _ if regex => of(random, &expressions),
        _ if random.bool() => of(random, &plain),
        _ => of(random, &wild),
    };
    json!({ "path": text, "pathType": path_type, "backend": backend(random) })
}

fn backend(random: &mut Rng) -> Value {
    backend_of(random, &NAMES)
}

fn backend_of(random: &mut Rng, names: &[&'static str]) -> Value {
    let name = of(random, names);
    let port = match name {
        "split" | "away" | "note" | "unwritten" => json!({ "name": "use-annotation" }),
        // So is one with a port that its Service does not have.
        _ if one_in(random, 80) => json!({ "number": 81 }),
        _ if random.bool() => json!({ "number": 80 }),
        _ => json!({ "name": "http" }),
    };
    json!({ "service": { "name": name, "port": port } })
}

fn split(random: &mut Rng) -> Value {
    let group = |random: &mut Rng, name: &str, least: u16| {
        let port = if random.bool() { json!(80) } else { json!("http") };
        json!({ "serviceName": name, "servicePort": port, "weight": random.u16(least..=3) })
    };
    let mut groups = vec![group(random, "web", 1)];
    if random.bool() {
        groups.push(group(random, "api", 0));
    }
    if one_in(random, 40) {
        // With others a Service that is missing is an error.
        groups.push(group(random, "gone", 1));
    }
    // Names of members count in any case.
    match random.bool() {
        true => json!({ "type": "forward", "forwardConfig": { "targetGroups": groups } }),
        false => json!({ "Type": "forward", "ForwardConfig": { "TargetGroups": groups } }),
    }
}

/// Never from HTTPS to HTTP and never in the query alone, which AWS refuses. Some lead nowhere else and are left out, unless
/// their paths are expressions: then AWS refuses them too.
fn away(random: &mut Rng, regex: bool) -> Value {
    let mut config = json!({ "statusCode": of(random, &["HTTP_301", "HTTP_302"]) });
    for (part, texts) in [
        ("protocol", ["HTTPS", "#{protocol}"]),
        ("port", ["443", "#{port}"]),
        ("host", ["a.example.com", "www.#{host}"]),
        ("path", ["/a", "/old/#{path}"]),
        ("query", ["#{query}", "from=#{host}"]),
    ] {
        if one_in(random, 3) {
            config[part] = json!(of(random, &texts));
        }
    }
    if config.get("host").is_none() && config.get("path").is_none() {
        config["query"] = json!("#{query}");
        if regex {
            config["path"] = json!("/old/#{path}");
        }
    }
    json!({ "type": "redirect", "redirectConfig": config })
}

fn note(random: &mut Rng) -> Value {
    let config = json!({
        "contentType": "text/plain", "statusCode": of(random, &["200", "403", "503"]),
        "messageBody": of(random, &["sold out", "soon"]),
    });
    json!({ "type": "fixed-response", "fixedResponseConfig": config })
}

fn conditions(random: &mut Rng) -> Value {
    let entries = [
        json!({ "field": "host-header", "hostHeaderConfig": { "values": ["B.example.com"] } }),
        json!({ "field": "host-header", "hostHeaderConfig": { "regexValues": ["^[ab]\\.example"] } }),
        json!({ "field": "path-pattern", "pathPatternConfig": { "values": ["/c*", "/b"] } }),
        json!({ "field": "http-header", "httpHeaderConfig": { "httpHeaderName": "X-Canary", "values": ["al*", "1"] } }),
        json!({ "field": "http-request-method", "httpRequestMethodConfig": { "Values": ["POST", "PUT"] } }),
        json!({ "field": "query-string", "queryStringConfig": { "values": [{ "key": "v", "value": "2" }, { "value": "y?s" }] } }),
        json!({ "field": "source-ip", "sourceIpConfig": { "values": ["10.0.0.0/8", "127.0.0.0/8"] } }),
        json!({ "field": "source-ip", "sourceIPConfig": { "values": ["192.168.0.0/16"] } }),
    ];
    let first = random.usize(..entries.len());
    let mut chosen = vec![entries[first].clone()];
    if one_in(random, 3) {
        let other = &entries[random.usize(..entries.len())];
        if other["field"] != chosen[0]["field"] {
            chosen.push(other.clone());
        }
    }
    json!(chosen)
}

/// A request that comes from anywhere.
pub(crate) fn request(random: &mut Rng) -> Ask {
    let (https, port) = *random.choice(&[(false, 80), (false, 80), (true, 443), (true, 443), (false, 8080)]).unwrap();
    let hosts = [
        "a.example.com",
        "a.example.com",
        "b.example.com",
        "A.EXAMPLE.COM",
        "x.a.example.com",
        "example.com",
        "other.org",
    ];
    let paths = [
        "/", "/", "/a", "/a", "/a/", "/a/b", "/a/1", "/A", "/ab", "/b", "/b/c/d", "/c", "/c.html", "/a/../b", "/%61/b",
    ];
    let mut headers = Vec::new();
    if random.bool() {
        let name = of(random, &["X-Canary", "x-canary"]);
        headers.push((name.to_owned(), of(random, &["always", "Al", "1", "never"]).to_owned()));
    }
    Ask {
        https,
        port,
        host: of(random, &hosts).to_owned(),
        path: of(random, &paths).to_owned(),
        query: of(random, &["", "", "v=2", "V=2&x", "v=1&ask=Yes", "yes"]).to_owned(),
        method: of(random, &["GET", "GET", "POST"]).to_owned(),
        headers,
        source: of(random, &["10.1.2.3", "127.0.0.1", "192.168.7.7", "203.0.113.9"]).parse().unwrap(),
    }
}

fn of<'a>(random: &mut Rng, texts: &[&'a str]) -> &'a str {
    texts[random.usize(..texts.len())]
}

fn one_in(random: &mut Rng, count: u8) -> bool {
    random.u8(..count) == 0
}
