//! A caller who goes away: nobody was told that the write is stored, so it is not.

use std::sync::mpsc;

use anyhow::Result;

use super::{TestDb, insert_tenant};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_caller_left_is_not_kept() -> Result<()> {
    for t in [TestDb::sqlite()?, TestDb::postgres()?] {
        let (begin, begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let db = t.db.clone();
        let caller = tokio::spawn(async move {
            db.write(move |tx| {
                insert_tenant(tx, "abandoned")?;
                tx.after_commit(7_i64);
                begin.send(()).expect("the test waits");
                // Until the caller is gone.
                released.recv().expect("the test releases it");
                Ok(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || begun.recv()).await??;
        caller.abort();
        assert!(caller.await.is_err_and(|error| error.is_cancelled()));
        release.send(())?;
        // Closing waits for what runs.
        t.db.clone().close().await;
        assert!(t.heard().is_empty());
        let again = TestDb::open(t.config.clone(), None)?;
        assert_eq!(again.count("select count(*) from tenants where name = 'abandoned'").await?, 0);
    }
    Ok(())
}
