//! Tells Cargo to embed the pages anew when they were built anew. Development builds read them from the disk as they
//! are and need no rebuild.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=templates");
        println!("cargo::rerun-if-changed=../web/dist");
    }
}
