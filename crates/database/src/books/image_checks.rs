//! Checks of images, as far as the database knows of them: [`super::images`] is for the audit of the storage.

use super::checks::Subject::{Generation, Image};
use super::checks::{Check, check};

pub(super) const IMAGES: &[Check] = &[
    check(
        "generation-images",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'it is ' || g.status || ' with ' || count(i.id) || ' images' AS detail
        FROM generations g LEFT JOIN images i ON i.generation_id = g.id
        GROUP BY g.id, g.status HAVING (g.status = 'succeeded') <> (count(i.id) > 0)",
    ),
    check(
        "image-positions",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, count(i.id) || ' images of ' || g.n || ', numbered ' || min(i.position) || ' to '
            || max(i.position) AS detail
        FROM generations g JOIN images i ON i.generation_id = g.id GROUP BY g.id, g.n
        HAVING count(i.id) > g.n OR min(i.position) <> 0 OR max(i.position) <> count(i.id) - 1
            OR count(DISTINCT i.position) <> count(i.id)",
    ),
    Check {
        invariant: "image-object",
        subject: Image,
        postgres: "SELECT i.id AS subject, {null} AS lot, i.object_name || ' is not under its generation' AS detail FROM images i
            WHERE NOT starts_with(i.object_name, 'generations/gen_' || replace(i.generation_id::text, '-', '') || '/')",
        sqlite: "SELECT i.id AS subject, {null} AS lot, i.object_name || ' is not under its generation' AS detail FROM images i
            WHERE substr(i.object_name, 1, 49) <> 'generations/gen_' || lower(hex(i.generation_id)) || '/'",
    },
    check(
        "image-object",
        Image,
        "SELECT i.id AS subject, {null} AS lot, i.object_name || ' is the object of several images' AS detail FROM images i
        WHERE i.object_name IN (SELECT object_name FROM images GROUP BY object_name HAVING count(*) > 1)",
    ),
    check(
        "orphan",
        Image,
        "SELECT i.id AS subject, {null} AS lot, 'the generation of ' || i.object_name || ' is not there' AS detail
        FROM images i WHERE NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = i.generation_id)",
    ),
];
