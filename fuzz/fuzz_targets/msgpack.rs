//! `madang_fuzz::msgpack` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| madang_fuzz::msgpack::run(data));
