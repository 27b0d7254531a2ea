//! The reference of all annotations, `docs/annotations.md`, as the table says it.

use std::fmt::Write as _;

use super::{Annotation, Support, TABLE, ingress};

const INTRODUCTION: &str = "\
# Annotations

Every annotation of Services of type LoadBalancer and of Ingresses, and what this version does with it.
The keys and the grammar of their values are those of AWS Load Balancer Controller:

- a boolean is one of `true`, `True`, `TRUE`, `t`, `T`, `1`, `false`, `False`, `FALSE`, `f`, `F`, `0`;
- a whole number is written in digits, without spaces;
- a list is separated by commas; spaces around its parts and empty parts are dropped;
- pairs are `key=value`, separated by commas; `\\` takes the next character as it is, so that `\\,` is a comma inside a value.

An object with a bad value is refused, with every problem of it at once; nothing is changed for it until it is edited.
An Ingress that is refused is set aside: the others of its group go on, and what it has stays as it is.
An unknown key under `service.beta.kubernetes.io/` or `service.k8s.aws/` on a Service, `alb.ingress.kubernetes.io/` or
`ingress.k8s.aws/` on an Ingress, or `northgate.dev/` on either is a warning.
";

const SERVICES: &str = "
# Services

*Local health checks* are those of a Service with `externalTrafficPolicy: Local` and targets of type instance.
";

const INGRESSES: &str = "
# Ingresses

Settings of the load balancer and of its listeners hold for the whole group: of two Ingresses that disagree, the one that was
made later is set aside. `target-type`, `backend-protocol`, `backend-protocol-version`, `tags`, `target-group-attributes` and
the settings of health checks may also be on a Service behind an Ingress; there they come first, for that Service. What an
IngressClassParams says comes before both.
";

/// Renders `docs/annotations.md`.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str(SERVICES);
    sections(&mut text, TABLE, "A Service");
    without_effect(&mut text);
    text.push_str(INGRESSES);
    sections(&mut text, ingress::TABLE, "An Ingress");
    text
}

fn without_effect(text: &mut String) {
    text.push_str(
        "\n## Without effect\n\nThese are for the Classic Load Balancers of the AWS cloud provider; a Service that has one gets a warning.\n\n\
         | key | what it was for | instead |\n| --- | --- | --- |\n",
    );
    for annotation in TABLE {
        if let Support::NoEffect(instead) = annotation.support {
            row(text, &[&keys(annotation), annotation.doc, &plain(instead)]);
        }
    }
}

fn sections(text: &mut String, rows: &[&Annotation], object: &str) {
    section(text, rows, "Supported", "", Support::Built);
    let introduction =
        format!("{object} that has one of these is refused, so that nothing it asks for is silently left out.\n\n");
    section(text, rows, "Not supported yet", &introduction, Support::NotYet);
}

fn section(text: &mut String, rows: &[&Annotation], title: &str, introduction: &str, support: Support) {
    text.push_str("\n## ");
    text.push_str(title);
    text.push_str("\n\n");
    text.push_str(introduction);
    text.push_str("| key | value | default | what it does |\n| --- | --- | --- | --- |\n");
    for annotation in rows.iter().filter(|annotation| annotation.support == support) {
        row(text, &[&keys(annotation), &plain(annotation.allowed()), annotation.default, annotation.doc]);
    }
}

fn keys(annotation: &Annotation) -> String {
    annotation.written().iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join("<br>")
}

/// Text that is also a hint, and so has no Markdown in it.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('<', "\\<").replace('*', "\\*")
}

fn row(text: &mut String, cells: &[&str]) {
    text.push('|');
    for cell in cells {
        _ = write!(text, " {} |", if cell.is_empty() { "–" } else { cell });
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn docs_annotations_md_is_what_the_table_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/annotations.md");
        let wanted = reference();
        if std::env::var_os("NORTHGATE_BLESS").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "docs/annotations.md is out of date: run the tests with NORTHGATE_BLESS=1");
    }

    #[test]
    fn every_row_stands_in_the_reference_once() {
        let text = reference();
        for key in TABLE.iter().chain(ingress::TABLE).flat_map(|annotation| annotation.written()) {
            let times = if key == "northgate.dev/replace" { 2 } else { 1 };
            assert_eq!(text.matches(&format!("`{key}`")).count(), times, "{key}");
        }
    }
}
