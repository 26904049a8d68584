//! The sums, by dimension and slot; and how figures stand in columns.

use std::collections::BTreeMap;

use crate::analytics::figures::{Dimension, Figures, Place};
use crate::analytics::histogram::Histogram;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::{Row, Tx, Value};

/// In the order of `Count` and `Values`.
pub const COLUMNS: &str = "opened, closed, reopened, assigned, customer_messages, staff_messages, bot_messages, bytes,
     first_replies, resolutions, ratings";

pub const SET: &str = "opened = excluded.opened, closed = excluded.closed, reopened = excluded.reopened,
     assigned = excluded.assigned, customer_messages = excluded.customer_messages,
     staff_messages = excluded.staff_messages, bot_messages = excluded.bot_messages, bytes = excluded.bytes,
     first_replies = excluded.first_replies, resolutions = excluded.resolutions, ratings = excluded.ratings";

/// Takes what stands in `COLUMNS`.
pub fn figures(row: &mut Row<'_>) -> Result<Figures> {
    let mut figures = Figures::default();
    for count in &mut figures.counts {
        *count = row.take()?;
    }
    for histogram in &mut figures.histograms {
        *histogram = Histogram::parse(&row.take::<String>()?)?;
    }
    Ok(figures)
}

pub fn texts(figures: &Figures) -> [String; 3] {
    figures.histograms.each_ref().map(Histogram::to_text)
}

/// For `COLUMNS`.
pub fn values<'v>(figures: &Figures, texts: &'v [String; 3]) -> impl Iterator<Item = Value<'v>> {
    let counts = figures.counts.map(Value::from);
    counts.into_iter().chain(texts.iter().map(|text| Value::from(text.as_str())))
}

/// Placeholders for `COLUMNS`, from `$first` on.
pub fn places(first: usize) -> String {
    (first..first + 11).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// Adds to the sums. Whoever calls holds the lock of `progress`.
pub fn add(tx: &mut Tx<'_>, tenant: TenantKey, changes: &BTreeMap<Place, Figures>) -> Result<()> {
    for ((dimension, slot, name), change) in changes.iter().filter(|(_, change)| !change.is_zero()) {
        let place = [tenant.into(), dimension.as_str().into(), (*slot).into(), name.as_str().into()];
        let mut sum = find(tx, tenant, *dimension, *slot, name)?.unwrap_or_default();
        sum.add(change, 1);
        if sum.is_zero() {
            tx.execute(
                "delete from analytics_slots where tenant_key = $1 and dimension = $2 and slot = $3 and name = $4",
                &place,
            )?;
            continue;
        }
        let texts = texts(&sum);
        let values: Vec<Value<'_>> = place.into_iter().chain(values(&sum, &texts)).collect();
        let sql = format!(
            "insert into analytics_slots (tenant_key, dimension, slot, name, {COLUMNS})
             values ($1, $2, $3, $4, {}) on conflict (tenant_key, dimension, slot, name) do update set {SET}",
            places(5)
        );
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

fn find(tx: &mut Tx<'_>, tenant: TenantKey, dimension: Dimension, slot: i64, name: &str) -> Result<Option<Figures>> {
    let sql = format!(
        "select {COLUMNS} from analytics_slots where tenant_key = $1 and dimension = $2 and slot = $3 and name = $4"
    );
    tx.first(&sql, &[tenant.into(), dimension.as_str().into(), slot.into(), name.into()], figures)
}

/// Which sums a report reads: slots from the first up to, but not, the last; of one name, or of all.
pub struct Range<'a> {
    pub dimension: Dimension,
    pub slots: (i64, i64),
    pub name: Option<&'a str>,
}

/// In the order of the slots.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, range: &Range<'_>) -> Result<Vec<(i64, String, Figures)>> {
    let mut sql = format!(
        "select slot, name, {COLUMNS} from analytics_slots
         where tenant_key = $1 and dimension = $2 and slot >= $3 and slot < $4"
    );
    let mut values = vec![tenant.into(), range.dimension.as_str().into(), range.slots.0.into(), range.slots.1.into()];
    if let Some(name) = range.name {
        sql.push_str(" and name = $5");
        values.push(name.into());
    }
    sql.push_str(" order by slot");
    tx.all(&sql, &values, |row| Ok((row.take()?, row.take()?, figures(row)?)))
}

/// How much there is of files in all, at the end of a time.
pub fn bytes_before(tx: &mut Tx<'_>, tenant: TenantKey, slot: i64) -> Result<i64> {
    tx.one(
        "select cast(coalesce(sum(bytes), 0) as bigint) from analytics_slots
         where tenant_key = $1 and dimension = 'all' and slot < $2",
        &[tenant.into(), slot.into()],
        |row| row.take(),
    )
}
