//! What a person asks for, read: the address of a request, its method and its headers.

use std::collections::BTreeMap;

use northgate_planner::id::Protocol;

/// The address of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// As it was given.
    pub(super) given: String,
    /// HTTP or HTTPS, where it says.
    pub(super) protocol: Option<Protocol>,
    /// The host; empty: the load balancer's own.
    pub(super) host: String,
    /// The port, where it says.
    pub(super) port: Option<u16>,
    /// The path, with its first slash.
    pub(super) path: String,
    /// The query, without the question mark.
    pub(super) query: String,
}

/// Reads `[http://|https://]HOST[:PORT][/PATH][?QUERY]`, or `/PATH[?QUERY]`.
pub(super) fn parse(text: &str) -> Result<Address, String> {
    let (protocol, rest) = match text.split_once("://") {
        Some(("http", rest)) => (Some(Protocol::Http), rest),
        Some(("https", rest)) => (Some(Protocol::Https), rest),
        Some((other, _)) if !other.contains(['/', '?']) => {
            return Err(format!("{other}:// is no address of a load balancer; use http:// or https://"));
        }
        _ => (None, text),
    };
    // No client sends a fragment.
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let number = port.parse().ok().filter(|port| *port != 0);
            (host, Some(number.ok_or_else(|| format!("{port:?} is not a port"))?))
        }
        _ => (authority, None),
    };
    if host.contains(|c: char| c.is_whitespace() || c == '@') {
        return Err(format!("{host:?} is not a host; give HOST, HOST/PATH or https://HOST/PATH"));
    }
    if host.is_empty() && (protocol.is_some() || port.is_some() || !path.starts_with('/')) {
        return Err("there is no host; give HOST, HOST/PATH, https://HOST/PATH or /PATH".to_owned());
    }
    let path = if path.is_empty() { "/" } else { path };
    Ok(Address {
        given: text.to_owned(),
        protocol,
        host: host.to_owned(),
        port,
        path: path.to_owned(),
        query: query.to_owned(),
    })
}

/// Reads a method.
pub(super) fn method(text: &str) -> Result<String, String> {
    if is_token(text) { Ok(text.to_owned()) } else { Err("a method is a word such as GET or POST".to_owned()) }
}

/// Reads a header, `Name: value`.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is given as 'Name: value'")?;
    let (name, value) = (name.trim(), value.trim());
    if !is_token(name) {
        return Err(format!("{name:?} is no name of a header"));
    }
    if name.eq_ignore_ascii_case("host") {
        return Err("the host is the first argument, not a header".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// A token of RFC 9110.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The protocol and the port that a request comes by. A scheme stands for its usual port; without one HTTP comes before HTTPS,
/// as with curl.
pub(super) fn door(
    protocol: Option<Protocol>,
    port: Option<u16>,
    listeners: &BTreeMap<u16, Protocol>,
) -> (Protocol, Option<u16>) {
    let usual = |protocol| if protocol == Protocol::Https { 443 } else { 80 };
    let speaks = |wanted| listeners.values().any(|speaks| *speaks == wanted);
    match (protocol, port) {
        (Some(protocol), port) => (protocol, Some(port.unwrap_or_else(|| usual(protocol)))),
        (None, Some(port)) => {
            let is_https = listeners.get(&port) == Some(&Protocol::Https);
            (if is_https { Protocol::Https } else { Protocol::Http }, Some(port))
        }
        (None, None) if !speaks(Protocol::Http) && speaks(Protocol::Https) => (Protocol::Https, None),
        (None, None) => (Protocol::Http, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_browsers_and_curl_read_them() {
        use Protocol::{Http, Https};
        for (text, protocol, host, port, path, query) in [
            ("a.example.com", None, "a.example.com", None, "/", ""),
            ("a.example.com/x/y?q=1&r", None, "a.example.com", None, "/x/y", "q=1&r"),
            ("a.example.com?q=/x", None, "a.example.com", None, "/", "q=/x"),
            ("a.example.com:8080/x", None, "a.example.com", Some(8080), "/x", ""),
            ("http://a.example.com", Some(Http), "a.example.com", None, "/", ""),
            ("https://a.example.com:8443/x?#top", Some(Https), "a.example.com", Some(8443), "/x", ""),
            ("a.example.com/go?to=http://b", None, "a.example.com", None, "/go", "to=http://b"),
            ("[2001:db8::1]:81/x", None, "[2001:db8::1]", Some(81), "/x", ""),
            ("/svc1.html", None, "", None, "/svc1.html", ""),
        ] {
            let (host, path, query) = (host.to_owned(), path.to_owned(), query.to_owned());
            let expected = Address { given: text.to_owned(), protocol, host, port, path, query };
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for (text, wrong) in [
            ("ftp://a", "use http:// or https://"),
            ("a:0", "is not a port"),
            ("a:http/x", "is not a port"),
            ("", "there is no host"),
            ("https:///x", "there is no host"),
            ("me@a.example.com", "is not a host"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(wrong), "{text}: {error}");
        }
    }

    #[test]
    fn methods_and_headers_are_words() {
        assert_eq!(header("X-Canary:always ").unwrap(), ("X-Canary".to_owned(), "always".to_owned()));
        for (text, wrong) in [("X-Canary", "'Name: value'"), ("a b: c", "no name"), ("Host: a", "first argument")] {
            assert!(header(text).unwrap_err().contains(wrong), "{text}");
        }
        assert!(method("GET").is_ok() && method("a b").is_err());
    }
}
