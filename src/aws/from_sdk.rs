//! The SDK's answers as the planner's values. What is missing or unknown is an error that names it, never a default.

use std::str::FromStr;

use northgate_planner::model::Pairs;

use super::error::AwsError;

pub(super) mod certificate;
pub(super) mod ec2;
pub(super) mod load_balancing;
pub(super) mod rule;

/// Takes members out of an answer; errors name the resource.
struct Members<'a> {
    resource: &'a str,
}

impl<'a> Members<'a> {
    /// Of the resource with this ARN or id.
    fn of(resource: &'a str) -> Self {
        Self { resource }
    }

    /// Of a resource whose own id is one of the members.
    fn with_id(kind: &'static str, member: &'static str, id: Option<&'a str>) -> Result<Self, AwsError> {
        Members::of(kind).required(member, id).map(Self::of)
    }

    fn required<T>(&self, member: &'static str, value: Option<T>) -> Result<T, AwsError> {
        value.ok_or_else(|| self.unreadable(member, None))
    }

    fn text(&self, member: &'static str, value: Option<&str>) -> Result<String, AwsError> {
        self.required(member, value).map(str::to_owned)
    }

    fn parsed<T: FromStr>(&self, member: &'static str, value: Option<&str>) -> Result<T, AwsError> {
        let text = self.required(member, value)?;
        text.parse().map_err(|_| self.unreadable(member, Some(text.to_owned())))
    }

    fn number<T: TryFrom<i32>>(&self, member: &'static str, value: Option<i32>) -> Result<T, AwsError> {
        let number = self.required(member, value)?;
        T::try_from(number).map_err(|_| self.unreadable(member, Some(number.to_string())))
    }

    /// Keys with their values, from `(Key, Value)`.
    fn pairs<'p>(&self, list: impl IntoIterator<Item = (Option<&'p str>, Option<&'p str>)>) -> Result<Pairs, AwsError> {
        list.into_iter().map(|(key, value)| Ok((self.text("Key", key)?, self.text("Value", value)?))).collect()
    }

    fn unreadable(&self, member: &'static str, value: Option<String>) -> AwsError {
        AwsError::Unreadable { resource: self.resource.to_owned(), member, value }
    }
}
