//! Who may know whom, and which compiler a library may ask for.

use serde_json::Value;

use crate::repository::{members, metadata, packages, tree};

/// Which other packages of the workspace each library may depend on.
const LIBRARIES: &[(&str, &[&str])] = &[
    (
        "madang",
        &["madang-engineio", "madang-hub", "madang-socketio", "madang-ws"],
    ),
    ("madang-engineio", &["madang-hub", "madang-ws"]),
    ("madang-hub", &[]),
    ("madang-socketio", &["madang-engineio", "madang-hub", "madang-ws"]),
    ("madang-ws", &["madang-hub"]),
];

const RUNTIME: &[&str] = &[
    "tokio",
    "tokio-util",
    "hyper",
    "hyper-util",
    "async-std",
    "smol",
    "mio",
];

#[test]
fn the_hub_knows_no_runtime_no_protocol_and_no_other_crate_of_ours() {
    for (name, _) in tree("madang-hub", &["--all-features"]) {
        assert!(!RUNTIME.contains(&name.as_str()), "madang-hub's tree has {name}");
        assert!(
            !["http", "httparse", "axum-core"].contains(&name.as_str()),
            "madang-hub's tree has {name}"
        );
        assert!(
            name == "madang-hub" || !name.starts_with("madang"),
            "madang-hub's tree has {name}"
        );
    }
}

#[test]
fn the_websocket_core_knows_no_runtime_and_no_hub() {
    for (name, _) in tree("madang-ws", &["--no-default-features"]) {
        assert!(
            !RUNTIME.contains(&name.as_str()),
            "madang-ws --no-default-features has {name}"
        );
        assert!(
            name == "madang-ws" || !name.starts_with("madang"),
            "madang-ws --no-default-features has {name}"
        );
    }
}

#[test]
fn the_cores_of_engine_io_and_socket_io_know_no_runtime() {
    for package in ["madang-engineio", "madang-socketio"] {
        for (name, _) in tree(package, &["--no-default-features"]) {
            assert!(
                !RUNTIME.contains(&name.as_str()),
                "{package} --no-default-features has {name}"
            );
        }
    }
}

/// It makes the event that people fight for as the program makes its own, and looks at the tables from within.
const KNOWS_THE_SERVER: &str = "madang-prove";

#[test]
fn nothing_knows_the_server_but_its_proof() {
    for package in members(&metadata()) {
        if package["name"] == KNOWS_THE_SERVER {
            continue;
        }
        for dependency in own_dependencies(package) {
            assert_ne!(dependency, "madang-server", "{} depends on it", package["name"]);
        }
    }
}

#[test]
fn a_library_knows_only_the_libraries_beneath_it() {
    for package in libraries(&metadata()) {
        let name = package["name"].as_str().expect("a name");
        let Some((_, allowed)) = LIBRARIES.iter().find(|(library, _)| *library == name) else {
            panic!("{name} is new: say in {} whom it may know", file!());
        };
        for dependency in own_dependencies(package) {
            assert!(allowed.contains(&dependency), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn a_library_needs_no_newer_compiler_than_it_states() {
    let metadata = metadata();
    for library in libraries(&metadata) {
        let name = library["name"].as_str().expect("a name");
        let stated = rust_version(library).unwrap_or_else(|| panic!("{name} states no rust-version"));
        for (dependency, version) in tree(name, &["--all-features"]) {
            let package = packages(&metadata)
                .find(|package| {
                    package["name"] == dependency.as_str() && package["version"] == version.as_str()
                })
                .unwrap_or_else(|| panic!("{dependency} {version} is in the tree and not in the metadata"));
            let Some(needed) = rust_version(package) else {
                continue;
            };
            assert!(
                needed <= stated,
                "{name} states Rust {stated:?}, and {dependency} {version} needs {needed:?}"
            );
        }
    }
}

/// The packages that others depend on: those under crates/.
fn libraries(metadata: &Value) -> impl Iterator<Item = &Value> {
    members(metadata).filter(|package| {
        let manifest = package["manifest_path"].as_str().expect("a manifest");
        manifest.rsplit('/').nth(2) == Some("crates")
    })
}

/// Names of the workspace's packages that this one is built from; its tests may know more.
fn own_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
    dependencies
        .filter(|dependency| dependency["kind"] != "dev" && dependency["path"].is_string())
        .map(|dependency| dependency["name"].as_str().expect("a name"))
}

/// Major and minor version of the compiler that a package says it needs.
fn rust_version(package: &Value) -> Option<(u32, u32)> {
    let mut numbers = package["rust_version"]
        .as_str()?
        .split('.')
        .map(|number| number.parse().expect("a number"));
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}
