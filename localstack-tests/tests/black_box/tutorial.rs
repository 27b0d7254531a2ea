//! The first three steps of a tutorial, on one file that is edited in place: what its reader sees.

use std::fs;

use localstack_tests::bed::Bed;
use localstack_tests::process::temporary_folder;
use localstack_tests::{setup, until};
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::{Printed, agreement, change, plan, plan_json};
use crate::service::{GLANCE, LIMIT, Service, bindings};

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
