-- +goose Up

CREATE INDEX events_subject_idx ON events (subject_id, occurred_at, seq);
CREATE INDEX events_actor_idx ON events (actor_id, occurred_at, seq);
CREATE INDEX events_type_idx ON events (type, occurred_at, seq);

-- +goose Down

DROP INDEX events_type_idx;
DROP INDEX events_actor_idx;
DROP INDEX events_subject_idx;
