//! Any history of a board against a sorted list.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: flashbid_fuzz::Steps<flashbid_fuzz::board::Step>| {
    flashbid_fuzz::board::check(input);
});
