//! XML answers as a tree: names, text, children; attributes do not matter in AWS's.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// An element of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name, without a prefix.
    pub name: String,
    /// Its own text, without the white space around it.
    text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// A sentence, when it is not well-formed XML with one root.
    pub fn parse(document: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(document);
        // The elements that are open, the outermost being the document itself.
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => open.push(Self::named(start.local_name().as_ref())),
                Event::Empty(empty) => add(&mut open, Self::named(empty.local_name().as_ref())),
                Event::End(_) => {
                    let element = open.pop().ok_or("an element ends that did not begin")?;
                    add(&mut open, element);
                }
                Event::Text(text) => append(&mut open, &text),
                Event::GeneralRef(reference) => {
                    let entity = format!("&{};", &*reference);
                    let text = unescape(&entity).map_err(|error| error.to_string())?;
                    append(&mut open, &text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let mut roots = open.pop().map(|document| document.children).unwrap_or_default();
        match (roots.pop(), roots.is_empty(), open.is_empty()) {
            (Some(root), true, true) => Ok(root),
            _ => Err("it is not one XML document".to_owned()),
        }
    }

    /// Its own text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first element of this name, at any depth.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.all(name).into_iter().next()
    }

    /// The text of the first element of this name at any depth, or "".
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.find(name).map(Self::text).unwrap_or_default()
    }

    /// Every element of this name, at any depth, in document order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.append(&mut child.all(name));
        }
        found
    }

    /// The members of the first list of this name: its `member` (ELBv2) or `item` (EC2) elements.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&Self> {
        let list = self.find(name).map(|list| list.children.iter().collect());
        list.unwrap_or_default()
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// Puts a finished element into the one around it.
fn add(open: &mut [Element], mut element: Element) {
    element.text = element.text.trim().to_owned();
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_values_and_escapes_are_found() {
        let root = Element::parse(
            "<?xml version='1.0'?>\n<R xmlns=\"urn:x\"><Result><Tags><member><Key>a</Key><Value>1 &lt; 2</Value></member>\n  \
             <member><Key>b</Key><Value/></member></Tags></Result></R>",
        )
        .unwrap();
        assert_eq!(root.name, "R");
        let tags: Vec<_> = root.list("Tags").iter().map(|tag| (tag.value("Key"), tag.value("Value"))).collect();
        assert_eq!(tags, [("a", "1 < 2"), ("b", "")]);
        assert_eq!(root.list("Nothing"), Vec::<&Element>::new());
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "nothing", "<a>", "<a/><b/>", "<a></b>"] {
            assert!(Element::parse(text).is_err(), "{text}");
        }
    }
}
