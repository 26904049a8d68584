//! Taking files in: received into scratch files, judged, stored, and only then written down.
//!
//! The files of one request are taken all or none. Each is noted for removal before it is stored, and the transaction that
//! writes the rows takes the notes back: whatever stops an upload, nothing stays for ever.

use std::io;
use std::sync::Arc;

use axum::extract::Request;
use bytes::BytesMut;
use image::ImageFormat;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::app::App;
use crate::auth::model::{Caller, TenantKey, UserKey};
use crate::auth::{Action, guard};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::files::unavailable;
use crate::platform::http::multipart::{Arriving, Part};
use crate::platform::id;
use crate::tickets::attachments::kind::{self, Kind};
use crate::tickets::attachments::model::{Attachment, url};
use crate::tickets::attachments::picture::{self, Picture};
use crate::tickets::attachments::{MAX_BYTES, MAX_FILES, name, show, store, sweep};
use crate::tickets::model::Scope;
use crate::tickets::store as tickets;

pub async fn upload(app: &App, caller: Arc<Caller>, ticket_id: String, request: Request) -> Result<Vec<Attachment>> {
    let (head, body) = request.into_parts();
    let mut arriving = Arriving::new(body);
    let received = async {
        check_right(app, &caller, &ticket_id).await?;
        let mut parts = arriving.parts(&head.headers, MAX_BYTES, head.extensions.get())?;
        let mut received = Vec::new();
        while let Some(part) = parts.next().await? {
            if received.len() == MAX_FILES {
                return Err(Error::Rejected(http::StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
            }
            app.limits.upload_allowed(caller.tenant.0, &caller.user_id).await?;
            let file = receive(app, part).await?;
            app.limits.upload_size_allowed(caller.tenant.0, &caller.user_id, file.size).await?;
            received.push(file);
        }
        Ok(received)
    };
    let received = match received.await {
        Ok(received) if received.is_empty() => {
            return Err(Error::invalid("file", "missing", "Send at least one file."));
        }
        Ok(received) => received,
        Err(error) => {
            arriving.drain().await;
            return Err(error);
        }
    };
    // The files have taken their time: whoever sent the first byte may not be let in any more at the last.
    let caller = guard::caller(app, &head.method, &head.headers).await?;
    let mut files = Vec::with_capacity(received.len());
    for one in received {
        files.push(judge(app, Some(caller.user), one).await?);
    }
    let staged = stage(app, caller.tenant, files).await?;
    let now = app.clock.now();
    app.db.write(move |tx| write_rows(tx, &caller, &ticket_id, staged, now)).await
}

async fn check_right(app: &App, caller: &Arc<Caller>, ticket_id: &str) -> Result<()> {
    let (scope, ticket_id) = (Scope::of(caller), ticket_id.to_owned());
    app.db.read(move |tx| tickets::find(tx, scope, &ticket_id).map(drop)).await?;
    caller.require(Action::MessagesSend)
}

/// A file as it came.
struct Received {
    name: String,
    size: u64,
    head: BytesMut,
    file: NamedTempFile,
}

async fn receive(app: &App, mut part: Part<'_, '_>) -> Result<Received> {
    if part.name() != "file" {
        return Err(Error::invalid(part.name(), "unknown_field", "There is no such field."));
    }
    let name = name::clean(part.file_name().unwrap_or_default());
    let file = app.files.scratch().await?;
    let mut writer = File::from_std(file.reopen().map_err(unavailable)?);
    let (mut size, mut head) = (0, BytesMut::new());
    while let Some(chunk) = part.chunk().await? {
        size += chunk.len() as u64;
        head.extend_from_slice(&chunk[..chunk.len().min(kind::HEAD - head.len())]);
        writer.write_all(&chunk).await.map_err(unavailable)?;
    }
    writer.flush().await.map_err(unavailable)?;
    if size == 0 {
        return Err(Error::invalid("file", "blank", "The file is empty."));
    }
    Ok(Received { name, size, head, file })
}

/// A file as it is kept.
struct Kept {
    attachment: Attachment,
    file: NamedTempFile,
    thumb: Option<(&'static str, NamedTempFile)>,
}

async fn judge(app: &App, user: Option<UserKey>, received: Received) -> Result<Kept> {
    let content_type = match kind::of(&received.head) {
        Kind::Picture(format) => {
            let original = received.file.reopen().map_err(unavailable)?;
            if let Some(picture) = picture::redraw(user, original, format).await? {
                return kept_picture(app, &received.name, picture).await;
            }
            kind::name_of(&received.head)
        }
        Kind::Other(content_type) => content_type,
    };
    let Received { name, size, file, .. } = received;
    Ok(Kept { attachment: described(app, name, content_type, size, None), file, thumb: None })
}

async fn kept_picture(app: &App, name: &str, picture: Picture) -> Result<Kept> {
    let Picture { format, width, height, bytes, thumb } = picture;
    let name = name::with_ending(name, format.extensions_str());
    let attachment = described(app, name, format.to_mime_type(), bytes.len() as u64, Some((width, height)));
    let file = written(app, bytes).await?;
    let thumb = match thumb {
        Some((format, bytes)) => Some((ImageFormat::to_mime_type(&format), written(app, bytes).await?)),
        None => None,
    };
    Ok(Kept { attachment, file, thumb })
}

fn described(app: &App, name: String, content_type: &str, size: u64, sides: Option<(u32, u32)>) -> Attachment {
    let attachment_id = id::new_id(app.clock.now(), &app.random);
    let (width, height) = sides.unzip();
    let (url, content_type, is_image) = (url(&attachment_id), content_type.to_owned(), sides.is_some());
    Attachment { attachment_id, name, content_type, size, width, height, url, is_image }
}

async fn written(app: &App, bytes: Vec<u8>) -> Result<NamedTempFile> {
    let file = app.files.scratch().await?;
    let written = tokio::task::spawn_blocking(move || {
        io::Write::write_all(&mut file.as_file(), &bytes)?;
        Ok(file)
    });
    written.await.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(unavailable)
}

/// Files that are durable and have no rows yet. They go in a day, unless `write_rows` is called.
pub struct Staged(Vec<(Attachment, Option<&'static str>)>);

async fn stage(app: &App, tenant: TenantKey, files: Vec<Kept>) -> Result<Staged> {
    let due_at = app.clock.now().plus(sweep::UNSENT);
    let ids: Vec<String> = files.iter().map(|file| file.attachment.attachment_id.clone()).collect();
    app.db.write(move |tx| ids.iter().try_for_each(|id| store::expect_removal(tx, tenant, id, due_at))).await?;
    let mut rows = Vec::with_capacity(files.len());
    for Kept { attachment, file, thumb } in files {
        app.files.put(&attachment.attachment_id, file).await?;
        let thumb_type = thumb.as_ref().map(|(content_type, _)| *content_type);
        if let Some((_, file)) = thumb {
            app.files.put(&show::thumb_of(&attachment.attachment_id), file).await?;
        }
        rows.push((attachment, thumb_type));
    }
    Ok(Staged(rows))
}

/// A file of the server's own making.
pub async fn stage_own(app: &App, tenant: TenantKey, name: &str, bytes: Vec<u8>) -> Result<Staged> {
    let (name, size) = (name::clean(name), bytes.len() as u64);
    let head = BytesMut::from(&bytes[..bytes.len().min(kind::HEAD)]);
    let received = Received { name, size, head, file: written(app, bytes).await? };
    stage(app, tenant, vec![judge(app, None, received).await?]).await
}

/// The ticket is looked up again: it may have gone, or changed hands, while the files came in.
pub fn write_rows(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket_id: &str,
    Staged(rows): Staged,
    now: Timestamp,
) -> Result<Vec<Attachment>> {
    let ticket = tickets::find_and_lock(tx, Scope::of(caller), ticket_id)?;
    for (attachment, thumb_type) in &rows {
        if !store::cancel_removal(tx, caller.tenant, &attachment.attachment_id)? {
            return Err(Error::Unavailable("a file was removed while it was stored".into()));
        }
        store::insert(tx, caller.tenant, ticket.key, caller.user, attachment, *thumb_type, now)?;
    }
    Ok(rows.into_iter().map(|(attachment, _)| attachment).collect())
}
