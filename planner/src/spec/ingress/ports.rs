//! The listeners that an Ingress asks for (`ingress-alb.md` §4.1, §6.1).

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::json::{self, Json};
use super::reading::Reading;
use crate::id::{CertificateArn, Protocol};
use crate::model::Pairs;
use crate::problem::Problem;
use crate::spec::annotation::ingress as annotation;

/// What one Ingress says of a listener.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerSettings {
    /// HTTP or HTTPS.
    pub protocol: Protocol,
    /// The certificates that are named; none: they are found by the Ingress's hosts. HTTPS only.
    pub certificates: Vec<CertificateArn>,
    /// The security policy. HTTPS only.
    pub ssl_policy: Option<String>,
    /// Who may reach it; never empty.
    pub inbound_cidrs: Option<Vec<IpNet>>,
    /// Prefix lists that may reach it; never empty.
    pub prefix_lists: Option<Vec<String>>,
    /// Its attributes.
    pub attributes: Pairs,
    /// Its attributes as the class says them; only those of the first member that listens on the port count.
    pub class_attributes: Pairs,
}

/// Reads them. What cannot be read is noted as a problem and left out.
pub(super) fn read(reading: &mut Reading<'_>) -> BTreeMap<u16, ListenerSettings> {
    let (certificates, are_named) = certificates(reading);
    let ssl_policy = ssl_policy(reading);
    let inbound_cidrs = inbound_cidrs(reading);
    let prefix_lists = prefix_lists(reading);
    let ports = listen_ports(reading, are_named);
    warn_of_plain_text(reading, &ports);
    let mut attributes = attributes(reading);
    let mut listeners = BTreeMap::new();
    for (port, protocol) in ports {
        let https = protocol == Protocol::Https;
        let settings = ListenerSettings {
            protocol,
            certificates: if https { certificates.clone() } else { Vec::new() },
            ssl_policy: ssl_policy.clone().filter(|_| https),
            inbound_cidrs: inbound_cidrs.clone(),
            prefix_lists: prefix_lists.clone(),
            attributes: attributes.remove(&format!("{protocol}-{port}")).unwrap_or_default(),
            class_attributes: class_attributes(reading, protocol, port),
        };
        listeners.insert(port, settings);
    }
    for listener in attributes.into_keys() {
        let field = format!("metadata.annotations[{}.{listener}]", annotation::LISTENER_ATTRIBUTES.key());
        reading.warn(
            Problem::general("the Ingress has no such listener; these attributes have no effect")
                .at(field)
                .hint(format!("name the port in {}", annotation::LISTEN_PORTS.key())),
        );
    }
    listeners
}

/// The certificates that are named, and whether any is. What is no ARN is told; AWS would say only that there is no such
/// certificate.
fn certificates(reading: &mut Reading<'_>) -> (Vec<CertificateArn>, bool) {
    let of_class = reading.class().certificate_arn.clone();
    let from_class = !of_class.is_empty();
    let arns = match from_class {
        true => of_class,
        false => reading.annotations.list(&annotation::CERTIFICATE_ARN).unwrap_or_default(),
    };
    let named = !arns.is_empty();
    let (arns, others): (Vec<_>, Vec<_>) = arns.into_iter().partition(|text| text.starts_with("arn:"));
    for text in &others {
        let hint = "write ARNs of certificates in ACM or IAM, such as arn:aws:acm:us-west-2:123456789012:certificate/…";
        match from_class {
            true => reading.refuse_class("certificateArn", text, "this is not an ARN", hint),
            false => {
                let message = format!("{text:?} is not an ARN");
                reading.annotations.refuse(&annotation::CERTIFICATE_ARN, message, Some(hint.to_owned()));
            }
        }
    }
    (arns.into_iter().map(CertificateArn::new).collect(), named)
}

