-- How each client's ESME is treated: JSON, empty means the defaults.

ALTER TABLE smpp_accounts ADD COLUMN settings TEXT NOT NULL DEFAULT '';
