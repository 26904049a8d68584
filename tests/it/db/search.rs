//! Full-text search, on both engines: the same words find the same tickets, whatever a stranger types.

use anyhow::Result;
use smilechat::error;
use smilechat::platform::db::{index_ticket, unindex_ticket};

use super::{TestDb, insert_tenant, insert_ticket};

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_find_the_same() -> Result<()> {
    for t in [TestDb::sqlite()?, TestDb::postgres()?] {
        finds_by_words(&t).await?;
    }
    Ok(())
}

async fn finds_by_words(t: &TestDb) -> Result<()> {
    let ((a, first, second), (b, foreign)) =
        t.db.write(|tx| {
            let (a, user_a) = insert_tenant(tx, "a")?;
            let (b, user_b) = insert_tenant(tx, "b")?;
            let first = insert_ticket(tx, a, user_a, 1)?;
            let second = insert_ticket(tx, a, user_a, 2)?;
            let foreign = insert_ticket(tx, b, user_b, 1)?;
            index_ticket(tx, a, first, "#17 Crème brûlée AND nothing; o'Neil@example.com")?;
            index_ticket(tx, a, second, "Refund, please: 日本語 words tenant")?;
            index_ticket(tx, b, foreign, "Crème refund")?;
            Ok(((a, first, second), (b, foreign)))
        })
        .await?;

    let both = [first, second];
    for (typed, expected) in [
        ("creme", vec![first]),
        ("CRÈ brul", vec![first]),
        ("refund creme", vec![]),
        ("17", vec![first]),
        ("#17", vec![first]),
        ("example", vec![first]),
        ("o'neil", vec![first]),
        ("日本", vec![second]),
        ("tenant", vec![second]),
        ("and nothing", vec![first]),
        ("not", vec![first]),
        ("n", vec![first]),
        ("", vec![]),
        (" \t'\"*:&|!()<->", vec![]),
    ] {
        assert_eq!(search(t, a, typed).await?, expected, "{typed:?}");
    }
    assert_eq!(search(t, b, "creme").await?, [foreign]);

    let long = "refund ".repeat(100_000);
    for hostile in
        ["\"", "'", "a\0b", "*", "tenant:1", "words : x", "NEAR(a b)", "') or 1=1 --", "x':*|y", "\\", "a OR b"]
    {
        search(t, a, hostile).await.unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
    }
    assert_eq!(search(t, a, &long).await?, [second]);
    assert_eq!(search(t, a, &format!("{b} refund")).await?, [0i64; 0]);

    t.db.write(move |tx| both.iter().try_for_each(|ticket| index_ticket(tx, a, *ticket, "changed"))).await?;
    assert_eq!(search(t, a, "creme").await?, [0i64; 0]);
    assert_eq!(search(t, a, "change").await?, [first, second]);
    t.db.write(move |tx| unindex_ticket(tx, first)).await?;
    assert_eq!(search(t, a, "change").await?, [second]);
    Ok(())
}

async fn search(t: &TestDb, tenant: i64, typed: &str) -> error::Result<Vec<i64>> {
    let typed = typed.to_owned();
    t.db.read(move |tx| {
        let dialect = tx.dialect();
        let Some(query) = dialect.search_query(tenant, &typed) else {
            return Ok(Vec::new());
        };
        let sql = format!("select found.ticket_key from {} order by 1", dialect.matching_tickets("$1", "$2"));
        tx.all(&sql, &[tenant.into(), (&query).into()], |row| row.take())
    })
    .await
}
