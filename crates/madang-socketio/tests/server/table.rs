//! The table of the API, and the tests that it names.

use std::collections::BTreeMap;
use std::path::Path;

/// What Node's server has, by object.
const NODE: [(&str, &str); 6] = [
    (
        "Server",
        "attach listen attachApp bind close of path serveClient connectTimeout adapter engine httpServer sockets",
    ),
    (
        "Namespace",
        "name sockets adapter use on to in except emit send write compress volatile local timeout emitWithAck fetchSockets socketsJoin socketsLeave \
         disconnectSockets serverSideEmit serverSideEmitWithAck allSockets",
    ),
    (
        "BroadcastOperator",
        "to in except compress volatile local timeout emit emitWithAck fetchSockets socketsJoin socketsLeave disconnectSockets",
    ),
    (
        "Socket",
        "id recovered handshake data connected disconnected rooms nsp client conn request emit emitWithAck send write join leave to in except broadcast \
         local compress volatile timeout use disconnect onAny prependAny offAny listenersAny onAnyOutgoing prependAnyOutgoing offAnyOutgoing \
         listenersAnyOutgoing on once off",
    ),
    (
        "RemoteSocket",
        "id handshake rooms data emit timeout join leave disconnect",
    ),
    (
        "Options",
        "path serveClient adapter parser connectTimeout connectionStateRecovery cleanupEmptyChildNamespaces",
    ),
];

struct Row {
    node: String,
    here: String,
    test: String,
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rows() -> BTreeMap<String, Vec<Row>> {
    let table = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/socketio-api.md"));
    let mut object = String::new();
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in table.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut object);
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let ["", node, here, test, ""] = cells[..] {
            if node.starts_with('`') {
                rows.entry(object.clone()).or_default().push(Row {
                    node: node.to_owned(),
                    here: here.to_owned(),
                    test: test.trim_matches('`').to_owned(),
                });
            }
        }
    }
    rows
}

#[test]
fn every_row_names_a_test_that_there_is() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server");
    for row in rows().values().flatten() {
        let (module, test) = row
            .test
            .split_once("::")
            .unwrap_or_else(|| panic!("{}: no test", row.node));
        let source = read(&tests.join(format!("{module}.rs")));
        assert!(
            source.contains(&format!("fn {test}(")),
            "{}: there is no {}",
            row.node,
            row.test
        );
    }
}

#[test]
fn everything_of_nodes_has_a_row() {
    let rows = rows();
    for (object, names) in NODE {
        let rows = rows
            .get(object)
            .unwrap_or_else(|| panic!("{object} has no table"));
        for name in names.split_whitespace() {
            let is_it = |row: &Row| {
                row.node.split('`').any(|word| {
                    word.strip_prefix(name)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['(', '.']))
                })
            };
            assert!(rows.iter().any(is_it), "{object} has no row for {name}");
        }
    }
}

#[test]
fn every_row_names_a_function_that_there_is() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut code = String::new();
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None => folders.push(path),
                Some(_) => code.push_str(&read(&path)),
            }
        }
    }
    for row in rows().values().flatten() {
        for word in row.here.split('`').filter(|word| word.contains("::")) {
            let (_, name) = word.split_once("::").unwrap();
            let there = [
                format!("pub fn {name}"),
                format!("pub async fn {name}"),
                format!("pub {name}:"),
                format!("    {name},"),
            ];
            assert!(
                there.iter().any(|declared| code.contains(declared)),
                "there is no {word}"
            );
        }
    }
}
