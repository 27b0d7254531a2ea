//! The law: what `northgate plan` prints is what the controller does, call by call; and when it is done, the plan is
//! empty.

use std::fs;

use localstack_tests::bed::Bed;
use localstack_tests::process::temporary_folder;
use localstack_tests::proxy::Call;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::{
    agreement, all_changes, assert_law, assert_law_of_several, change, changes, entries, entry, plan, plan_json,
};
use crate::service::{Service, bindings};

#[tokio::test]
async fn the_calls_that_are_made_are_the_steps_that_were_printed() {
    let bed = Bed::start().await.unwrap();
    let before = Holdings::read(&bed).await;
    let web = Service::new("web", &[80]).on_node_port(0, 30_080);
    web.apply(&bed).await;

    // Made.
    let (code, created) = plan_json(&bed, &["--check"]).await;
    assert_eq!(code, 3, "{created:#}");
    assert_eq!(created["summary"]["calls"], json!(all_changes(&created).len()));
    assert_eq!(Holdings::read(&bed).await, before, "a plan writes nothing");
    let standing = done(&bed, &created).await;
    let empty = agreement(&bed).await;
    assert_eq!(all_changes(&empty), Vec::<&Value>::new());
    assert_eq!(empty["summary"]["loadBalancers"], 1);
    assert_eq!(standing.target_group().targets.len(), 2);
    assert_eq!(plan(&bed, &["--check"]).await.exit_code, 0);

    // Edited while nobody was looking: one port more, and nearly everything else.
    let edited = Service::new("web", &[80, 8080])
        .on_node_port(0, 30_080)
        .on_node_port(1, 30_443)
        .annotated("aws-load-balancer-healthcheck-interval", "30")
        .annotated("aws-load-balancer-additional-resource-tags", "team=web")
        .with("loadBalancerSourceRanges", json!(["192.0.2.0/24"]));
    edited.apply(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    done(&bed, &printed).await;

    // And back: one port less.
    web.apply(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    done_from(&bed, &printed, &Holdings::read(&bed).await).await;
    let standing = Holdings::standing(&bed, 1, 2).await;

    // Deleted while nobody was looking: the last one of the cluster, so that everything goes.
    web.delete(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    done_from(&bed, &printed, &standing).await;
    assert_eq!(Holdings::read(&bed).await, before, "nothing is left");
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_law_holds_for_several_services_at_once() {
    let bed = Bed::start().await.unwrap();
    let web = Service::new("web", &[80, 443]).on_node_port(0, 30_080).on_node_port(1, 30_443);
    let api = Service::new("api", &[9000]).on_node_port(0, 30_900);
    let empty = Holdings::read(&bed).await;
    web.apply(&bed).await;
    api.apply(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    let (standing, writes) = let_it_be_done(&bed).await;
    assert_law_of_several(&bed, &printed, &empty, &standing, &writes).await;

    web.delete(&bed).await;
    api.clone().annotated("aws-load-balancer-healthcheck-healthy-threshold", "5").apply(&bed).await;
    let (_, printed) = plan_json(&bed, &[]).await;
    let (left, writes) = let_it_be_done(&bed).await;
    assert_law_of_several(&bed, &printed, &standing, &left, &writes).await;
    assert_eq!(left.load_balancers.len(), 1);
}

/// Lets a controller do what was printed, and holds it to that; what stands then.
async fn done(bed: &Bed, printed: &Value) -> Holdings {
    let (standing, writes) = let_it_be_done(bed).await;
    assert_law(bed, printed, &standing, &writes).await;
    standing
}

/// The same for a plan that takes away: what it refers to is what stood before.
async fn done_from(bed: &Bed, printed: &Value, before: &Holdings) {
    let (_, writes) = let_it_be_done(bed).await;
    assert_law(bed, printed, before, &writes).await;
}

/// Runs a controller until there is nothing to do: what stands then, and the writes that made it so.
async fn let_it_be_done(bed: &Bed) -> (Holdings, Vec<Call>) {
    bed.proxy.reset();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    agreement(bed).await;
    controller.terminate().await.unwrap();
    (Holdings::read(bed).await, bed.proxy.writes())
}

#[tokio::test]
async fn a_plan_of_files_over_the_cluster_is_what_happens_after_applying_them() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]).on_node_port(0, 30_080);
    web.apply(&bed).await;
    web.host_name(&bed).await;
    let standing = Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;

    let edited = Service::new("web", &[80, 81])
        .on_node_port(0, 30_080)
        .on_node_port(1, 30_081)
        .annotated("aws-load-balancer-healthcheck-healthy-threshold", "5");
    let folder = temporary_folder().unwrap();
    let file = folder.path().join("web.json");
    fs::write(&file, edited.manifest()).unwrap();
    let file = file.to_str().unwrap();
    let (code, printed) = plan_json(&bed, &["-f", file, "--cluster", "--check"]).await;
    assert_eq!(code, 3);
    let fields = json!([{ "field": "HealthyThresholdCount", "from": "3", "to": "5" }]);
    assert_eq!(change(&printed, "elasticloadbalancing:ModifyTargetGroup")["fields"], fields);
    assert_eq!(Holdings::read(&bed).await, standing, "nothing was applied");
    assert_eq!(web.get(&bed).await["spec"]["ports"].as_array().unwrap().len(), 1, "nothing was applied");

    bed.proxy.reset();
    bed.kubectl().run(&["apply", "-f", file]).await.unwrap();
    let both = |found: &Holdings| {
        found.target_groups.len() == 2
            && found
                .target_groups
                .iter()
                .flat_map(|group| group.targets.values())
                .filter(|state| *state == "healthy")
                .count()
                == 4
    };
    let standing = Holdings::until(&bed, "two target groups with two healthy targets each", both).await;
    agreement(&bed).await;
    assert_law(&bed, &printed, &standing, &bed.proxy.writes()).await;
}

#[tokio::test]
async fn a_plan_of_files_alone_says_what_is_only_known_after_apply() {
    let bed = Bed::start().await.unwrap();
    let folder = temporary_folder().unwrap();
    let file = folder.path().join("web.json");
    fs::write(&file, Service::new("web", &[80]).manifest()).unwrap();
    let file = file.to_str().unwrap();

    let (code, document) = plan_json(&bed, &["-f", file]).await;
    assert_eq!(code, 0, "{document:#}");
    let name = "k8s-default-web-(known after apply)";
    assert_eq!(change(&document, "elasticloadbalancing:CreateLoadBalancer")["request"]["Name"], name);
    let group = &change(&document, "elasticloadbalancing:CreateTargetGroup")["request"];
    assert_eq!(group["Name"], name);
    assert_eq!(group["Port"], json!({ "unknown": "spec.ports[0].nodePort" }));
    assert_eq!(entry(&document, "service/default/web")["outcome"], "changes");
    assert!(
        entries(&document)
            .iter()
            .flat_map(changes)
            .all(|change| change["call"] != "elasticloadbalancing:RegisterTargets")
    );

    let text = plan(&bed, &["-f", file]).await;
    assert_eq!(text.exit_code, 0, "{text:#?}");
    assert!(text.stdout.contains(name) && text.stdout.contains("node:(known after apply)"), "{}", text.stdout);
    assert_eq!(bed.proxy.writes(), [], "a plan writes nothing");
    assert!(
        bed.kubectl().get(&["services"]).await.unwrap()["items"].as_array().unwrap().len() == 1,
        "only `kubernetes`"
    );
}
