//! What commands refuse: wrong usage (2), and what cannot be done (1).

use super::site::{KINDS, Site, refused};

const COMMANDS: [&[&str]; 13] = [
    &["serve"],
    &["migrate"],
    &["seed"],
    &["model", "list"],
    &["model", "set"],
    &["account", "create"],
    &["key", "create"],
    &["key", "list"],
    &["key", "revoke"],
    &["credits", "grant"],
    &["audit"],
    &["backup"],
    &["doctor"],
];

#[test]
fn every_command_has_help_with_an_example() {
    let site = Site::embedded();
    for command in COMMANDS {
        let ran = site.gih(&[command, &["--help"]].concat()).succeed();
        let (_, example) = ran
            .stdout
            .split_once("\nExample:\n")
            .unwrap_or_else(|| panic!("{ran:?}"));
        assert!(
            example.contains(&format!("gih {}", command.join(" "))),
            "{ran:?}"
        );
        assert_eq!(ran.stderr, "");
    }
    assert!(
        site.gih(&["--help"])
            .succeed()
            .stdout
            .contains("Example:\n  gih serve")
    );
    assert!(
        site.gih(&["--version"])
            .succeed()
            .stdout
            .starts_with("gih ")
    );
    assert!(!site.place.data_dir().exists(), "help touches nothing");
}

/// An example that does not work is worse than none.
#[test]
fn the_examples_work() {
    let site = Site::embedded();
    site.account("ann@example.com");
    let created = site.json(&["key", "create", "--email", "ann@example.com", "--name", "x"]);
    for command in COMMANDS.into_iter().filter(|command| command[0] != "serve") {
        let help = site.gih(&[command, &["--help"]].concat()).succeed().stdout;
        let (_, examples) = help.split_once("\nExample:\n").unwrap();
        for example in examples
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let words: Vec<String> = example
                .split(' ')
                .skip_while(|word| *word != "gih")
                .skip(1)
                .map(|word| match word {
                    "ann@example.com" if command[0] == "account" => "bob@example.com".to_owned(),
                    word if word.starts_with("key_") => created["id"].as_str().unwrap().to_owned(),
                    word if word.starts_with("/var/") => {
                        site.place.folder().join("copy.db").display().to_string()
                    }
                    word => word.to_owned(),
                })
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            site.gih(&words).succeed();
        }
    }
    site.audit();
}

/// Command lines that are wrong, and what they are told.
const WRONG: [(&[&str], &str); 27] = [
    (&["sing"], "sing"),
    (&["serve", "--role", "cook"], "cook"),
    (&["serve", "--port", "80"], "--port"),
    (&["migrate", "--now"], "--now"),
    (&["model"], "list"),
    (&["model", "set"], "<ID>"),
    (&["model", "set", "gpt-image-2", "--price", "8K=1"], "8K"),
    (
        &["model", "set", "gpt-image-2", "--price", "1K"],
        "TIER=CREDITS",
    ),
    (&["model", "set", "gpt-image-2", "--price", "1K=-1"], "0 to"),
    (
        &["model", "set", "gpt-image-2", "--price", "1K=1.5"],
        "integer",
    ),
    (
        &["model", "set", "gpt-image-2", "--enabled", "maybe"],
        "maybe",
    ),
    (&["account", "create"], "--email"),
    (&["account", "create", "--email", "nobody"], "nobody"),
    (
        &[
            "account",
            "create",
            "--email",
            "b@example.com",
            "--type",
            "GOLD",
        ],
        "FREE, PRO or ENTERPRISE",
    ),
    (&["key", "create", "--email", "ann@example.com"], "--name"),
    (
        &["key", "create", "--email", "ann@example.com", "--name", ""],
        "--name",
    ),
    (
        &[
            "key",
            "create",
            "--email",
            "ann@example.com",
            "--name",
            "x",
            "--mode",
            "dry",
        ],
        "dry",
    ),
    (
        &[
            "key",
            "create",
            "--email",
            "ann@example.com",
            "--name",
            "x",
            "--expires-in",
            "30",
        ],
        "30d",
    ),
    (
        &[
            "key",
            "create",
            "--email",
            "ann@example.com",
            "--name",
            "x",
            "--expires-in",
            "0d",
        ],
        "30d",
    ),
    (&["key", "revoke", "key_1"], "key_1"),
    (
        &["key", "revoke", "gen_0198a3c27e0b7d45a1b2c3d4e5f60718"],
        "gen_0198",
    ),
    (
        &["credits", "grant", "--email", "ann@example.com"],
        "--credits",
    ),
    (
        &[
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "0",
        ],
        "from 1",
    ),
    (
        &[
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "-5",
        ],
        "-5",
    ),
    (
        &[
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "1",
            "--expires-at",
            "soon",
        ],
        "soon",
    ),
    (
        &[
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "1",
            "--ref",
            "",
        ],
        "--ref",
    ),
    (&["backup"], "<FILE>"),
];

