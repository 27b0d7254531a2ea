//! A plan as text for people.

mod change;
#[cfg(test)]
mod golden;
mod page;
mod rules;
mod summary;

pub(crate) use self::page::Page;
use super::json::{Document, Entry, Skipped};
use super::{Change, Held, Outcome, Step, Wait};
use crate::id::{Key, ObjectRef, ResourceKind};
use crate::problem::Problem;

/// The widest column of subjects; a longer one pushes its line to the right.
const SUBJECT_COLUMNS: usize = 44;

/// Renders a document. An entry in sync is one line; what is printed needs no colour to be understood.
pub fn render(document: &Document) -> String {
    let mut blocks = vec![header(document)];
    blocks.extend(document.entries.iter().map(|entry| render_entry(document, entry)));
    blocks.push(problems(&document.problems));
    blocks.push(skipped(&document.skipped));
    blocks.push(ignored(document));
    blocks.push(summary::render(document));
    blocks.retain(|block| !block.is_empty());
    join(&blocks)
}

/// What an entry is about, as its head and references to it say.
fn title(document: &Document, key: &Key) -> String {
    match key {
        Key::Cluster => format!("Cluster {}", document.header.cluster),
        Key::Stack(stack) => object_title(&stack.object()),
        Key::Rules(group) => format!("Worker security group {group}"),
        Key::Binding(name) => format!("TargetGroupBinding {name}"),
    }
}

pub(crate) fn object_title(object: &ObjectRef) -> String {
    format!("{} {}", object.kind(), object.name())
}

/// Blocks stand apart, but one-line blocks stand together.
fn join(blocks: &[String]) -> String {
    let mut text = String::new();
    let mut last_is_line = true;
    for (number, block) in blocks.iter().enumerate() {
        let is_line = block.lines().count() == 1;
        // The first line says what was planned for, and stands alone.
        if number > 0 && (number == 1 || !(is_line && last_is_line)) {
            text.push('\n');
        }
        text.push_str(block);
        last_is_line = is_line;
    }
    text
}

fn header(document: &Document) -> String {
    let header = &document.header;
    let account = header.account.as_ref().map(|account| format!(", account {account}")).unwrap_or_default();
    format!("Plan for cluster {}{account}, {}, {}\n", header.cluster, header.region, header.vpc)
}

fn render_entry(document: &Document, entry: &Entry) -> String {
    let mut page = Page::default();
    let changes: Vec<&Change> = entry.changes().collect();
    let shared = shared_reason(&changes);
    page.line("", 2, &head(document, entry, shared));
    let width = subject_width(changes.iter().copied().chain(entry.held.iter().map(|held| &held.change)));
    let mut last_reason = shared;
    // Of a stack that is all new only the load balancer has something to explain: its subnets.
    let all_new = changes.iter().all(|change| change.resource.physical_id.is_none());
    let needs_reason = |change: &Change| !all_new || change.resource.key.kind == ResourceKind::LoadBalancer;
    for step in &entry.steps {
        match step {
            Step::Change(change) => {
                change_lines(&mut page, 2, width, change);
                if needs_reason(change) && last_reason != Some(&change.reason) && change::reason_helps(change) {
                    page.line("      reason: ", 8, &change.reason);
                    last_reason = Some(&change.reason);
                }
            }
            Step::Wait(wait) => wait_line(&mut page, document, wait),
        }
    }
    held(&mut page, width, entry);
    let named = if let [object] = entry.objects.as_slice() { Some(object) } else { None };
    for (word, list) in [("warning", &entry.warnings), ("problem", &entry.problems)] {
        for problem in list {
            problem_lines(&mut page, 2, word, problem, named);
        }
    }
    if entry.outcome != Outcome::InSync {
        for route in &entry.routes {
            page.line("  route: ", 9, route);
        }
    }
    page.finish()
}

/// The reason of all changes, when there are several with the same one.
fn shared_reason<'a>(changes: &[&'a Change]) -> Option<&'a String> {
    match changes {
        [first, others @ ..] if !others.is_empty() && !first.reason.is_empty() => {
            others.iter().all(|change| change.reason == first.reason).then_some(&first.reason)
        }
        _ => None,
    }
}

