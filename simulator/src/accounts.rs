//! What services hold for each account, or for each account and Region.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// One value for each key, there from the first look on.
#[derive(Debug)]
pub(crate) struct Accounts<K, T>(Mutex<BTreeMap<K, T>>);

impl<K, T> Default for Accounts<K, T> {
    fn default() -> Self {
        Accounts(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone, T: Default> Accounts<K, T> {
    /// Looks at or changes one value.
    pub(crate) fn with<R>(&self, key: &K, look: impl FnOnce(&mut T) -> R) -> R {
        let mut all = self.0.lock().expect("no thread panics while it holds the accounts");
        look(all.entry(key.clone()).or_default())
    }
}

/// An id in the form of a UUID: the same of the same seed.
pub(crate) fn uuid(seed: impl Hash) -> String {
    let half = |side: u8| {
        let mut hasher = DefaultHasher::new();
        (side, &seed).hash(&mut hasher);
        hasher.finish()
    };
    let (high, low) = (half(0), half(1));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn ids_have_the_form_of_a_uuid_and_differ() {
        let (one, other) = (uuid(("a", 1)), uuid(("a", 2)));
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert!(one != other && one == uuid(("a", 1)));
    }
}
