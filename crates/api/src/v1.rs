//! The endpoints of v1.

pub(crate) mod credits;
pub(crate) mod generate;
pub(crate) mod generation;
pub(crate) mod generations;
pub(crate) mod models;
