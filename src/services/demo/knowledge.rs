//! What the shop knows, and who tells it: the articles in `knowledge/`, and its bot.

use crate::app::App;
use crate::error::Result;
use crate::events::Act;
use crate::platform::db::Tx;
use crate::tickets::bot::settings::{self, BotPatch};
use crate::tickets::knowledge::import;
use crate::tickets::knowledge::model::ArticleStatus;

const NAME: &str = "Lantern";

/// The slug and the text of each.
pub const ARTICLES: &[(&str, &str)] = &[
    ("change-delivery-address", include_str!("knowledge/change-delivery-address.md")),
    ("damaged-parcel", include_str!("knowledge/damaged-parcel.md")),
    ("decaf", include_str!("knowledge/decaf.md")),
    ("delivery-costs", include_str!("knowledge/delivery-costs.md")),
    ("delivery-times", include_str!("knowledge/delivery-times.md")),
    ("gift-cards", include_str!("knowledge/gift-cards.md")),
    ("grind-for-moka-pot", include_str!("knowledge/grind-for-moka-pot.md")),
    ("guji-back", include_str!("knowledge/guji-back.md")),
    ("how-long-coffee-keeps", include_str!("knowledge/how-long-coffee-keeps.md")),
    ("invoice", include_str!("knowledge/invoice.md")),
    ("password", include_str!("knowledge/password.md")),
    ("payment-methods", include_str!("knowledge/payment-methods.md")),
    ("returns", include_str!("knowledge/returns.md")),
    ("subscription-cancel", include_str!("knowledge/subscription-cancel.md")),
    ("subscription-change", include_str!("knowledge/subscription-change.md")),
    ("subscription-pause", include_str!("knowledge/subscription-pause.md")),
    ("track-a-parcel", include_str!("knowledge/track-a-parcel.md")),
    ("wholesale", include_str!("knowledge/wholesale.md")),
];

pub fn fill(tx: &mut Tx<'_>, app: &App, act: &Act) -> Result<()> {
    let drafts = ARTICLES.iter().map(|(slug, text)| import::of_markdown(slug, text)).collect();
    import::write(tx, app, act, drafts, ArticleStatus::Published)?;
    let patch = BotPatch { enabled: Some(true), name: Some(NAME.into()), ..BotPatch::default() };
    settings::update_in(tx, app, act, patch).map(drop)
}
