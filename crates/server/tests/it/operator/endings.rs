//! How commands end: by themselves, whatever their connections are doing.

use std::thread;

use super::site::Site;

/// A pool's threads may be shaking hands with Postgres when a command has said all it has to say. Only a server that
/// wants a password makes them use cryptography then, as the one that the tests are usually run with does.
#[test]
fn a_command_ends_by_itself_however_often_it_is_run() {
    let site = Site::postgres();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let ran = site.gih(&["key", "list", "--email", "nobody@example.com"]);
                    assert_eq!(ran.code, Some(1), "{ran:?}");
                }
            });
        }
    });
}
