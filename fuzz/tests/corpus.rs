//! The corpus, and what the seeds are made of, as an ordinary test: `cargo test` in this folder.

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_passes() {
    for (name, run) in madang_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs = 0;
        for entry in fs::read_dir(&folder).expect("a corpus") {
            run(&fs::read(entry.expect("an entry").path()).expect("an input"));
            inputs += 1;
        }
        assert!(inputs >= 5, "{name} has {inputs} inputs");
    }
}

#[test]
fn every_prefix_of_the_corpus_passes() {
    for (name, run) in madang_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        for entry in fs::read_dir(&folder).expect("a corpus") {
            let input = fs::read(entry.expect("an entry").path()).expect("an input");
            for len in 0..input.len().min(300) {
                run(&input[..len]);
            }
        }
    }
}
