//! Opening, migrating and copying, on both databases.

use std::path::Path;

use crate::support::TestDatabase;
use gih_database::{BackupError, Database, Kind, MigrationStatus, OpenError, Settings};
use gih_domain::catalog::shipped_models;
use gih_domain::ports::{Catalog, DatabaseError};

const KINDS: [Kind; 2] = [Kind::Sqlite, Kind::Postgres];

/// The names of the migrations, from their folders: the same for both databases.
fn all_names() -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["postgres", "sqlite"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../migrations")
            .join(folder);
        let mut found: Vec<String> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert!(names.is_empty() || names == found, "the two folders differ");
        names = found;
    }
    names
}

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    for kind in KINDS {
        let database = TestDatabase::unmigrated(kind);
        let status = database.migration_status().await.unwrap();
        assert_eq!(
            (status.applied, status.pending),
            (vec![], all_names()),
            "{kind:?}"
        );
        assert!(matches!(
            database.models().await,
            Err(DatabaseError::Unexpected(_))
        ));
        assert_eq!(database.migrate().await, Ok(all_names()), "{kind:?}");
        assert_eq!(database.migrate().await, Ok(vec![]), "{kind:?}");
        let status = database.migration_status().await.unwrap();
        assert_eq!(
            (status.applied, status.pending),
            (all_names(), vec![]),
            "{kind:?}"
        );
        assert_eq!(database.models().await, Ok(vec![]), "{kind:?}");
    }
}

#[tokio::test]
async fn migrators_at_once_apply_everything_once() {
    for kind in KINDS {
        let database = TestDatabase::unmigrated(kind);
        let migrators: Vec<_> = (0..6)
            .map(|_| {
                let other = database.another();
                tokio::spawn(async move { other.migrate().await })
            })
            .collect();
        let mut applied = Vec::new();
        for migrator in migrators {
            applied.extend(migrator.await.unwrap().unwrap());
        }
        assert_eq!(applied, all_names(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_told_and_left_alone() {
    for kind in KINDS {
        let database = TestDatabase::new(kind).await;
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
        database.execute(newer).unwrap();
        let expected = MigrationStatus {
            applied: all_names(),
            pending: vec![],
            unknown: vec!["99991231000000".to_owned()],
        };
        assert_eq!(database.migration_status().await, Ok(expected), "{kind:?}");
        assert_eq!(database.migrate().await, Ok(vec![]), "{kind:?}");
    }
}

#[tokio::test]
async fn bad_addresses_are_told_without_their_password() {
    for url in [
        "",
        "gih.db",
        "mysql://u:hunter2@h/d",
        "sqlite://",
        "sqlite://:memory:",
    ] {
        let error = Database::open(url, Settings::default()).err().unwrap();
        assert!(matches!(error, OpenError::BadUrl(_)), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().display());
    let error = Database::open(&url, Settings::default()).err().unwrap();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
}

#[tokio::test]
async fn the_embedded_database_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/data/gih.db");
    let database =
        Database::open(&format!("sqlite://{}", file.display()), Settings::default()).unwrap();
    assert_eq!(database.kind(), Kind::Sqlite);
    database.migrate().await.unwrap();
    database.ping().await.unwrap();
    #[cfg(unix)]
    for (path, expected) in [
        (file.clone(), 0o600),
        (file.with_extension("db-wal"), 0o600),
        (folder.path().join("new"), 0o700),
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{path:?}");
    }
}

#[tokio::test]
async fn a_backup_is_a_whole_database_and_overwrites_nothing() {
    let database = TestDatabase::new(Kind::Sqlite).await;
    database.seed(&shipped_models(), false).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy's.db");
    database.backup(&file).await.unwrap();
    let copy =
        Database::open(&format!("sqlite://{}", file.display()), Settings::default()).unwrap();
    assert_eq!(copy.models().await, Ok(shipped_models()));
    assert_eq!(copy.migrate().await, Ok(vec![]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
    let before = std::fs::read(&file).unwrap();
    assert_eq!(
        database.backup(&file).await,
        Err(BackupError::Exists(file.clone()))
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let nowhere = folder.path().join("none/copy.db");
    let refused = database.backup(&nowhere).await;
    assert!(
        matches!(refused, Err(BackupError::File { .. })),
        "{refused:?}"
    );
    let postgres = TestDatabase::new(Kind::Postgres).await;
    let refused = postgres.backup(&folder.path().join("pg.db")).await;
    assert_eq!(refused, Err(BackupError::NotEmbedded));
    assert!(!folder.path().join("pg.db").exists());
}
