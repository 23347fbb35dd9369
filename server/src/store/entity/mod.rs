//! The tables as SeaORM sees them.

pub(super) mod account;
pub(super) mod api_token;
pub(super) mod marker;
pub(super) mod market_bar;
pub(super) mod market_listing;
pub(super) mod message;
pub(super) mod moderation_entry;
pub(super) mod reaction;
pub(super) mod report;
pub(super) mod room;
pub(super) mod room_role;
pub(super) mod room_setting;
pub(super) mod sanction;
pub(super) mod seat_audit;
pub(super) mod seat_claim;
pub(super) mod seat_command;
pub(super) mod seat_event;
pub(super) mod seat_hold;
pub(super) mod seat_news;
pub(super) mod seat_payment;
pub(super) mod seat_place;
pub(super) mod seat_waiting;
pub(super) mod sign_in;
pub(super) mod slow_turn;
pub(super) mod term;
pub(super) mod unindexed_room;
