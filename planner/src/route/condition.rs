//! Whether a request meets a condition, as the user guide describes it ("Rule condition types").

use regex::RegexBuilder;

use super::Request;
use crate::model::{Condition, Patterns, pattern};

/// Whether a request meets a condition (user guide, "Rule condition types"): hosts, headers and queries in any case, paths
/// and methods as they are written.
pub fn is_met(condition: &Condition, request: &Request) -> bool {
    match condition {
        Condition::HostHeader(patterns) => {
            matches(patterns, &request.host.to_lowercase(), &str::to_lowercase, CaseCounts::No)
        }
        Condition::PathPattern(patterns) => {
            matches(patterns, &normalized(&request.path), &str::to_owned, CaseCounts::Yes)
        }
        Condition::HttpHeader { name, patterns } => {
            let named = request.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
            named
                .into_iter()
                .any(|(_, value)| matches(patterns, &value.to_lowercase(), &str::to_lowercase, CaseCounts::No))
        }
        Condition::HttpRequestMethod(methods) => methods.contains(&request.method),
        Condition::QueryString(parameters) => {
            let given = parameters_of(&request.query);
            parameters.iter().any(|wanted| {
                given.iter().any(|(key, value)| {
                    let fits = |pattern: &str, text: &str| {
                        pattern::matches_escaped(&pattern.to_lowercase(), &text.to_lowercase())
                    };
                    wanted.key.as_ref().is_none_or(|wanted| fits(wanted, key)) && fits(&wanted.value, value)
                })
            })
        }
        Condition::SourceIp(blocks) => {
            request.source.is_some_and(|source| blocks.iter().any(|block| block.contains(&source)))
        }
        Condition::Other(_) => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CaseCounts {
    Yes,
    No,
}

fn matches(patterns: &Patterns, text: &str, fold: &dyn Fn(&str) -> String, case: CaseCounts) -> bool {
    match patterns {
        Patterns::Values(values) => values.iter().any(|value| pattern::matches(&fold(value), text)),
        Patterns::Regex(expressions) => expressions.iter().any(|expression| {
            // AWS's dialect is the same but for what it refuses; one that is refused there matches nothing here.
            let built = RegexBuilder::new(expression).case_insensitive(case == CaseCounts::No).build();
            built.is_ok_and(|regex| regex.is_match(text))
        }),
    }
}

/// Keys and values as they stand; a key without a value has an empty one.
fn parameters_of(query: &str) -> Vec<(&str, &str)> {
    let given = query.split('&').filter(|parameter| !parameter.is_empty());
    given.map(|parameter| parameter.split_once('=').unwrap_or((parameter, ""))).collect()
}

/// The path that conditions look at: the user guide says that it is normalized before, and not how. Taken is the way of RFC
/// 3986: `.` and `..` are resolved, and letters, digits, `-`, `.`, `_` and `~` stand for themselves.
pub(super) fn normalized(path: &str) -> String {
    let plain = decoded(path);
    let mut kept: Vec<&str> = Vec::new();
    let segments = plain.strip_prefix('/').unwrap_or(&plain).split('/').collect::<Vec<_>>();
    for (place, segment) in segments.iter().enumerate() {
        match *segment {
            "." => {}
            ".." => _ = kept.pop(),
            other => kept.push(other),
        }
        let is_last = place + 1 == segments.len();
        if is_last && matches!(*segment, "." | "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// The path without the escapes that it does not need.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from);
        match code.filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')) {
            Some(c) => {
                plain.push(c);
                plain.push_str(&part[2..]);
            }
            None => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_look_at_the_path_as_it_is_meant() {
        for (path, expected) in [
            ("/", "/"),
            ("/a/b/", "/a/b/"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/../a", "/a"),
            ("/a/..", "/"),
            ("/a/b/.", "/a/b/"),
            ("//a", "//a"),
            ("/%61%2fb", "/a%2fb"),
            ("/%7Euser/%2E%2E/x", "/x"),
            ("/100%", "/100%"),
        ] {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }
}
