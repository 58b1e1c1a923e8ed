-- Which holders of a lease went in good order, and by which lease a segment was announced: then it is known what the next holder need not doubt.
ALTER TABLE leases ADD COLUMN orderly_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leases ADD COLUMN orderly_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submit_intents ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
INSERT INTO schema_additions (version) VALUES (89);
