//! Every constraint of these services, a row each: what AWS refuses, and where it says so.

use northgate_simulator::Service;
use serde_json::{Value, json};

use super::world::{ACL, ISSUED, NETWORK, World};

/// A sentence, its source, the request, and how the refusal begins.
type Row = (&'static str, &'static str, Service, &'static str, Value, &'static str);

fn tags(count: usize) -> Value {
    (0..count).map(|at| json!({ "Key": format!("k{at}"), "Value": "" })).collect()
}

fn tag_map(count: usize) -> Value {
    (0..count).map(|at| (format!("k{at}"), json!("v"))).collect()
}

fn certificates() -> Vec<Row> {
    let of = |extra: Value| {
        let mut params = json!({ "CertificateArn": ISSUED });
        params.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        params
    };
    let names = |count: usize| (0..count).map(|at| format!("n{at}.example.com")).collect::<Vec<_>>();
    let (acm, validation) = (Service::Acm, "ValidationException: 1 validation error detected: ");
    vec![
        (
            "an ARN has at least 20 characters",
            "ACM API, Arn",
            acm,
            "DescribeCertificate",
            json!({ "CertificateArn": "arn:aws:acm" }),
            validation,
        ),
        (
            "an ARN is one of a certificate",
            "ACM API, Arn",
            acm,
            "DescribeCertificate",
            json!({ "CertificateArn": "arn:aws:iam::111122223333:server-certificate/x" }),
            validation,
        ),
        ("an ARN has to be given", "ACM API, DescribeCertificate", acm, "DescribeCertificate", json!({}), validation),
        (
            "a page has at most 1000 items",
            "ACM API, ListCertificates MaxItems",
            acm,
            "ListCertificates",
            json!({ "MaxItems": 1001 }),
            validation,
        ),
        (
            "a page has at least one item",
            "ACM API, ListCertificates MaxItems",
            acm,
            "ListCertificates",
            json!({ "MaxItems": 0 }),
            validation,
        ),
        (
            "a status is one of seven",
            "ACM API, CertificateStatuses",
            acm,
            "ListCertificates",
            json!({ "CertificateStatuses": ["VALID"] }),
            validation,
        ),
        (
            "a key type is one of seven",
            "ACM API, Filters keyTypes",
            acm,
            "ListCertificates",
            json!({ "Includes": { "keyTypes": ["RSA_512"] } }),
            validation,
        ),
        (
            "sorting needs an order",
            "ACM API, ListCertificates SortOrder",
            acm,
            "ListCertificates",
            json!({ "SortBy": "CREATED_AT" }),
            "InvalidArgsException: ",
        ),
        (
            "a token is one that was given out",
            "ACM API, ListCertificates NextToken",
            acm,
            "ListCertificates",
            json!({ "NextToken": "x" }),
            "ValidationException: ",
        ),
        (
            "a domain name has two labels",
            "ACM API, DomainNameString",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "localhost" }),
            validation,
        ),
        (
            "a label does not begin with a hyphen",
            "ACM API, DomainNameString",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "-a.example.com" }),
            validation,
        ),
        (
            "a star is a whole first label",
            "ACM API, DomainNameString",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "a*.example.com" }),
            validation,
        ),
        (
            "a certificate has at most ten names",
            "ACM quotas",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "example.com", "SubjectAlternativeNames": names(10) }),
            "LimitExceededException: ",
        ),
        (
            "a request has at most 100 further names",
            "ACM API, SubjectAlternativeNames",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "example.com", "SubjectAlternativeNames": names(101) }),
            validation,
        ),
        (
            "an idempotency token has at most 32 characters",
            "ACM API, IdempotencyToken",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "example.com", "IdempotencyToken": "x".repeat(33) }),
            validation,
        ),
        (
            "Amazon issues no certificates with RSA_4096",
            "ACM API, KeyAlgorithm",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "example.com", "KeyAlgorithm": "RSA_4096" }),
            "ValidationException: ",
        ),
        (
            "a validation domain is the name or above it",
            "ACM API, DomainValidationOption",
            acm,
            "RequestCertificate",
            json!({ "DomainName": "a.example.com", "DomainValidationOptions": [{ "DomainName": "a.example.com", "ValidationDomain": "other.com" }] }),
            "InvalidDomainValidationOptionsException: ",
        ),
        (
            "a call adds at most 50 tags",
            "ACM API, TagList",
            acm,
            "AddTagsToCertificate",
            of(json!({ "Tags": tags(51) })),
            validation,
        ),
        (
            "a certificate has at most 50 tags",
            "ACM API, TooManyTagsException",
            acm,
            "AddTagsToCertificate",
            of(json!({ "Tags": tags(50) })),
            "TooManyTagsException: ",
        ),
        (
            "a key begins not with aws:",
            "ACM API, InvalidTagException",
            acm,
            "AddTagsToCertificate",
            of(json!({ "Tags": [{ "Key": "aws:x" }] })),
            "InvalidTagException: ",
        ),
        (
            "a key has at most 128 characters",
            "ACM API, TagKey",
            acm,
            "AddTagsToCertificate",
            of(json!({ "Tags": [{ "Key": "k".repeat(129) }] })),
            validation,
        ),
        (
            "a value has no braces",
            "ACM API, TagValue",
            acm,
            "AddTagsToCertificate",
            of(json!({ "Tags": [{ "Key": "k", "Value": "{}" }] })),
            validation,
        ),
    ]
}

