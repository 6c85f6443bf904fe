//! The tables, as `migrations/` makes them on both databases.

#![allow(clippy::wildcard_imports)] // each `table!` takes its types from its own scope

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    accounts (id) {
        id -> Id,
        email -> Text,
        account_type -> Word,
        is_admin -> Bool,
        password_hash -> Nullable<Text>,
        created_at -> Ts,
        blocked_at -> Nullable<Ts>,
        password_is_temporary -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    api_keys (id) {
        id -> Id,
        account_id -> Id,
        mode -> Word,
        name -> Text,
        prefix -> Text,
        digest -> Binary,
        created_at -> Ts,
        expires_at -> Nullable<Ts>,
        revoked_at -> Nullable<Ts>,
        origin -> Word,
        previous_digest -> Nullable<Binary>,
        previous_prefix -> Nullable<Text>,
        previous_expires_at -> Nullable<Ts>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    models (id) {
        id -> Text,
        name -> Text,
        provider -> Text,
        provider_model -> Text,
        aspect_ratios -> Doc,
        credits_per_image -> Doc,
        size_rule -> Doc,
        reference_image_limit -> Integer,
        enabled -> Bool,
        position -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    generations (id) {
        id -> Id,
        account_id -> Id,
        api_key_id -> Id,
        mode -> Word,
        model -> Text,
        provider -> Text,
        provider_model -> Text,
        prompt -> Text,
        n -> Integer,
        size -> Nullable<Word>,
        aspect_ratio -> Nullable<Word>,
        tier -> Word,
        rendering_quality -> Word,
        price_credits -> BigInt,
        reference_images -> Doc,
        waits -> Bool,
        status -> Word,
        created_at -> Ts,
        turn -> Nullable<BigInt>,
        queue_deadline_at -> Ts,
        worker_id -> Nullable<Id>,
        fence -> BigInt,
        started_at -> Nullable<Ts>,
        dispatched_at -> Nullable<Ts>,
        deadline_at -> Nullable<Ts>,
        completed_at -> Nullable<Ts>,
        captured_credits -> Nullable<BigInt>,
        error_code -> Nullable<Word>,
        error_message -> Nullable<Text>,
        balance_after -> Nullable<Doc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    credit_lots (id) {
        id -> Id,
        account_id -> Id,
        mode -> Word,
        source -> Word,
        granted -> BigInt,
        remaining -> BigInt,
        expires_at -> Nullable<Ts>,
        created_at -> Ts,
        note -> Nullable<Text>,
        reference -> Nullable<Text>,
        generation_id -> Nullable<Id>,
        refund_of_lot_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    ledger_entries (id) {
        id -> Id,
        account_id -> Id,
        lot_id -> Id,
        mode -> Word,
        cause -> Word,
        amount -> BigInt,
        generation_id -> Nullable<Id>,
        created_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    images (id) {
        id -> Id,
        generation_id -> Id,
        position -> Integer,
        object_name -> Word,
        format -> Word,
        width -> Integer,
        height -> Integer,
        byte_length -> BigInt,
        sha256 -> Binary,
        created_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    idempotency_keys (account_id, mode, key) {
        account_id -> Id,
        mode -> Word,
        key -> Text,
        fingerprint -> Binary,
        generation_id -> Id,
        expires_at -> Ts,
    }
}

diesel::table! {
    use crate::types::*;
    workers (id) {
        id -> Id,
        started_at -> Ts,
        lease_until -> Ts,
    }
}

diesel::table! {
    use crate::types::*;
    api_key_uses (api_key_id) {
        api_key_id -> Id,
        last_used_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    sessions (digest) {
        digest -> Binary,
        account_id -> Id,
        created_at -> Ts,
        expires_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    devices (digest, account_id) {
        digest -> Binary,
        account_id -> Id,
        created_at -> Ts,
        expires_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    admin_acts (id) {
        id -> Id,
        account_id -> Id,
        act -> Word,
        subject -> Text,
        detail -> Text,
        created_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;
    audits (id) {
        id -> Id,
        completed_at -> Ts,
        violations -> Integer,
        detail -> Text,
    }
}

diesel::joinable!(admin_acts -> accounts (account_id));
diesel::joinable!(api_key_uses -> api_keys (api_key_id));
diesel::joinable!(api_keys -> accounts (account_id));
diesel::joinable!(credit_lots -> accounts (account_id));
diesel::joinable!(generations -> accounts (account_id));
diesel::joinable!(generations -> api_keys (api_key_id));
diesel::joinable!(idempotency_keys -> generations (generation_id));
diesel::joinable!(images -> generations (generation_id));
diesel::joinable!(devices -> accounts (account_id));
diesel::joinable!(ledger_entries -> credit_lots (lot_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    admin_acts,
    api_key_uses,
    api_keys,
    audits,
    credit_lots,
    devices,
    generations,
    idempotency_keys,
    images,
    ledger_entries,
    models,
    sessions,
    workers,
);
