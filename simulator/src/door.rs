//! How requests come in: who asks, of which service, from the headers of an AWS request.

mod control;
pub mod http;
pub(crate) mod sdk;

use crate::network::Scope;
use crate::sts;
use crate::wire::protocol::Protocol;
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
    /// AWS Certificate Manager, API version 2015-12-08.
    Acm,
    /// Identity and Access Management, API version 2010-05-08.
    Iam,
    /// Resource Groups Tagging, API version 2017-01-26.
    ResourceGroupsTagging,
    /// Shield, API version 2016-06-02.
    Shield,
    /// Security Token Service, API version 2011-06-15.
    Sts,
    /// WAF Regional (WAF Classic), API version 2016-11-28.
    WafRegional,
    /// WAFV2, API version 2019-07-29.
    Wafv2,
}

impl Service {
    const ALL: [Service; 9] = [
        Self::ElasticLoadBalancing,
        Self::Ec2,
        Self::Acm,
        Self::Iam,
        Self::ResourceGroupsTagging,
        Self::Shield,
        Self::Sts,
        Self::WafRegional,
        Self::Wafv2,
    ];

    /// The name of the service in a credential scope.
    pub fn name(self) -> &'static str {
        match self {
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::Ec2 => "ec2",
            Self::Acm => "acm",
            Self::Iam => "iam",
            Self::ResourceGroupsTagging => "tagging",
            Self::Shield => "shield",
            Self::Sts => "sts",
            Self::WafRegional => "waf-regional",
            Self::Wafv2 => "wafv2",
        }
    }

    pub(crate) fn protocol(self) -> Protocol {
        let query = |namespace| Protocol::Query(Dialect::AwsQuery { namespace });
        match self {
            Self::ElasticLoadBalancing => query("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"),
            Self::Ec2 => Protocol::Query(Dialect::Ec2),
            Self::Iam => query("https://iam.amazonaws.com/doc/2010-05-08/"),
            Self::Sts => query("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::Acm | Self::Shield | Self::WafRegional => Protocol::Json { message: "message" },
            Self::ResourceGroupsTagging | Self::Wafv2 => Protocol::Json { message: "Message" },
        }
    }
}

/// One AWS request, its caller known.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service that is asked.
    pub service: Service,
    /// The account and Region that are asked about.
    pub scope: Scope,
    /// What the header `X-Amz-Target` says: the action, for services that speak JSON.
    pub target: Option<String>,
    /// The session token of temporary credentials.
    pub session: Option<String>,
    /// The body: a form, or JSON.
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
    /// The code of a refusal in a JSON answer, for the header `x-amzn-errortype`.
    pub error_type: Option<String>,
}

impl Request {
    /// A request of a service that speaks AWS Query.
    pub fn query(service: Service, scope: Scope, body: Vec<u8>) -> Self {
        Self { service, scope, target: None, session: None, body }
    }

    /// A request of a service that speaks JSON.
    pub fn json(service: Service, scope: Scope, action: &str, body: Vec<u8>) -> Self {
        Self { target: Some(format!("{}.{action}", service.name())), ..Self::query(service, scope, body) }
    }

    /// Reads who asks what from an AWS request's headers.
    ///
    /// The account is the access key id when that is twelve digits, as LocalStack has it, or those digits in a key that
    /// this simulator's STS gave out; otherwise `000000000000`. Region and service are those of the credential scope.
    /// The headers `x-simulator-account` and `x-simulator-region` say otherwise. Signatures are not checked; the only
    /// request without one is AssumeRoleWithWebIdentity.
    ///
    /// # Errors
    /// A sentence, when the credential scope is missing or names a service that the simulator does not have.
    pub fn from_headers<'h>(header: impl Fn(&str) -> Option<&'h str>, body: Vec<u8>) -> Result<Self, String> {
        let owned = |name| header(name).map(str::to_owned);
        let (service, account, region) = match header("authorization") {
            Some(authorization) => signed(authorization)?,
            None if sts::is_unsigned(&body) => (Service::Sts, DEFAULT_ACCOUNT, DEFAULT_REGION),
            None => return Err("the request carries no Authorization header".to_owned()),
        };
        let scope = Scope {
            account: header("x-simulator-account").unwrap_or(account).to_owned(),
            region: header("x-simulator-region").unwrap_or(region).to_owned(),
        };
        let (target, session) = (owned("x-amz-target"), owned("x-amz-security-token"));
        Ok(Self { service, scope, target, session, body })
    }
}

/// Service, account and Region of a signed request.
fn signed(authorization: &str) -> Result<(Service, &str, &str), String> {
    let credential = CredentialScope::parse(authorization)
        .ok_or("the Authorization header carries no Credential=KEY/DATE/REGION/SERVICE/aws4_request")?;
    let named = |service: &&Service| service.name() == credential.service;
    let service = Service::ALL.iter().find(named).ok_or_else(|| {
        let known = Service::ALL.map(Service::name).join(", ");
        format!("the simulator has no service '{}'; it has {known}", credential.service)
    })?;
    let region = if credential.region.is_empty() { DEFAULT_REGION } else { credential.region };
    Ok((*service, account_of(credential.key), region))
}

/// The account that an access key is of.
fn account_of(key: &str) -> &str {
    let digits = key.strip_prefix(sts::KEY_PREFIX).unwrap_or(key);
    let is_account = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { digits } else { DEFAULT_ACCOUNT }
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
    fn keys_of_an_assumed_role_are_of_its_account() {
        let role = "AWS4-HMAC-SHA256 Credential=ASIA444455556666/20260131/eu-west-1/tagging/aws4_request, Signature=0";
        assert_eq!(
            caller(&[("authorization", role)]),
            Ok((Service::ResourceGroupsTagging, "444455556666/eu-west-1".to_owned()))
        );
        let header = |_: &str| None;
        let unsigned = b"Action=AssumeRoleWithWebIdentity&RoleArn=x".to_vec();
        assert_eq!(Request::from_headers(header, unsigned).unwrap().service, Service::Sts);
    }

    #[test]
    fn a_request_of_nobody_or_for_another_service_is_refused_with_a_sentence() {
        assert!(caller(&[]).unwrap_err().contains("no Authorization"));
        assert!(caller(&[("authorization", "Bearer x")]).unwrap_err().contains("Credential="));
        let s3 = "AWS4-HMAC-SHA256 Credential=a/20260131/us-west-2/s3/aws4_request";
        assert!(
            caller(&[("authorization", s3)]).unwrap_err().starts_with("the simulator has no service 's3'; it has ")
        );
    }
}
