//! From sums to reports. Each reads the sums of its period once, and nothing else but names.

use std::collections::{BTreeMap, HashMap};

use crate::analytics::figures::{Count, Dimension, Figures, slot_of};
use crate::analytics::model::{Before, Breakdown, Group, MonthOfUse, Overview, Point, Series, Totals, Usage};
use crate::analytics::period::{self, Interval, Period};
use crate::analytics::store::board;
use crate::analytics::store::sums::{self, Range};
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

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
    for (_, _, figures) in sums::list(tx, tenant, &subject.range(period)?)? {
        sum.add(&figures, 1);
    }
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
    for (slot, _, figures) in sums::list(tx, tenant, &subject.range(period)?)? {
        // The last part that does not begin after it.
        let part = starts.partition_point(|start| *start <= slot).saturating_sub(1);
        if let Some(sum) = parts_sums.get_mut(part) {
            sum.add(&figures, 1);
        }
    }
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
    let mut groups: BTreeMap<String, Figures> = BTreeMap::new();
    let range = Range { dimension, slots: period.slots()?, name: only };
    for (_, name, figures) in sums::list(tx, tenant, &range)? {
        groups.entry(name).or_default().add(&figures, 1);
    }
    let names = match dimension {
        Dimension::Agent => {
            let ids: Vec<&str> = groups.keys().map(String::as_str).collect();
            board::list_names(tx, tenant, &ids)?.into_iter().collect()
        }
        _ => HashMap::new(),
    };
    let mut groups: Vec<_> = groups.into_iter().collect();
    let busyness = |figures: &Figures| -> i64 { figures.counts[..Count::Bytes as usize].iter().sum() };
    groups.sort_by_key(|(_, figures)| -busyness(figures));
    let group = |(id, figures): (String, Figures)| {
        let name = names.get(&id).unwrap_or(&id).clone();
        Group { id, name, totals: Totals::of(&figures) }
    };
    Ok(Breakdown { period: period.shown(), data: groups.into_iter().map(group).collect() })
}

pub fn usage(tx: &mut Tx<'_>, tenant: TenantKey, now: Timestamp, months: i64) -> Result<Usage> {
    let month = |(month, slots)| {
        let mut sum = Figures::default();
        for dimension in [Dimension::All, Dimension::Deleted] {
            for (_, _, figures) in sums::list(tx, tenant, &Range { dimension, slots, name: None })? {
                sum.add(&figures, 1);
            }
        }
        Ok(MonthOfUse {
            month,
            tickets: sum.count(Count::Opened),
            customer_messages: sum.count(Count::CustomerMessages),
            staff_messages: sum.count(Count::StaffMessages),
            bot_messages: sum.count(Count::BotMessages),
            active_staff: active_staff(tx, tenant, slots)?,
            storage_bytes: sums::bytes_before(tx, tenant, slots.1)?,
        })
    };
    Ok(Usage { data: period::months(now, months)?.into_iter().map(month).collect::<Result<_>>()? })
}

fn active_staff(tx: &mut Tx<'_>, tenant: TenantKey, slots: (i64, i64)) -> Result<i64> {
    let mut active: Vec<String> = Vec::new();
    for (_, agent, figures) in sums::list(tx, tenant, &Range { dimension: Dimension::Agent, slots, name: None })? {
        let has_worked = figures.count(Count::StaffMessages) + figures.count(Count::Closed) > 0;
        if has_worked && !active.contains(&agent) {
            active.push(agent);
        }
    }
    Ok(active.len() as i64)
}
