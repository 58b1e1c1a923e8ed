-- What few messages have beyond sender, destination and text: JSON, null for all others.

ALTER TABLE messages ADD COLUMN options TEXT;

-- The first of the messages that make up a long one, when the client made its segments itself.

ALTER TABLE cdr_sms ADD COLUMN group_id BIGINT;
