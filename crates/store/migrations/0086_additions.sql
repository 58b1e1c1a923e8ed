-- Steps that only add: a program that does not know one of them goes on beside it, so that nodes are updated one after the other.
-- Such a step says so itself, in its last line: INSERT INTO schema_additions (version) VALUES (…);
CREATE TABLE schema_additions (
    version BIGINT PRIMARY KEY
);
INSERT INTO schema_additions (version) VALUES (86);
