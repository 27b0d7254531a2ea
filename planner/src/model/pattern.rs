//! Texts with wildcards, as rules match them: `*` is any text, `?` is any character.

/// Whether a text matches a pattern; nothing is escaped.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let parts = pattern.chars().map(Part::of).collect::<Vec<_>>();
    matches_parts(&parts, &text.chars().collect::<Vec<_>>())
}

/// The same, where a backslash takes the next character literally, as in conditions on the query.
pub(crate) fn matches_escaped(pattern: &str, text: &str) -> bool {
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => parts.extend(characters.next().map(Part::Literal)),
            c => parts.push(Part::of(c)),
        }
    }
    matches_parts(&parts, &text.chars().collect::<Vec<_>>())
}

/// Whether some text may match both patterns: `false` is certain, `true` is not.
pub(crate) fn may_overlap(one: &str, other: &str) -> bool {
    let has_wildcards = |pattern: &str| pattern.contains(['*', '?']);
    match (has_wildcards(one), has_wildcards(other)) {
        (false, _) => matches(other, one),
        (_, false) => matches(one, other),
        (true, true) => {
            let start = |pattern: &str| pattern.chars().take_while(|c| !is_wildcard(*c)).collect::<Vec<_>>();
            let end = |pattern: &str| pattern.chars().rev().take_while(|c| !is_wildcard(*c)).collect::<Vec<_>>();
            agree(&start(one), &start(other)) && agree(&end(one), &end(other))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyCharacter,
    Literal(char),
}

impl Part {
    fn of(c: char) -> Self {
        match c {
            '*' => Self::AnyText,
            '?' => Self::AnyCharacter,
            c => Self::Literal(c),
        }
    }
}

fn is_wildcard(c: char) -> bool {
    matches!(c, '*' | '?')
}

/// Whether the shorter of two starts is the start of the longer.
fn agree(one: &[char], other: &[char]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// Greedy, with one place to go back to: the last `*`. Linear but for that.
fn matches_parts(pattern: &[Part], text: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut back = None;
    while place < text.len() {
        match pattern.get(at) {
            Some(Part::AnyText) => {
                back = Some((at, place));
                at += 1;
                continue;
            }
            Some(Part::AnyCharacter) => {
                at += 1;
                place += 1;
                continue;
            }
            Some(Part::Literal(c)) if *c == text[place] => {
                at += 1;
                place += 1;
                continue;
            }
            _ => {}
        }
        match back {
            Some((star, from)) => {
                back = Some((star, from + 1));
                at = star + 1;
                place = from + 1;
            }
            None => return false,
        }
    }
    pattern[at..].iter().all(|part| *part == Part::AnyText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_what_they_stand_for() {
        for (pattern, text, expected) in [
            ("/a", "/a", true),
            ("/a", "/a/", false),
            ("/a/*", "/a/", true),
            ("/a/*", "/a", false),
            ("/*", "/", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_query_may_ask_for_the_wildcards_themselves() {
        for (pattern, text, expected) in
            [(r"\*", "*", true), (r"\*", "a", false), (r"a\?*", "a?bc", true), (r"\\", r"\", true)]
        {
            assert_eq!(matches_escaped(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_that_no_text_matches_both_of_are_told_apart() {
        for (one, other, expected) in [
            ("/a", "/b", false),
            ("/a", "/a", true),
            ("/a/*", "/b/*", false),
            ("/a/*", "/a/b/*", true),
            ("/a/b", "/a/*", true),
            ("/a", "/a/*", false),
            ("*.example.com", "*.example.org", false),
            ("*.example.com", "a.*", true),
            ("*", "anything", true),
        ] {
            assert_eq!(may_overlap(one, other), expected, "{one} {other}");
            assert_eq!(may_overlap(other, one), expected, "{other} {one}");
        }
    }
}
