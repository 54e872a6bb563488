"""SQLite, the only truth: connection and migrations, posts, deliveries, accounts."""