fn tagging() -> Vec<Row> {
    let (rgt, invalid) = (Service::ResourceGroupsTagging, "InvalidParameterException: ");
    let arns = |count: usize| (0..count).map(|at| format!("arn:aws:ec2:us-west-2:1:vpc/v{at}")).collect::<Vec<_>>();
    let filters = |count: usize| (0..count).map(|at| json!({ "Key": format!("k{at}") })).collect::<Vec<_>>();
    let values = |count: usize| (0..count).map(|at| format!("v{at}")).collect::<Vec<_>>();
    vec![
        ("a page has at most 100 resources", "B.3", rgt, "GetResources", json!({ "ResourcesPerPage": 101 }), invalid),
        (
            "a page has at least one resource",
            "RGT API, ResourcesPerPage",
            rgt,
            "GetResources",
            json!({ "ResourcesPerPage": 0 }),
            invalid,
        ),
        (
            "a page has at least 100 tags",
            "RGT API, TagsPerPage",
            rgt,
            "GetResources",
            json!({ "TagsPerPage": 99 }),
            invalid,
        ),
        (
            "a page has at most 500 tags",
            "RGT API, TagsPerPage",
            rgt,
            "GetResources",
            json!({ "TagsPerPage": 501 }),
            invalid,
        ),
        ("there are at most 50 filters", "B.3", rgt, "GetResources", json!({ "TagFilters": filters(51) }), invalid),
        (
            "a filter has at most 20 values",
            "B.3",
            rgt,
            "GetResources",
            json!({ "TagFilters": [{ "Key": "k", "Values": values(21) }] }),
            invalid,
        ),
        (
            "at most 100 resources are asked for by ARN",
            "B.3",
            rgt,
            "GetResources",
            json!({ "ResourceARNList": arns(101) }),
            invalid,
        ),
        (
            "ARNs and filters exclude each other",
            "RGT API, ResourceARNList",
            rgt,
            "GetResources",
            json!({ "ResourceARNList": arns(1), "TagFilters": filters(1) }),
            invalid,
        ),
        (
            "excluding the compliant needs their details",
            "RGT API, ExcludeCompliantResources",
            rgt,
            "GetResources",
            json!({ "ExcludeCompliantResources": true }),
            invalid,
        ),
        (
            "a token is one that was given out",
            "RGT API, PaginationToken",
            rgt,
            "GetResources",
            json!({ "PaginationToken": "x" }),
            invalid,
        ),
        (
            "at most 20 resources are tagged at once",
            "B.3",
            rgt,
            "TagResources",
            json!({ "ResourceARNList": arns(21), "Tags": tag_map(1) }),
            invalid,
        ),
        (
            "at most 50 tags are put on at once",
            "RGT API, TagMap",
            rgt,
            "TagResources",
            json!({ "ResourceARNList": arns(1), "Tags": tag_map(51) }),
            invalid,
        ),
        (
            "at most 50 keys are taken off at once",
            "RGT API, TagKeyListForUntag",
            rgt,
            "UntagResources",
            json!({ "ResourceARNList": arns(1), "TagKeys": values(51) }),
            invalid,
        ),
    ]
}

