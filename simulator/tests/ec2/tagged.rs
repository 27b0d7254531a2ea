//! CreateTags and DeleteTags.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Tag;

use super::world::{client, refusal};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

async fn tags(client: &Client, subnet: &str) -> Vec<String> {
    let answer = client.describe_subnets().subnet_ids(subnet).send().await.unwrap();
    let tags = answer.subnets()[0].tags().iter();
    tags.map(|tag| format!("{}={}", tag.key().unwrap(), tag.value().unwrap())).collect()
}

#[tokio::test]
async fn tags_are_added_and_overwritten_on_all_resources_named() {
    let client = client().await;
    let call = client.create_tags().resources("subnet-a").resources("subnet-b").resources("i-1");
    call.tags(tag("team", "ops")).tags(tag("new", "")).send().await.unwrap();
    assert_eq!(tags(&client, "subnet-a").await, ["kubernetes.io/role/elb=1", "new=", "team=ops"]);
    assert_eq!(tags(&client, "subnet-b").await, ["new=", "team=ops"]);
}

#[tokio::test]
async fn tags_that_are_refused_change_nothing() {
    let client = client().await;
    let fifty: Vec<_> = (0..49).map(|n| tag(&format!("key-{n}"), "")).collect();
    client.create_tags().resources("subnet-b").set_tags(Some(fifty)).send().await.unwrap();
    let on_b = |tag: Tag| client.create_tags().resources("subnet-a").resources("subnet-b").tags(tag);
    let refusals = [
        ("TagLimitExceeded: ", on_b(tag("one-more", "")).send().await),
        ("InvalidID: The ID 'subnet-x' is not valid", on_b(tag("x", "")).resources("subnet-x").send().await),
        ("InvalidParameterValue: ", on_b(tag("aws:x", "")).send().await),
        ("InvalidParameterValue: ", on_b(tag(&"k".repeat(129), "")).send().await),
        ("InvalidParameterValue: ", on_b(tag("x", &"v".repeat(257))).send().await),
        ("InvalidParameterValue: Duplicate tag key 'x'", on_b(tag("x", "1")).tags(tag("x", "2")).send().await),
        ("MissingParameter: ", client.create_tags().resources("subnet-a").send().await),
    ];
    for (expected, result) in refusals {
        let refused = refusal(result);
        assert!(refused.starts_with(expected), "{refused} instead of {expected}");
    }
    assert_eq!(tags(&client, "subnet-a").await, ["kubernetes.io/role/elb=1", "team=web"]);
    assert_eq!(tags(&client, "subnet-b").await.len(), 50);
    on_b(tag("team", "the fiftieth, changed")).send().await.unwrap();
}

#[tokio::test]
async fn a_tag_is_deleted_by_key_or_by_key_and_equal_value() {
    let cases = [
        ("by key", Tag::builder().key("team").build(), true),
        ("by key and value", tag("team", "web"), true),
        ("another value", tag("team", "data"), false),
        ("the empty value", tag("team", ""), false),
        ("a key that is not there", Tag::builder().key("colour").build(), false),
    ];
    for (how, asked, gone) in cases {
        let client = client().await;
        client.delete_tags().resources("subnet-a").tags(asked).send().await.unwrap();
        assert_eq!(tags(&client, "subnet-a").await.len(), if gone { 1 } else { 2 }, "{how}");
    }
}

#[tokio::test]
async fn deleting_without_naming_tags_deletes_all() {
    let client = client().await;
    client.delete_tags().resources("subnet-a").send().await.unwrap();
    assert!(tags(&client, "subnet-a").await.is_empty());
    let refused = refusal(client.delete_tags().resources("subnet-x").send().await);
    assert!(refused.starts_with("InvalidID: "), "{refused}");
}
