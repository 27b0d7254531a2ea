//! Constraints of AWS's service model as types: ranges of numbers, lengths of texts and of lists.
//!
//! A request type that uses them refuses what AWS refuses before any operation sees it.

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error};

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Int<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    /// The number.
    pub(crate) fn get(self) -> i64 {
        self.0
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        within("value", number, MIN, MAX)?;
        Ok(Self(number))
    }
}

/// A text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<const MIN: i64, const MAX: i64>(String);

impl<const MIN: i64, const MAX: i64> Text<MIN, MAX> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        within("length", length(text.chars().count()), MIN, MAX)?;
        Ok(Self(text))
    }
}

/// A list of `MIN` to `MAX` members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T, const MIN: i64, const MAX: i64>(Vec<T>);

impl<T, const MAX: i64> Default for List<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MIN: i64, const MAX: i64> List<T, MIN, MAX> {
    /// The members.
    pub(crate) fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// The members, borrowed.
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MIN: i64, const MAX: i64> Deref for List<T, MIN, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MIN: i64, const MAX: i64> Deserialize<'de> for List<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Vec::deserialize(deserializer)?;
        within("length", length(members.len()), MIN, MAX)?;
        Ok(Self(members))
    }
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn within<E: Error>(what: &str, number: i64, min: i64, max: i64) -> Result<(), E> {
    if number < min {
        return Err(E::custom(format_args!("Member must have {what} greater than or equal to {min}")));
    }
    if number > max {
        return Err(E::custom(format_args!("Member must have {what} less than or equal to {max}")));
    }
    Ok(())
}
