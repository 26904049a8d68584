//! A file as clients see it, in the answer to its upload and in the message that carries it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Messages keep it in this form, so that a field added later needs a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    pub attachment_id: String,
    /// The client's name for it, without a path.
    pub name: String,
    /// By its bytes. What could run in a page is called plain text or a stream of bytes.
    pub content_type: String,
    pub size: u64,
    /// Of pictures, in pixels.
    #[schema(required)]
    pub width: Option<u32>,
    #[schema(required)]
    pub height: Option<u32>,
    /// Where the bytes are; they need the access token.
    pub url: String,
    /// A picture that the server has drawn anew and a page may show. All else is a download.
    pub is_image: bool,
}

pub fn url(attachment_id: &str) -> String {
    format!("/api/attachments/{attachment_id}")
}
