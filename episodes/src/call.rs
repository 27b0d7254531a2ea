//! One call of the program to the world outside: what it is called in stories, and whether it changes anything.

use std::collections::BTreeMap;
use std::fmt;

/// Whom the program calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum System {
    /// The account.
    Aws,
    /// The API server.
    Kubernetes,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Whom.
    pub(crate) system: System,
    /// The operation: `elasticloadbalancing:CreateLoadBalancer`, `patch services/status`.
    pub(crate) operation: String,
    /// The members of a request to AWS, in its order.
    pub(crate) members: Vec<(String, String)>,
    /// The object of a request to the API server: `shop/web`, or a namespace.
    pub(crate) object: String,
    /// Whether it may change something.
    pub(crate) writes: bool,
}

impl Call {
    /// A call to AWS, from its service's name and its form body.
    pub(crate) fn aws(service: &str, body: &[u8]) -> Self {
        let (frame, members): (Vec<_>, Vec<_>) = form_urlencoded::parse(body)
            .into_owned()
            .partition(|(key, _)| matches!(key.as_str(), "Action" | "Version"));
        let action = frame.iter().find(|(key, _)| key == "Action").map_or("", |(_, value)| value);
        let reads = ["Describe", "Get", "List"].iter().any(|verb| action.starts_with(verb));
        let operation = format!("{service}:{action}");
        Self { system: System::Aws, operation, members, object: String::new(), writes: !reads }
    }

    /// A call to one of AWS's services that speak JSON, from its service's name and the target that it names.
    pub(crate) fn aws_json(service: &str, target: &str) -> Self {
        let action = target.rsplit('.').next().unwrap_or_default();
        let reads = ["Describe", "Get", "List"].iter().any(|verb| action.starts_with(verb));
        let operation = format!("{service}:{action}");
        Self { system: System::Aws, operation, members: Vec::new(), object: String::new(), writes: !reads }
    }

    /// The service of a call to AWS.
    pub(crate) fn service(&self) -> &str {
        self.operation.split_once(':').map_or("", |(service, _)| service)
    }

    /// The action of a call to AWS.
    pub(crate) fn action(&self) -> &str {
        self.operation.split_once(':').map_or("", |(_, action)| action)
    }

    /// A member of a request to AWS.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The members of a list of structures, element by element: `Targets.member.1.Id` of `Targets`.
    pub(crate) fn list(&self, name: &str) -> Vec<BTreeMap<&str, &str>> {
        let mut elements: BTreeMap<u32, BTreeMap<&str, &str>> = BTreeMap::new();
        for (key, value) in &self.members {
            let Some(rest) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else { continue };
            let rest = rest.strip_prefix("member.").unwrap_or(rest);
            let (index, field) = rest.split_once('.').unwrap_or((rest, ""));
            if let Ok(index) = index.parse() {
                elements.entry(index).or_default().insert(field, value);
            }
        }
        elements.into_values().collect()
    }

    /// A call to the API server, from its method and its path.
    pub(crate) fn kubernetes(method: &http::Method, uri: &http::Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let mut parts =
            uri.path().trim_start_matches('/').split('/').skip_while(|part| *part != "v1" && *part != "v1beta1");
        parts.next();
        let mut rest = parts.collect::<Vec<_>>();
        let namespace = if rest.first() == Some(&"namespaces") && rest.len() > 2 {
            rest.drain(..2).nth(1).unwrap_or_default()
        } else {
            ""
        };
        let (resource, name, subresource) =
            (rest.first().unwrap_or(&""), rest.get(1).unwrap_or(&""), rest.get(2).map(|sub| format!("/{sub}")));
        let verb = match *method {
            http::Method::GET if query.contains("watch=") => "watch",
            http::Method::GET if name.is_empty() => "list",
            http::Method::GET => "get",
            http::Method::POST => "create",
            http::Method::PUT => "update",
            http::Method::PATCH => "patch",
            http::Method::DELETE => "delete",
            _ => "other",
        };
        let separator = if namespace.is_empty() || name.is_empty() { "" } else { "/" };
        Self {
            system: System::Kubernetes,
            operation: format!("{verb} {resource}{}", subresource.unwrap_or_default()),
            members: Vec::new(),
            object: format!("{namespace}{separator}{name}"),
            writes: !matches!(verb, "watch" | "list" | "get"),
        }
    }

    /// Whether it is an event for people, or the look for another controller: nothing depends on it.
    pub(crate) fn is_aside(&self) -> bool {
        self.system == System::Kubernetes
            && (self.operation.ends_with(" events") || self.operation.ends_with(" leases"))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)?;
        if !self.object.is_empty() {
            write!(f, " {}", self.object)?;
        }
        self.members.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_to_aws_is_named_by_its_action_and_tells_its_members() {
        let call = Call::aws(
            "ec2",
            b"Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc%2D1",
        );
        assert_eq!(call.to_string(), "ec2:DescribeSubnets Filter.1.Name=vpc-id Filter.1.Value.1=vpc-1");
        assert!(!call.writes);
        assert!(Call::aws("ec2", b"Action=CreateSecurityGroup").writes);
    }

    #[test]
    fn a_call_to_the_api_server_is_named_by_verb_and_resource() {
        for (method, uri, told, writes) in [
            ("GET", "/api/v1/services?limit=500", "list services", false),
            ("GET", "/api/v1/services?watch=true&resourceVersion=5", "watch services", false),
            ("GET", "/api/v1/namespaces/shop/services/web", "get services shop/web", false),
            ("PATCH", "/api/v1/namespaces/shop/services/web/status?", "patch services/status shop/web", true),
            ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events", "create events shop", true),
            ("GET", "/api/v1/nodes/node-a", "get nodes node-a", false),
        ] {
            let call = Call::kubernetes(&method.parse().unwrap(), &uri.parse().unwrap());
            assert_eq!((call.to_string().as_str(), call.writes), (told, writes), "{uri}");
        }
    }
}