/// AWS knows the names; what cannot be one is told.
fn ssl_policy(reading: &mut Reading<'_>) -> Option<String> {
    let of_class = reading.class().ssl_policy.clone().filter(|policy| !policy.is_empty());
    let from_class = of_class.is_some();
    let policy = of_class.or_else(|| reading.annotations.text(&annotation::SSL_POLICY))?;
    if !policy.is_empty() && !policy.contains(char::is_whitespace) {
        return Some(policy);
    }
    let (wrong, hint) =
        ("this is no name of a security policy", "write one such as ELBSecurityPolicy-TLS13-1-2-2021-06");
    match from_class {
        true => reading.refuse_class("sslPolicy", &policy, wrong, hint),
        false => reading.annotations.refuse(&annotation::SSL_POLICY, wrong, Some(hint.to_owned())),
    }
    None
}

const RANGES: &str = "write ranges such as 203.0.113.0/24 or 2001:db8::/32";

/// Host bits are allowed; EC2 takes the network.
fn inbound_cidrs(reading: &mut Reading<'_>) -> Option<Vec<IpNet>> {
    let of_class = reading.class().inbound_cidrs.clone();
    let from_class = !of_class.is_empty();
    let texts = match from_class {
        true => of_class,
        false => reading.annotations.list(&annotation::INBOUND_CIDRS).unwrap_or_default(),
    };
    let mut cidrs = Vec::new();
    for text in texts {
        match text.parse::<IpNet>() {
            Ok(cidr) => cidrs.push(cidr.trunc()),
            Err(_) if from_class => {
                reading.refuse_class("inboundCIDRs", &text, "this is not a CIDR range", RANGES);
            }
            Err(_) => reading.annotations.refuse(
                &annotation::INBOUND_CIDRS,
                format!("{text:?} is not a CIDR range"),
                Some(RANGES.to_owned()),
            ),
        }
    }
    cidrs.sort();
    cidrs.dedup();
    Some(cidrs).filter(|cidrs| !cidrs.is_empty())
}

/// The class's lists, in either spelling of its field, come before the annotation.
fn prefix_lists(reading: &mut Reading<'_>) -> Option<Vec<String>> {
    let class = reading.class();
    let fields = [("prefixListsIDs", &class.prefix_lists_ids), ("PrefixListsIDs", &class.legacy_prefix_lists_ids)];
    let of_class = fields.into_iter().find(|(_, lists)| !lists.is_empty());
    let lists = match of_class {
        Some((_, lists)) => lists.clone(),
        None => reading.annotations.list(&annotation::PREFIX_LISTS).unwrap_or_default(),
    };
    let (mut lists, others): (Vec<_>, Vec<_>) = lists.into_iter().partition(|id| id.starts_with("pl-"));
    for id in &others {
        let hint = "write ids of prefix lists, such as pl-0123456789abcdef0".to_owned();
        match of_class {
            Some((field, _)) => reading.refuse_class(field, id, "this is no id of a prefix list", hint),
            None => {
                let message = format!("{id:?} is no id of a prefix list");
                reading.annotations.refuse(&annotation::PREFIX_LISTS, message, Some(hint));
            }
        }
    }
    lists.sort();
    lists.dedup();
    Some(lists).filter(|lists| !lists.is_empty())
}

fn listen_ports(reading: &mut Reading<'_>, has_certificates: bool) -> BTreeMap<u16, Protocol> {
    let Some(text) = reading.annotations.text(&annotation::LISTEN_PORTS) else {
        return match has_certificates {
            true => BTreeMap::from([(443, Protocol::Https)]),
            false => BTreeMap::from([(80, Protocol::Http)]),
        };
    };
    match parse_listen_ports(&text) {
        Ok(ports) => ports,
        Err(message) => {
            reading.annotations.refuse(&annotation::LISTEN_PORTS, message, None);
            BTreeMap::new()
        }
    }
}

