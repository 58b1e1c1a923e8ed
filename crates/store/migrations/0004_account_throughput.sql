-- How much an account may submit, over all its ways in: "200/s burst 50", empty means no limit.

ALTER TABLE accounts ADD COLUMN throughput TEXT NOT NULL DEFAULT '';
