//! Certificates out of the SDK's types.

use aws_sdk_acm::types as acm;
use northgate_planner::facts::Certificate;
use northgate_planner::id::CertificateArn;

use super::Members;
use crate::aws::error::AwsError;

/// A certificate as ACM lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::aws) struct Listed {
    pub(in crate::aws) certificate: Certificate,
    /// Whether it has names that the list has no room for.
    pub(in crate::aws) has_more_names: bool,
}

/// A certificate of the list.
pub(in crate::aws) fn listed(answer: &acm::CertificateSummary) -> Result<Listed, AwsError> {
    let members = Members::with_id("certificate", "CertificateArn", answer.certificate_arn())?;
    let names = answer.subject_alternative_name_summaries();
    let more = answer.has_additional_subject_alternative_names() == Some(true);
    Ok(Listed {
        certificate: Certificate {
            arn: CertificateArn::new(members.resource),
            status: members.text("Status", answer.status().map(acm::CertificateStatus::as_str))?,
            domains: domains(answer.domain_name(), names),
            authority: None,
        },
        // An endpoint that lists no names at all does not know this part of the answer.
        has_more_names: more || names.is_empty(),
    })
}

/// A certificate with everything that there is to know.
pub(in crate::aws) fn in_full(answer: &acm::CertificateDetail) -> Result<Certificate, AwsError> {
    let members = Members::with_id("certificate", "CertificateArn", answer.certificate_arn())?;
    Ok(Certificate {
        arn: CertificateArn::new(members.resource),
        status: members.text("Status", answer.status().map(acm::CertificateStatus::as_str))?,
        domains: domains(answer.domain_name(), answer.subject_alternative_names()),
        authority: answer.certificate_authority_arn().map(str::to_owned),
    })
}

/// Every name. ACM has the first one among the others too.
fn domains(first: Option<&str>, names: &[String]) -> Vec<String> {
    match (first, names) {
        (Some(first), []) => vec![first.to_owned()],
        (_, names) => names.to_vec(),
    }
}
