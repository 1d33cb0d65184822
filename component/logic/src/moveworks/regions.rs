//! The regions. A tenant lives in one of them; its key and its ids are unknown in all others.

/// The API bases with the names of their regions (Moveworks, "API base URLs").
pub const REGIONS: [(&str, &str); 9] = [
    ("US", "https://api.moveworks.ai"),
    ("US prod3", "https://api.prod3.us.moveworks.com"),
    ("US prod4", "https://api.prod4.us.moveworks.com"),
    ("EU", "https://api.am-eu-central.moveworks.ai"),
    ("Canada", "https://api.am-ca-central.moveworks.ai"),
    ("Government", "https://api.moveworksgov.ai"),
    ("Japan", "https://api.jp.moveworks.com"),
    ("UK", "https://api.uk.moveworks.com"),
    ("demo", "https://api-demo.moveworks.ai"),
];
