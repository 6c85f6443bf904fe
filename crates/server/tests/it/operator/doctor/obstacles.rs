//! What the hub needs below its folders, and cannot have. Folders of another user's show as these do, but root would not
//! see it, and tests may be run by root: so here a plain file is in the way of a folder, and a folder in the way of a file.

use super::{doctor, is, others_are_well};
use crate::operator::site::{Site, refused};

#[test]
fn whatever_would_keep_the_hub_from_starting_or_saving_is_told() {
    for (path, is_folder, check) in [
        ("spool", false, "disk"),
        ("spool.lock", true, "disk"),
        ("gih.db.serve-lock", true, "database"),
        ("media/generations", false, "storage"),
        ("media/references", false, "storage"),
        ("media/.incoming", false, "storage"),
    ] {
        for is_started in [false, true] {
            let site = Site::embedded();
            if is_started {
                site.json(&["migrate"]);
            }
            let path = site.place.data_dir().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if is_folder {
                std::fs::create_dir(&path).unwrap();
            } else {
                std::fs::write(&path, "").unwrap();
            }
            let found = doctor(&site);
            is(&found, check, "failed", &[&path.display().to_string()]);
            let skipped = ["schema", "clock", "models"];
            let dependent = if check == "database" {
                &skipped[..]
            } else {
                &[]
            };
            others_are_well(&found, &[&[check, "provider"], dependent].concat());
            refused(&site.gih(&["serve"]));
        }
    }
}

/// Made by root to mount something on, say: what the first start makes in it is the hub's own.
#[test]
fn a_storage_folder_without_anything_in_it_is_left_so() {
    let site = Site::embedded();
    let media = site.place.data_dir().join("media");
    std::fs::create_dir_all(&media).unwrap();
    let found = doctor(&site);
    is(&found, "storage", "ok", &["first start"]);
    assert_eq!(std::fs::read_dir(&media).unwrap().count(), 0);
}
