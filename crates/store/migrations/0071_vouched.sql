-- That somebody on the machine has said who a person is: only then is the person a pair of eyes of their own where money is booked.

ALTER TABLE users ADD COLUMN vouched BOOLEAN NOT NULL DEFAULT FALSE;
