-- Words by which clients find their messages again. Apart from the messages, most of which have none; the names of the columns are
-- other ones, so that both can be read together.
CREATE TABLE message_tags (
    owner_id BIGINT NOT NULL,
    tag TEXT NOT NULL,
    of_message BIGINT NOT NULL,
    PRIMARY KEY (owner_id, tag, of_message)
); -- WITHOUT ROWID

CREATE INDEX message_tags_message ON message_tags (of_message);
