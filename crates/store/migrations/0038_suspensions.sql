-- Whether a suspension that was decided has been carried out: a process may end between the two.

ALTER TABLE account_debts ADD COLUMN is_applied BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE account_debts SET is_applied = TRUE WHERE suspended_at IS NOT NULL;
