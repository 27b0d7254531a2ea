//! What a key that nobody knows was probably meant to be.

use super::{Support, Vocabulary};

/// What most keys begin with; it says nothing about what they are for.
const COMMON: [&str; 2] = ["aws-load-balancer-", "load-balancer-"];

/// The nearest known key, or where all of them are written down.
pub(super) fn of_unknown_key(key: &str, vocabulary: &Vocabulary) -> String {
    let wanted = distinctive(key);
    let nearest = vocabulary
        .rows
        .iter()
        .filter(|annotation| !matches!(annotation.support, Support::NoEffect(_)))
        .map(|annotation| (strsim::damerau_levenshtein(wanted, distinctive(annotation.key)), annotation))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        // More than a third of it changed is another word, not a slip.
        Some((distance, annotation)) if distance * 3 <= wanted.len() => {
            format!("did you mean {}?", annotation.written().join(" or "))
        }
        _ => "docs/annotations.md lists the annotations that there are".to_owned(),
    }
}

/// The part of a key that says what it is for.
fn distinctive(key: &str) -> &str {
    let name = key.split_once('/').map_or(key, |(_, name)| name);
    let name = name.split_once('.').map_or(name, |(name, _)| name);
    COMMON.iter().find_map(|common| name.strip_prefix(common)).unwrap_or(name)
}
