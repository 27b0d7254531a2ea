//! One call, read from its request: which service, which action, with which parameters, by whom.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

/// A call in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its number since the proxy started, from 1.
    pub number: usize,
    /// When it arrived, counted from the proxy's start.
    pub at: Duration,
    /// When it was answered, counted likewise; none as long as it is not.
    pub answered: Option<Duration>,
    /// The access key id: the account, when that is 12 digits.
    pub account: String,
    /// The Region of the credential scope.
    pub region: String,
    /// The service of the credential scope: `elasticloadbalancing`, `ec2`, `acm`, …
    pub service: String,
    /// The action; for services without actions the method and path.
    pub action: String,
    /// The parameters: of a form `A.member.1.B=x` as `{"A": [{"B": "x"}]}`, every leaf a string; of JSON the document.
    pub params: Value,
    /// What the proxy did to it, in words; none when nothing.
    pub fault: Option<&'static str>,
    /// Whether it was sent on to AWS.
    pub sent: bool,
    /// The HTTP status of AWS's answer, or of the error the proxy made; none as long as there is none.
    pub status: Option<u16>,
    /// The error code of that answer.
    pub code: Option<String>,
    /// The request id of that answer.
    pub request_id: Option<String>,
}

impl Call {
    /// `ec2:CreateSecurityGroup`, as plans have it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }

    /// Whether the call changes something: every action but those named Describe…, Get… and List….
    #[must_use]
    pub fn is_write(&self) -> bool {
        !["Describe", "Get", "List", "GET "].iter().any(|reading| self.action.starts_with(reading))
    }

    /// Whether it was answered without an error.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    pub(super) fn read(parts: &Parts, body: &Bytes) -> Self {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (account, region, service) = credential_scope(header("authorization").unwrap_or_default());
        let (action, params) = match header("x-amz-target") {
            Some(target) => (
                target.rsplit('.').next().unwrap_or(target).to_owned(),
                serde_json::from_slice(body).unwrap_or_default(),
            ),
            None => from_form(body).unwrap_or_else(|| (format!("{} {}", parts.method, parts.uri), Value::Null)),
        };
        Self {
            number: 0,
            at: Duration::ZERO,
            answered: None,
            account,
            region,
            service,
            action,
            params,
            fault: None,
            sent: false,
            status: None,
            code: None,
            request_id: None,
        }
    }
}

/// Account, Region and service from `… Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
fn credential_scope(authorization: &str) -> (String, String, String) {
    let scope =
        authorization.split_once("Credential=").and_then(|(_, rest)| rest.split([',', ' ']).next()).unwrap_or_default();
    let mut parts = scope.split('/').map(str::to_owned);
    let account = parts.next().unwrap_or_default();
    let mut rest = parts.skip(1);
    let region = rest.next().unwrap_or_default();
    (account, region, rest.next().unwrap_or_default())
}

/// The action and the parameters of an AWS Query request; none when the body is not one.
fn from_form(body: &[u8]) -> Option<(String, Value)> {
    let mut root = Branch::default();
    for (name, value) in form_urlencoded::parse(body) {
        let mut branch = &mut root;
        for part in name.split('.') {
            branch = branch.children.entry(part.to_owned()).or_default();
        }
        branch.value = value.into_owned();
    }
    let action = root.children.remove("Action")?.value;
    root.children.remove("Version");
    let params = match root.into_value() {
        Value::String(_) => Value::Object(serde_json::Map::new()),
        params => params,
    };
    Some((action, params))
}

#[derive(Default)]
struct Branch {
    value: String,
    children: BTreeMap<String, Branch>,
}

impl Branch {
    fn into_value(mut self) -> Value {
        // ELBv2 writes lists as `A.member.1`, EC2 as `A.1`.
        if self.children.len() == 1
            && let Some(members) = self.children.remove("member")
        {
            return members.into_value();
        }
        if self.children.is_empty() {
            return Value::String(self.value);
        }
        let numbers: Option<Vec<usize>> = self.children.keys().map(|key| key.parse().ok()).collect();
        let Some(numbers) = numbers else {
            let fields = self.children.into_iter();
            return Value::Object(fields.map(|(key, child)| (key, child.into_value())).collect());
        };
        let mut members: Vec<_> = numbers.into_iter().zip(self.children.into_values()).collect();
        members.sort_by_key(|(number, _)| *number);
        members.into_iter().map(|(_, child)| child.into_value()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(headers: &[(&str, &str)], body: &str) -> Call {
        let mut request = hyper::Request::builder().method("POST").uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Call::read(&parts, &Bytes::copy_from_slice(body.as_bytes()))
    }

    fn scope(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=111122223333/20260131/us-west-2/{service}/aws4_request, SignedHeaders=host"
        )
    }

    #[test]
    fn elbv2_and_ec2_lists_become_arrays_in_order() {
        let members: String = (1..=11).map(|n| format!("&Names.member.{n}=n{n}")).collect();
        let body = format!("Action=DescribeLoadBalancers&Version=2015-12-01{members}");
        let elbv2 = call(&[("authorization", &scope("elasticloadbalancing"))], &body);
        assert_eq!(elbv2.name(), "elasticloadbalancing:DescribeLoadBalancers");
        assert_eq!((elbv2.account.as_str(), elbv2.region.as_str()), ("111122223333", "us-west-2"));
        assert_eq!(elbv2.params["Names"][9], "n10");
        assert!(!elbv2.is_write());

        let body = "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1\
                    &IpPermissions.1.FromPort=80&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0";
        let ec2 = call(&[("authorization", &scope("ec2"))], body);
        assert_eq!(
            ec2.params,
            json!({ "GroupId": "sg-1", "IpPermissions": [{ "FromPort": "80", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }] })
        );
        assert!(ec2.is_write());
    }

    #[test]
    fn other_protocols_are_named_by_their_target_or_path() {
        let json_rpc = call(
            &[("authorization", &scope("acm")), ("x-amz-target", "CertificateManager.ListCertificates")],
            r#"{"MaxItems": 5}"#,
        );
        assert_eq!((json_rpc.name().as_str(), &json_rpc.params["MaxItems"]), ("acm:ListCertificates", &json!(5)));
        let rest = call(&[("authorization", &scope("eks"))], "");
        assert_eq!((rest.action.as_str(), rest.is_write()), ("POST /", true));
    }

    #[test]
    fn a_call_without_parameters_has_an_empty_object() {
        assert_eq!(call(&[], "Action=DescribeVpcs&Version=2016-11-15").params, json!({}));
    }
}
