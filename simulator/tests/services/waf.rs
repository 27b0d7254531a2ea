//! Web ACLs, of WAFV2 and of WAF Classic.

use northgate_simulator::Service;
use serde_json::json;

use super::world::{ACL, APPLICATION, NETWORK, World, each};

#[tokio::test(start_paused = true)]
async fn web_acls_are_listed_in_pages_and_read() {
    let world = World::new().await;
    let ask = |action: &'static str, params| world.json(Service::Wafv2, action, params);
    let first = ask("ListWebACLs", json!({ "Scope": "REGIONAL", "Limit": 1 })).await.unwrap();
    let marker = first["NextMarker"].as_str().expect("a second page");
    let second = ask("ListWebACLs", json!({ "Scope": "REGIONAL", "Limit": 1, "NextMarker": marker })).await.unwrap();
    let listed = |page: &serde_json::Value| each(&page["WebACLs"], "Name").join(" ");
    let mut names = [listed(&first), listed(&second)];
    names.sort();
    assert_eq!((names, second.get("NextMarker")), (["other".to_owned(), "web".to_owned()], None));
    let by_arn = ask("GetWebACL", json!({ "ARN": ACL })).await.unwrap();
    let id = "00000000-0000-4000-8000-00000000000a";
    let by_name = ask("GetWebACL", json!({ "Name": "web", "Scope": "REGIONAL", "Id": id })).await.unwrap();
    assert_eq!((&by_arn, &by_arn["WebACL"]["ARN"]), (&by_name, &json!(ACL)));
    let tags = ask("ListTagsForResource", json!({ "ResourceARN": ACL })).await.unwrap();
    assert_eq!(tags["TagInfoForResource"]["TagList"], json!([{ "Key": "team", "Value": "web" }]));
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_one_web_acl_and_another_takes_its_place() {
    let world = World::new().await;
    let ask = |action: &'static str, params| world.json(Service::Wafv2, action, params);
    let resource = APPLICATION;
    let acls = ask("ListWebACLs", json!({ "Scope": "REGIONAL" })).await.unwrap();
    for acl in each(&acls["WebACLs"], "ARN") {
        ask("AssociateWebACL", json!({ "WebACLArn": acl, "ResourceArn": resource })).await.unwrap();
        let found = ask("GetWebACLForResource", json!({ "ResourceArn": resource })).await.unwrap();
        assert_eq!(found["WebACL"]["ARN"], acl);
    }
    let before = |acl: String| ask("ListResourcesForWebACL", json!({ "WebACLArn": acl }));
    let (mut first, mut last) =
        (each(&acls["WebACLs"], "ARN").into_iter(), each(&acls["WebACLs"], "ARN").into_iter().rev());
    assert_eq!(before(first.next().unwrap().to_owned()).await.unwrap()["ResourceArns"], json!([]));
    assert_eq!(before(last.next().unwrap().to_owned()).await.unwrap()["ResourceArns"], json!([APPLICATION]));
    ask("DisassociateWebACL", json!({ "ResourceArn": resource })).await.unwrap();
    assert_eq!(ask("GetWebACLForResource", json!({ "ResourceArn": resource })).await.unwrap(), json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_web_acl_stands_before_nothing_once_its_load_balancer_is_gone() {
    let world = World::new().await;
    let ask = |service, action: &'static str, params| world.json(service, action, params);
    ask(Service::Wafv2, "AssociateWebACL", json!({ "WebACLArn": ACL, "ResourceArn": APPLICATION })).await.unwrap();
    let classic = json!({ "WebACLId": "classic-1", "ResourceArn": APPLICATION });
    ask(Service::WafRegional, "AssociateWebACL", classic).await.unwrap();
    let found = ask(Service::WafRegional, "GetWebACLForResource", json!({ "ResourceArn": APPLICATION })).await.unwrap();
    assert_eq!(found["WebACLSummary"]["Name"], "old");
    let delete = format!("Action=DeleteLoadBalancer&Version=2015-12-01&LoadBalancerArn={APPLICATION}");
    world.query(Service::ElasticLoadBalancing, &delete).await.unwrap();
    for service in [Service::Wafv2, Service::WafRegional] {
        let refused = ask(service, "GetWebACLForResource", json!({ "ResourceArn": APPLICATION })).await.unwrap_err();
        assert!(refused.starts_with("WAFNonexistentItemException: "), "{refused}");
    }
    let resources = ask(Service::Wafv2, "ListResourcesForWebACL", json!({ "WebACLArn": ACL })).await.unwrap();
    assert_eq!(resources["ResourceArns"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn classic_web_acls_are_their_own() {
    let world = World::new().await;
    let ask = |action: &'static str, params| world.json(Service::WafRegional, action, params);
    let listed = ask("ListWebACLs", json!({})).await.unwrap();
    assert_eq!(listed["WebACLs"], json!([{ "WebACLId": "classic-1", "Name": "old" }]));
    let refused = ask("GetWebACLForResource", json!({ "ResourceArn": NETWORK })).await.unwrap_err();
    assert!(refused.starts_with("WAFInvalidParameterException: "), "{refused}");
}
