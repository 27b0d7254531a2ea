//! Web ACLs, of WAFV2 and of WAF Classic.

use northgate_simulator::Service;
use serde_json::json;

use super::world::{ACL, NETWORK, World, each};

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
    let resource = "arn:aws:apigateway:us-west-2::/restapis/1/stages/web";
    let acls = ask("ListWebACLs", json!({ "Scope": "REGIONAL" })).await.unwrap();
    for acl in each(&acls["WebACLs"], "ARN") {
        ask("AssociateWebACL", json!({ "WebACLArn": acl, "ResourceArn": resource })).await.unwrap();
        let found = ask("GetWebACLForResource", json!({ "ResourceArn": resource })).await.unwrap();
        assert_eq!(found["WebACL"]["ARN"], acl);
    }
    ask("DisassociateWebACL", json!({ "ResourceArn": resource })).await.unwrap();
    assert_eq!(ask("GetWebACLForResource", json!({ "ResourceArn": resource })).await.unwrap(), json!({}));
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
