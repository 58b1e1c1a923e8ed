-- Who may do what one node at a time does, and until when. The times are the database's own: the nodes' clocks may differ.

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
