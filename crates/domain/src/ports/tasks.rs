use futures_core::future::BoxFuture;

/// Work that belongs to the process and not to who asked for it.
#[cfg_attr(test, mockall::automock)]
pub trait Tasks: Send + Sync {
    /// Runs `work` to its end, whatever becomes of the caller. Returns at once.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}
