//! `madang_fuzz::frames` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| madang_fuzz::frames::run(data));
