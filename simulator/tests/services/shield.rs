//! Shield's subscription and protections.

use northgate_simulator::Service;
use serde_json::json;

use super::world::{APPLICATION, World, each};

const ADDRESS: &str = "arn:aws:ec2:us-west-2:111122223333:eip-allocation/eipalloc-1";

#[tokio::test(start_paused = true)]
async fn a_resource_is_protected_until_its_protection_is_deleted() {
    let world = World::new().await;
    let ask = |action: &'static str, params| world.json(Service::Shield, action, params);
    assert_eq!(ask("GetSubscriptionState", json!({})).await.unwrap()["SubscriptionState"], "ACTIVE");
    let create = json!({ "Name": "web", "ResourceArn": ADDRESS, "Tags": [{ "Key": "team", "Value": "web" }] });
    let made = ask("CreateProtection", create.clone()).await.unwrap();
    let refused = ask("CreateProtection", create).await.unwrap_err();
    assert!(refused.starts_with("ResourceAlreadyExistsException: "), "{refused}");
    let described = ask("DescribeProtection", json!({ "ResourceArn": ADDRESS })).await.unwrap();
    assert_eq!(described["Protection"]["Id"], made["ProtectionId"]);
    let arn = &described["Protection"]["ProtectionArn"];
    let tags = ask("ListTagsForResource", json!({ "ResourceARN": arn })).await.unwrap();
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "web" }]));
    ask("DeleteProtection", made.clone()).await.unwrap();
    let refused = ask("DescribeProtection", json!({ "ResourceArn": ADDRESS })).await.unwrap_err();
    assert_eq!(refused, "ResourceNotFoundException: The referenced protection does not exist.");
}

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_can_be_protected() {
    let world = World::new().await;
    let ask = |action: &'static str, params| world.json(Service::Shield, action, params);
    ask("CreateProtection", json!({ "Name": "shop", "ResourceArn": APPLICATION })).await.unwrap();
    let listed = ask("ListProtections", json!({ "MaxResults": 1 })).await.unwrap();
    assert_eq!((each(&listed["Protections"], "Name"), listed.get("NextToken")), (vec!["shop"], None));
}

#[tokio::test(start_paused = true)]
async fn without_a_subscription_nothing_is_protected() {
    let world = World { simulator: northgate_simulator::Simulator::new(northgate_simulator::Options::default()) };
    let ask = |action: &'static str, params| world.json(Service::Shield, action, params);
    assert_eq!(ask("GetSubscriptionState", json!({})).await.unwrap()["SubscriptionState"], "INACTIVE");
    let create = json!({ "Name": "web", "ResourceArn": ADDRESS });
    let refused = ask("CreateProtection", create.clone()).await.unwrap_err();
    assert_eq!(refused, "ResourceNotFoundException: The subscription does not exist.");
    ask("CreateSubscription", json!({})).await.unwrap();
    ask("CreateProtection", create).await.unwrap();
    let refused = ask("CreateSubscription", json!({})).await.unwrap_err();
    assert!(refused.starts_with("ResourceAlreadyExistsException: "), "{refused}");
}
