//! A Service that is deleted, or that asks for no load balancer any more, leaves nothing behind.

use localstack_tests::bed::Bed;
use localstack_tests::until;
use serde_json::{Value, json};

use crate::holdings::Holdings;
use crate::printed_plan::{agreement, plan};
use crate::service::{GLANCE, LIMIT, Service, bindings};

#[tokio::test]
async fn a_deleted_service_leaves_nothing() {
    let bed = Bed::start().await.unwrap();
    let empty = Holdings::read(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let (web, api) = (Service::new("web", &[80, 443]), Service::new("api", &[9000]));
    web.apply(&bed).await;
    api.apply(&bed).await;
    web.host_name(&bed).await;
    api.host_name(&bed).await;
    Holdings::standing(&bed, 2, 2).await;
    agreement(&bed).await;

    // The one that stays keeps what both share.
    web.delete_and_wait(&bed).await;
    let left = Holdings::standing(&bed, 1, 2).await;
    assert_eq!(left.target_groups.len(), 1);
    assert_eq!(left.load_balancer().tags["service.k8s.aws/stack"], "default/api");
    assert_eq!(left.security_groups.len(), empty.security_groups.len() + 2, "its own and the shared one");
    assert_eq!(bindings(&bed).await.len(), 1);
    agreement(&bed).await;
    let port = api.node_port(&bed, 0).await;
    let rules = &Holdings::read(&bed).await.worker_group(&bed).rules.clone();
    assert!(
        rules.len() == 1 && rules.iter().all(|rule| rule.starts_with(&format!("tcp {port}-{port} "))),
        "{rules:#?}"
    );

    // The last one takes everything along.
    api.delete_and_wait(&bed).await;
    assert_eq!(Holdings::read(&bed).await, empty, "nothing is left, the shared group and the worker rules neither");
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
    assert_eq!(plan(&bed, &["--check"]).await.exit_code, 0);
}

#[tokio::test]
async fn a_service_that_goes_back_to_node_port_keeps_its_node_port_alone() {
    let bed = Bed::start().await.unwrap();
    let empty = Holdings::read(&bed).await;
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    // Without a class: it could not be taken back.
    let web = Service::new("web", &[80]).classless();
    web.apply(&bed).await;
    web.host_name(&bed).await;
    Holdings::standing(&bed, 1, 2).await;
    let node_port = web.node_port(&bed, 0).await;

    web.with("type", json!("NodePort")).apply(&bed).await;
    let released = until("Service without finalizer", LIMIT, GLANCE, async || {
        let object = bed.kubectl().get(&["service", "web"]).await.unwrap();
        if object["metadata"]["finalizers"].is_null() { Ok(object) } else { Err(format!("{object:#}")) }
    })
    .await
    .unwrap();
    assert_eq!(Holdings::read(&bed).await, empty, "nothing is left");
    assert_eq!(bindings(&bed).await, Vec::<Value>::new());
    assert_eq!(released["status"], json!({ "loadBalancer": {} }));
    assert_eq!(released["spec"]["type"], "NodePort");
    assert_eq!(released["spec"]["ports"][0]["nodePort"], json!(node_port));
    assert_eq!(plan(&bed, &["--check"]).await.exit_code, 0);
}
