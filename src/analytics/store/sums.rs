//! The sums, by dimension and slot; and how figures stand in columns.

use std::collections::BTreeMap;

use crate::analytics::figures::{Dimension, Figures, Place};
use crate::analytics::histogram::Histogram;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::{Row, Tx, Value};

/// Sums that are held at once while they are read.
const PAGE: i64 = 1024;

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
    let changes: Vec<(&Place, &Figures)> = changes.iter().filter(|(_, change)| !change.is_zero()).collect();
    let keys: Vec<Vec<Value<'_>>> = changes
        .iter()
        .map(|((dimension, slot, name), _)| {
            vec![tenant.into(), dimension.as_str().into(), (*slot).into(), name.as_str().into()]
        })
        .collect();
    const HERE: &str = "where tenant_key = $1 and dimension = $2 and slot = $3 and name = $4";
    let found = tx.all_each(&format!("select {COLUMNS} from analytics_slots {HERE}"), &keys, figures)?;
    let delete = format!("delete from analytics_slots {HERE}");
    let save = format!(
        "insert into analytics_slots (tenant_key, dimension, slot, name, {COLUMNS})
         values ($1, $2, $3, $4, {}) on conflict (tenant_key, dimension, slot, name) do update set {SET}",
        places(5)
    );
    for (((_, change), mut row), before) in changes.into_iter().zip(keys).zip(found) {
        let mut sum = before.into_iter().next().unwrap_or_default();
        sum.add(change, 1);
        if sum.is_zero() {
            tx.execute_later(&delete, &row)?;
            continue;
        }
        let texts = texts(&sum);
        row.extend(values(&sum, &texts));
        tx.execute_later(&save, &row)?;
    }
    Ok(())
}

/// Which sums a report reads: slots from the first up to, but not, the last; of one name, or of all.
pub struct Range<'a> {
    pub dimension: Dimension,
    pub slots: (i64, i64),
    pub name: Option<&'a str>,
}

/// Shows each to `visit`, in the order of the slots. They are read a page at a time: customers bring in tags, so nobody knows
/// how many there are.
pub fn visit(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    range: &Range<'_>,
    mut visit: impl FnMut(i64, &str, &Figures),
) -> Result<()> {
    let mut from = (range.slots.0, String::new());
    loop {
        let (mut sql, values) = ask(&format!("slot, name, {COLUMNS}"), tenant, range, &from);
        sql.push_str(" order by slot, name");
        let mut page = tx.at_most(PAGE, &sql, &values, |row| Ok(((row.take()?, row.take()?), figures(row)?)))?;
        // The last of a full page is where the next one begins.
        let next = if page.len() as i64 == PAGE { page.pop() } else { None };
        page.iter().for_each(|((slot, name), figures): &((i64, String), _)| visit(*slot, name, figures));
        match next {
            Some((place, _)) => from = place,
            None => return Ok(()),
        }
    }
}

/// Under which names most happened, the busiest first.
pub fn list_busiest(tx: &mut Tx<'_>, tenant: TenantKey, range: &Range<'_>, most: i64) -> Result<Vec<String>> {
    let from = (range.slots.0, String::new());
    let (mut sql, values) = ask("name", tenant, range, &from);
    sql.push_str(
        " group by name order by sum(opened + closed + reopened + assigned + customer_messages + staff_messages
         + bot_messages) desc, name",
    );
    tx.at_most(most, &sql, &values, |row| row.take())
}

fn ask<'v>(
    columns: &str,
    tenant: TenantKey,
    range: &'v Range<'_>,
    from: &'v (i64, String),
) -> (String, Vec<Value<'v>>) {
    let mut sql = format!(
        "select {columns} from analytics_slots
         where tenant_key = $1 and dimension = $2 and (slot, name) >= ($3, $4) and slot < $5"
    );
    let dimension = range.dimension.as_str();
    let mut values = vec![tenant.into(), dimension.into(), from.0.into(), from.1.as_str().into(), range.slots.1.into()];
    if let Some(name) = range.name {
        sql.push_str(" and name = $6");
        values.push(name.into());
    }
    (sql, values)
}

/// What billing by use reads of a time: counts, without the histograms, which are most of a sum.
pub struct Used {
    pub opened: i64,
    pub customer_messages: i64,
    pub staff_messages: i64,
    pub bot_messages: i64,
    /// Of files. Those of deleted tickets are gone.
    pub bytes: i64,
}

/// Together with what tickets had added that were deleted since.
pub fn used(tx: &mut Tx<'_>, tenant: TenantKey, slots: (i64, i64)) -> Result<Used> {
    let sum = |column: &str| format!("cast(coalesce(sum({column}), 0) as bigint)");
    let counts = ["opened", "customer_messages", "staff_messages", "bot_messages"].map(sum).join(", ");
    let bytes = sum("case when dimension = 'all' then bytes end");
    let sql = format!(
        "select {counts}, {bytes} from analytics_slots
         where tenant_key = $1 and dimension in ('all', 'deleted') and slot >= $2 and slot < $3"
    );
    tx.one(&sql, &[tenant.into(), slots.0.into(), slots.1.into()], |row| {
        Ok(Used {
            opened: row.take()?,
            customer_messages: row.take()?,
            staff_messages: row.take()?,
            bot_messages: row.take()?,
            bytes: row.take()?,
        })
    })
}

/// Staff who wrote or closed something.
pub fn count_active_staff(tx: &mut Tx<'_>, tenant: TenantKey, slots: (i64, i64)) -> Result<i64> {
    tx.one(
        "select count(distinct name) from analytics_slots
         where tenant_key = $1 and dimension = 'agent' and slot >= $2 and slot < $3 and staff_messages + closed > 0",
        &[tenant.into(), slots.0.into(), slots.1.into()],
        |row| row.take(),
    )
}

/// How much there is of files in all, before a time.
pub fn bytes_before(tx: &mut Tx<'_>, tenant: TenantKey, slot: i64) -> Result<i64> {
    tx.one(
        "select cast(coalesce(sum(bytes), 0) as bigint) from analytics_slots
         where tenant_key = $1 and dimension = 'all' and slot < $2",
        &[tenant.into(), slot.into()],
        |row| row.take(),
    )
}
