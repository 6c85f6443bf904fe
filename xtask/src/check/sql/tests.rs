use super::*;

fn schema(script: &str) -> Schema {
    let mut schema = Schema::default();
    schema.apply(script).unwrap();
    schema
}

fn columns(schema: &Schema, table: &str) -> Vec<String> {
    schema.tables[table].iter().cloned().collect()
}

fn refusal(script: &str) -> String {
    Schema::default().apply(script).unwrap_err()
}

#[test]
fn columns_are_read_and_constraints_passed_over() {
    let read = schema(
        "-- a comment; with CREATE TABLE in it (x int)
        CREATE TABLE IF NOT EXISTS lots ( /* another, */
            id uuid PRIMARY KEY,
            amount numeric(10, 2) NOT NULL CHECK (amount > 0 AND note <> 'it''s, a (trap'),
            \"Key\" text,
            PRIMARY KEY (id, amount),
            CONSTRAINT short CHECK (length(note) < 9),
            UNIQUE (note), FOREIGN KEY (id) REFERENCES other (id)
        ) WITH (fillfactor = 50);",
    );
    assert_eq!(columns(&read, "lots"), ["Key", "amount", "id"]);
    assert_eq!(read.tables.len(), 1);
}

#[test]
fn functions_triggers_and_indexes_leave_no_tables() {
    let read = schema(
        "CREATE TABLE a (id int);
        CREATE FUNCTION f() RETURNS trigger AS $body$ BEGIN CREATE TABLE no (x int); END $body$;
        CREATE TRIGGER t BEFORE UPDATE ON a BEGIN SELECT RAISE(ABORT, 'no; CREATE TABLE no (x int);'); END;
        CREATE UNIQUE INDEX i ON a (id) WHERE id > 0; INSERT INTO a (id) VALUES (1);",
    );
    assert_eq!(read.tables.keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn tables_are_altered_renamed_and_dropped() {
    let read = schema(
        "CREATE TABLE a (id int, old text, gone text); CREATE TABLE b (id int); CREATE TABLE public.c (id int);
        ALTER TABLE a ADD COLUMN one text DEFAULT 'x, y', ADD two int CHECK (two IN (1, 2)), DROP COLUMN gone;
        ALTER TABLE a RENAME COLUMN old TO new; ALTER TABLE a ADD CONSTRAINT k UNIQUE (id), ALTER COLUMN id SET NOT NULL;
        ALTER TABLE a ADD CHECK (id > 0); ALTER TABLE a DROP CONSTRAINT k; ALTER TABLE a RENAME CONSTRAINT x TO y;
        ALTER TABLE a RENAME TO d; DROP TABLE b, c; DROP TABLE IF EXISTS never;",
    );
    assert_eq!(columns(&read, "d"), ["id", "new", "one", "two"]);
    assert_eq!(read.tables.len(), 1);
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_eq!(
        refusal("CREATE TABLE a (id int); CREATE TABLE a (id int);"),
        "table a is there already"
    );
    assert_eq!(
        refusal("CREATE TABLE a (id int, ID text);"),
        "column a.id is there twice"
    );
    assert_eq!(
        refusal("CREATE TABLE a AS SELECT 1;"),
        "cannot read the columns of table a"
    );
    assert_eq!(refusal("DROP TABLE a;"), "there is no table a");
    assert_eq!(
        refusal("ALTER TABLE a ADD COLUMN b int;"),
        "there is no table a"
    );
    assert_eq!(
        refusal("CREATE TABLE a (id int); ALTER TABLE a ADD id int;"),
        "column a.id is there already"
    );
    assert_eq!(
        refusal("CREATE TABLE a (id int); ALTER TABLE a DROP COLUMN b;"),
        "there is no column a.b"
    );
}

#[test]
fn differences_are_named_on_both_sides() {
    let one = schema("CREATE TABLE a (id int, x int); CREATE TABLE b (id int);");
    let other = schema("CREATE TABLE a (id int, y int);");
    let expected = [
        "column a.x is only in postgres",
        "table b is only in postgres",
        "column a.y is only in sqlite",
    ];
    assert_eq!(one.differences(&other), expected);
    assert!(one.differences(&one).is_empty());
}
