//! The binary `gih` as an operator uses it: its commands, settings, start and end, limits and books.

mod audit;
mod audit_storage;
mod audits;
mod beside;
mod catalog;
mod collector;
mod commands;
mod crashes;
mod doctor;
mod endings;
mod first_run;
mod grants;
mod limits;
mod outage;
mod processes;
mod refusals;
mod rotation;
mod settings;
mod shutdown;
pub mod site;
mod upkeep;
mod uploads;
pub mod work;
