//! A small client of AWS's Query services (ELBv2, EC2) and of ACM, for the tests' own reads and preparations.
//!
//! Not the SDK: `cargo xtask up` uses it too and should not wait for that to compile.

mod xml;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request};
use serde_json::Value;

use crate::Error;
use crate::account::Account;
use crate::http::Endpoint;

pub use xml::Element;

/// A service that speaks AWS Query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Elastic Load Balancing v2.
    Elbv2,
    /// EC2.
    Ec2,
}

impl Service {
    /// Its name in a credential scope, and in the plan's `call`.
    fn scope(self) -> &'static str {
        match self {
            Self::Elbv2 => "elasticloadbalancing",
            Self::Ec2 => "ec2",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Elbv2 => "2015-12-01",
            Self::Ec2 => "2016-11-15",
        }
    }
}

/// One account at one endpoint.
#[derive(Clone, Debug)]
pub struct Aws {
    endpoint: Endpoint,
    account: Account,
}

impl Aws {
    /// A client of `account` at `endpoint`.
    #[must_use]
    pub fn new(endpoint: Endpoint, account: Account) -> Self {
        Self { endpoint, account }
    }

    /// Where the calls go.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Calls an ELBv2 action. Parameters are written as on the wire: `Names.member.1`.
    pub async fn elbv2(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Element, Error> {
        self.call(Service::Elbv2, action, parameters).await
    }

    /// Calls an EC2 action. Parameters are written as on the wire: `Filter.1.Name`.
    pub async fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Element, Error> {
        self.call(Service::Ec2, action, parameters).await
    }

    /// Calls an action of ACM, which speaks JSON: the answer, or [`Error::Aws`].
    pub async fn acm(&self, action: &str, parameters: &Value) -> Result<Value, Error> {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("CertificateManager.{action}"))
            .header("authorization", self.account.authorization("acm"))
            .body(Full::from(parameters.to_string()))
            .expect("an action makes a request");
        let response = self.endpoint.send(request).await?;
        let text = String::from_utf8_lossy(response.body());
        let answer: Value = serde_json::from_str(&text).map_err(|error| Error::Unreadable {
            what: format!("the answer to {action} ({})", response.status()),
            reason: format!("{error}: {text}"),
        })?;
        if response.status().is_success() {
            return Ok(answer);
        }
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Err(Error::Aws { action: action.to_owned(), code: word("__type"), message: word("message") })
    }

    /// Calls an action: the root element of the answer, or [`Error::Aws`].
    pub async fn call(&self, service: Service, action: &str, parameters: &[(&str, &str)]) -> Result<Element, Error> {
        let form = form(service, action, parameters);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("authorization", self.account.authorization(service.scope()))
            .body(Full::from(Bytes::from(form)))
            .expect("a form makes a request");
        let response = self.endpoint.send(request).await?;
        let text = String::from_utf8_lossy(response.body());
        let root = Element::parse(&text).map_err(|reason| Error::Unreadable {
            what: format!("the answer to {action} ({})", response.status()),
            reason: format!("{reason}: {text}"),
        })?;
        if response.status().is_success() {
            return Ok(root);
        }
        let word = |name| root.find(name).map(Element::text).unwrap_or_default().to_owned();
        Err(Error::Aws { action: action.to_owned(), code: word("Code"), message: word("Message") })
    }
}

fn form(service: Service, action: &str, parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", service.version())
        .extend_pairs(parameters)
        .finish()
}
