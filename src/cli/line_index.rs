//! Where a field stands in the text of a manifest, found by its path: parsers tell places of what they refuse themselves,
//! not of what they took and nobody has a use for.

/// The index of the line on which the field at `path` (`spec.ports[1].port`) begins; where the text does not spread it
/// over lines of its own, that of the nearest field around it.
pub(super) fn find(text: &str, path: &str) -> usize {
    let lines = text.lines().collect::<Vec<_>>();
    let mut at = 0;
    for step in path.split('.') {
        let (field, indices) = step.split_once('[').unwrap_or((step, ""));
        at = field_from(&lines, at, field).unwrap_or(at);
        for index in indices.split('[').filter_map(|index| index.trim_end_matches(']').parse::<usize>().ok()) {
            at = item_from(&lines, at, index).unwrap_or(at);
        }
    }
    at
}

fn field_from(lines: &[&str], from: usize, field: &str) -> Option<usize> {
    let is_it = |line: &&str| {
        let line = line.trim_start().trim_start_matches("- ").trim_start();
        let unquoted = line.strip_prefix('"').unwrap_or(line);
        let rest = unquoted.strip_prefix(field).map(|rest| rest.strip_prefix('"').unwrap_or(rest));
        !field.is_empty() && rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    lines[from..].iter().position(is_it).map(|index| from + index)
}

/// The items of a list begin with a dash, all at the depth of the first.
fn item_from(lines: &[&str], from: usize, index: usize) -> Option<usize> {
    let depth = |line: &&str| line.trim_start().starts_with('-').then(|| line.len() - line.trim_start().len());
    let first = lines[from..].iter().find_map(depth)?;
    let items = lines.iter().enumerate().skip(from).filter(|(_, line)| depth(line) == Some(first));
    items.map(|(line, _)| line).nth(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "\
kind: Service
metadata:
  name: web
spec:
  ports:
  - port: 80
    protocol: TCP
  - name: b
    port: 81
    protocol: UDP
  selector: { app: web }
";

    #[test]
    fn a_field_is_found_where_its_path_leads() {
        for (path, line) in [
            ("", 0),
            ("kind", 0),
            ("metadata.name", 2),
            ("spec.ports[0].port", 5),
            ("spec.ports[1].port", 8),
            ("spec.ports[1].name", 7),
            ("spec.ports[1].protocol", 9),
            ("spec.selector.app", 10),
            ("spec.nothing", 3),
        ] {
            assert_eq!(find(BLOCK, path), line, "{path}");
        }
    }

    #[test]
    fn json_has_its_fields_in_quotes() {
        let text = "{\n  \"kind\": \"Service\",\n  \"spec\": {\n    \"ports\": [\n      {\n        \"port\": 80\n";
        assert_eq!(find(text, "spec.ports[0].port"), 5);
        assert_eq!(find("{\"spec\": {\"ports\": []}}", "spec.ports"), 0);
    }
}
