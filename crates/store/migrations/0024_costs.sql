-- What a segment costs us: as it was known when the message was taken, and as it came in the end, by the cost book of the operator
-- that carried it. The least that must be left of its price, and the most that a message may cost. CDRs that are sealed already are
-- checked by the columns that they had: new ones come last.

ALTER TABLE messages ADD COLUMN cost_operator_id BIGINT;
ALTER TABLE messages ADD COLUMN cost_rate_id BIGINT;
ALTER TABLE messages ADD COLUMN cost_micros BIGINT;
ALTER TABLE messages ADD COLUMN cost_currency TEXT;
ALTER TABLE messages ADD COLUMN cost_policy SMALLINT;
ALTER TABLE cdr_sms ADD COLUMN cost_rate_id BIGINT;
ALTER TABLE cdr_sms ADD COLUMN cost_micros BIGINT;
ALTER TABLE cdr_sms ADD COLUMN cost_currency TEXT;
ALTER TABLE accounts ADD COLUMN margin_floor TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN message_price_micros_max BIGINT;
ALTER TABLE routes ADD COLUMN margin_floor TEXT NOT NULL DEFAULT '';
