//! `madang_fuzz::operations` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| madang_fuzz::operations::run(data));
