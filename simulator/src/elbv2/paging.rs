//! Pages of the Describe operations: `PageSize`, and markers that say nothing to the caller.

use serde::Deserialize;

use crate::wire::ApiError;
use crate::wire::constraint::Int;

/// Where a page starts and how long it is, as the request says.
#[derive(Debug, Default)]
pub(crate) struct Paging {
    pub(crate) marker: Option<String>,
    pub(crate) size: Option<PageSize>,
}

/// `PageSize` of every paged operation.
pub(crate) type PageSize = Int<1, 400>;

/// A request that has nothing but its page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PageRequest {
    marker: Option<String>,
    page_size: Option<PageSize>,
}

impl From<PageRequest> for Paging {
    fn from(request: PageRequest) -> Self {
        Self { marker: request.marker, size: request.page_size }
    }
}

impl Paging {
    /// One page of `items`, which are sorted by a unique key, and the marker of the next.
    ///
    /// A marker names the last key of its page, so pages stay right while items come and go between them. Without a
    /// page size a page has 400 items.
    pub(crate) fn page<T>(&self, items: Vec<(String, T)>) -> Result<(Vec<T>, Option<String>), ApiError> {
        let after = self.marker.as_deref().filter(|marker| !marker.is_empty()).map(decode).transpose()?;
        let size = usize::try_from(self.size.map_or(400, Int::get)).expect("a page size is at most 400");
        let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
        let mut page = Vec::new();
        let mut last = None;
        for (key, item) in rest.by_ref().take(size) {
            page.push(item);
            last = Some(key);
        }
        let next = rest.peek().and(last).map(|last| encode(&last));
        Ok((page, next))
    }
}

fn encode(key: &str) -> String {
    key.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn decode(marker: &str) -> Result<String, ApiError> {
    let invalid = || ApiError::validation(format!("Invalid marker '{marker}'"));
    let pairs = marker.as_bytes().chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).map_err(|_| invalid())?;
        if text.len() != 2 {
            return Err(invalid());
        }
        u8::from_str_radix(text, 16).map(|byte| byte ^ 0x5a).map_err(|_| invalid())
    });
    String::from_utf8(pairs.collect::<Result<Vec<_>, _>>()?).map_err(|_| invalid())
}
