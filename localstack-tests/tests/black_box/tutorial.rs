//! The steps of a tutorial, on one file that is edited in place: what its reader sees, and what its clients get.

use std::fs;

use localstack_tests::bed::Bed;
use localstack_tests::process::temporary_folder;
use localstack_tests::{setup, until};
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::ingress::Ingress;
use crate::printed_plan::{Printed, agreement, change, plan, plan_json};
use crate::service::{GLANCE, LIMIT, Service, bindings};
use crate::traffic::{Nodes, Question, Traffic, ask, way_in};

#[tokio::test]
async fn a_reader_of_the_tutorial_sees_none_then_pending_then_a_name() {
    let bed = Bed::start().await.unwrap();
    let empty = Holdings::read(&bed).await;
    if let Some(simulator) = bed.cloud().simulator() {
        let slowly = json!({ "provisioningDelay": 4 });
        simulator.set_options(bed.account.id(), bed.account.region(), &slowly).await.unwrap();
    }
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let folder = temporary_folder().unwrap();
    let file = folder.path().join("nginx.yaml");
    let reader = Reader { bed: &bed, file: file.to_str().unwrap() };
    let nginx = Service::new("nginx-service", &[80]);

    reader.writes("1-cluster-ip.yaml");
    reader.is_told_that_it_is_skipped("ClusterIP").await;
    reader.applies().await;
    assert_eq!(words(&nginx.line(&bed).await)[..2], ["nginx-service", "ClusterIP"]);
    assert_eq!(words(&nginx.line(&bed).await)[3..], ["<none>", "80/TCP"]);

    reader.writes("2-node-port.yaml");
    reader.is_told_that_it_is_skipped("NodePort").await;
    reader.applies().await;
    assert_eq!(words(&nginx.line(&bed).await)[3..], ["<none>", "80:30001/TCP"]);
    // Nothing opens the node port to the world.
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(Holdings::read(&bed).await, empty);

    reader.writes("3-load-balancer.yaml");
    let (code, document) = plan_json(&bed, &["-f", reader.file, "--cluster"]).await;
    assert_eq!(code, 0, "{document:#}");
    assert_eq!(change(&document, "elasticloadbalancing:CreateLoadBalancer")["request"]["Scheme"], "internet-facing");
    reader.applies().await;
    let line = nginx.line(&bed).await;
    assert_eq!(words(&line)[3], "<pending>", "{line}");
    let host = nginx.host_name(&bed).await;
    let node_port = nginx.node_port(&bed, 0).await;
    assert_eq!(words(&nginx.line(&bed).await)[3..], [host.as_str(), &format!("80:{node_port}/TCP")]);
    let found = Holdings::standing(&bed, 1, 2).await;
    assert_eq!(found.load_balancer().scheme, "internet-facing");
    assert_eq!(found.load_balancer().dns_name.to_lowercase(), host);
    assert_eq!(found.managed_group("nginx-service").rules, ["tcp 80-80 from 0.0.0.0/0".to_owned()].into());
    agreement(&bed).await;

    // And back.
    for (manifest, ports) in [("2-node-port.yaml", "80:30001/TCP"), ("1-cluster-ip.yaml", "80/TCP")] {
        reader.writes(manifest);
        reader.applies().await;
        until("Service without finalizer", LIMIT, GLANCE, async || {
            let object = nginx.get(&bed).await;
            if object["metadata"]["finalizers"].is_null() { Ok(()) } else { Err(format!("{object:#}")) }
        })
        .await
        .unwrap();
        assert_eq!(words(&nginx.line(&bed).await)[3..], ["<none>", ports]);
        assert_eq!(Holdings::read(&bed).await, empty, "nothing is left");
    }
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
}

/// What the clients of the tutorial's Ingress ask for.
const QUESTIONS: &[Question] = &[
    ("any.example.org", "/"),
    ("any.example.org", "/svc1.html"),
    ("any.example.org", "/svc2.html"),
    ("svc1.example.com", "/"),
    ("svc1.example.com", "/svc1.html"),
    ("svc1.example.com", "/svc2.html"),
    ("svc2.example.com", "/"),
    ("svc2.example.com", "/svc1.html"),
    ("svc2.example.com", "/svc2.html"),
];

