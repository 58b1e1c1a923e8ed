-- Which segments may have been sent twice, the last ones first.
CREATE INDEX segments_doubted ON segments (id) WHERE possible_duplicate;
