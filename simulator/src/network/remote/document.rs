//! An XML answer as a tree of elements.

use std::fmt;

use quick_xml::Reader;
use quick_xml::events::Event;

/// One element: its text and its children. Attributes are not kept: AWS's answers have none but namespaces.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

/// Why a document cannot be read.
#[derive(Debug)]
pub(super) struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Element {
    /// Reads a document; what comes back is its root.
    pub(super) fn parse(document: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(document).map_err(|error| Malformed(error.to_string()))?;
        let mut reader = Reader::from_str(text);
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().map_err(|error| Malformed(error.to_string()))? {
                Event::Start(start) => open.push(Element::named(start.local_name().as_ref())),
                Event::Empty(empty) => close(&mut open, Element::named(empty.local_name().as_ref()))?,
                Event::End(_) => {
                    let element = open.pop().ok_or_else(|| Malformed("an element ends that never began".to_owned()))?;
                    close(&mut open, element)?;
                }
                Event::Text(text) => append(&mut open, &text),
                Event::GeneralRef(reference) => append(&mut open, &resolved(&reference)?),
                Event::Eof => break,
                _ => {}
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(mut document), true) if document.children.len() == 1 => {
                Ok(document.children.pop().expect("it has one child"))
            }
            _ => Err(Malformed("the document does not hold one whole element".to_owned())),
        }
    }

    fn named(name: &str) -> Self {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// Every element at the end of this path of names.
    pub(super) fn all<'e>(&'e self, path: &[&str]) -> Box<dyn Iterator<Item = &'e Element> + 'e> {
        let Some((first, rest)) = path.split_first() else {
            return Box::new(std::iter::once(self));
        };
        let found: Vec<_> =
            self.children.iter().filter(|child| child.name == *first).flat_map(|child| child.all(rest)).collect();
        Box::new(found.into_iter())
    }

    /// The text of the first element at the end of this path.
    pub(super) fn text(&self, path: &[&str]) -> Option<&str> {
        self.all(path).next().map(|element| element.text.as_str())
    }

    /// All texts, for a message.
    pub(super) fn all_text(&self) -> String {
        let texts = std::iter::once(self.text.clone()).chain(self.children.iter().map(Element::all_text));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Puts a finished element into the one around it. Text beside children is only layout.
fn close(open: &mut [Element], mut element: Element) -> Result<(), Malformed> {
    if !element.children.is_empty() {
        element.text.clear();
    }
    let around = open.last_mut().ok_or_else(|| Malformed("an element ends that never began".to_owned()))?;
    around.children.push(element);
    Ok(())
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// The text of `&amp;`, `&#39;` and their like; their names come without the signs around them.
fn resolved(reference: &str) -> Result<String, Malformed> {
    let text = quick_xml::escape::unescape(&format!("&{reference};")).map(std::borrow::Cow::into_owned);
    text.map_err(|error| Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_path_and_texts_are_unescaped() {
        let document = "<?xml version='1.0'?>\n<R xmlns='http://x/'>\n  <set>\n    <item><id>a &amp; b&#33;</id></item>\n    <item><id/></item>\n  </set>\n</R>";
        let root = Element::parse(document.as_bytes()).unwrap();
        let ids: Vec<_> = root.all(&["set", "item"]).map(|item| item.text(&["id"])).collect();
        assert_eq!(ids, [Some("a & b!"), Some("")]);
        assert_eq!(root.text(&["set", "nothing"]), None);
    }

    #[test]
    fn what_is_not_one_whole_element_is_malformed() {
        for document in ["", "text", "<a>", "<a/><b/>", "<a></b>"] {
            assert!(Element::parse(document.as_bytes()).is_err(), "{document}");
        }
    }
}