/// Step 4: there is a default backend alone.
fn by_default(_: Question) -> Option<&'static str> {
    Some("nginx-service")
}

/// Step 5: the path decides.
fn by_path((_, path): Question) -> Option<&'static str> {
    match path {
        "/svc1.html" => Some("nginx-1-service"),
        "/svc2.html" => Some("nginx-2-service"),
        _ => None,
    }
}

/// Step 6: the host decides.
fn by_host((host, _): Question) -> Option<&'static str> {
    Some(if host == "svc2.example.com" { "nginx-2-service" } else { "nginx-1-service" })
}

#[tokio::test]
async fn a_client_of_the_tutorial_is_answered_through_all_of_its_steps() {
    let bed = Bed::start_carrying().await.unwrap();
    let empty = Holdings::read(&bed).await;
    let simulator = bed.cloud().simulator().expect("a cloud that carries has one");
    let slowly = json!({ "provisioningDelay": 5 });
    simulator.set_options(bed.account.id(), bed.account.region(), &slowly).await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let folder = temporary_folder().unwrap();
    let file = folder.path().join("nginx.yaml");
    let reader = Reader { bed: &bed, file: file.to_str().unwrap() };
    let mut nodes = Nodes::default();
    let (service, ingress) = (Service::new("nginx-service", &[80]), Ingress::new("nginx-ingress"));

    for manifest in ["1-cluster-ip.yaml", "2-node-port.yaml", "3-load-balancer.yaml"] {
        reader.writes(manifest);
        reader.applies_today_s_form(&mut nodes).await;
    }
    let host = service.host_name(&bed).await;
    Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;
    let by_service = ask(&way_in(&bed, &host, 80).await, ("any.example.org", "/")).await;
    assert_eq!(by_service, (200, "nginx-service".to_owned()));

    let (found, host) = reader.takes_the_step_to_an_ingress(&mut nodes).await;
    let traffic = Traffic::begin(way_in(&bed, &host, 80).await, QUESTIONS, by_default);
    traffic.settles(QUESTIONS).await;

    traffic.turns_to(by_path);
    reader.writes("5-ingress-paths.yaml");
    reader.applies_today_s_form(&mut nodes).await;
    agreed(
        &bed,
        &[
            "80:1 path-pattern /svc1.html -> default/nginx-ingress-nginx-1-service:80",
            "80:2 path-pattern /svc2.html -> default/nginx-ingress-nginx-2-service:80",
            "80 -> fixed-response 404",
        ],
    )
    .await;
    traffic.settles(QUESTIONS).await;
    assert_eq!(words(&ingress.line(&bed).await), ["nginx-ingress", "<none>", "*", &host, "80"]);

    traffic.turns_to(by_host);
    reader.writes("6-ingress-hosts.yaml");
    reader.applies_today_s_form(&mut nodes).await;
    let by_host = [
        "80:1 host-header svc1.example.com -> default/nginx-ingress-nginx-1-service:80",
        "80:2 host-header svc2.example.com -> default/nginx-ingress-nginx-2-service:80",
        "80:3 path-pattern /* -> default/nginx-ingress-nginx-1-service:80",
        "80 -> fixed-response 404",
    ];
    let last = agreed(&bed, &by_host).await;
    traffic.settles(QUESTIONS).await;
    let hosts = "svc1.example.com,svc2.example.com";
    assert_eq!(words(&ingress.line(&bed).await), ["nginx-ingress", "<none>", hosts, &host, "80"]);
    assert_eq!(last.load_balancer().arn, found.load_balancer().arn, "one load balancer from step 4 on");
    let sent = traffic.end();
    assert!(sent > 6 * QUESTIONS.len(), "only {sent} requests were sent");

    ingress.delete_and_wait(&bed).await;
    assert_eq!(Holdings::read(&bed).await, empty, "nothing is left");
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
}

