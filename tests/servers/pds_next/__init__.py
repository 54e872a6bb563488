"""The newer PDS, by its packages alone: POSTGUARD_TEST_PDS=pds_next starts it in place of pds."""