#[test]
fn wrong_usage_exits_2_with_empty_stdout() {
    let site = Site::embedded();
    site.account("ann@example.com");
    for (args, wanted) in WRONG {
        for json in [&[][..], &["--json"]] {
            let ran = site.gih(&[args, json].concat());
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (Some(2), ""),
                "{args:?} {ran:?}"
            );
            assert!(ran.stderr.contains(wanted), "{args:?} {ran:?}");
        }
    }
    assert_eq!(site.number("SELECT count(*) AS number FROM api_keys"), 0);
    assert_eq!(site.number("SELECT count(*) AS number FROM credit_lots"), 1);
    site.audit();
}

#[test]
fn what_cannot_be_done_says_so_and_exits_1() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.account("ann@example.com");
        let unknown_key = "key_0198a3c27e0b7d45a1b2c3d4e5f60718";
        let grant = [
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
        ];
        let past = [&grant[..], &["1", "--expires-at", "2001-01-01"]].concat();
        let cases: [(&[&str], &str); 9] = [
            (
                &["account", "create", "--email", "ANN@example.com"],
                "ann@example.com",
            ),
            (
                &["key", "create", "--email", "bob@example.com", "--name", "x"],
                "bob@example.com",
            ),
            (
                &["key", "list", "--email", "bob@example.com"],
                "bob@example.com",
            ),
            (&["key", "revoke", unknown_key], unknown_key),
            (
                &[
                    "credits",
                    "grant",
                    "--email",
                    "bob@example.com",
                    "--credits",
                    "5",
                ],
                "bob@example.com",
            ),
            (&past, "2001-01-01"),
            (&["model", "set", "dall-e-9", "--price", "1K=1"], "dall-e-9"),
            (&["model", "set", "gpt-image-2", "--name", ""], "name"),
            (
                &[
                    "model",
                    "set",
                    "gpt-image-2",
                    "--reference-image-limit",
                    "1000",
                ],
                "reference_image_limit",
            ),
        ];
        for (args, wanted) in cases {
            for json in [&[][..], &["--json"]] {
                let ran = site.gih(&[args, json].concat());
                assert!(refused(&ran).contains(wanted), "{args:?} {ran:?}");
            }
        }
        assert_eq!(site.number("SELECT count(*) AS number FROM accounts"), 1);
        assert_eq!(
            site.number("SELECT count(*) AS number FROM ledger_entries"),
            1
        );
        site.audit();
    }
}

/// Commands do not migrate a Postgres by the way: others may be running on it.
#[test]
fn a_schema_that_is_behind_is_named_with_the_mend() {
    let site = Site::without_schema(gih_database::Kind::Postgres);
    let commands: [&[&str]; 5] = [
        &["serve"],
        &["audit"],
        &["seed"],
        &["account", "create", "--email", "ann@example.com"],
        &["model", "list"],
    ];
    for command in commands {
        let ran = site.gih(command);
        assert!(refused(&ran).contains("gih migrate"), "{ran:?}");
    }
    site.gih(&["migrate"]).succeed();
    site.audit();
}

/// A mistyped `GIH_DATA_DIR` must not be told that all is well.
#[test]
fn a_database_that_is_not_there_is_refused_and_not_made() {
    let site = Site::embedded();
    let copy = site.place.folder().join("copy.db").display().to_string();
    let grant = "credits grant --email ann@example.com --credits 5";
    let commands = [
        "audit",
        "audit --books-only",
        &format!("backup {copy}"),
        "model list",
        "model set gpt-image-2 --price 1K=1",
        "key create --email ann@example.com --name x",
        "key list --email ann@example.com",
        "key revoke key_0198a3c27e0b7d45a1b2c3d4e5f60718",
        grant,
    ];
    let commands = commands.map(|command| command.split(' ').collect::<Vec<_>>());
    for command in &commands {
        let line = refused(&site.gih(command)).to_owned();
        for word in ["no database at", "gih.db", "GIH_DATA_DIR"] {
            assert!(line.contains(word), "{command:?}: {line}");
        }
        assert!(!site.place.data_dir().exists(), "{command:?}");
    }
    // Nor is a file that another program, or nobody yet, has written to.
    std::fs::create_dir(site.place.data_dir()).unwrap();
    std::fs::write(site.place.data_dir().join("gih.db"), "").unwrap();
    for command in &commands {
        assert!(refused(&site.gih(command)).contains("no database at"));
    }
    site.place.execute("CREATE TABLE others (id INTEGER)");
    let length = || {
        std::fs::metadata(site.place.data_dir().join("gih.db"))
            .unwrap()
            .len()
    };
    let before = length();
    for command in &commands {
        let line = refused(&site.gih(command)).to_owned();
        assert!(
            line.contains("GIH_DATA_DIR") && line.contains("gih migrate"),
            "{line}"
        );
    }
    assert_eq!(length(), before);
    assert!(!std::fs::exists(copy).unwrap());
}
