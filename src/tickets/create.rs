//! Opening a ticket, with its first message if there is one.

use std::sync::Arc;

use garde::Validate;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::model::Caller;
use crate::auth::{Action, lock_tenant};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::platform::http::text;
use crate::platform::id;
use crate::tickets::assign::{self, Online};
use crate::tickets::bot::{HandoffReason, handoff};
use crate::tickets::fields;
use crate::tickets::messages::send::{self, NewMessage};
use crate::tickets::model::{Priority, Ticket};
use crate::tickets::store;

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicketRequest {
    /// One line of at most 500 characters.
    #[garde(custom(text::line(500)))]
    pub subject: String,
    /// The first message, of at most 10,000 characters.
    #[garde(inner(custom(text::content(10_000))))]
    pub message_content: Option<String>,
    #[garde(skip)]
    pub priority: Option<Priority>,
    /// At most 20, each a line of at most 50 characters.
    #[garde(custom(fields::tags))]
    #[serde(default)]
    pub tags: Vec<String>,
    /// An object of at most 50 fields and 16 KiB.
    #[garde(custom(fields::custom))]
    #[serde(default)]
    #[schema(value_type = HashMap<String, Json>)]
    pub custom: Map<String, Json>,
    /// Staff only: whose ticket it is.
    #[garde(skip)]
    pub customer_id: Option<String>,
    /// False: a person from the start, where a bot would answer first.
    #[garde(skip)]
    pub bot: Option<bool>,
}

/// Creates the ticket and gives it to somebody who is online, if anybody is.
pub async fn create(app: &App, caller: Arc<Caller>, new: NewTicketRequest) -> Result<Ticket> {
    caller.require(Action::TicketsCreate)?;
    if new.customer_id.is_some() {
        caller.require(Action::TicketsCreateForOthers)?;
    }
    if new.message_content.is_some() {
        caller.require(Action::MessagesSend)?;
    }
    let online = Online::now(app, caller.tenant);
    let shared = app.clone();
    app.db.write(move |tx| create_in(tx, &shared, &caller, &new, &online)).await
}

/// The part inside the transaction.
pub fn create_in(
    tx: &mut Tx<'_>,
    app: &App,
    caller: &Caller,
    new: &NewTicketRequest,
    online: &Online,
) -> Result<Ticket> {
    let now = app.clock.now();
    // Its number is the tenant's to give. First, because whoever disables a user holds the tenant before their sessions.
    lock_tenant(tx, caller.tenant)?;
    // A guest who is identified at this moment: their tickets have moved along, and this one has to be the customer's.
    if let Some(session_id) = &caller.session_id
        && !store::session_lives(tx, caller.tenant, session_id)?
    {
        return Err(Error::Unauthorized("unauthorized"));
    }
    let customer = match &new.customer_id {
        Some(id) => store::find_customer(tx, caller.tenant, id)?.ok_or(Error::invalid(
            "customer_id",
            "unknown",
            "is no customer of this tenant",
        ))?,
        None => caller.user,
    };
    let ticket_id = id::new_id(now, &app.random);
    let tags = fields::distinct(&new.tags);
    // A bot answers whoever asks, and nobody in whose name staff open a ticket.
    let is_own = !caller.role.is_staff() && customer == caller.user;
    let row = store::NewTicket {
        ticket_id: &ticket_id,
        subject: &new.subject,
        customer,
        priority: new.priority.unwrap_or_default(),
        tags: &tags,
        channel: "web",
        custom: &new.custom,
        is_for_bot: is_own && new.bot != Some(false),
    };
    let (key, bot_is_on) = store::insert(tx, caller.tenant, &row, now)?;
    let ticket = Arc::new(store::find_by_key(tx, caller.tenant, key)?);
    let what = What::TicketCreated { ticket };
    events::record(tx, &Act::of(caller, now), what)?;
    if let Some(content) = &new.message_content {
        let first = NewMessage { message_content: content.clone(), client_id: None, attachment_ids: Vec::new() };
        send::send_in(tx, caller, &ticket_id, &first, now)?;
    }
    if is_own && bot_is_on && new.bot == Some(false) {
        handoff::hand_over(tx, app, caller.tenant, key, (HandoffReason::Chosen, None), online, now)?;
    } else {
        assign::assign(tx, caller.tenant, key, online, now)?;
    }
    Ok(store::find_by_key(tx, caller.tenant, key)?.seen_by(caller.user))
}
