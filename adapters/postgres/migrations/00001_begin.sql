-- +goose Up
CREATE TABLE schema_compatibility (oldest bigint NOT NULL);
INSERT INTO schema_compatibility (oldest) VALUES (1);

-- Addresses are ASCII: "C" orders them by bytes, so that the unique index also finds prefixes.
CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             text COLLATE "C" NOT NULL CONSTRAINT users_email_key UNIQUE,
    name              text NOT NULL,
    status            text NOT NULL,
    roles             jsonb NOT NULL,
    version           bigint NOT NULL,
    email_verified_at timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX users_roles ON users USING gin (roles jsonb_path_ops);
CREATE INDEX users_active_admins ON users (id) WHERE status = 'active' AND roles ? 'admin';

CREATE TABLE credentials (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       text NOT NULL,
    hash       text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX credentials_password ON credentials (user_id) WHERE kind = 'password';

-- Updated in place by each refresh: nothing that changes is indexed, and each page has room for the next versions of
-- its rows.
CREATE TABLE sessions (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_version    bigint NOT NULL,
    generation      bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    rotated_at      timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    address         text NOT NULL,
    user_agent      text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE roles (
    name        text COLLATE "C" PRIMARY KEY,
    description text NOT NULL,
    permissions jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
INSERT INTO roles (name, description, permissions, created_at, updated_at) VALUES
    ('admin', 'May do everything', '["*:*"]', date_trunc('second', now()), date_trunc('second', now())),
    ('moderator', 'Reads users and audit events, ends sessions',
        '["audit:read", "sessions:read", "sessions:revoke", "users:read"]', date_trunc('second', now()), date_trunc('second', now())),
    ('user', 'Nothing beyond one''s own account', '[]', date_trunc('second', now()), date_trunc('second', now()));

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    hash         text NOT NULL,
    permissions  jsonb NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
) WITH (fillfactor = 70);

CREATE TABLE signing_keys (
    id         text COLLATE "C" PRIMARY KEY,
    algorithm  text NOT NULL,
    state      text NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    state_at   timestamptz NOT NULL,
    expires_at timestamptz
);

CREATE TABLE mail_tokens (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    text NOT NULL,
    email      text NOT NULL,
    hash       text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, purpose);
CREATE INDEX mail_tokens_expiry ON mail_tokens (expires_at);

CREATE TABLE outbox (
    id              uuid PRIMARY KEY,
    recipient       text NOT NULL,
    template        text NOT NULL,
    sealed          bytea NOT NULL,
    created_at      timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    attempts        integer NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_attempt_at);

CREATE TABLE audit_events (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    type       text NOT NULL,
    outcome    text NOT NULL,
    reason     text NOT NULL,
    subject    text NOT NULL,
    actor      text NOT NULL,
    session    text NOT NULL,
    address    text NOT NULL,
    user_agent text NOT NULL,
    request_id text NOT NULL,
    count      integer NOT NULL,
    details    jsonb NOT NULL
);
CREATE INDEX audit_events_subject ON audit_events (subject, id);
CREATE INDEX audit_events_type ON audit_events (type, id);
CREATE INDEX audit_events_at ON audit_events (at);

CREATE TABLE leases (
    name       text COLLATE "C" PRIMARY KEY,
    holder     text NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE secrets (
    name   text COLLATE "C" PRIMARY KEY,
    sealed bytea NOT NULL
);

-- The change feed. What a replica remembers of a row is announced when the row changes, also by hand in psql; the
-- notice is delivered after the commit is visible. Logins, refreshes and imports stay silent, for a NOTIFY makes
-- commits wait for each other.
-- +goose StatementBegin
CREATE FUNCTION sallyport_announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('sallyport', 'everything:');
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('sallyport', TG_ARGV[0] || ':' || (to_jsonb(OLD) ->> TG_ARGV[1]));
    ELSE
        PERFORM pg_notify('sallyport', TG_ARGV[0] || ':' || (to_jsonb(NEW) ->> TG_ARGV[1]));
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER announce_update AFTER UPDATE OF status, version, email, name, roles, email_verified_at ON users
    FOR EACH ROW WHEN ((OLD.status, OLD.version, OLD.email, OLD.name, OLD.roles, OLD.email_verified_at)
        IS DISTINCT FROM (NEW.status, NEW.version, NEW.email, NEW.name, NEW.roles, NEW.email_verified_at))
    EXECUTE FUNCTION sallyport_announce('user', 'id');
CREATE TRIGGER announce_delete AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('user', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON users EXECUTE FUNCTION sallyport_announce();

CREATE TRIGGER announce_update AFTER UPDATE OF revoked_at ON sessions
    FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at)
    EXECUTE FUNCTION sallyport_announce('session', 'id');
CREATE TRIGGER announce_delete AFTER DELETE ON sessions
    FOR EACH ROW WHEN (OLD.expires_at > clock_timestamp()) -- sweeping is silent
    EXECUTE FUNCTION sallyport_announce('session', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON sessions EXECUTE FUNCTION sallyport_announce();

CREATE TRIGGER announce_insert AFTER INSERT ON roles
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('role', 'name');
CREATE TRIGGER announce_update AFTER UPDATE OF name, permissions ON roles
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('role', 'name');
CREATE TRIGGER announce_delete AFTER DELETE ON roles
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('role', 'name');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON roles EXECUTE FUNCTION sallyport_announce();

CREATE TRIGGER announce_update AFTER UPDATE OF hash, name, revoked_at, permissions, expires_at ON api_keys
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('api_key', 'id');
CREATE TRIGGER announce_delete AFTER DELETE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('api_key', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON api_keys EXECUTE FUNCTION sallyport_announce();

CREATE TRIGGER announce_insert AFTER INSERT ON signing_keys
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('signing_key', 'id');
CREATE TRIGGER announce_update AFTER UPDATE OF state, sealed ON signing_keys
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('signing_key', 'id');
CREATE TRIGGER announce_delete AFTER DELETE ON signing_keys
    FOR EACH ROW EXECUTE FUNCTION sallyport_announce('signing_key', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON signing_keys EXECUTE FUNCTION sallyport_announce();
