//! `northgate route` beside the running controller: what it says of a request is what becomes of it on the data path.

use std::collections::BTreeSet;

use localstack_tests::bed::Bed;
use localstack_tests::http::Endpoint;
use localstack_tests::pods::{self, Pod};
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::ingress::{Ingress, apply_all, backends, classes};
use crate::printed_plan::agreement;
use crate::service::{Service, event};
use crate::traffic::{Nodes, Question, send, way_in};

/// A request, and what it comes to.
struct Case {
    question: Question,
    asked: Asked,
    /// How many rules before do not take it.
    passed: usize,
    becomes: Becomes,
}

/// Who asks for what becomes of a request.
#[derive(Clone, Copy)]
enum Asked {
    /// An object, in this field.
    In(&'static str, &'static str),
    /// One of these members of the group, which is set aside.
    Once(&'static [&'static str]),
    /// Nobody.
    ByNobody,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
enum Becomes {
    /// A target of this Service answers.
    Served(String),
    /// The load balancer answers, with this status and body.
    Told(u16, String),
    /// The client is sent there.
    Sent(u16, String),
}

const HOST: &str = "shop.example.com";

#[tokio::test]
async fn what_route_says_of_a_request_is_what_becomes_of_it() {
    let bed = Bed::start_carrying().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    classes(&bed).await;
    let mut nodes = Nodes::default();
    backends(&bed, &["web"]).await;
    nodes.open(&bed).await;
    let node = &bed.nodes[0];
    let pod = Pod::new("api", "api", &node.name, &node.instance.pod_addresses[0]);
    pods::create(bed.kubectl(), std::slice::from_ref(&pod)).await.unwrap();
    nodes.open_pod(&bed, &pod, 8080).await;
    Service::new("api", &[80]).classless().with("type", json!("ClusterIP")).apply(&bed).await;

    let members = [shop(), api(), notices()];
    apply_all(&bed, &members).await;
    let host = members[0].host_name(&bed).await;
    agreement(&bed).await;
    let found = Holdings::until(&bed, "two target groups with three healthy targets", |found| {
        let states = found.target_groups.iter().flat_map(|group| group.targets.values());
        found.target_groups.len() == 2 && states.filter(|state| *state == "healthy").count() == 3
    })
    .await;
    let asker = Asker { bed: &bed, way_in: way_in(&bed, &host, 80).await, host: &host };
    let told = |status, body: &str| Becomes::Told(status, body.to_owned());
    let cases = [
        Case {
            question: (HOST, "/api/v1"),
            asked: Asked::In("Ingress/default/api", "spec.rules[0].http.paths[0]"),
            passed: 0,
            becomes: Becomes::Served("api".to_owned()),
        },
        Case {
            question: (HOST, "/closed"),
            asked: Asked::In("Ingress/default/notices", "spec.rules[0].http.paths[0]"),
            passed: 1,
            becomes: told(403, "closed today"),
        },
        Case {
            question: (HOST, "/old/x?y=1"),
            asked: Asked::In("Ingress/default/notices", "spec.rules[0].http.paths[1]"),
            passed: 2,
            becomes: Becomes::Sent(302, "http://new.example.com/old/x?y=1".to_owned()),
        },
        Case {
            question: (HOST, "/"),
            asked: Asked::In("Ingress/default/shop", "spec.rules[0].http.paths[0]"),
            passed: 3,
            becomes: Becomes::Served("web".to_owned()),
        },
        Case { question: ("other.example.com", "/api"), asked: Asked::ByNobody, passed: 4, becomes: told(404, "") },
    ];
    for case in &cases {
        asker.is_told_the_truth(case, &found).await;
    }
    asker.is_shown_the_way(&pod).await;
    broken(&bed, "api", api()).await;
    let kept = Case {
        question: (HOST, "/api/v1"),
        asked: Asked::Once(&["Ingress/default/api"]),
        passed: 0,
        becomes: Becomes::Served("api".to_owned()),
    };
    asker.is_told_the_truth(&kept, &found).await;
    asker.is_told_the_truth(&cases[3], &found).await;
}

/// Breaks a member, and waits until it is set aside.
async fn broken(bed: &Bed, name: &str, ingress: Ingress) {
    ingress.annotated("target-type", "pods").apply(bed).await;
    event(bed, name, "FailedBuildModel", &["target-type"]).await;
}

