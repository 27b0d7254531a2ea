//! Answers as XML, in the two dialects of AWS Query.

use std::fmt::Write;

use quick_xml::escape::escape;
use serde_json::Value;

use super::ApiError;

/// How a service writes its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// awsQuery: the result in an element of its own, lists of `member`.
    AwsQuery {
        /// The service's XML namespace.
        namespace: &'static str,
    },
    /// ec2Query: the result beside the request id, lists of `item`.
    Ec2,
}

/// What AWS Query calls one entry of a map, which has a key and a value.
const MAP_ENTRY: &str = "entry";

impl Dialect {
    fn namespace(self) -> &'static str {
        match self {
            Self::AwsQuery { namespace } => namespace,
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        }
    }

    fn item(self) -> &'static str {
        match self {
            Self::AwsQuery { .. } => "member",
            Self::Ec2 => "item",
        }
    }
}

/// The answer to `action` whose result has `members`.
pub(crate) fn answer(dialect: Dialect, action: &str, members: &Value, request_id: &str) -> String {
    let namespace = dialect.namespace();
    let mut content = String::new();
    write_members(dialect, members, &mut content);
    match dialect {
        Dialect::AwsQuery { .. } => format!(
            "<{action}Response xmlns=\"{namespace}\"><{action}Result>{content}</{action}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
        ),
        Dialect::Ec2 => format!(
            "<{action}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>{content}</{action}Response>"
        ),
    }
}

/// The error document of a call.
pub(crate) fn error(dialect: Dialect, error: &ApiError, request_id: &str) -> String {
    let (code, message) = (escape(error.code.as_ref()), escape(error.message.as_str()));
    match dialect {
        Dialect::AwsQuery { .. } => {
            let namespace = dialect.namespace();
            let fault = if error.status < 500 { "Sender" } else { "Receiver" };
            format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            )
        }
        Dialect::Ec2 => format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>{request_id}</RequestID></Response>"
        ),
    }
}

fn write_members(dialect: Dialect, value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => write_text(flag, out),
        Value::Number(number) => write_text(number, out),
        Value::String(text) => out.push_str(&escape(text.as_str())),
        Value::Array(items) => items.iter().for_each(|item| write_element(dialect, dialect.item(), item, out)),
        Value::Object(members) => members.iter().for_each(|(name, member)| write_element(dialect, name, member, out)),
    }
}

/// An absent member is left out; an empty list is an empty element.
fn write_element(dialect: Dialect, name: &str, value: &Value, out: &mut String) {
    if value.is_null() {
        return;
    }
    // The entries of a map follow one another, without an element around them.
    if let (MAP_ENTRY, Value::Array(entries)) = (name, value) {
        entries.iter().for_each(|entry| write_element(dialect, name, entry, out));
        return;
    }
    write_text(format_args!("<{name}>"), out);
    write_members(dialect, value, out);
    write_text(format_args!("</{name}>"), out);
}

fn write_text(text: impl std::fmt::Display, out: &mut String) {
    write!(out, "{text}").expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ELB: Dialect = Dialect::AwsQuery { namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/" };

    #[test]
    fn each_dialect_writes_lists_and_request_ids_its_own_way() {
        let members = json!({ "Groups": [{ "Id": "a&b", "Port": 80, "Gone": null }], "None": [] });
        assert_eq!(
            answer(ELB, "Describe", &members, "r-1"),
            "<DescribeResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><DescribeResult>\
             <Groups><member><Id>a&amp;b</Id><Port>80</Port></member></Groups><None></None></DescribeResult>\
             <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DescribeResponse>"
        );
        assert_eq!(
            answer(Dialect::Ec2, "Describe", &members, "r-1"),
            "<DescribeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>\
             <Groups><item><Id>a&amp;b</Id><Port>80</Port></item></Groups><None></None></DescribeResponse>"
        );
    }

    #[test]
    fn a_map_is_written_as_its_entries() {
        let members = json!({ "Params": { "entry": [{ "key": "a", "value": "1" }, { "key": "b", "value": "2" }] } });
        let answer = answer(ELB, "Describe", &members, "r-1");
        let expected =
            "<Params><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Params>";
        assert!(answer.contains(expected), "{answer}");
    }

    #[test]
    fn errors_carry_code_message_and_request_id() {
        let refusal = ApiError::new("SubnetNotFound", "no <subnet>");
        assert_eq!(
            error(ELB, &refusal, "r-2"),
            "<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><Error><Type>Sender</Type>\
             <Code>SubnetNotFound</Code><Message>no &lt;subnet&gt;</Message></Error><RequestId>r-2</RequestId></ErrorResponse>"
        );
        assert_eq!(
            error(Dialect::Ec2, &refusal, "r-2"),
            "<Response><Errors><Error><Code>SubnetNotFound</Code><Message>no &lt;subnet&gt;</Message></Error></Errors>\
             <RequestID>r-2</RequestID></Response>"
        );
    }
}
