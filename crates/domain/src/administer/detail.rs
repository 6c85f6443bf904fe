//! Acts in words, as their records keep them.

use crate::account::Account;
use crate::admin::AccountChange;
use crate::catalog::Model;
use crate::ports::NewLot;
use crate::time::Timestamp;

/// `created as PRO, an admin`.
pub(super) fn of_new_account(account: &Account) -> String {
    let admin = if account.is_admin { ", an admin" } else { "" };
    format!("created as {}{admin}", account.account_type)
}

/// `type from FREE to PRO, made an admin, blocked`.
pub(super) fn of_account_change(before: &Account, change: AccountChange) -> String {
    let words = [
        change
            .account_type
            .map(|new| format!("type from {} to {new}", before.account_type)),
        change.is_admin.map(|is_admin| {
            let text = if is_admin {
                "made an admin"
            } else {
                "no longer an admin"
            };
            text.to_owned()
        }),
        change.is_blocked.map(|is_blocked| {
            let text = if is_blocked { "blocked" } else { "unblocked" };
            text.to_owned()
        }),
    ];
    join(words)
}

/// `granted 500 live credits, expires 2027-06-30, note: "for the fair"`.
pub(super) fn of_grant(lot: &NewLot) -> String {
    let expiry = lot.expires_at.map_or_else(
        || "never expires".to_owned(),
        |time| format!("expires {}", date(time)),
    );
    let note = lot.note.as_ref().map(|note| format!("note: \"{note}\""));
    let granted = format!("granted {} {} credits", lot.credits, lot.mode);
    join([Some(granted), Some(expiry), note])
}

/// `1K from 8 to 10 credits, 4K for 12 credits, taken off sale`.
pub(super) fn of_model_change(before: &Model, after: &Model) -> String {
    let mut words = Vec::new();
    for (tier, price) in &after.credits_per_image {
        match before.credits_per_image.get(tier) {
            Some(old) if old == price => {}
            Some(old) => words.push(format!("{tier} from {old} to {price} credits")),
            None => words.push(format!("{tier} for {price} credits")),
        }
    }
    let texts = [
        ("name", &before.name, &after.name),
        ("provider", &before.provider, &after.provider),
        (
            "provider's model",
            &before.provider_model,
            &after.provider_model,
        ),
    ];
    for (what, old, new) in texts {
        if old != new {
            words.push(format!("{what} from \"{old}\" to \"{new}\""));
        }
    }
    let (old, new) = (before.reference_image_limit, after.reference_image_limit);
    if old != new {
        words.push(format!("reference images from {old} to {new}"));
    }
    if before.enabled != after.enabled {
        let text = if after.enabled {
            "put on sale"
        } else {
            "taken off sale"
        };
        words.push(text.to_owned());
    }
    words.join(", ")
}

/// A date alone where it is a midnight.
fn date(time: Timestamp) -> String {
    let text = time.to_string();
    if time == time.midnight() {
        text.split('T').next().unwrap_or(&text).to_owned()
    } else {
        text
    }
}

fn join<const N: usize>(words: [Option<String>; N]) -> String {
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
