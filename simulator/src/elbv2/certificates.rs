//! What load balancing asks of ACM and IAM: whether a certificate exists and can be used.

use std::fmt;

use crate::network::Scope;
use crate::wire::ApiError;

/// The certificates of all accounts. Listeners ask it; another service's store answers.
pub(crate) trait Certificates: Send + Sync + fmt::Debug {
    /// What is known of the certificate with this ARN.
    fn certificate(&self, scope: &Scope, arn: &str) -> CertificateState;
}

/// Whether a listener can have a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateState {
    /// It can.
    Usable,
    /// It exists, but is not issued, or has expired.
    NotIssued,
    /// There is none with this ARN.
    Missing,
}

/// Takes every ARN of ACM or IAM for a certificate.
#[derive(Debug)]
pub(crate) struct AnyWellFormed;

impl Certificates for AnyWellFormed {
    fn certificate(&self, _scope: &Scope, arn: &str) -> CertificateState {
        let mut parts = arn.splitn(6, ':');
        let named = (parts.next(), parts.nth(1), parts.nth(2));
        let fits = match named {
            (Some("arn"), Some("acm"), Some(resource)) => resource.starts_with("certificate/"),
            (Some("arn"), Some("iam"), Some(resource)) => resource.starts_with("server-certificate/"),
            _ => false,
        };
        if fits { CertificateState::Usable } else { CertificateState::Missing }
    }
}

/// Refuses a certificate that a listener cannot have.
pub(super) fn check(certificates: &dyn Certificates, scope: &Scope, arn: &str) -> Result<(), ApiError> {
    match certificates.certificate(scope, arn) {
        CertificateState::Usable => Ok(()),
        CertificateState::Missing => {
            Err(ApiError::new("CertificateNotFound", format!("Certificate '{arn}' not found")))
        }
        CertificateState::NotIssued => Err(ApiError::new(
            "UnsupportedCertificate",
            format!(
                "The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a \
                 supported key size."
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_acm_and_iam_name_certificates_while_nobody_else_answers() {
        let scope = Scope { account: "111122223333".to_owned(), region: "us-west-2".to_owned() };
        let cases = [
            ("arn:aws:acm:us-west-2:111122223333:certificate/1", CertificateState::Usable),
            ("arn:aws:iam::111122223333:server-certificate/a/b", CertificateState::Usable),
            ("arn:aws:acm:us-west-2:111122223333:key/1", CertificateState::Missing),
            ("arn:aws:s3:::bucket", CertificateState::Missing),
            ("certificate/1", CertificateState::Missing),
        ];
        for (arn, expected) in cases {
            assert_eq!(AnyWellFormed.certificate(&scope, arn), expected, "{arn}");
        }
    }
}
