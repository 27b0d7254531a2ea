//! Tokens of pages: they name the last item of a page, and say nothing to a reader.

/// The token of the page that follows this item of a list of this kind.
pub(crate) fn write(kind: &str, last: &str) -> String {
    format!("{kind}/{last}").bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The item that a token names; `None` for a token that no list of this kind handed out.
pub(crate) fn read(kind: &str, token: &str) -> Option<String> {
    let digits: Option<Vec<u8>> =
        token.bytes().map(|byte| (byte as char).to_digit(16).map(|digit| digit as u8)).collect();
    let bytes = digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    let text = String::from_utf8(bytes).ok()?;
    Some(text.strip_prefix(&format!("{kind}/"))?.to_owned())
}

/// The page of `items`, which are sorted by their keys, that a token and a size ask for, and the token of the next;
/// `None` for a token that was not handed out.
pub(crate) fn page<T>(
    kind: &str,
    items: Vec<(String, T)>,
    token: Option<&str>,
    size: usize,
) -> Option<(Vec<T>, Option<String>)> {
    let after = match token.filter(|token| !token.is_empty()) {
        Some(token) => Some(read(kind, token)?),
        None => None,
    };
    let mut rest: Vec<_> =
        items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).collect();
    let more = rest.len() > size;
    rest.truncate(size);
    let next = rest.last().filter(|_| more).map(|(key, _)| write(kind, key));
    Some((rest.into_iter().map(|(_, item)| item).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_its_own_kind_and_says_nothing_to_a_reader() {
        let token = write("Subnet", "subnet-a");
        assert!(!token.contains("subnet"));
        assert_eq!(read("Subnet", &token).as_deref(), Some("subnet-a"));
        assert_eq!(read("Vpc", &token), None);
        assert_eq!(read("Subnet", "nonsense"), None);
    }

    #[test]
    fn pages_together_are_the_whole_list_once() {
        let items = || ["a", "b", "c"].map(|key| (key.to_owned(), key)).to_vec();
        let (first, next) = page("X", items(), None, 2).unwrap();
        let (second, end) = page("X", items(), next.as_deref(), 2).unwrap();
        assert_eq!((first, second, end), (vec!["a", "b"], vec!["c"], None));
        assert!(page("X", items(), Some("zz"), 2).is_none());
    }
}
