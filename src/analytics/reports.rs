//! From sums to reports. Each reads the sums of its period once, and nothing else but names.

use std::collections::HashMap;

use crate::analytics::figures::{Dimension, Figures, slot_of};
use crate::analytics::model::{Before, Breakdown, Group, MonthOfUse, Overview, Point, Series, Totals, Usage};
use crate::analytics::period::{self, Interval, Period};
use crate::analytics::store::board;
use crate::analytics::store::sums::{self, Range};
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// Rows of a report by agents, tags or channels. What is beyond them is one row more.
const MOST_GROUPS: i64 = 100;

/// Whose figures: everybody's, or those of one agent, tag or channel.
#[derive(Clone, Debug)]
pub struct Subject {
    pub dimension: Dimension,
    pub name: String,
}

impl Subject {
    pub fn all() -> Self {
        Self { dimension: Dimension::All, name: String::new() }
    }

    fn range(&self, period: &Period) -> Result<Range<'_>> {
        Ok(Range { dimension: self.dimension, slots: period.slots()?, name: Some(&self.name) })
    }
}

pub fn overview(tx: &mut Tx<'_>, tenant: TenantKey, period: &Period, subject: &Subject) -> Result<Overview> {
    let before = period.before()?;
    Ok(Overview {
        period: period.shown(),
        totals: totals(tx, tenant, period, subject)?,
        before: Before { period: before.shown(), totals: totals(tx, tenant, &before, subject)? },
    })
}

fn totals(tx: &mut Tx<'_>, tenant: TenantKey, period: &Period, subject: &Subject) -> Result<Totals> {
    let mut sum = Figures::default();
    sums::visit(tx, tenant, &subject.range(period)?, |_, _, figures| sum.add(figures, 1))?;
    Ok(Totals::of(&sum))
}

pub fn series(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    period: &Period,
    interval: Interval,
    subject: &Subject,
) -> Result<Series> {
    let parts = period.cut(interval)?;
    let starts: Vec<i64> = parts.iter().map(|(start, _)| slot_of(start.0)).collect();
    let mut parts_sums = vec![Figures::default(); parts.len()];
    sums::visit(tx, tenant, &subject.range(period)?, |slot, _, figures| {
        // The last part that does not begin after it.
        let part = starts.partition_point(|start| *start <= slot).saturating_sub(1);
        if let Some(sum) = parts_sums.get_mut(part) {
            sum.add(figures, 1);
        }
    })?;
    let point =
        |((start, label), sum): ((Timestamp, String), Figures)| Point { start, label, totals: Totals::of(&sum) };
    Ok(Series { period: period.shown(), data: parts.into_iter().zip(parts_sums).map(point).collect() })
}

/// `only`: one agent's row and no other.
pub fn breakdown(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    period: &Period,
    dimension: Dimension,
    only: Option<&str>,
) -> Result<Breakdown> {
    let range = Range { dimension, slots: period.slots()?, name: only };
    let ids = sums::list_busiest(tx, tenant, &range, MOST_GROUPS)?;
    let places: HashMap<&str, usize> = ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let (mut groups, mut others) = (vec![Figures::default(); ids.len()], Figures::default());
    sums::visit(tx, tenant, &range, |_, name, figures| match places.get(name) {
        Some(place) => groups[*place].add(figures, 1),
        None => others.add(figures, 1),
    })?;
    let names: HashMap<String, String> = match dimension {
        Dimension::Agent => {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            board::list_names(tx, tenant, &ids)?.into_iter().collect()
        }
        _ => HashMap::new(),
    };
    let group = |(id, figures): (String, Figures)| {
        let name = names.get(&id).unwrap_or(&id).clone();
        Group { id, name, totals: Totals::of(&figures) }
    };
    Ok(Breakdown {
        period: period.shown(),
        data: ids.into_iter().zip(groups).map(group).collect(),
        others: (!others.is_zero()).then(|| Totals::of(&others)),
    })
}

pub fn usage(tx: &mut Tx<'_>, tenant: TenantKey, now: Timestamp, months: i64) -> Result<Usage> {
    let months = period::months(now, months)?;
    let mut storage_bytes = match months.last() {
        Some((_, slots)) => sums::bytes_before(tx, tenant, slots.0)?,
        None => 0,
    };
    let mut data = Vec::with_capacity(months.len());
    // From the oldest on, since each month adds to the files of those before it.
    for (month, slots) in months.into_iter().rev() {
        let used = sums::used(tx, tenant, slots)?;
        storage_bytes += used.bytes;
        data.push(MonthOfUse {
            month,
            tickets: used.opened,
            customer_messages: used.customer_messages,
            staff_messages: used.staff_messages,
            bot_messages: used.bot_messages,
            active_staff: sums::count_active_staff(tx, tenant, slots)?,
            storage_bytes,
        });
    }
    data.reverse();
    Ok(Usage { data })
}
