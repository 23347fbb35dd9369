//! What a source file may contain.

use crate::repository::{files, has_extension, read};

/// Beyond it a file has more than one job.
const LINES: usize = 600;

#[test]
fn the_cores_have_no_clock_and_no_socket() {
    let mut cores = 0;
    for path in files() {
        let within = |name: &str| path.iter().any(|folder| folder == name);
        // Its tests need a moment from which their own clock counts.
        if !has_extension(&path, &["rs"]) || !within("proto") || within("tests") {
            continue;
        }
        cores += 1;
        for (number, line) in read(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // The trait by which serde_json writes into memory.
            if code == "use std::io::{self, Write};" {
                continue;
            }
            for word in [
                "Instant::now",
                "SystemTime",
                "std::net",
                "std::io",
                "tokio",
                "hyper",
            ] {
                assert!(
                    !code.contains(word),
                    "{}:{}: {word} in a core",
                    path.display(),
                    number + 1
                );
            }
        }
    }
    assert!(cores > 0, "found no proto/ folder");
}

#[test]
fn the_domains_know_nothing_of_clocks_sockets_and_databases() {
    const DOMAINS: [&str; 4] = ["chat", "market", "scores", "seats"];
    let mut found = 0;
    for path in files() {
        let of = |domain: &&str| path.starts_with(format!("server/src/{domain}"));
        if !has_extension(&path, &["rs"]) || !DOMAINS.iter().any(of) {
            continue;
        }
        found += 1;
        let text = read(&path);
        // Their tests need a moment from which their own clock counts.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in [
                "Instant::now",
                "SystemTime",
                "std::net",
                "std::fs",
                "tokio",
                "hyper",
                "axum",
                "sea_orm",
                "crate::back",
                "crate::feed",
                "crate::front",
                "crate::store",
            ] {
                assert!(
                    !code.contains(word),
                    "{}:{}: {word} in a domain",
                    path.display(),
                    number + 1
                );
            }
        }
    }
    assert!(found > DOMAINS.len(), "found {found} files of domains");
}

#[test]
fn a_file_has_one_job() {
    for path in files() {
        if has_extension(&path, &["rs", "ts", "py", "sh"]) {
            let lines = read(&path).lines().count();
            assert!(
                lines <= LINES,
                "{} has {lines} lines, more than {LINES}",
                path.display()
            );
        }
    }
}

#[test]
fn no_test_is_switched_off() {
    for path in files() {
        // In two parts, so that this file doesn't find itself.
        let words: &[&str] = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => &[concat!("#[", "ignore"), concat!("#![", "ignore")],
            Some("ts" | "js" | "mjs") => &[
                concat!("test.", "skip("),
                concat!("it.", "skip("),
                concat!("describe.", "skip("),
            ],
            _ => continue,
        };
        for (number, line) in read(&path).lines().enumerate() {
            for word in words {
                assert!(!line.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}
