//! Who asks, and roles in other accounts.

use northgate_simulator::{Request, Service};

use super::world::World;

fn between<'t>(text: &'t str, element: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<{element}>")).expect("the element");
    rest.split_once(&format!("</{element}>")).expect("its end").0
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_an_assumed_role_act_in_its_account() {
    let world = World::new().await;
    let body =
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::444455556666:role/path/reader&RoleSessionName=tests";
    let assumed = world.query(Service::Sts, body).await.unwrap();
    let (key, token) = (between(&assumed, "AccessKeyId"), between(&assumed, "SessionToken"));
    let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/20260131/us-west-2/sts/aws4_request, Signature=0");
    let header = |name: &str| match name {
        "authorization" => Some(authorization.as_str()),
        "x-amz-security-token" => Some(token),
        _ => None,
    };
    let request = Request::from_headers(header, b"Action=GetCallerIdentity&Version=2011-06-15".to_vec()).unwrap();
    let answer = String::from_utf8(world.simulator.handle(request).await.body).unwrap();
    assert_eq!(between(&answer, "Account"), "444455556666");
    assert_eq!(between(&answer, "Arn"), "arn:aws:sts::444455556666:assumed-role/reader/tests");
    assert_eq!(between(&assumed, "Expiration"), "2026-01-31T13:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_needs_no_signature() {
    let world = World::new().await;
    let body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::444455556666:role/r\
                &RoleSessionName=pod&WebIdentityToken=a.b.c&DurationSeconds=900";
    let request = Request::from_headers(|_| None, body.as_bytes().to_vec()).unwrap();
    let answer = String::from_utf8(world.simulator.handle(request).await.body).unwrap();
    assert_eq!(between(&answer, "AccessKeyId"), "ASIA444455556666");
    assert_eq!(between(&answer, "Expiration"), "2026-01-31T12:15:00Z");
}

#[tokio::test(start_paused = true)]
async fn without_a_role_the_account_itself_asks() {
    let world = World::new().await;
    let answer = world.query(Service::Sts, "Action=GetCallerIdentity&Version=2011-06-15").await.unwrap();
    assert_eq!(between(&answer, "Arn"), "arn:aws:iam::111122223333:root");
}

#[tokio::test(start_paused = true)]
async fn what_sts_refuses() {
    let world = World::new().await;
    let role = "RoleArn=arn:aws:iam::444455556666:role/r";
    let rows = [
        (
            "a session name has two characters (STS API, roleSessionNameType)",
            format!("Action=AssumeRole&{role}&RoleSessionName=x"),
            "ValidationError",
        ),
        (
            "a session name has no slash (STS API, roleSessionNameType)",
            format!("Action=AssumeRole&{role}&RoleSessionName=a/b"),
            "ValidationError",
        ),
        (
            "a session lasts 15 minutes at least (STS API, DurationSeconds)",
            format!("Action=AssumeRole&{role}&RoleSessionName=xx&DurationSeconds=899"),
            "ValidationError",
        ),
        (
            "a session lasts 12 hours at most (STS API, DurationSeconds)",
            format!("Action=AssumeRole&{role}&RoleSessionName=xx&DurationSeconds=43201"),
            "ValidationError",
        ),
        (
            "a role's ARN is one of a role (STS API, RoleArn)",
            "Action=AssumeRole&RoleArn=arn:aws:iam::444455556666:user/u&RoleSessionName=xx".to_owned(),
            "ValidationError",
        ),
        (
            "a key is there once (STS API, Tags)",
            format!(
                "Action=AssumeRole&{role}&RoleSessionName=xx&Tags.member.1.Key=a&Tags.member.1.Value=&Tags.member.2.Key=A&Tags.member.2.Value="
            ),
            "InvalidParameterValue",
        ),
        (
            "a web identity is a JWT (STS API, InvalidIdentityToken)",
            format!("Action=AssumeRoleWithWebIdentity&{role}&RoleSessionName=xx&WebIdentityToken=abcd"),
            "InvalidIdentityToken",
        ),
    ];
    for (sentence, body, code) in rows {
        let refused = world.query(Service::Sts, &body).await.expect_err(sentence);
        assert!(refused.contains(&format!("<Code>{code}</Code>")), "{sentence}: {refused}");
    }
}