#[tokio::test]
async fn the_targets_of_a_group_that_is_somebody_else_s_are_those_that_are_registered() {
    let bed = Bed::start_carrying().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    classes(&bed).await;
    let mut nodes = Nodes::default();
    backends(&bed, &["legacy"]).await;
    nodes.open(&bed).await;
    let port = Service::new("legacy", &[80]).node_port(&bed, 0).await.to_string();
    let group = [("Name", "legacy"), ("Protocol", "HTTP"), ("Port", &port), ("VpcId", &bed.world.vpc)];
    let made = bed.aws.elbv2("CreateTargetGroup", &group).await.unwrap();
    let arn = made.value("TargetGroupArn").to_owned();
    let instance = bed.nodes[0].instance.id.clone();
    let target =
        [("TargetGroupArn", arn.as_str()), ("Targets.member.1.Id", &instance), ("Targets.member.1.Port", &port)];
    bed.aws.elbv2("RegisterTargets", &target).await.unwrap();

    let forward = json!({ "type": "forward", "targetGroupARN": arn });
    let backend = json!({ "service": { "name": "legacy", "port": { "name": "use-annotation" } } });
    let path = json!({ "path": "/", "pathType": "Prefix", "backend": backend });
    let shop = Ingress::new("shop").annotated("actions.legacy", &forward.to_string());
    let shop = shop.with("rules", json!([{ "host": HOST, "http": { "paths": [path] } }]));
    shop.apply(&bed).await;
    let host = shop.host_name(&bed).await;
    agreement(&bed).await;
    Holdings::until(&bed, "a healthy target", |found| {
        found.target_groups.iter().flat_map(|group| group.targets.values()).all(|state| state == "healthy")
    })
    .await;
    let asker = Asker { bed: &bed, way_in: way_in(&bed, &host, 80).await, host: &host };
    assert_eq!(asker.sends((HOST, "/")).await, Becomes::Served("legacy".to_owned()));

    let folder = localstack_tests::process::temporary_folder().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let objects = bed.kubectl().run(&["get", "ingresses,ingressclasses,services", "-o", "yaml"]).await.unwrap();
    std::fs::write(path("objects.yaml"), objects).unwrap();
    let (record, account) = (format!("--record={}", path("record.json")), format!("--account={}", path("record.json")));
    let files = format!("--filename={}", path("objects.yaml"));
    let healthy = json!([{ "Id": instance, "Port": port.parse::<u16>().unwrap(), "State": "healthy" }]);
    for args in [&[][..], &[files.as_str(), record.as_str()], &[files.as_str(), account.as_str()]] {
        let (code, document) = asker.route(&[&[HOST][..], args].concat()).await;
        assert_eq!(code, 0, "{document:#}");
        let groups = &document["loadBalancers"][0]["answer"]["targetGroups"];
        assert_eq!(
            groups,
            &json!([{ "targetGroup": arn, "percent": 100.0, "registeredTargets": healthy }]),
            "{args:?}"
        );
    }
}

/// Somebody who asks before sending.
struct Asker<'a> {
    bed: &'a Bed,
    way_in: Endpoint,
    host: &'a str,
}