fn head(document: &Document, entry: &Entry, reason: Option<&String>) -> String {
    let title = title(document, &entry.key);
    let of = entry.of.as_ref().map(|stack| format!(" ({})", object_title(&stack.object()))).unwrap_or_default();
    let partial = if entry.partial { ", of the part that the files name" } else { "" };
    let outcome = match entry.outcome {
        Outcome::InSync => "in sync".to_owned(),
        Outcome::Changes => count(entry.changes().count(), "change"),
        Outcome::Waiting => "waiting".to_owned(),
        Outcome::Held => "nothing to do but what is held".to_owned(),
        Outcome::Refused => "refused; nothing is changed in AWS until it is mended".to_owned(),
    };
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{title}{of}: {outcome}{partial}{reason}")
}

fn subject_width<'a>(changes: impl Iterator<Item = &'a Change>) -> usize {
    let widths = changes.map(|change| change::subject(&change.resource).chars().count());
    widths.max().unwrap_or_default().min(SUBJECT_COLUMNS)
}

fn change_lines(page: &mut Page, indent: usize, width: usize, change: &Change) {
    let mark = change::mark(change.action());
    let subject = change::subject(&change.resource);
    let start = format!("{:indent$}{mark} {subject:width$}  ", "");
    // What goes on below stands under what it goes on with.
    page.line(&start, start.chars().count(), &change::details(change));
    let start = " ".repeat(indent + 4);
    for field in change::field_lines(change) {
        page.line(&start, indent + 6, &field);
    }
    if let Some(impact) = change::impact(change.impact) {
        page.line(&format!("{start}impact: "), indent + 6, impact);
    }
}

fn wait_line(page: &mut Page, document: &Document, wait: &Wait) {
    let Wait { reason: _, resource: _, entry, message } = wait;
    let see = entry.as_ref().map(|key| format!(" (see {})", title(document, key))).unwrap_or_default();
    page.line("  . wait: ", 4, &format!("{message}{see}"));
}

/// Held changes, those together that the same acknowledgement lets go.
fn held(page: &mut Page, width: usize, entry: &Entry) {
    let same = |one: &Held, other: &Held| (&one.why, &one.acknowledge) == (&other.why, &other.acknowledge);
    for group in entry.held.chunk_by(same) {
        let Held { change: _, why, acknowledge } = &group[0];
        page.line("  held: ", 4, why);
        for held in group {
            change_lines(page, 4, width, &held.change);
        }
        if let Some(acknowledge) = acknowledge {
            let objects: Vec<_> = entry.objects.iter().map(object_title).collect();
            page.line("    to go ahead: ", 6, &format!("annotate {} with {acknowledge}", objects.join(" or ")));
        }
    }
}

/// One problem and its hint. The object is named unless it is the one that the entry is about.
pub(crate) fn problem_lines(page: &mut Page, indent: usize, word: &str, problem: &Problem, entry: Option<&ObjectRef>) {
    let Problem { object, field, value, message, hint } = problem;
    let other_object = object.as_ref().filter(|object| Some(*object) != entry).map(object_title);
    let value = value.as_ref().map(|value| format!("{value:?}"));
    let parts: Vec<_> = [other_object.as_ref(), field.as_ref(), value.as_ref(), Some(message)]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    page.line(&format!("{:indent$}{word}: ", ""), indent + 4, &parts.join(": "));
    if let Some(hint) = hint {
        page.line(&format!("{:indent$}  hint: ", ""), indent + 4, hint);
    }
}

fn problems(problems: &[Problem]) -> String {
    let mut page = Page::default();
    for problem in problems {
        problem_lines(&mut page, 0, "problem", problem, None);
    }
    page.finish()
}

fn skipped(skipped: &[Skipped]) -> String {
    let mut page = Page::default();
    let width = skipped.iter().map(|skipped| object_title(&skipped.object).chars().count()).max().unwrap_or_default();
    if !skipped.is_empty() {
        page.line("", 0, "Skipped, not ours:");
    }
    for Skipped { object, reason, hint } in skipped {
        page.line(&format!("  {:width$}  ", object_title(object)), 4, reason);
        if let Some(hint) = hint {
            page.line("    hint: ", 6, hint);
        }
    }
    page.finish()
}

fn ignored(document: &Document) -> String {
    let counts: Vec<_> = document.ignored.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let mut page = Page::default();
    if !counts.is_empty() {
        page.line("Ignored: ", 2, &counts.join(", "));
    }
    page.finish()
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
