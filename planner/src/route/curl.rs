//! The command that sends a request, to be pasted into a shell.

use super::Request;
use crate::id::Protocol;

/// What stands for the host name of a load balancer that is not made yet.
pub(super) const ADDRESS: &str = "$ADDRESS";

/// The URL of a request that goes to a port.
pub(super) fn url(request: &Request, port: Option<u16>) -> String {
    let host = if request.host.is_empty() { ADDRESS } else { &request.host };
    format!("{}{}", origin(request, host, port), target(request))
}

/// The command. The load balancer is named beside the URL, so that host, port and TLS are those of the URL.
pub(super) fn command(request: &Request, port: Option<u16>, dns_name: Option<&str>) -> String {
    let mut words = vec!["curl".to_owned()];
    match request.method.as_str() {
        "GET" => {}
        "HEAD" => words.push("--head".to_owned()),
        other => words.push(format!("-X {}", quoted(other))),
    }
    words.extend(request.headers.iter().map(|(name, value)| match value.is_empty() {
        // With a colon curl would leave the header out.
        true => format!("-H {}", quoted(&format!("{name};"))),
        false => format!("-H {}", quoted(&format!("{name}: {value}"))),
    }));
    let target = target(request);
    if target.split('/').any(|segment| matches!(segment.split('?').next(), Some("." | ".."))) {
        words.push("--path-as-is".to_owned());
    }
    if target.contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    match dns_name {
        _ if request.host.is_empty() => {}
        Some(dns_name) if dns_name.eq_ignore_ascii_case(&request.host) => {}
        Some(dns_name) => words.push(format!("--connect-to ::{dns_name}:")),
        None => words.push(format!("--connect-to \"::{ADDRESS}:\"")),
    }
    words.push(match request.host.is_empty() {
        true => format!("{}{}", origin(request, &format!("\"{ADDRESS}\""), port), quoted(&target)),
        false => quoted(&format!("{}{target}", origin(request, &request.host, port))),
    });
    words.join(" ")
}

fn origin(request: &Request, host: &str, port: Option<u16>) -> String {
    let (scheme, usual) = match request.protocol {
        Protocol::Https | Protocol::Tls => ("https", 443),
        _ => ("http", 80),
    };
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}")
}

fn target(request: &Request) -> String {
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    format!("{}{query}", request.path)
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::tests::get;

    const DNS: &str = "web-1.us-west-2.elb.amazonaws.com";

    #[test]
    fn the_command_sends_the_request() {
        let https = |request: Request| Request { protocol: Protocol::Https, ..request };
        let queried = |request: Request, query: &str| Request { query: query.to_owned(), ..request };
        let with = |request: Request, method: &str, headers: &[(&str, &str)]| Request {
            method: method.to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..request
        };
        let plain = || get("a.example.com", "/x");
        for (request, port, dns_name, expected) in [
            (plain(), 80, Some(DNS), "curl --connect-to ::web-1.us-west-2.elb.amazonaws.com: http://a.example.com/x"),
            (
                https(plain()),
                8443,
                Some(DNS),
                "curl --connect-to ::web-1.us-west-2.elb.amazonaws.com: https://a.example.com:8443/x",
            ),
            (plain(), 80, None, r#"curl --connect-to "::$ADDRESS:" http://a.example.com/x"#),
            (get(DNS, "/"), 80, Some(DNS), "curl http://web-1.us-west-2.elb.amazonaws.com/"),
            (get("", "/a b"), 81, None, r#"curl http://"$ADDRESS":81'/a b'"#),
            (
                queried(get(DNS, "/../a"), "x[]=1&y='"),
                80,
                Some(DNS),
                r"curl --path-as-is --globoff 'http://web-1.us-west-2.elb.amazonaws.com/../a?x[]=1&y='\'''",
            ),
            (
                with(get(DNS, "/"), "POST", &[("X-Canary", "always"), ("X-None", "")]),
                80,
                Some(DNS),
                "curl -X POST -H 'X-Canary: always' -H 'X-None;' http://web-1.us-west-2.elb.amazonaws.com/",
            ),
            (with(get(DNS, "/"), "HEAD", &[]), 80, Some(DNS), "curl --head http://web-1.us-west-2.elb.amazonaws.com/"),
        ] {
            assert_eq!(command(&request, Some(port), dns_name), expected);
        }
    }
}
