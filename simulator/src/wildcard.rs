//! Texts with wildcards, as EC2's filters and the rules of listeners have them.

/// Whether a text matches a pattern: `*` stands for any text, `?` for one character, `\` takes the next character as it
/// is.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    bytes_match(pattern.as_bytes(), text.as_bytes())
}

fn bytes_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        ([b'*', then @ ..], _) => (0..=text.len()).any(|skipped| bytes_match(then, &text[skipped..])),
        ([b'?', then @ ..], [_, rest @ ..]) => bytes_match(then, rest),
        ([b'\\', literal, then @ ..], [first, rest @ ..]) => literal == first && bytes_match(then, rest),
        ([literal, then @ ..], [first, rest @ ..]) => literal == first && bytes_match(then, rest),
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_aws_matches_them() {
        for (pattern, value, expected) in [
            ("web", "web", true),
            ("web", "Web", false),
            ("web", "webs", false),
            ("w*", "web", true),
            ("*", "", true),
            ("*b", "web", true),
            ("w?b", "web", true),
            ("w?b", "wb", false),
            ("w\\*b", "w*b", true),
            ("w\\*b", "web", false),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} on {value}");
        }
    }
}
