//! Letting files go: what nobody sent, what its ticket took along, what an upload that died had stored.
//!
//! Called by the server's housekeeping every few minutes, and right after a ticket was deleted.

use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Tx, in_batches};
use crate::platform::telemetry::spans;
use crate::tickets::attachments::{show, store};

/// A file that no message takes stays for so long.
pub const UNSENT: Duration = Duration::from_secs(24 * 60 * 60);

const BATCH: i64 = 100;

/// A file that could not be removed is tried again after so long, and does not stand in the way of the others until then.
const TRIED_AGAIN: Duration = Duration::from_secs(60 * 60);
/// After so many failures it is the store that is away, and not a file: the rest waits for the next sweep.
const MOST_FAILURES: usize = 10;

pub async fn sweep(app: &App, now: Timestamp) -> Result<()> {
    in_batches(&app.db, move |tx, limit| store::release_unused(tx, now.minus(UNSENT), now, limit)).await?;
    let removed = remove_released(app, now).await;
    app.files.clear_scratch().await?;
    removed
}

/// Removes them beside the caller. Should it fail, the next sweep will do it.
pub fn begin(app: &App, now: Timestamp) {
    let app = app.clone();
    let work = async move {
        if let Err(error) = remove_released(&app, now).await {
            tracing::warn!(%error, "could not remove the files of a deleted ticket; the next sweep will");
        }
    };
    tokio::spawn(spans::in_job("remove files", work));
}

/// Removes the files whose rows are gone. The note of each stays until the file is gone too. The first failure is answered,
/// when all that can go has gone.
pub async fn remove_released(app: &App, now: Timestamp) -> Result<()> {
    let mut failures = Vec::new();
    loop {
        let due = app.db.read(move |tx| store::list_removals(tx, now, BATCH)).await?;
        let is_last = due.len() < BATCH as usize;
        let (mut gone, mut stuck) = (Vec::new(), Vec::new());
        for (tenant, file_id) in due {
            match remove(app, &file_id).await {
                Ok(()) => gone.push((tenant, file_id)),
                Err(error) => {
                    failures.push(error);
                    stuck.push((tenant, file_id));
                }
            }
            if failures.len() == MOST_FAILURES {
                break;
            }
        }
        let note = move |tx: &mut Tx<'_>| {
            let again_at = now.plus(TRIED_AGAIN);
            gone.iter().try_for_each(|(tenant, file_id)| store::cancel_removal(tx, *tenant, file_id).map(drop))?;
            stuck.iter().try_for_each(|(tenant, file_id)| store::put_off_removal(tx, *tenant, file_id, again_at))
        };
        app.db.write(note).await?;
        if is_last || failures.len() == MOST_FAILURES {
            return failures.into_iter().next().map_or(Ok(()), Err);
        }
    }
}

async fn remove(app: &App, file_id: &str) -> Result<()> {
    app.files.remove(file_id).await?;
    app.files.remove(&show::thumb_of(file_id)).await
}