impl Asker<'_> {
    async fn is_told_the_truth(&self, case: &Case, found: &Holdings) {
        let (host, path) = case.question;
        let (code, document) = self.route(&[&format!("{host}{path}")]).await;
        assert_eq!(code, if matches!(case.asked, Asked::ByNobody) { 4 } else { 0 }, "{document:#}");
        let [way] = &document["loadBalancers"].as_array().unwrap()[..] else { panic!("not one: {document:#}") };
        assert_eq!(way["dnsName"].as_str().map(str::to_lowercase).as_deref(), Some(self.host), "{way:#}");
        assert_eq!(way["name"], found.load_balancer().name, "{way:#}");
        assert_eq!(way["listener"], json!({ "port": 80, "protocol": "HTTP" }), "{way:#}");
        match case.asked {
            Asked::In(object, field) => {
                assert_eq!((&way["object"], &way["field"]), (&json!(object), &json!(field)), "{way:#}");
            }
            Asked::Once(members) => {
                assert_eq!((&way["object"], &way["keptFor"]), (&Value::Null, &json!(members)), "{way:#}");
                let told =
                    way["warnings"].as_array().unwrap().iter().map(|problem| problem["object"].as_str().unwrap());
                assert_eq!(told.collect::<BTreeSet<_>>(), members.iter().copied().collect(), "{way:#}");
            }
            Asked::ByNobody => assert_eq!((&way["object"], &way["keptFor"]), (&Value::Null, &Value::Null), "{way:#}"),
        }
        assert_eq!(way["passed"].as_array().map(Vec::len), Some(case.passed), "{way:#}");
        let group = &way["answer"]["targetGroups"][0]["name"];
        let group = group.as_str().and_then(|name| found.target_groups.iter().find(|one| one.name == name));
        // The rule of AWS with that priority forwards to where it says.
        if let Some(priority) = way["rule"]["priority"].as_u64() {
            let rules = &found.load_balancer().listeners[0].rules;
            let rule = rules.iter().find(|rule| u64::from(rule.priority) == priority).unwrap();
            assert_eq!(rule.target_group, group.map(|group| group.arn.clone()).unwrap_or_default(), "{way:#}");
        }
        let told = &way["answer"]["targetGroups"][0];
        if let Some(targets) = told["targets"].as_array().or_else(|| told["registeredTargets"].as_array()) {
            let name = |target: &Value| format!("{}:{}", target["Id"].as_str().unwrap(), target["Port"]);
            let told = targets.iter().map(name).collect::<BTreeSet<_>>();
            assert_eq!(told, group.unwrap().targets.keys().cloned().collect(), "{way:#}");
        }
        assert_eq!(said(way), case.becomes, "{way:#}");
        assert_eq!(self.sends(case.question).await, case.becomes, "{host}{path}");
    }

    /// As text, the last line of which is the command.
    async fn is_shown_the_way(&self, pod: &Pod) {
        let output = self.bed.northgate(&["route", "shop.example.com/api/v1", "group/front"]).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(str::trim).collect::<Vec<_>>();
        assert_eq!(lines[0], "GET shop.example.com/api/v1");
        let targets = format!("targets: {}:8080", pod.address);
        let host = text.split_whitespace().find(|word| word.eq_ignore_ascii_case(self.host)).unwrap();
        let curl = format!("curl --connect-to ::{host}: http://shop.example.com/api/v1");
        assert!(lines.contains(&targets.as_str()) && lines.last() == Some(&curl.as_str()), "{text}");
    }

    async fn route(&self, args: &[&str]) -> (i32, Value) {
        let output = self.bed.northgate(&[&["route", "--output=json"], args].concat()).await.unwrap();
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:#?}"));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        (output.status.code().unwrap(), document)
    }

    /// Sends it.
    async fn sends(&self, question: Question) -> Becomes {
        let answer = send(&self.way_in, question).await;
        let status = answer.status().as_u16();
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        match answer.headers().get("location") {
            // AWS names the usual port too.
            Some(location) => Becomes::Sent(status, location.to_str().unwrap().replacen(":80/", "/", 1)),
            None if status == 200 => Becomes::Served(body),
            None => Becomes::Told(status, body),
        }
    }
}

/// What it says becomes of a request.
fn said(way: &Value) -> Becomes {
    let answer = &way["answer"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match answer["type"].as_str() {
        Some("forward") => {
            let [group] = &answer["targetGroups"].as_array().unwrap()[..] else { panic!("not one group: {way:#}") };
            Becomes::Served(group["service"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        }
        Some("fixed-response") => Becomes::Told(text(&answer["status"]).parse().unwrap(), text(&answer["body"])),
        Some("redirect") => {
            Becomes::Sent(answer["status"].as_u64().unwrap().try_into().unwrap(), text(&answer["location"]))
        }
        _ => panic!("no answer: {way:#}"),
    }
}

/// Everything of the host.
fn shop() -> Ingress {
    Ingress::new("shop").in_group("front").annotated("group.order", "30").path(HOST, "/", "web")
}

/// A path that pods answer.
fn api() -> Ingress {
    let api = Ingress::new("api").in_group("front").annotated("group.order", "10");
    api.annotated("target-type", "ip").path(HOST, "/api", "api")
}

/// Paths that nobody answers but the load balancer.
fn notices() -> Ingress {
    let closed = json!({
        "type": "fixed-response",
        "fixedResponseConfig": { "contentType": "text/plain", "statusCode": "403", "messageBody": "closed today" },
    });
    let moved =
        json!({ "type": "redirect", "redirectConfig": { "host": "new.example.com", "statusCode": "HTTP_302" } });
    let path = |path: &str, action: &str| {
        let backend = json!({ "service": { "name": action, "port": { "name": "use-annotation" } } });
        json!({ "path": path, "pathType": "Prefix", "backend": backend })
    };
    let paths = [path("/closed", "closed"), path("/old", "moved")];
    Ingress::new("notices")
        .in_group("front")
        .annotated("group.order", "20")
        .annotated("actions.closed", &closed.to_string())
        .annotated("actions.moved", &moved.to_string())
        .with("rules", json!([{ "host": HOST, "http": { "paths": paths } }]))
}
