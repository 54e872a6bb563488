-- Posts of an account that may or may not be on the network: few, whatever the queue's length.
CREATE INDEX deliveries_in_doubt ON deliveries (account) WHERE state IN ('unsure', 'held');