/// Waits until there is nothing to do; one load balancer stands then, whose listeners and rules are these.
async fn agreed(bed: &Bed, routes: &[&str]) -> Holdings {
    let what = format!("one load balancer with {routes:#?}");
    Holdings::until(bed, &what, |found| found.stands(1, 2) && found.routes() == routes).await;
    agreement(bed).await;
    let found = Holdings::read(bed).await;
    assert_eq!(found.routes(), routes);
    found
}

/// Somebody who follows the tutorial with one file.
struct Reader<'a> {
    bed: &'a Bed,
    file: &'a str,
}

impl Reader<'_> {
    /// Edits the file to be the next manifest.
    fn writes(&self, manifest: &str) {
        let from = setup::checkout().join("examples/tutorial").join(manifest);
        fs::copy(from, self.file).unwrap();
    }

    async fn applies(&self) {
        self.bed.kubectl().run(&["apply", "-f", self.file]).await.unwrap();
    }

    /// Applies the file's objects one after the other, as kubectl does, in the form that today's API servers take; the
    /// nodes open each Service's port before an Ingress can lead there.
    async fn applies_today_s_form(&self, nodes: &mut Nodes) {
        let converted = self.bed.northgate(&["convert", "-f", self.file]).await.unwrap();
        assert!(converted.status.success(), "{converted:#?}");
        let text = String::from_utf8(converted.stdout).unwrap();
        for object in text.split("\n---\n") {
            self.bed.kubectl().apply(object).await.unwrap();
            nodes.open(self.bed).await;
        }
    }

    /// Step 4, the Service's load balancer being given up for an Ingress': what stands then, and its host name.
    async fn takes_the_step_to_an_ingress(&self, nodes: &mut Nodes) -> (Holdings, String) {
        let (service, ingress) = (Service::new("nginx-service", &[80]), Ingress::new("nginx-ingress"));
        self.writes("4-ingress-default-backend.yaml");
        let Printed { exit_code, stdout, stderr } = plan(self.bed, &["-f", self.file, "--cluster"]).await;
        assert_eq!(exit_code, 0, "{stdout}{stderr}");
        assert!(stdout.contains("extensions/v1beta1"), "the retired version is told: {stdout}");
        self.applies_today_s_form(nodes).await;
        assert_eq!(words(&ingress.line(self.bed).await), ["nginx-ingress", "<none>", "*", "80"], "no address yet");
        let host = ingress.host_name(self.bed).await;
        let found = agreed(self.bed, &["80 -> default/nginx-ingress-nginx-service:80"]).await;
        assert_eq!(found.load_balancer().scheme, "internet-facing");
        assert_eq!(found.load_balancer().dns_name.to_lowercase(), host);
        assert_eq!(words(&ingress.line(self.bed).await), ["nginx-ingress", "<none>", "*", &host, "80"]);
        assert_eq!(words(&service.line(self.bed).await)[3], "<none>", "the Service has given up its load balancer");
        (found, host)
    }

    /// Looks before applying, with and without the cluster.
    async fn is_told_that_it_is_skipped(&self, kind: &str) {
        let (code, document) = plan_json(self.bed, &["-f", self.file, "--check"]).await;
        assert_eq!((code, &document["entries"]), (0, &json!([])), "{document:#}");
        let [skipped] = &document["skipped"].as_array().unwrap()[..] else { panic!("one is skipped: {document:#}") };
        assert_eq!(skipped["object"], "Service/default/nginx-service");
        assert_eq!(skipped["reason"], format!("its type is {kind}"));
        let Printed { exit_code, stdout, stderr } = plan(self.bed, &["-f", self.file, "--cluster", "--check"]).await;
        assert_eq!(exit_code, 0, "{stdout}{stderr}");
        assert!(stdout.contains("no changes") || stdout.contains("nothing of ours"), "{stdout}");
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
