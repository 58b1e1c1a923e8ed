-- Whether a hold is what its commands add up to is asked of single holds.

CREATE INDEX ledger_commands_hold ON ledger_commands (hold_id);
