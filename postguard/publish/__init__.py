"""From a protected Post to Receipts: due times, the send protocol, reading back."""
