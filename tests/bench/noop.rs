//! What everything is measured against.

fn main() {}
