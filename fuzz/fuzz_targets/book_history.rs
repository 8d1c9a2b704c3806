//! Any history of a book against a naive one.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: flashbid_fuzz::book::History| {
    flashbid_fuzz::book::check(input);
});
