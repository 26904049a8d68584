//! Each report as rows of cells.

use crate::analytics::model::{Breakdown, LiveBoard, LiveStaff, Overview, RatedTicket, Series, Totals, Usage};
use crate::analytics::period::ReportPeriod;
use crate::analytics::sheet::{Cell, Named, Sheet};
use crate::platform::http::page::Page;

const TOTALS: [&str; 21] = [
    "opened",
    "closed",
    "reopened",
    "assigned",
    "customer_messages",
    "staff_messages",
    "bot_messages",
    "resolution_rate",
    "first_replies",
    "first_reply_median_seconds",
    "first_reply_p90_seconds",
    "resolutions",
    "resolution_median_seconds",
    "resolution_p90_seconds",
    "ratings",
    "rating_average",
    "rated_1",
    "rated_2",
    "rated_3",
    "rated_4",
    "rated_5",
];

/// The heads of a table that has these columns before the figures.
fn head(first: &[&str]) -> Vec<Cell> {
    first.iter().chain(&TOTALS).map(|name| Cell::from(*name)).collect()
}

fn line(first: Vec<Cell>, totals: &Totals) -> Vec<Cell> {
    let Totals { first_reply, resolution, satisfaction, .. } = totals;
    let counts = [
        totals.opened,
        totals.closed,
        totals.reopened,
        totals.assigned,
        totals.customer_messages,
        totals.staff_messages,
        totals.bot_messages,
    ];
    let mut cells = first;
    cells.extend(counts.map(Cell::from));
    cells.push(totals.resolution_rate.into());
    for durations in [first_reply, resolution] {
        cells.extend([durations.count.into(), durations.median_seconds.into(), durations.p90_seconds.into()]);
    }
    cells.extend([satisfaction.count.into(), satisfaction.average.into()]);
    cells.extend(satisfaction.scores.iter().map(|count| Cell::from(*count)));
    cells
}

fn file_name(what: &str, period: &ReportPeriod) -> String {
    format!("{what}-{}-{}", period.from, period.to)
}

impl Sheet for Overview {
    fn name(&self) -> String {
        file_name("overview", &self.period)
    }

    fn rows(&self) -> Vec<Vec<Cell>> {
        let row = |period: &ReportPeriod, totals| line(vec![(&period.from).into(), (&period.to).into()], totals);
        vec![head(&["from", "to"]), row(&self.period, &self.totals), row(&self.before.period, &self.before.totals)]
    }
}

impl Sheet for Series {
    fn name(&self) -> String {
        file_name("series", &self.period)
    }

    fn rows(&self) -> Vec<Vec<Cell>> {
        let rows = self.data.iter().map(|point| line(vec![(&point.label).into()], &point.totals));
        std::iter::once(head(&["start"])).chain(rows).collect()
    }
}

impl Sheet for Named<Breakdown> {
    fn name(&self) -> String {
        file_name(&format!("{}s", self.of), &self.report.period)
    }

    fn rows(&self) -> Vec<Vec<Cell>> {
        let data = self.report.data.iter();
        let rows = data.map(|group| line(vec![(&group.id).into(), (&group.name).into()], &group.totals));
        let others = self.report.others.iter().map(|totals| line(vec!["".into(), "others".into()], totals));
        std::iter::once(head(&["id", "name"])).chain(rows).chain(others).collect()
    }
}

impl Sheet for Page<RatedTicket> {
    fn name(&self) -> String {
        "ratings".into()
    }

    fn rows(&self) -> Vec<Vec<Cell>> {
        let names = ["ticket_id", "number", "subject", "score", "comment", "support_name", "created_at"];
        let row = |rated: &RatedTicket| {
            vec![
                (&rated.ticket_id).into(),
                rated.number.into(),
                (&rated.subject).into(),
                rated.score.into(),
                (&rated.comment).into(),
                rated.support_name.as_deref().into(),
                (&rated.created_at.to_string()).into(),
            ]
        };
        std::iter::once(names.map(Cell::from).into()).chain(self.data.iter().map(row)).collect()
    }
}

impl Sheet for Usage {
    fn name(&self) -> String {
        "usage".into()
    }

    fn rows(&self) -> Vec<Vec<Cell>> {
        let names = [
            "month",
            "tickets",
            "customer_messages",
            "staff_messages",
            "bot_messages",
            "active_staff",
            "storage_bytes",
        ];
        let rows = self.data.iter().map(|month| {
            let numbers = [
                month.tickets,
                month.customer_messages,
                month.staff_messages,
                month.bot_messages,
                month.active_staff,
                month.storage_bytes,
            ];
            std::iter::once((&month.month).into()).chain(numbers.map(Cell::from)).collect()
        });
        std::iter::once(names.map(Cell::from).into()).chain(rows).collect()
    }
}

impl Sheet for LiveBoard {
    fn name(&self) -> String {
        "live".into()
    }

    fn rows(&self) -> Vec<Vec<Cell>> {
        let row = |staff: &LiveStaff| {
            vec![(&staff.user_id).into(), (&staff.name).into(), staff.status.as_str().into(), staff.load.into()]
        };
        let head = ["id", "name", "status", "load"].map(Cell::from).into();
        std::iter::once(head).chain(self.staff.iter().map(row)).collect()
    }
}
