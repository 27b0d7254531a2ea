//! Answers of ACM in the shape that the AWS CLI prints for one certificate.

use aws_sdk_acm::operation as acm;
use aws_sdk_acm::types as of;
use aws_smithy_runtime_api::client::interceptors::context::Output;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use super::{Element, members, word};

/// The elements of an answer; `None`: it is of none of these operations.
pub(super) fn elements(output: &Output) -> Option<Vec<Element>> {
    if let Some(answer) = output.downcast_ref::<acm::list_certificates::ListCertificatesOutput>() {
        return Some(answer.certificate_summary_list().iter().filter_map(listed).collect());
    }
    let answer = output.downcast_ref::<acm::describe_certificate::DescribeCertificateOutput>()?;
    Some(answer.certificate().and_then(in_full).into_iter().collect())
}

fn listed(answer: &of::CertificateSummary) -> Option<Element> {
    let members = members([
        ("CertificateArn", json!(answer.certificate_arn)),
        ("DomainName", json!(answer.domain_name)),
        ("SubjectAlternativeNames", json!(answer.subject_alternative_name_summaries)),
        ("Status", word(answer.status().map(of::CertificateStatus::as_str))),
        ("Type", word(answer.r#type().map(of::CertificateType::as_str))),
        ("KeyAlgorithm", word(answer.key_algorithm().map(of::KeyAlgorithm::as_str))),
        ("NotBefore", time(answer.not_before())),
        ("NotAfter", time(answer.not_after())),
    ]);
    Some(Element { list: "certificates", id: answer.certificate_arn.clone()?, members })
}

fn in_full(answer: &of::CertificateDetail) -> Option<Element> {
    let members = members([
        ("CertificateArn", json!(answer.certificate_arn)),
        ("DomainName", json!(answer.domain_name)),
        ("SubjectAlternativeNames", json!(answer.subject_alternative_names)),
        ("CertificateAuthorityArn", json!(answer.certificate_authority_arn)),
        ("Status", word(answer.status().map(of::CertificateStatus::as_str))),
        ("Type", word(answer.r#type().map(of::CertificateType::as_str))),
        ("KeyAlgorithm", word(answer.key_algorithm().map(of::KeyAlgorithm::as_str))),
        ("NotBefore", time(answer.not_before())),
        ("NotAfter", time(answer.not_after())),
    ]);
    Some(Element { list: "certificates", id: answer.certificate_arn.clone()?, members })
}

fn time(time: Option<&DateTime>) -> Value {
    json!(time.and_then(|time| time.fmt(Format::DateTime).ok()))
}
