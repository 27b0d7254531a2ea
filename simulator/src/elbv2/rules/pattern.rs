//! Texts that rules match with: wildcards, and regular expressions in AWS's dialect.

use crate::wire::ApiError;

/// The longest text that a condition compares with. Source: API reference, the `…ConditionConfig` types.
pub(super) const LONGEST_VALUE: usize = 128;

/// The wildcards in a text; in query strings a backslash takes a character literally.
pub(super) fn wildcards(text: &str, escapes: bool) -> usize {
    let mut count = 0;
    let mut literal = false;
    for c in text.chars() {
        match c {
            _ if literal => literal = false,
            '\\' if escapes => literal = true,
            '*' | '?' => count += 1,
            _ => {}
        }
    }
    count
}

/// Refuses an expression that AWS's dialect does not have.
///
/// Source: Application Load Balancer guide, "Transforms for listener rules": no look-around, back-references, atomic
/// groups, possessive quantifiers, subroutines, recursion or Unicode character classes. The regex crate lacks the same,
/// but for the last and the possessive quantifiers.
pub(super) fn check_regex(expression: &str) -> Result<(), ApiError> {
    let invalid = || ApiError::validation(format!("The regular expression '{expression}' is not valid"));
    regex::Regex::new(expression).map_err(|_| invalid())?;
    let (mut previous, mut escaped, mut in_class) = (None, false, false);
    for c in expression.chars() {
        if escaped {
            if matches!(c, 'p' | 'P') {
                return Err(invalid());
            }
            (escaped, previous) = (false, None);
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '+' if !in_class && matches!(previous, Some('*' | '+' | '?' | '}')) => return Err(invalid()),
            _ => {}
        }
        previous = Some(c);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_counted_unless_a_query_string_escapes_them() {
        for (text, escapes, expected) in [("*.a.?", false, 2), (r"\*a*", true, 1), (r"\*a*", false, 2), ("a", true, 0)]
        {
            assert_eq!(wildcards(text, escapes), expected, "{text}");
        }
    }

    #[test]
    fn expressions_of_another_dialect_are_refused() {
        for valid in [r"^/api/(.+)$", "a+?", r"[a*+]+", r"\++", r"^\/v\d{2,}$"] {
            assert!(check_regex(valid).is_ok(), "{valid}");
        }
        for invalid in ["(", "(?=a)", "(?<!a)b", r"(a)\1", "(?>a)", "a++", "a*+", "a{2}+", r"\p{L}"] {
            assert!(check_regex(invalid).is_err(), "{invalid}");
        }
    }
}