/// Of one port that is named twice the later one holds.
fn parse_listen_ports(text: &str) -> Result<BTreeMap<u16, Protocol>, String> {
    let entries = match json::parse(text)? {
        Json::List(entries) if !entries.is_empty() => entries,
        Json::List(_) | Json::Null => return Err("no port is named".to_owned()),
        other => return Err(format!("this must be a list of objects, not {}", other.kind())),
    };
    let mut ports = BTreeMap::new();
    for entry in entries {
        let members = match entry {
            Json::Object(members) => members,
            Json::Null => continue,
            other => return Err(format!("this must be a list of objects; one entry is {}", other.kind())),
        };
        for (protocol, port) in members {
            let protocol = match protocol.as_str() {
                "HTTP" => Protocol::Http,
                "HTTPS" => Protocol::Https,
                other => return Err(format!("{other:?} is none of HTTP, HTTPS")),
            };
            let port = match port {
                Json::Whole(port) => u16::try_from(port).ok().filter(|port| *port != 0),
                other => return Err(format!("a port is a whole number, not {}", other.kind())),
            };
            ports.insert(port.ok_or("a port is 1 to 65535")?, protocol);
        }
    }
    Ok(ports)
}

/// `spec.tls` alone makes no HTTPS listener (`ingress-alb.md` §13, 25).
fn warn_of_plain_text(reading: &mut Reading<'_>, ports: &BTreeMap<u16, Protocol>) {
    let has_tls = reading.spec.tls.as_ref().is_some_and(|tls| !tls.is_empty());
    if has_tls && !ports.values().any(|protocol| *protocol == Protocol::Https) {
        reading.warn(
            Problem::general("spec.tls is set, but the Ingress has no HTTPS listener: it is served in plain text")
                .at("spec.tls")
                .hint(format!("{}: '[{{\"HTTPS\": 443}}]'", annotation::LISTEN_PORTS.key())),
        );
    }
}

/// Attributes of listeners, by `<PROTOCOL>-<port>`.
fn attributes(reading: &mut Reading<'_>) -> BTreeMap<String, Pairs> {
    let mut attributes = BTreeMap::new();
    for (listener, value) in reading.annotations.family(&annotation::LISTENER_ATTRIBUTES) {
        match crate::spec::value::parse_string_map(value) {
            Ok(pairs) => _ = attributes.insert(listener.to_owned(), pairs),
            Err(message) => {
                reading.annotations.refuse_member(&annotation::LISTENER_ATTRIBUTES, listener, message, None);
            }
        }
    }
    attributes
}

fn class_attributes(reading: &Reading<'_>, protocol: Protocol, port: u16) -> Pairs {
    let is_it = |listener: &&crate::crd::ListenerAttributes| {
        listener.protocol.as_deref() == Some(protocol.as_str()) && listener.port == Some(i32::from(port))
    };
    let found = reading.class().listeners.iter().find(is_it);
    let attributes = found.iter().flat_map(|listener| &listener.listener_attributes);
    attributes.map(|attribute| (attribute.key.clone(), attribute.value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_ports_are_read_as_lbc_reads_them() {
        use Protocol::{Http, Https};
        for (text, ports) in [
            (r#"[{"HTTP":80}]"#, vec![(80, Http)]),
            (r#"[{"HTTP":80},{"HTTPS":443}]"#, vec![(80, Http), (443, Https)]),
            (r#"[{"HTTP":80,"HTTPS":8443}]"#, vec![(80, Http), (8443, Https)]),
            (r#"[{"HTTP":80},{"HTTPS":80}]"#, vec![(80, Https)]),
            ("[{}]", vec![]),
        ] {
            assert_eq!(parse_listen_ports(text), Ok(ports.into_iter().collect()), "{text}");
        }
        for (text, wrong) in [
            ("[]", "no port is named"),
            ("null", "no port is named"),
            (r#"{"HTTP":80}"#, "this must be a list of objects"),
            (r#"[{"http":80}]"#, "\"http\" is none of HTTP, HTTPS"),
            (r#"[{"HTTP":0}]"#, "a port is 1 to 65535"),
            (r#"[{"HTTP":65536}]"#, "a port is 1 to 65535"),
            (r#"[{"HTTP":"80"}]"#, "a port is a whole number, not a text"),
            ("[80]", "this must be a list of objects; one entry is a number"),
            ("HTTP:80", "this is not JSON"),
        ] {
            let error = parse_listen_ports(text).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
    }
}
