//! Any terms and any bid.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: flashbid_fuzz::score::Case| {
    flashbid_fuzz::score::check(&input);
});
