//! An error with all its causes in one line, as logs, events and conditions show it.

use std::error::Error;

/// Joins an error and its causes. A cause that the text already names is left out: foreign errors often repeat theirs.
pub(crate) fn one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot list")]
    struct Listing(#[source] Sending);

    #[derive(Debug, thiserror::Error)]
    #[error("cannot send: {0}")]
    struct Sending(#[source] std::io::Error);

    #[test]
    fn causes_stand_behind_the_error_and_none_stands_twice() {
        let error = Listing(Sending(std::io::Error::other("connection refused")));
        assert_eq!(one_line(&error), "cannot list: cannot send: connection refused");
    }
}
