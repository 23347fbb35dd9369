//! `madang_fuzz::differential` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| madang_fuzz::differential::run(data));
