//! Tags.

use super::super::world::{World, tag};

/// So many tags with different keys.
fn tags(count: usize) -> Vec<aws_sdk_elasticloadbalancingv2::types::Tag> {
    (0..count).map(|n| tag(&format!("k{n}"), "v")).collect()
}

async fn shop(world: &World) -> String {
    world.application("shop").await
}

refused! {
    /// B.2; API AddTags: TooManyTags
    a_resource_has_at_most_50_tags => "TooManyTags: ", |world| {
        let shop = shop(&world).await;
        world.elb.add_tags().resource_arns(&shop).set_tags(Some(tags(50))).send().await.expect("50");
        world.elb.add_tags().resource_arns(&shop).tags(tag("more", "v")).send().await
    };
    /// B.2; API CreateRule: TooManyTags
    a_new_resource_has_at_most_50_tags => "TooManyTags: ", |world| {
        let create = world.elb.create_load_balancer().name("shop").subnets("subnet-a").subnets("subnet-b");
        create.set_tags(Some(tags(51))).send().await
    };
    /// B.2; API Tag: Key
    a_tag_key_has_at_least_one_character => "ValidationError: 1 validation error detected: Value ''",
        |world| world.elb.add_tags().resource_arns(shop(&world).await).tags(tag("", "v")).send().await;
    /// B.2; API Tag: Key
    a_tag_key_has_at_most_128_characters => "ValidationError: 1 validation error detected: ",
        |world| world.elb.add_tags().resource_arns(shop(&world).await).tags(tag(&"k".repeat(129), "v")).send().await;
    /// B.2; API Tag: Value
    a_tag_value_has_at_most_256_characters => "ValidationError: 1 validation error detected: ",
        |world| world.elb.add_tags().resource_arns(shop(&world).await).tags(tag("k", &"v".repeat(257))).send().await;
    /// B.2; API Tag: the pattern
    a_tag_has_letters_digits_spaces_and_some_signs => "ValidationError: 1 validation error detected: Value 'a#b'",
        |world| world.elb.add_tags().resource_arns(shop(&world).await).tags(tag("k", "a#b")).send().await;
    /// B.2
    tag_keys_that_begin_with_aws_are_awss => "ValidationError: Tag key 'aws:owner' is not valid",
        |world| world.elb.add_tags().resource_arns(shop(&world).await).tags(tag("aws:owner", "v")).send().await;
    /// API AddTags: DuplicateTagKeys
    a_tag_key_is_given_once => "DuplicateTagKeys: ",
        |world| world.elb.add_tags().resource_arns(shop(&world).await).tags(tag("k", "1")).tags(tag("k", "2")).send().await;
    /// B.3; API DescribeTags
    tags_of_20_resources_are_described => "ValidationError: 1 validation error detected: ", |world| {
        let shop = shop(&world).await;
        world.elb.describe_tags().set_resource_arns(Some(vec![shop.clone(); 20])).send().await.expect("20");
        world.elb.describe_tags().set_resource_arns(Some(vec![shop; 21])).send().await
    };
    /// B.8; API DescribeTags: LoadBalancerNotFound
    one_missing_resource_fails_the_call => "LoadBalancerNotFound: ", |world| {
        let shop = shop(&world).await;
        world.elb.describe_tags().resource_arns(&shop).resource_arns(format!("{shop}0")).send().await
    };
    /// B.8; API AddTags: TrustStoreNotFound
    tags_are_given_to_what_exists => "TrustStoreNotFound: ", |world| {
        let arn = "arn:aws:elasticloadbalancing:us-west-2:111122223333:truststore/clients/1";
        world.elb.add_tags().resource_arns(arn).tags(tag("k", "v")).send().await
    };
}
