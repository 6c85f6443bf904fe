//! Work on the main runtime.

use futures_util::future::BoxFuture;
use gih_domain::ports::Tasks;
use tokio::runtime::Handle;

/// Spawns on the process's own runtime; the web server's would drop the work with the client's connection.
pub struct MainRuntime(pub Handle);

impl Tasks for MainRuntime {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.0.spawn(work);
    }
}
