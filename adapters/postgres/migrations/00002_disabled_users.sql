-- Disabled users are few, and asked for among many. Nothing of the previous release is in its way.
-- +goose Up
CREATE INDEX users_disabled ON users (id) WHERE status = 'disabled';
