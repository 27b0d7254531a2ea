//! `northgate plan --record`: what a plan read of the account, to plan from it again without the account.

use localstack_tests::bed::Bed;
use localstack_tests::pods::{self, Pod};

use crate::printed_plan::{agreement, plan};
use crate::service::Service;

#[tokio::test]
async fn a_plan_from_the_record_of_a_plan_is_the_same_to_the_byte() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let addresses = Service::new("addresses", &[81]).annotated("aws-load-balancer-nlb-target-type", "ip");
    let node = &bed.nodes[0];
    let pod = Pod::new("one", "addresses", &node.name, &node.instance.pod_addresses[0]);
    pods::create(bed.kubectl(), &[pod]).await.unwrap();
    for service in [&Service::new("nodes", &[80]), &addresses] {
        service.apply(&bed).await;
        service.host_name(&bed).await;
    }
    agreement(&bed).await;
    controller.terminate().await.unwrap();
    // Something to change, something to make, something to delete.
    Service::new("nodes", &[8080]).apply(&bed).await;
    Service::new("new", &[80]).apply(&bed).await;
    addresses.delete(&bed).await;

    let folder = localstack_tests::process::temporary_folder().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let kinds = "services,endpointslices,pods,targetgroupbindings";
    let mut objects = bed.kubectl().run(&["get", kinds, "--all-namespaces", "-o", "yaml"]).await.unwrap();
    objects.push_str("\n---\n");
    objects.push_str(&bed.kubectl().run(&["get", "nodes", "-o", "yaml"]).await.unwrap());
    std::fs::write(path("objects.yaml"), objects).unwrap();

    let files = format!("--filename={}", path("objects.yaml"));
    for (objects, name) in [(&[][..], "cluster.json"), (&[files.as_str()], "files.json")] {
        for format in ["--output=text", "--output=json"] {
            let (record, account) = (format!("--record={}", path(name)), format!("--account={}", path(name)));
            bed.proxy.reset();
            let live = plan(&bed, &[&[format, record.as_str()], objects].concat()).await;
            assert_eq!((live.exit_code, live.stderr.as_str()), (0, ""), "{}", live.stdout);
            assert!(!bed.proxy.journal().calls().is_empty());
            bed.proxy.reset();
            let recorded = plan(&bed, &[&[format, account.as_str()], objects].concat()).await;
            assert_eq!((recorded.stdout, recorded.stderr), (live.stdout, live.stderr), "{name} {format}");
            assert!(bed.proxy.journal().calls().is_empty(), "the account was asked");
        }
    }
}
