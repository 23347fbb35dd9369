//! `madang_fuzz::deflate` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| madang_fuzz::deflate::run(data));
