//! Every pair of stores, held against each other: see `tests/every_backend`. Nothing else is here.
