use super::*;

const SOON: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn is_running(pid: u32) -> bool {
    shell(&format!("kill -0 {pid} 2>/dev/null"))
        .status()
        .unwrap()
        .success()
}

#[test]
fn dropping_it_stops_the_servers_and_deletes_the_folder() {
    let mut scratch = Scratch::new().unwrap();
    let folder = scratch.path().to_path_buf();
    let up = folder.join("up");
    scratch
        .start(
            "server",
            shell(&format!("touch {}; exec sleep 600", up.display())).current_dir(&folder),
            SOON,
            || up.exists(),
        )
        .unwrap();
    let pid = scratch.servers[0].process.id();
    assert!(is_running(pid) && folder.is_dir());
    drop(scratch);
    assert!(!is_running(pid));
    assert!(!folder.exists());
}

#[test]
fn a_server_outlives_neither_its_owner_nor_its_patience() {
    // The owner dies without dropping anything: all that happens is that the pipe closes.
    let mut scratch = Scratch::new().unwrap();
    let folder = scratch.path().to_path_buf();
    scratch
        .start("server", &mut shell("exec sleep 600"), SOON, || true)
        .unwrap();
    drop(scratch.orders.take());
    scratch.servers[0].process.wait().unwrap();
    scratch.warden.wait().unwrap();
    assert!(!folder.exists());
}

#[test]
fn a_server_that_exits_is_an_error_with_its_log() {
    let mut scratch = Scratch::new().unwrap();
    let error = scratch
        .start("server", &mut shell("echo no room; exit 7"), SOON, || false)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no room") && error.contains('7'), "{error}");
}

#[test]
fn a_server_that_never_gets_ready_is_an_error() {
    let mut scratch = Scratch::new().unwrap();
    let error = scratch
        .start(
            "server",
            &mut shell("exec sleep 600"),
            Duration::from_millis(100),
            || false,
        )
        .unwrap_err()
        .to_string();
    assert!(error.contains("was not ready"), "{error}");
}

#[test]
fn a_path_is_never_given_out_twice() {
    let one = Scratch::new().unwrap();
    let path = one.path().to_path_buf();
    drop(one);
    assert_ne!(Scratch::new().unwrap().path(), path);
}

#[test]
fn what_is_free_is_known_of_a_folder_that_is_there() {
    assert!(free_kib(&std::env::temp_dir()).is_some_and(|free| free > 0));
    assert_eq!(free_kib(Path::new("/no/such/folder")), None);
}
