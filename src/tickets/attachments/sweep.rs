//! Letting files go: what nobody sent, what its ticket took along, what an upload that died had stored.
//!
//! Called by the server's housekeeping every few minutes, and right after a ticket was deleted.

use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Tx, in_batches};
use crate::tickets::attachments::{show, store};

/// A file that no message takes stays for so long.
pub const UNSENT: Duration = Duration::from_secs(24 * 60 * 60);

const BATCH: i64 = 100;

pub async fn sweep(app: &App, now: Timestamp) -> Result<()> {
    in_batches(&app.db, move |tx, limit| store::release_unused(tx, now.minus(UNSENT), now, limit)).await?;
    remove_released(app, now).await?;
    app.files.clear_scratch().await
}

/// Removes them beside the caller. Should it fail, the next sweep will do it.
pub fn begin(app: &App, now: Timestamp) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = remove_released(&app, now).await {
            tracing::warn!(%error, "could not remove the files of a deleted ticket; the next sweep will");
        }
    });
}

/// Removes the files whose rows are gone. The note of each stays until the file is gone too.
pub async fn remove_released(app: &App, now: Timestamp) -> Result<()> {
    loop {
        let due = app.db.read(move |tx| store::list_removals(tx, now, BATCH)).await?;
        let is_last = due.len() < BATCH as usize;
        for (_, file_id) in &due {
            app.files.remove(file_id).await?;
            app.files.remove(&show::thumb_of(file_id)).await?;
        }
        let forget = move |tx: &mut Tx<'_>| {
            due.iter().try_for_each(|(tenant, file_id)| store::cancel_removal(tx, *tenant, file_id).map(drop))
        };
        app.db.write(forget).await?;
        if is_last {
            return Ok(());
        }
    }
}
