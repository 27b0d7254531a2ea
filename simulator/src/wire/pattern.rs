//! Patterns of AWS's service model as types: texts of a length and a form.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error};

/// A form that texts have.
pub(crate) trait Pattern {
    /// The length of the shortest, in characters.
    const MIN: usize;
    /// The length of the longest.
    const MAX: usize;
    /// The pattern as the service model writes it.
    const PATTERN: &'static str;
    /// Whether a text matches it.
    fn fits(text: &str) -> bool;
}

/// A text that has this form.
pub(crate) struct Matching<P>(String, PhantomData<P>);

impl<P> Matching<P> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl<P> fmt::Debug for Matching<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl<'de, P: Pattern> Deserialize<'de> for Matching<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let length = text.chars().count();
        if length < P::MIN {
            return Err(D::Error::custom(format_args!("Member must have length greater than or equal to {}", P::MIN)));
        }
        if length > P::MAX {
            return Err(D::Error::custom(format_args!("Member must have length less than or equal to {}", P::MAX)));
        }
        if !P::fits(&text) {
            let pattern = P::PATTERN;
            return Err(D::Error::custom(format_args!("Member must satisfy regular expression pattern: {pattern}")));
        }
        Ok(Self(text, PhantomData))
    }
}

/// Declares patterns: `Name(shortest, longest, pattern) = whether a text matches;`.
macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident($min:literal, $max:literal, $pattern:expr) = $fits:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) struct $name;

            impl $crate::wire::pattern::Pattern for $name {
                const MIN: usize = $min;
                const MAX: usize = $max;
                const PATTERN: &'static str = $pattern;

                fn fits(text: &str) -> bool {
                    let fits: fn(&str) -> bool = $fits;
                    fits(text)
                }
            }
        )*
    };
}
pub(crate) use patterns;

/// `\w` of the service model, and these.
pub(crate) fn words_and(text: &str, others: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || others.contains(c))
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`: keys and values of tags.
pub(crate) fn is_tag_text(text: &str) -> bool {
    let separator = |c: char| c.is_whitespace() && !c.is_control();
    text.chars().all(|c| c.is_alphanumeric() || separator(c) || "_.:/=+-@".contains(c))
}

patterns! {
    /// The key of a tag.
    TagKey(1, 128, r"[\p{L}\p{Z}\p{N}_.:\/=+\-@]*") = is_tag_text;
    /// The value of a tag.
    TagValue(0, 256, r"[\p{L}\p{Z}\p{N}_.:\/=+\-@]*") = is_tag_text;
}

#[cfg(test)]
mod tests {
    use super::super::query::{Tree, read};
    use super::*;

    patterns! {
        /// Two or three small letters.
        Short(2, 3, "[a-z]*") = |text| text.bytes().all(|byte| byte.is_ascii_lowercase());
    }

    #[test]
    fn a_text_has_its_length_and_its_form() {
        for (text, refusal) in [
            ("abc", None),
            ("a", Some("length greater than or equal to 2")),
            ("abcd", Some("length less than or equal to 3")),
            ("aB", Some("regular expression pattern: [a-z]*")),
        ] {
            let found = read::<Matching<Short>>(&Tree::Text(text.to_owned()));
            match refusal {
                None => assert_eq!(found.unwrap().as_str(), text),
                Some(refusal) => assert!(found.unwrap_err().to_string().contains(refusal), "{text}"),
            }
        }
    }
}
