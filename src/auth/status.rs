//! What realtime tells auth of a user: what they chose to be seen as, and when they were last there.

use crate::app::App;
use crate::auth::model::{Caller, Status};
use crate::auth::store::users;
use crate::error::Result;

pub async fn choose(app: &App, caller: &Caller, status: Status) -> Result<()> {
    let (tenant, user, now) = (caller.tenant, caller.user, app.clock.now());
    app.db.write(move |tx| users::set_status(tx, tenant, user, status, now)).await?;
    // The next socket of this user has to arrive as what was chosen now.
    app.auth.registry.user_changed(user);
    Ok(())
}

pub async fn touch(app: &App, caller: &Caller) -> Result<()> {
    let (tenant, user, now) = (caller.tenant, caller.user, app.clock.now());
    app.db.write(move |tx| users::touch(tx, tenant, user, now)).await
}
