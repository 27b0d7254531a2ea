//! The way of a request as text for people.

use super::document::{Answer, Asked, Document, OpenPort, ServicePort, Share, TargetGroupOf, Targets, Way};
use super::{curl, document};
use crate::id::{Key, ObjectRef};
use crate::plan::{Page, object_title, problem_lines};

/// How many targets are named; the others are counted.
const TARGETS_SHOWN: usize = 4;

/// Renders a document.
pub fn render(document: &Document) -> String {
    let mut blocks = vec![request(&document.request)];
    blocks.extend(document.load_balancers.iter().map(way));
    let mut page = Page::default();
    if document.load_balancers.is_empty() {
        page.line("", 2, "No load balancer was found.");
    }
    if !document.others.is_empty() {
        let others = document.others.iter().map(title).collect::<Vec<_>>().join(", ");
        page.line("Any host that leads there is served too by: ", 2, &others);
    }
    blocks.push(page.finish());
    let mut page = Page::default();
    if !document.aside.is_empty() {
        page.line("", 0, "Ingresses that ask for such requests and do not get this one:");
    }
    for problem in &document.aside {
        problem_lines(&mut page, 2, "not served", problem, None);
    }
    blocks.push(page.finish());
    let mut page = Page::default();
    for problem in &document.problems {
        problem_lines(&mut page, 0, "problem", problem, None);
    }
    blocks.push(page.finish());
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n")
}

fn request(asked: &Asked) -> String {
    let Asked { method, address, headers, source_ip } = asked;
    let mut page = Page::default();
    let mut parts = vec![format!("{method} {address}")];
    parts.extend(headers.iter().map(|header| format!("with {header}")));
    parts.extend(source_ip.iter().map(|source| format!("from {source}")));
    page.line("", 2, &parts.join(", "));
    page.finish()
}

fn title(key: &Key) -> String {
    match key {
        Key::Stack(stack) => object_title(&stack.object()),
        Key::Cluster | Key::Rules(_) | Key::Binding(_) => key.to_string(),
    }
}

fn way(way: &Way) -> String {
    let mut page = Page::default();
    let there = way.dns_name.as_deref().unwrap_or("not made yet");
    page.line("", 2, &format!("{}: load balancer {}, {}, {there}", title(&way.key), way.name, way.scheme));
    let Some(listener) = &way.listener else {
        let listeners = way.listeners.iter().map(port).collect::<Vec<_>>().join(", ");
        let listeners = if listeners.is_empty() { "none".to_owned() } else { listeners };
        page.line("  no listener takes ", 4, &format!("{}; there are: {listeners}", way.url));
        return page.finish();
    };
    page.line("  listener ", 4, &format!("{}, for {}", port(listener), way.url));
    for document::PassedRule { priority, object, field, kept_for, not_met } in &way.passed {
        let origin = origin(object.as_ref(), field.as_deref(), kept_for);
        page.line("  - ", 6, &format!("rule {}:{priority}: not met: {not_met}{origin}", listener.port));
    }
    page.line("  > ", 6, &taken(way, listener));
    answer(&mut page, way);
    for warning in &way.warnings {
        problem_lines(&mut page, 2, "warning", warning, None);
    }
    // On one line, to be pasted.
    page.line("  ", 4, &way.curl.replace(' ', "\u{a0}"));
    if way.dns_name.is_none() {
        let name = curl::ADDRESS.trim_start_matches('$');
        page.line("    ", 6, &format!("{name} is the load balancer's host name, once it is made"));
    }
    page.finish()
}

fn port(port: &OpenPort) -> String {
    format!("{} {}", port.protocol, port.port)
}

fn taken(way: &Way, listener: &OpenPort) -> String {
    let origin = origin(way.object.as_ref(), way.field.as_deref(), &way.kept_for);
    match &way.rule {
        Some(rule) => {
            let conditions = rule.conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("rule {}:{}: {conditions}{origin}", listener.port, rule.priority)
        }
        None if way.is_answered() => format!("default action{origin}"),
        None => "default action: no rule takes it, and no Ingress has a default backend here".to_owned(),
    }
}

/// Who asks for something, in brackets.
fn origin(object: Option<&ObjectRef>, field: Option<&str>, kept_for: &[ObjectRef]) -> String {
    match (object, field) {
        (Some(object), Some(field)) => format!(" ({} {field})", object_title(object)),
        (Some(object), None) => format!(" ({})", object_title(object)),
        (None, _) if kept_for.is_empty() => String::new(),
        (None, _) => {
            let members = kept_for.iter().map(object_title).collect::<Vec<_>>().join(" or ");
            format!(" (kept as it is in AWS for {members})")
        }
    }
}

fn answer(page: &mut Page, way: &Way) {
    match &way.answer {
        None => {}
        Some(Answer::Forward { target_groups, sticky_seconds }) => {
            for share in target_groups {
                forward(page, share, target_groups.len() == 1);
            }
            if let Some(seconds) = sticky_seconds {
                page.line(
                    "    ",
                    6,
                    &format!("a client stays with the target group that it got for {seconds} seconds"),
                );
            }
        }
        Some(Answer::Redirect { status, location }) => {
            page.line("    ", 6, &format!("redirect {status} to {location}"));
        }
        Some(Answer::FixedResponse { status, content_type, body }) => {
            let content_type = content_type.as_ref().map(|text| format!(", {text}")).unwrap_or_default();
            let body = body.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
            page.line("    ", 6, &format!("fixed response {status}{content_type}{body}"));
        }
        Some(Answer::Other { action }) => page.line("    ", 6, action),
    }
}

fn forward(page: &mut Page, share: &Share, is_only: bool) {
    let Share { target_group, percent, own, targets } = share;
    let part = if is_only { String::new() } else { format!(" {percent} %") };
    let start = format!("forward{part} to target group {target_group}");
    match own {
        None => page.line("    ", 6, &format!("{start}, which is not of this load balancer")),
        Some(TargetGroupOf { name: _, target_type, protocol, service }) => {
            let service = service.as_ref().map(|ServicePort { service, service_port }| {
                format!(": {} port {service_port}", object_title(service))
            });
            page.line("    ", 6, &format!("{start}, {target_type} {protocol}{}", service.unwrap_or_default()));
        }
    }
    page.line("      targets: ", 8, &targets_text(targets));
}

fn targets_text(targets: &Targets) -> String {
    match targets {
        Targets::Unknown(why) => format!("not known: {why}"),
        Targets::Known(targets) if targets.is_empty() => "none: it answers 503 until there are".to_owned(),
        Targets::Known(targets) => shown(targets),
        Targets::Registered(targets) if targets.is_empty() => {
            "none are registered: it answers 503 until there are".to_owned()
        }
        Targets::Registered(targets) => shown(targets),
    }
}

fn shown(targets: &[impl ToString]) -> String {
    let named = targets.iter().take(TARGETS_SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match targets.len().saturating_sub(TARGETS_SHOWN) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