fn firewalls() -> Vec<Row> {
    let (waf, classic) = (Service::Wafv2, Service::WafRegional);
    let (validation, invalid) = ("ValidationException: ", "WAFInvalidParameterException: ");
    let application = NETWORK.replace("/net/", "/app/");
    vec![
        ("a scope has to be given", "WAFV2 API, ListWebACLs", waf, "ListWebACLs", json!({}), validation),
        ("a scope is one of two", "WAFV2 API, Scope", waf, "ListWebACLs", json!({ "Scope": "GLOBAL" }), validation),
        (
            "a page has at most 100 web ACLs",
            "WAFV2 API, Limit",
            waf,
            "ListWebACLs",
            json!({ "Scope": "REGIONAL", "Limit": 101 }),
            validation,
        ),
        (
            "CloudFront's web ACLs are in us-east-1",
            "WAFV2 API, Scope",
            waf,
            "ListWebACLs",
            json!({ "Scope": "CLOUDFRONT" }),
            invalid,
        ),
        ("a web ACL is named in one way", "WAFV2 API, GetWebACL", waf, "GetWebACL", json!({ "Name": "web" }), invalid),
        (
            "an id is a UUID",
            "WAFV2 API, EntityId",
            waf,
            "GetWebACL",
            json!({ "Name": "web", "Scope": "REGIONAL", "Id": "1" }),
            validation,
        ),
        (
            "an ARN has at least 20 characters",
            "WAFV2 API, ResourceArn",
            waf,
            "GetWebACLForResource",
            json!({ "ResourceArn": "arn:aws" }),
            validation,
        ),
        (
            "a resource has to exist",
            "WAFV2 API, WAFNonexistentItemException",
            waf,
            "GetWebACLForResource",
            json!({ "ResourceArn": application }),
            "WAFNonexistentItemException: ",
        ),
        (
            "no web ACL stands before a network load balancer",
            "WAFV2 API, AssociateWebACL",
            waf,
            "AssociateWebACL",
            json!({ "WebACLArn": ACL, "ResourceArn": NETWORK }),
            invalid,
        ),
        (
            "a web ACL has to exist",
            "WAFV2 API, WAFNonexistentItemException",
            waf,
            "ListResourcesForWebACL",
            json!({ "WebACLArn": ACL.replace("/web/", "/x/") }),
            "WAFNonexistentItemException: ",
        ),
        (
            "a classic page has at most 100 web ACLs",
            "WAF Regional API, Limit",
            classic,
            "ListWebACLs",
            json!({ "Limit": 101 }),
            validation,
        ),
        (
            "a classic web ACL stands before no network load balancer",
            "WAF Regional API",
            classic,
            "AssociateWebACL",
            json!({ "WebACLId": "classic-1", "ResourceArn": NETWORK }),
            invalid,
        ),
        (
            "a classic association needs a resource that exists",
            "WAF Regional API",
            classic,
            "AssociateWebACL",
            json!({ "WebACLId": "classic-1", "ResourceArn": application }),
            "WAFNonexistentItemException: ",
        ),
    ]
}

fn protections() -> Vec<Row> {
    let (shield, validation) = (Service::Shield, "ValidationException: ");
    let create = |name: &str, arn: &str| json!({ "Name": name, "ResourceArn": arn });
    vec![
        (
            "a protection has a name",
            "Shield API, CreateProtection",
            shield,
            "CreateProtection",
            json!({ "ResourceArn": NETWORK }),
            validation,
        ),
        (
            "a name has at most 128 characters",
            "Shield API, ProtectionName",
            shield,
            "CreateProtection",
            create(&"n".repeat(129), NETWORK),
            validation,
        ),
        (
            "a name has no slash",
            "Shield API, ProtectionName",
            shield,
            "CreateProtection",
            create("a/b", NETWORK),
            validation,
        ),
        (
            "a network load balancer is not protected",
            "Shield API, InvalidResourceException",
            shield,
            "CreateProtection",
            create("web", NETWORK),
            "InvalidResourceException: ",
        ),
        (
            "a resource has to exist",
            "Shield API, InvalidResourceException",
            shield,
            "CreateProtection",
            create("web", &NETWORK.replace("/net/", "/app/")),
            "InvalidResourceException: ",
        ),
        (
            "only some kinds can be protected",
            "Shield API, CreateProtection",
            shield,
            "CreateProtection",
            create("web", "arn:aws:s3:::bucket"),
            "InvalidResourceException: ",
        ),
        (
            "a protection id has 36 characters",
            "Shield API, ProtectionId",
            shield,
            "DescribeProtection",
            json!({ "ProtectionId": "1" }),
            validation,
        ),
        (
            "a protection is named in one way",
            "Shield API, DescribeProtection",
            shield,
            "DescribeProtection",
            json!({}),
            "InvalidParameterException: ",
        ),
        (
            "a protection has to exist",
            "Shield API, ResourceNotFoundException",
            shield,
            "DescribeProtection",
            json!({ "ResourceArn": NETWORK }),
            "ResourceNotFoundException: ",
        ),
        (
            "what is deleted has to exist",
            "Shield API, ResourceNotFoundException",
            shield,
            "DeleteProtection",
            json!({ "ProtectionId": "0".repeat(36) }),
            "ResourceNotFoundException: ",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_refused_and_changes_nothing() {
    let rows: Vec<Row> = [certificates(), tagging(), firewalls(), protections()].concat();
    for (sentence, source, service, action, params, expected) in rows {
        let world = World::new().await;
        let before = world.simulator.revision();
        let refused = world.json(service, action, params).await.expect_err(sentence);
        assert!(refused.starts_with(expected), "{sentence} ({source}): {refused}");
        assert_eq!(world.simulator.revision(), before, "{sentence}");
    }
}
