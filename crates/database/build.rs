//! Migrations are compiled in, and `embed_migrations!` does not tell Cargo which files it has read.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../migrations");
}
