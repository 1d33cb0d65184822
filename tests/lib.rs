//! What the scenarios and the benchmarks share.
