//! The examples are in `examples/`; here the one of the README is compiled.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
