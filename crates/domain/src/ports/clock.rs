use std::time::Duration;

use async_trait::async_trait;

use crate::time::Timestamp;

/// Time. Grants, expiry and everything an answer shows are this clock's; leases and deadlines are the database's own.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Clock: Send + Sync {
    /// What time it is for credits: in production the database's, as last measured, so that replicas agree.
    fn now(&self) -> Timestamp;
    /// Returns after `time` has passed; dropping it is free.
    async fn sleep(&self, time: Duration);
}
