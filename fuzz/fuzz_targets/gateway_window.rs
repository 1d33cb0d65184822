#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| approval_bridge_fuzz_targets::gateway_window(input));
