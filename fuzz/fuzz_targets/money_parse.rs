//! Any text read as an amount.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| {
    flashbid_fuzz::money::check(input);
});
