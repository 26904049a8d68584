//! How it is just now. Not from the sums: from the tickets that are open and the staff who are there.

use std::time::Duration;

use crate::analytics::model::{LiveBoard, LiveStaff};
use crate::analytics::store::board::{self, Agent, Queue};
use crate::app::App;
use crate::auth::model::{Status, TenantKey};
use crate::error::Result;

const RECENT: Duration = Duration::from_secs(300);

pub async fn board(app: &App, tenant: TenantKey) -> Result<LiveBoard> {
    let now = app.clock.now();
    let (mut board, staff) = app
        .db
        .read(move |tx| {
            let (waiting, waiting_since) = board::waiting(tx, tenant)?;
            let board = LiveBoard {
                now,
                open: board::count(tx, tenant, Queue::Open)?,
                in_progress: board::count(tx, tenant, Queue::InProgress)?,
                unassigned: board::count(tx, tenant, Queue::Unassigned)?,
                waiting,
                waiting_since,
                recent_messages: board::messages_since(tx, tenant, now.minus(RECENT))?,
                staff: Vec::new(),
            };
            Ok((board, board::list_staff(tx, tenant)?))
        })
        .await?;
    let shown = |agent: Agent| {
        let status = app.presence.status(tenant, agent.key);
        let Agent { user_id, name, avatar_url, load, .. } = agent;
        LiveStaff { user_id, name, avatar_url, status, load }
    };
    board.staff = staff.into_iter().map(shown).collect();
    board.staff.sort_by(|a, b| (place(a.status), -a.load, &a.name).cmp(&(place(b.status), -b.load, &b.name)));
    Ok(board)
}

fn place(status: Status) -> u8 {
    match status {
        Status::Online => 0,
        Status::Busy => 1,
        Status::Away => 2,
        Status::Offline => 3,
    }
}
