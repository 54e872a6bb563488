-- Which of an account's pictures are postguard's own, is asked by every audit.
CREATE INDEX renditions_by_bytes ON renditions (sha256);
