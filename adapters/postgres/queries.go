package postgres

import "github.com/sallyport-auth/sallyport/adapters/sqlstore"

const (
	userColumns = `u.id AS user_id, u.email, u.name, u.status, u.roles, u.version, u.email_verified_at,
		u.created_at AS user_created_at, u.updated_at AS user_updated_at`
	sessionColumns = `s.id AS session_id, s.user_version, s.generation, s.created_at AS session_created_at,
		s.rotated_at, s.idle_expires_at, s.expires_at, s.revoked_at, s.address, s.user_agent`
	accountColumns = userColumns + `, c.id AS credential_id, c.hash, c.created_at AS credential_created_at,
		c.updated_at AS credential_updated_at`
	apiKeyColumns  = `id, name, hash, permissions, created_by, created_at, expires_at, revoked_at, last_used_at`
	messageColumns = `id, recipient, template, sealed, created_at, next_attempt_at, attempts`
	eventColumns   = `id, at, type, outcome, reason, subject, actor, session, address, user_agent, request_id, count, details`

	// A time out of JSON, where it is microseconds since 1970.
	microseconds = `timestamptz 'epoch' + interval '1 microsecond' * `
)

func queries() *sqlstore.Queries {
	q := new(sqlstore.Queries)
	accounts(q)
	gate(q)
	mail(q)
	upkeep(q)
	return q
}

func accounts(q *sqlstore.Queries) {
	// An address that is taken is no error of PostgreSQL's: it would end the transaction around it.
	q.Users.Insert = `INSERT INTO users (id, email, name, status, roles, version, email_verified_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email) DO NOTHING`
	q.Users.ByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = $1`
	q.Users.ByEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.email = $1`
	q.Users.Update = `UPDATE users SET email = $2, name = $3, status = $4, roles = $5, version = $6,
		email_verified_at = $7, updated_at = $8 WHERE id = $1`
	q.Users.Delete = `DELETE FROM users WHERE id = $1`
	q.Users.List = `SELECT ` + userColumns + ` FROM users u WHERE u.id > $1`
	q.Users.WhereEmail = ` AND u.email >= $? AND u.email < $?`
	q.Users.WhereRole = ` AND u.roles @> jsonb_build_array($?::text)`
	q.Users.WhereActive = ` AND u.status = 'active'`
	q.Users.WhereDisabled = ` AND u.status = 'disabled'`
	q.Users.Page = ` ORDER BY u.id LIMIT $?`
	// Not asked, for it plans by values.
	q.Users.ListByRole, q.Users.PageByRole = q.Users.List+` AND u.roles @> jsonb_build_array($2::text)`, q.Users.Page
	q.Users.CountEmails = `SELECT count(*) FROM (SELECT FROM users WHERE email >= $1 AND email < $2 LIMIT $3) range`
	q.Users.WhereFewEmails = q.Users.WhereEmail
	q.Users.AnotherActiveAdmin = `SELECT EXISTS (SELECT FROM users WHERE status = 'active' AND roles ? 'admin' AND id <> $1)`
	q.Users.RemoveRole = `UPDATE users SET roles = roles - $1::text, updated_at = $2 WHERE roles @> jsonb_build_array($1::text)`

	const withPassword = ` FROM users u LEFT JOIN credentials c ON c.user_id = u.id AND c.kind = 'password'`
	q.Credentials.AccountByEmail = `SELECT ` + accountColumns + withPassword + ` WHERE u.email = $1`
	q.Credentials.AccountByID = `SELECT ` + accountColumns + withPassword + ` WHERE u.id = $1`
	q.Users.Accounts = `SELECT ` + accountColumns + withPassword + ` WHERE u.id > $1 ORDER BY u.id LIMIT $2`
	q.Users.Taken = `SELECT count(*) FROM users WHERE email = ANY (SELECT jsonb_array_elements_text($1::jsonb))`
	q.Users.Settle = `ANALYZE users, credentials`
	q.Credentials.PutPassword = `INSERT INTO credentials (id, user_id, kind, hash, created_at, updated_at)
		SELECT $1::uuid, u.id, 'password', $3::text, $4::timestamptz, $5::timestamptz FROM users u WHERE u.id = $2
		ON CONFLICT (user_id) WHERE kind = 'password' DO UPDATE
		SET id = excluded.id, hash = excluded.hash, created_at = excluded.created_at, updated_at = excluded.updated_at`
	q.Credentials.Rehash = `UPDATE credentials SET hash = $3, updated_at = $4 WHERE id = $1 AND hash = $2`
}

