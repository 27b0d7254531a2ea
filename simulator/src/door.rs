//! How requests come in: who asks, of which service, from the headers of an AWS request.

mod control;
pub mod http;
pub(crate) mod sdk;

use crate::network::Scope;
use crate::wire::xml::Dialect;

/// The account of callers whose access key id is not an account id, as LocalStack has it.
const DEFAULT_ACCOUNT: &str = "000000000000";
const DEFAULT_REGION: &str = "us-east-1";

/// A service of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Elastic Load Balancing v2, API version 2015-12-01.
    ElasticLoadBalancing,
    /// EC2, API version 2016-11-15.
    Ec2,
}

impl Service {
    /// The name of the service in a credential scope.
    pub fn name(self) -> &'static str {
        match self {
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::Ec2 => "ec2",
        }
    }

    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::ElasticLoadBalancing => Dialect::Elbv2,
            Self::Ec2 => Dialect::Ec2,
        }
    }
}

/// One AWS Query request, its caller known.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service that is asked.
    pub service: Service,
    /// The account and Region that are asked about.
    pub scope: Scope,
    /// The form body.
    pub body: Vec<u8>,
}

/// What a door sends back.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The document.
    pub body: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
    /// The id of the AWS request, for the header `x-amzn-requestid`.
    pub request_id: Option<String>,
}

impl Request {
    /// Reads who asks what from an AWS request's headers.
    ///
    /// The account is the access key id when that is twelve digits, otherwise `000000000000`; Region and service are
    /// those of the credential scope. The headers `x-simulator-account` and `x-simulator-region` say otherwise.
    /// Signatures are not checked.
    ///
    /// # Errors
    /// A sentence, when the credential scope is missing or names a service that the simulator does not have.
    pub fn from_headers<'h>(header: impl Fn(&str) -> Option<&'h str>, body: Vec<u8>) -> Result<Self, String> {
        let authorization = header("authorization").ok_or("the request carries no Authorization header")?;
        let credential = CredentialScope::parse(authorization)
            .ok_or("the Authorization header carries no Credential=KEY/DATE/REGION/SERVICE/aws4_request")?;
        let service = match credential.service {
            "elasticloadbalancing" => Service::ElasticLoadBalancing,
            "ec2" => Service::Ec2,
            other => {
                return Err(format!("the simulator has elasticloadbalancing and ec2, not '{other}'"));
            }
        };
        let account = header("x-simulator-account").unwrap_or(if is_account_id(credential.key) {
            credential.key
        } else {
            DEFAULT_ACCOUNT
        });
        let region = header("x-simulator-region").unwrap_or(if credential.region.is_empty() {
            DEFAULT_REGION
        } else {
            credential.region
        });
        Ok(Self { service, scope: Scope { account: account.to_owned(), region: region.to_owned() }, body })
    }
}

struct CredentialScope<'a> {
    key: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> CredentialScope<'a> {
    fn parse(authorization: &'a str) -> Option<Self> {
        let (_, rest) = authorization.split_once("Credential=")?;
        let scope = rest.split([',', ' ']).next()?;
        let mut parts = scope.split('/');
        let (key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key, region, service })
    }
}

fn is_account_id(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(headers: &[(&str, &'static str)]) -> Result<(Service, String), String> {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Request::from_headers(header, Vec::new()).map(|request| (request.service, request.scope.to_string()))
    }

    #[test]
    fn the_credential_scope_says_who_asks_and_headers_overrule_it() {
        let twelve = "AWS4-HMAC-SHA256 Credential=111122223333/20260131/eu-west-1/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0";
        let other = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260131/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(
            caller(&[("authorization", twelve)]),
            Ok((Service::ElasticLoadBalancing, "111122223333/eu-west-1".to_owned()))
        );
        assert_eq!(caller(&[("authorization", other)]), Ok((Service::Ec2, "000000000000/us-west-2".to_owned())));
        let overruled =
            [("authorization", other), ("x-simulator-account", "444455556666"), ("x-simulator-region", "ap-south-1")];
        assert_eq!(caller(&overruled), Ok((Service::Ec2, "444455556666/ap-south-1".to_owned())));
    }

    #[test]
    fn a_request_of_nobody_or_for_another_service_is_refused_with_a_sentence() {
        assert!(caller(&[]).unwrap_err().contains("no Authorization"));
        assert!(caller(&[("authorization", "Bearer x")]).unwrap_err().contains("Credential="));
        let sts = "AWS4-HMAC-SHA256 Credential=a/20260131/us-west-2/sts/aws4_request";
        assert!(caller(&[("authorization", sts)]).unwrap_err().contains("not 'sts'"));
    }
}
