//! Where a redirect sends a client.

use super::{Request, Route};
use crate::model::Redirect;

/// The URL that a redirect sends a client to.
pub fn redirected(redirect: &Redirect, route: &Route<'_>, request: &Request) -> String {
    let Redirect { protocol, port, host, path, query, status_code: _ } = redirect.canonical();
    let own_port = route.port.to_string();
    let path_without_slash = request.path.strip_prefix('/').unwrap_or(&request.path);
    let filled = |part: Option<String>| {
        part.unwrap_or_default()
            .replace(Redirect::PROTOCOL, request.protocol.as_str())
            .replace(Redirect::PORT, &own_port)
            .replace(Redirect::HOST, &request.host)
            .replace("#{path}", path_without_slash)
            .replace(Redirect::QUERY, &request.query)
    };
    let (protocol, port, query) = (filled(protocol).to_lowercase(), filled(port), filled(query));
    let is_usual =
        (protocol.as_str(), port.as_str()) == ("http", "80") || (protocol.as_str(), port.as_str()) == ("https", "443");
    let port = if is_usual { String::new() } else { format!(":{port}") };
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{protocol}://{}{port}{}{query}", filled(host), filled(path))
}
