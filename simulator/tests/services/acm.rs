//! Certificates.

use northgate_simulator::Service;
use serde_json::{Value, json};

use super::world::{APPLICATION, ISSUED, LISTENER, USED, World, each, pass};

async fn names(world: &World, params: Value) -> Vec<String> {
    let listed = world.acm("ListCertificates", params).await.expect("a list");
    each(&listed["CertificateSummaryList"], "DomainName").into_iter().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn certificates_are_listed_by_key_type_status_and_usage() {
    let world = World::new().await;
    let all = json!(["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]);
    let rsa = ["example.com", "pending.example.com"];
    let cases = [
        ("RSA alone by default", json!({}), &rsa[..]),
        (
            "all kinds",
            json!({ "Includes": { "keyTypes": all } }),
            &["example.com", "ec.example.com", "pending.example.com", "used.example.com"],
        ),
        (
            "by status",
            json!({ "CertificateStatuses": ["ISSUED"], "Includes": { "keyTypes": all } }),
            &["example.com", "ec.example.com", "used.example.com"],
        ),
        (
            "by usage",
            json!({ "Includes": { "keyTypes": all, "keyUsage": ["DIGITAL_SIGNATURE"] } }),
            &["ec.example.com"],
        ),
        (
            "newest first",
            json!({ "SortBy": "CREATED_AT", "SortOrder": "DESCENDING" }),
            &["pending.example.com", "example.com"],
        ),
    ];
    for (how, params, expected) in cases {
        assert_eq!(names(&world, params).await, expected, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_together_are_the_whole_list_once() {
    let world = World::new().await;
    let first = world.acm("ListCertificates", json!({ "MaxItems": 1 })).await.unwrap();
    let token = first["NextToken"].as_str().expect("a second page");
    let second = world.acm("ListCertificates", json!({ "MaxItems": 1, "NextToken": token })).await.unwrap();
    let listed = |page: &Value| each(&page["CertificateSummaryList"], "DomainName").join(" ");
    assert_eq!((listed(&first), listed(&second)), ("example.com".to_owned(), "pending.example.com".to_owned()));
    assert_eq!(second.get("NextToken"), None);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_described_with_times_as_numbers() {
    let world = World::new().await;
    let described = world.acm("DescribeCertificate", json!({ "CertificateArn": ISSUED })).await.unwrap();
    let certificate = &described["Certificate"];
    assert_eq!((&certificate["Status"], &certificate["CreatedAt"]), (&json!("ISSUED"), &json!(1_767_225_600.0)));
    assert_eq!(certificate["SubjectAlternativeNames"], json!(["example.com", "*.example.com"]));
    pass(40 * 24 * 3600).await;
    let described = world.acm("DescribeCertificate", json!({ "CertificateArn": ISSUED })).await.unwrap();
    assert_eq!(described["Certificate"]["Status"], "EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn a_requested_certificate_is_issued_after_its_validation() {
    let world = World::new().await;
    let request = json!({
        "DomainName": "new.example.com", "SubjectAlternativeNames": ["www.example.com", "new.example.com"],
        "ValidationMethod": "DNS", "IdempotencyToken": "once", "Tags": [{ "Key": "team", "Value": "web" }],
    });
    let made = world.acm("RequestCertificate", request.clone()).await.unwrap();
    assert_eq!(world.acm("RequestCertificate", request).await.unwrap(), made, "the same token is the same request");
    let describe = || world.acm("DescribeCertificate", made.clone());
    let certificate = describe().await.unwrap()["Certificate"].take();
    assert_eq!(certificate["Status"], "PENDING_VALIDATION");
    assert_eq!(certificate["SubjectAlternativeNames"], json!(["new.example.com", "www.example.com"]));
    let validations = certificate["DomainValidationOptions"].as_array().unwrap();
    assert_eq!((validations.len(), &validations[0]["ResourceRecord"]["Type"]), (2, &json!("CNAME")));
    pass(2).await;
    let certificate = describe().await.unwrap()["Certificate"].take();
    assert_eq!((&certificate["Status"], &certificate["IssuedAt"]), (&json!("ISSUED"), &json!(1_769_860_802.0)));
    let tags = world.acm("ListTagsForCertificate", made).await.unwrap();
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "web" }]));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_nobody_uses_can_be_deleted_once() {
    let world = World::new().await;
    let of = json!({ "CertificateArn": ISSUED });
    world.acm("DeleteCertificate", of.clone()).await.unwrap();
    let refused = world.acm("DeleteCertificate", of).await.unwrap_err();
    assert_eq!(refused, format!("ResourceNotFoundException: Could not find certificate {ISSUED}."));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_a_listener_is_in_use_until_the_listener_goes() {
    let world = World::new().await;
    let of = json!({ "CertificateArn": USED });
    let described = world.acm("DescribeCertificate", of.clone()).await.unwrap();
    assert_eq!(described["Certificate"]["InUseBy"], json!([APPLICATION]));
    let refused = world.acm("DeleteCertificate", of.clone()).await.unwrap_err();
    assert_eq!(refused, format!("ResourceInUseException: Certificate {USED} in account 111122223333 is in use."));
    let delete = format!("Action=DeleteListener&Version=2015-12-01&ListenerArn={LISTENER}");
    world.query(Service::ElasticLoadBalancing, &delete).await.unwrap();
    world.acm("DeleteCertificate", of).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_listener_takes_a_certificate_that_is_issued() {
    let world = World::new().await;
    let pending = ISSUED.replace("000000000001", "000000000003");
    let server = "arn:aws:iam::111122223333:server-certificate/team/web".to_owned();
    let cases = [
        (ISSUED.to_owned(), None),
        (server, None),
        (pending, Some("<Code>UnsupportedCertificate</Code>")),
        (ISSUED.replace("us-west-2", "us-east-1"), Some("<Code>CertificateNotFound</Code>")),
    ];
    for (certificate, refusal) in cases {
        let add = format!(
            "Action=AddListenerCertificates&Version=2015-12-01&ListenerArn={LISTENER}&Certificates.member.1.CertificateArn={certificate}"
        );
        match (world.query(Service::ElasticLoadBalancing, &add).await, refusal) {
            (Ok(_), None) => {}
            (Err(refused), Some(refusal)) => assert!(refused.contains(refusal), "{certificate}: {refused}"),
            (outcome, _) => panic!("{certificate}: {outcome:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_overwritten_and_removed() {
    let world = World::new().await;
    let change = |tags: Value| json!({ "CertificateArn": ISSUED, "Tags": tags });
    let added = json!([{ "Key": "team", "Value": "data" }, { "Key": "new" }]);
    world.acm("AddTagsToCertificate", change(added)).await.unwrap();
    let removed = json!([{ "Key": "team", "Value": "another value" }, { "Key": "new" }]);
    world.acm("RemoveTagsFromCertificate", change(removed)).await.unwrap();
    let tags = world.acm("ListTagsForCertificate", json!({ "CertificateArn": ISSUED })).await.unwrap();
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "data" }]));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_refused_as_aws_refuses_it() {
    let world = World::new().await;
    let unknown = world.json(Service::Acm, "ExportCertificate", json!({})).await.unwrap_err();
    assert!(unknown.starts_with("InvalidAction: ") && unknown.contains("ExportCertificate"), "{unknown}");
    assert_eq!(world.simulator.violations().len(), 1, "it is noted as a request that AWS does not allow");
}

/// Certificates that have signed themselves, and their keys: made for these tests, and of use nowhere else.
const EC: (&str, &str) = (include_str!("keys/two.pem"), include_str!("keys/two.key"));
const RSA: (&str, &str) = (include_str!("keys/rsa.pem"), include_str!("keys/rsa.key"));

fn blob(text: &str) -> String {
    aws_smithy_types::base64::encode(text)
}

fn import((certificate, key): (&str, &str)) -> Value {
    json!({ "Certificate": blob(certificate), "PrivateKey": blob(key) })
}

#[tokio::test(start_paused = true)]
async fn an_imported_certificate_says_what_is_in_it() {
    let world = World::new().await;
    let cases = [
        (EC, "two.example.com", "EC_prime256v1", 1_795_298_867.0..1_795_999_999.0),
        (RSA, "rsa.example.com", "RSA_2048", 1_795_298_867.0..1_795_999_999.0),
    ];
    for (pair, name, algorithm, from) in cases {
        let mut request = import(pair);
        request["Tags"] = json!([{ "Key": "team", "Value": "web" }]);
        let made = world.acm("ImportCertificate", request).await.unwrap();
        let certificate = world.acm("DescribeCertificate", made.clone()).await.unwrap()["Certificate"].take();
        let expected = [("DomainName", name), ("KeyAlgorithm", algorithm), ("Type", "IMPORTED"), ("Status", "ISSUED")];
        for (member, value) in expected {
            assert_eq!(certificate[member], value, "{name}");
        }
        assert_eq!(certificate["SubjectAlternativeNames"], json!([name]));
        assert!(from.contains(&certificate["NotBefore"].as_f64().unwrap()), "{certificate}");
        assert!(certificate["NotAfter"].as_f64() > certificate["NotBefore"].as_f64(), "{certificate}");
        assert!(!certificate.to_string().contains("PRIVATE"), "the key is shown to nobody: {certificate}");
        let tags = world.acm("ListTagsForCertificate", made).await.unwrap();
        assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "web" }]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_imported_again_in_its_own_place() {
    let world = World::new().await;
    let made = world.acm("ImportCertificate", import(EC)).await.unwrap();
    let mut again = import(RSA);
    again["CertificateArn"] = made["CertificateArn"].clone();
    assert_eq!(world.acm("ImportCertificate", again.clone()).await.unwrap(), made);
    let described = world.acm("DescribeCertificate", made).await.unwrap();
    assert_eq!(described["Certificate"]["DomainName"], "rsa.example.com");
    again["CertificateArn"] = json!(ISSUED);
    let refused = world.acm("ImportCertificate", again).await.unwrap_err();
    assert!(refused.ends_with("was not imported"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_certificate_with_its_key_is_refused() {
    let world = World::new().await;
    let chain = format!("{}{}", EC.0, RSA.0);
    let cases = [
        (import((&chain, EC.1)), "The certificate field contains more than one certificate."),
        (import((EC.0, RSA.1)), "The private key cannot be used"),
        (import((EC.0, EC.0)), "The private key"),
        (import(("web", EC.1)), "The"),
        (json!({ "Certificate": "-", "PrivateKey": blob(EC.1) }), "The certificate is not in PEM format"),
        (json!({ "Certificate": blob(EC.0) }), ""),
    ];
    for (request, message) in cases {
        let refused = world.acm("ImportCertificate", request).await.unwrap_err();
        assert!(refused.starts_with(&format!("ValidationException: {message}")), "{message}: {refused}");
    }
}