func gate(q *sqlstore.Queries) {
	q.Sessions.Insert = `INSERT INTO sessions (id, user_id, user_version, generation, created_at, rotated_at,
			idle_expires_at, expires_at, revoked_at, address, user_agent)
		SELECT $1::uuid, u.id, u.version, $4::bigint, $5::timestamptz, $6::timestamptz,
			$7::timestamptz, $8::timestamptz, $9::timestamptz, $10::text, $11::text
		FROM users u WHERE u.id = $2 AND u.version = $3 AND u.status = 'active'`
	q.Sessions.ByID = `SELECT ` + sessionColumns + `, ` + userColumns + `
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`
	q.Sessions.Advance = `UPDATE sessions s
		SET generation = s.generation + $6::bigint, rotated_at = $3, idle_expires_at = least(s.expires_at, $4::timestamptz)
		FROM users u
		WHERE s.id = $1 AND s.generation = $2 AND s.user_id = $5 AND s.revoked_at IS NULL
			AND s.idle_expires_at > $3 AND s.expires_at > $3
			AND u.id = s.user_id AND u.status = 'active' AND u.version = s.user_version
		RETURNING ` + sessionColumns + `, ` + userColumns
	q.Sessions.Revoke = `UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`
	q.Sessions.ListByUser = `SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2
			AND s.user_version = u.version AND s.id < $3
		ORDER BY s.id DESC LIMIT $4`
	q.Sessions.Sweep = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1
		ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

	q.State.Session = `SELECT ` + sessionColumns + `, ` + userColumns + `,
			(SELECT jsonb_agg(r.permissions) FROM roles r WHERE u.roles ? r.name) AS permissions
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`

	const roleColumns = `name, description, permissions, created_at, updated_at`
	q.Roles.All = `SELECT ` + roleColumns + ` FROM roles ORDER BY name`
	q.Roles.ByName = `SELECT ` + roleColumns + ` FROM roles WHERE name = $1`
	q.Roles.Put = `INSERT INTO roles (name, description, permissions, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE
		SET description = excluded.description, permissions = excluded.permissions, updated_at = excluded.updated_at`
	q.Roles.Delete = `DELETE FROM roles WHERE name = $1`
	q.Roles.Permissions = `SELECT jsonb_agg(permissions) FROM roles WHERE $1::jsonb ? name`

	q.APIKeys.Insert = `INSERT INTO api_keys (` + apiKeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	q.APIKeys.ByID = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE id = $1`
	q.APIKeys.List = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2`
	q.APIKeys.Revoke = `UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`
	q.APIKeys.Touch = `UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, ` + microseconds + `used.at)
		FROM jsonb_to_recordset($1::jsonb) AS used (id uuid, at bigint) WHERE k.id = used.id`
}

func mail(q *sqlstore.Queries) {
	q.MailTokens.Insert = `INSERT INTO mail_tokens (id, user_id, purpose, email, hash, created_at, expires_at)
		SELECT $1::uuid, u.id, $3::text, $4::text, $5::text, $6::timestamptz, $7::timestamptz FROM users u WHERE u.id = $2`
	q.MailTokens.ByID = `SELECT id, user_id, purpose, email, hash, created_at, expires_at FROM mail_tokens WHERE id = $1`
	q.MailTokens.Delete = `DELETE FROM mail_tokens WHERE id = $1`
	q.MailTokens.DeleteOf = `DELETE FROM mail_tokens WHERE user_id = $1 AND ($2 = '' OR purpose = $2)`
	q.MailTokens.Sweep = `DELETE FROM mail_tokens WHERE id IN (SELECT id FROM mail_tokens WHERE expires_at <= $1
		ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

	q.Outbox.Append = `INSERT INTO outbox (` + messageColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	q.Outbox.Due = `SELECT ` + messageColumns + ` FROM outbox WHERE next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT $2`
	q.Outbox.Reschedule = `UPDATE outbox SET attempts = $2, next_attempt_at = $3 WHERE id = $1`
	q.Outbox.Delete = `DELETE FROM outbox WHERE id = $1`
}

func upkeep(q *sqlstore.Queries) {
	const keyColumns = `id, algorithm, state, sealed, created_at, state_at, expires_at`
	q.SigningKeys.All = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY created_at, id`
	q.SigningKeys.Put = `INSERT INTO signing_keys (` + keyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE
		SET state = excluded.state, state_at = excluded.state_at, expires_at = excluded.expires_at, sealed = excluded.sealed`
	q.SigningKeys.Delete = `DELETE FROM signing_keys WHERE id = $1`

	q.Audit.Append = `INSERT INTO audit_events (` + eventColumns + `)
		SELECT id, ` + microseconds + `at, type, outcome, reason, subject, actor, session, address, user_agent, request_id,
			count, coalesce(details, 'null')
		FROM jsonb_to_recordset($1::jsonb) AS event (id uuid, at bigint, type text, outcome text, reason text, subject text,
			actor text, session text, address text, user_agent text, request_id text, count integer, details jsonb)
		ON CONFLICT (id) DO UPDATE SET count = greatest(audit_events.count, excluded.count)`
	q.Audit.List = `SELECT ` + eventColumns + ` FROM audit_events WHERE id < $1`
	q.Audit.WhereSubject = ` AND subject = $?`
	q.Audit.WhereType = ` AND type = $?`
	q.Audit.WhereSince = ` AND at >= $?`
	q.Audit.WhereUntil = ` AND at < $?`
	q.Audit.Page = ` ORDER BY id DESC LIMIT $?`
	q.Audit.Sweep = `DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE at < $1
		ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`

	q.Leases.Acquire = `INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $4)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= $3`
	q.Leases.Release = `DELETE FROM leases WHERE name = $1 AND holder = $2`

	q.Secrets.Ensure = `INSERT INTO secrets (name, sealed) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING sealed`
	q.Secrets.All = `SELECT name, sealed FROM secrets ORDER BY name`
	q.Secrets.Replace = `UPDATE secrets SET sealed = $2 WHERE name = $1`

	q.Schema.Exists = `SELECT to_regclass('` + sqlstore.VersionTable + `') IS NOT NULL`
	q.Schema.Applied = `SELECT version_id AS version, tstamp AT TIME ZONE current_setting('TimeZone') AS applied_at
		FROM ` + sqlstore.VersionTable + ` WHERE is_applied AND version_id > 0 ORDER BY version_id`
	q.Schema.Oldest = `SELECT max(oldest) FROM schema_compatibility`
}
