-- Which of an account's latest posts belong to other deliveries, is asked wherever one is in doubt.
CREATE INDEX receipts_by_time ON receipts (at);
