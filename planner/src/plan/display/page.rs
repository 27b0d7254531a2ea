//! Lines of text that fit a terminal.

use crate::id::KNOWN_AFTER_APPLY;

/// Columns of a line; only a word that is longer than a line by itself goes beyond.
const COLUMNS: usize = 120;

/// Keeps words together until their line is full.
const NO_BREAK: char = '\u{a0}';

/// Text under construction.
#[derive(Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// Adds `start` and then `text`, folded between words. What does not fit goes on below, indented by `indent`. A command
    /// in backticks on a line of its own stays whole, to be pasted.
    pub(crate) fn line(&mut self, start: &str, indent: usize, text: &str) {
        let mut line = printable(start);
        let mut columns = line.chars().count();
        let mut folded = true;
        let text = text.replace(KNOWN_AFTER_APPLY, &KNOWN_AFTER_APPLY.replace(' ', &NO_BREAK.to_string()));
        for (number, paragraph) in text.split('\n').enumerate() {
            if number > 0 {
                self.push(&mut line, &mut columns, indent);
                folded = true;
            }
            let command = paragraph.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            let words = command.map_or_else(|| paragraph.split(' ').collect(), |command| vec![command]);
            for word in words {
                let word = printable(word);
                let length = word.chars().count();
                if !folded && columns + 1 + length > COLUMNS {
                    self.push(&mut line, &mut columns, indent);
                    folded = true;
                }
                if !folded {
                    line.push(' ');
                    columns += 1;
                }
                line.push_str(&word);
                columns += length;
                folded = false;
            }
        }
        self.push(&mut line, &mut columns, indent);
    }

    /// The text, with a line end.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn push(&mut self, line: &mut String, columns: &mut usize, indent: usize) {
        self.text.push_str(line.replace(NO_BREAK, " ").trim_end());
        self.text.push('\n');
        *line = " ".repeat(indent);
        *columns = indent;
    }
}

/// Values come from objects and tags: none of them may steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(start: &str, indent: usize, text: &str) -> String {
        let mut page = Page::default();
        page.line(start, indent, text);
        page.finish()
    }

    #[test]
    fn a_long_line_is_folded_between_words_and_indented() {
        let words = ["word"; 40].join(" ");
        let text = page("  hint: ", 4, &words);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  hint: word word"));
        assert!(lines[1].starts_with("    word"));
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS));
        assert_eq!(text.matches("word").count(), 40);
    }

    #[test]
    fn a_word_longer_than_a_line_stays_whole() {
        let arn = "a".repeat(200);
        assert_eq!(page("  ", 4, &format!("see {arn}")), format!("  see\n    {arn}\n"));
    }

    #[test]
    fn what_is_known_after_apply_is_not_torn_apart() {
        let text = page("", 2, &format!("{} port (known after apply)", "a".repeat(100)));
        assert!(text.ends_with(" port\n  (known after apply)\n"), "{text}");
    }

    #[test]
    fn a_line_end_inside_a_message_keeps_the_indentation() {
        assert_eq!(page("- ", 4, "one\ntwo"), "- one\n    two\n");
    }

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(page("", 0, "a\u{1b}[31mb"), "a\\u{1b}[31mb\n");
    }

    #[test]
    fn nothing_trails() {
        assert_eq!(page("- listener 80   ", 4, ""), "- listener 80\n");
    }
}
