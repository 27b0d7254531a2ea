//! Server certificates and service-linked roles.

use northgate_simulator::Service;

use super::world::World;

#[tokio::test(start_paused = true)]
async fn server_certificates_are_listed_by_path_and_read_by_name() {
    let world = World::new().await;
    let ask = |body: &'static str| world.query(Service::Iam, body);
    let all = ask("Action=ListServerCertificates&Version=2010-05-08").await.unwrap();
    assert!(
        all.starts_with("<ListServerCertificatesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"),
        "{all}"
    );
    assert!(all.contains("<ServerCertificateName>old</") && all.contains("<ServerCertificateName>web</"), "{all}");
    let some = ask("Action=ListServerCertificates&Version=2010-05-08&PathPrefix=/team").await.unwrap();
    assert!(!some.contains("<ServerCertificateName>old</") && some.contains("<ServerCertificateName>web</"), "{some}");
    let page = ask("Action=ListServerCertificates&Version=2010-05-08&MaxItems=1").await.unwrap();
    assert!(page.contains("<IsTruncated>true</") && page.contains("<Marker>"), "{page}");
    let one = ask("Action=GetServerCertificate&Version=2010-05-08&ServerCertificateName=web").await.unwrap();
    assert!(one.contains("<CertificateBody>") && one.contains("server-certificate/team/web</Arn>"), "{one}");
}

#[tokio::test(start_paused = true)]
async fn a_service_linked_role_is_made_once() {
    let world = World::new().await;
    let body = "Action=CreateServiceLinkedRole&Version=2010-05-08&AWSServiceName=elasticloadbalancing.amazonaws.com";
    let made = world.query(Service::Iam, body).await.unwrap();
    let arn = "arn:aws:iam::111122223333:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing";
    assert!(made.contains(&format!("<Arn>{arn}</Arn>")), "{made}");
    let refused = world.query(Service::Iam, body).await.unwrap_err();
    assert!(
        refused.contains("<Code>InvalidInput</Code>") && refused.contains("has been taken in this account"),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_iam_refuses() {
    let world = World::new().await;
    let rows = [
        (
            "a certificate has to exist (IAM API, NoSuchEntity)",
            "Action=GetServerCertificate&ServerCertificateName=x",
            "NoSuchEntity",
        ),
        (
            "a name has no slash (IAM API, serverCertificateNameType)",
            "Action=GetServerCertificate&ServerCertificateName=a/b",
            "ValidationError",
        ),
        (
            "a page has at most 1000 items (IAM API, maxItemsType)",
            "Action=ListServerCertificates&MaxItems=1001",
            "ValidationError",
        ),
        (
            "a path begins with a slash (IAM API, pathPrefixType)",
            "Action=ListServerCertificates&PathPrefix=team",
            "ValidationError",
        ),
        (
            "a service has to be one with such roles (IAM API, AccessDenied)",
            "Action=CreateServiceLinkedRole&AWSServiceName=x.amazonaws.com",
            "AccessDenied",
        ),
        (
            "a suffix has at most 64 characters (IAM API, customSuffixType)",
            "Action=CreateServiceLinkedRole&AWSServiceName=elasticloadbalancing.amazonaws.com&CustomSuffix=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ValidationError",
        ),
    ];
    for (sentence, body, code) in rows {
        let refused = world.query(Service::Iam, body).await.expect_err(sentence);
        assert!(refused.contains(&format!("<Code>{code}</Code>")), "{sentence}: {refused}");
    }
}
