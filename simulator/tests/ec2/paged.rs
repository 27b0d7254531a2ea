//! Pages: `MaxResults` and tokens.

use super::world::{client, client_of, described, refusal};

#[tokio::test]
async fn pages_together_are_the_whole_list_once() {
    let subnets: String = (0..12).map(|n| format!("- {{SubnetId: subnet-{n:02}}}\n")).collect();
    let client = client_of(
        &described(&format!("accountId: '111122223333'\nregion: us-west-2\nvpcId: vpc-a\nsubnets:\n{subnets}")).await,
    );
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    let mut token = None;
    loop {
        let page = client.describe_subnets().max_results(5).set_next_token(token).send().await.unwrap();
        sizes.push(page.subnets().len());
        found.extend(page.subnets().iter().filter_map(|subnet| subnet.subnet_id().map(str::to_owned)));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [5, 5, 2]);
    assert_eq!(found, (0..12).map(|n| format!("subnet-{n:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn without_a_size_everything_is_one_page() {
    let client = client().await;
    let answer = client.describe_security_groups().send().await.unwrap();
    assert_eq!((answer.security_groups().len(), answer.next_token()), (5, None));
}

#[tokio::test]
async fn a_size_outside_of_5_to_1000_is_refused() {
    let client = client().await;
    for (size, taken) in [(4, false), (5, true), (1000, true), (1001, false)] {
        let answer = client.describe_network_interfaces().max_results(size).send().await;
        assert_eq!(answer.is_ok(), taken, "{size}");
    }
    let refused = refusal(client.describe_vpcs().max_results(4).send().await);
    assert!(refused.starts_with("InvalidParameterValue: Value ( 4 ) for parameter maxResults"), "{refused}");
}

#[tokio::test]
async fn a_token_that_was_not_handed_out_is_refused() {
    let refused = refusal(client().await.describe_vpcs().next_token("vpc-a").send().await);
    assert!(refused.starts_with("InvalidNextToken: "), "{refused}");
}

#[tokio::test]
async fn instances_are_asked_for_by_id_or_in_pages_but_not_both() {
    let refused = refusal(client().await.describe_instances().instance_ids("i-1").max_results(5).send().await);
    assert!(refused.starts_with("InvalidParameterCombination: "), "{refused}");
}
