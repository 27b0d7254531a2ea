//! What cannot be changed in place is held: the load balancer that is there goes on serving.

use localstack_tests::bed::Bed;
use serde_json::Value;

use crate::holdings::Holdings;
use crate::printed_plan::{agreement, changes, entry, plan, plan_json};
use crate::service::{Service, event};

#[tokio::test]
async fn another_scheme_is_held_and_nothing_is_written() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    let host = web.host_name(&bed).await;
    let standing = Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;

    bed.proxy.reset();
    web.clone().annotated("aws-load-balancer-scheme", "internal").apply(&bed).await;
    let told = event(&bed, "web", "ChangeHeld", &["LoadBalancer", "scheme"]).await;
    let (code, document) = plan_json(&bed, &["--check"]).await;
    assert_eq!(code, 3, "a held change counts: {document:#}");
    let web_entry = entry(&document, "service/default/web");
    assert_eq!(web_entry["outcome"], "held");
    assert_eq!(changes(web_entry), Vec::<&Value>::new());
    let held = web_entry["held"].as_array().unwrap();
    assert_eq!(held.len(), 1, "{held:#?}");
    assert_eq!(held[0]["change"]["impact"], "outage");
    let field = &held[0]["change"]["fields"][0];
    assert_eq!(
        (&field["field"], &field["from"], &field["to"]),
        (&"Scheme".into(), &"internet-facing".into(), &"internal".into())
    );
    assert!(told.contains(held[0]["why"].as_str().unwrap()), "{told}\n{held:#?}");
    assert_eq!(document["summary"]["held"], 1);
    let text = plan(&bed, &["--check", "--fail-on=delete"]).await;
    assert!(text.stdout.contains("held: ") && text.stdout.contains("internet-facing -> internal"), "{}", text.stdout);

    assert_eq!(bed.proxy.writes(), [], "nothing is written");
    assert_eq!(Holdings::read(&bed).await, standing);
    assert_eq!(web.host_name(&bed).await, host);

    // Thought better of.
    web.apply(&bed).await;
    agreement(&bed).await;
    assert_eq!(bed.proxy.writes(), [], "nothing is written");
}
