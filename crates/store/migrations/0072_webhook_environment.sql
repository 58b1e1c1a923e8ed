-- What a webhook is told of: all events, or, when a test key has made it, those about numbers of the test network.

ALTER TABLE webhooks ADD COLUMN environment TEXT NOT NULL DEFAULT 'live';
