package sqlite

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

	// RETURNING sees the updated table alone, and under its own name: the user comes by the primary key.
	ofUser         = ` FROM users u WHERE u.id = sessions.user_id) AS `
	advanceColumns = `id AS session_id, user_version, generation, created_at AS session_created_at, rotated_at,
		idle_expires_at, expires_at, revoked_at, address, user_agent, user_id,
		(SELECT u.email` + ofUser + `email, (SELECT u.name` + ofUser + `name, (SELECT u.status` + ofUser + `status,
		(SELECT u.roles` + ofUser + `roles, (SELECT u.version` + ofUser + `version,
		(SELECT u.email_verified_at` + ofUser + `email_verified_at, (SELECT u.created_at` + ofUser + `user_created_at,
		(SELECT u.updated_at` + ofUser + `user_updated_at`
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
	q.Users.Insert = `INSERT INTO users (id, email, name, status, roles, version, email_verified_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email) DO NOTHING`
	q.Users.ByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = $1`
	q.Users.ByEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.email = $1`
	q.Users.Update = `UPDATE users SET email = $2, name = $3, status = $4, roles = $5, version = $6,
		email_verified_at = $7, updated_at = $8 WHERE id = $1`
	q.Users.Delete = `DELETE FROM users WHERE id = $1`
	q.Users.List = `SELECT ` + userColumns + ` FROM users u WHERE u.id > $1`
	// CROSS JOIN: in this order (SQLite, "The Next-Generation Query Planner", §4.3).
	q.Users.ListByRole = `SELECT ` + userColumns + ` FROM user_roles r CROSS JOIN users u ON u.id = r.user_id
		WHERE r.user_id > $1 AND r.role = $2`
	q.Users.PageByRole = ` ORDER BY r.user_id LIMIT $?`
	q.Users.WhereEmail = ` AND +u.email >= $? AND +u.email < $?` // +: not by its index, for the users come by id
	q.Users.CountEmails = `SELECT count(*) FROM (SELECT 1 FROM users WHERE email >= $1 AND email < $2 LIMIT $3)`
	q.Users.WhereFewEmails = ` AND u.id IN (SELECT id FROM users WHERE email >= $? AND email < $?)`
	q.Users.WhereRole = ` AND EXISTS (SELECT 1 FROM user_roles r WHERE r.role = $? AND r.user_id = u.id)`
	q.Users.WhereActive = ` AND u.status = 'active'`
	q.Users.WhereDisabled = ` AND u.status = 'disabled'`
	q.Users.Page = ` ORDER BY u.id LIMIT $?`
	q.Users.AnotherActiveAdmin = `SELECT EXISTS (SELECT 1 FROM user_roles r JOIN users u ON u.id = r.user_id
		WHERE r.role = 'admin' AND u.status = 'active' AND u.id <> $1)`
	q.Users.RemoveRole = `UPDATE users
		SET roles = (SELECT json_group_array(value) FROM json_each(users.roles) WHERE value <> $1), updated_at = $2
		WHERE id IN (SELECT user_id FROM user_roles WHERE role = $1)`

	const withPassword = ` FROM users u LEFT JOIN credentials c ON c.user_id = u.id AND c.kind = 'password'`
	q.Credentials.AccountByEmail = `SELECT ` + accountColumns + withPassword + ` WHERE u.email = $1`
	q.Credentials.AccountByID = `SELECT ` + accountColumns + withPassword + ` WHERE u.id = $1`
	q.Users.Accounts = `SELECT ` + accountColumns + withPassword + ` WHERE u.id > $1 ORDER BY u.id LIMIT $2`
	q.Users.Taken = `SELECT count(*) FROM users WHERE email IN (SELECT value FROM json_each($1))`
	q.Users.Settle = `SELECT 1` // plans do not depend on what the tables hold
	q.Credentials.PutPassword = `INSERT INTO credentials (id, user_id, kind, hash, created_at, updated_at)
		SELECT $1, u.id, 'password', $3, $4, $5 FROM users u WHERE u.id = $2
		ON CONFLICT (user_id) WHERE kind = 'password' DO UPDATE
		SET id = excluded.id, hash = excluded.hash, created_at = excluded.created_at, updated_at = excluded.updated_at`
	q.Credentials.Rehash = `UPDATE credentials SET hash = $3, updated_at = $4 WHERE id = $1 AND hash = $2`
}

func gate(q *sqlstore.Queries) {
	q.Sessions.Insert = `INSERT INTO sessions (id, user_id, user_version, generation, created_at, rotated_at,
			idle_expires_at, expires_at, revoked_at, address, user_agent)
		SELECT $1, u.id, u.version, $4, $5, $6, $7, $8, $9, $10, $11
		FROM users u WHERE u.id = $2 AND u.version = $3 AND u.status = 'active'`
	q.Sessions.ByID = `SELECT ` + sessionColumns + `, ` + userColumns + `
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`
	q.Sessions.Advance = `UPDATE sessions
		SET generation = generation + $6, rotated_at = $3, idle_expires_at = min(expires_at, $4)
		WHERE id = $1 AND generation = $2 AND user_id = $5 AND revoked_at IS NULL
			AND idle_expires_at > $3 AND expires_at > $3
			AND EXISTS (SELECT 1 FROM users u
				WHERE u.id = sessions.user_id AND u.status = 'active' AND u.version = sessions.user_version)
		RETURNING ` + advanceColumns
	q.Sessions.Revoke = `UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`
	q.Sessions.ListByUser = `SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2
			AND s.user_version = u.version AND s.id < $3
		ORDER BY s.id DESC LIMIT $4`
	q.Sessions.Sweep = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1
		ORDER BY expires_at LIMIT $2)`

	q.State.Session = `SELECT ` + sessionColumns + `, ` + userColumns + `,
			(SELECT json_group_array(json(r.permissions)) FROM roles r
				WHERE r.name IN (SELECT value FROM json_each(u.roles))) AS permissions
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`

	const roleColumns = `name, description, permissions, created_at, updated_at`
	q.Roles.All = `SELECT ` + roleColumns + ` FROM roles ORDER BY name`
	q.Roles.ByName = `SELECT ` + roleColumns + ` FROM roles WHERE name = $1`
	q.Roles.Put = `INSERT INTO roles (name, description, permissions, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE
		SET description = excluded.description, permissions = excluded.permissions, updated_at = excluded.updated_at`
	q.Roles.Delete = `DELETE FROM roles WHERE name = $1`
	q.Roles.Permissions = `SELECT json_group_array(json(permissions)) FROM roles
		WHERE name IN (SELECT value FROM json_each($1))`

	q.APIKeys.Insert = `INSERT INTO api_keys (` + apiKeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	q.APIKeys.ByID = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE id = $1`
	q.APIKeys.List = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2`
	q.APIKeys.Revoke = `UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`
	q.APIKeys.Touch = `UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), used.at)
		FROM (SELECT value ->> 'id' AS id, value ->> 'at' AS at FROM json_each($1)) AS used WHERE api_keys.id = used.id`
}

func mail(q *sqlstore.Queries) {
	q.MailTokens.Insert = `INSERT INTO mail_tokens (id, user_id, purpose, email, hash, created_at, expires_at)
		SELECT $1, u.id, $3, $4, $5, $6, $7 FROM users u WHERE u.id = $2`
	q.MailTokens.ByID = `SELECT id, user_id, purpose, email, hash, created_at, expires_at FROM mail_tokens WHERE id = $1`
	q.MailTokens.Delete = `DELETE FROM mail_tokens WHERE id = $1`
	q.MailTokens.DeleteOf = `DELETE FROM mail_tokens WHERE user_id = $1 AND ($2 = '' OR purpose = $2)`
	q.MailTokens.Sweep = `DELETE FROM mail_tokens WHERE id IN (SELECT id FROM mail_tokens WHERE expires_at <= $1
		ORDER BY expires_at LIMIT $2)`

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
		SELECT value ->> 'id', value ->> 'at', value ->> 'type', value ->> 'outcome', value ->> 'reason', value ->> 'subject',
			value ->> 'actor', value ->> 'session', value ->> 'address', value ->> 'user_agent', value ->> 'request_id',
			value ->> 'count', value -> 'details'
		FROM json_each($1) WHERE true
		ON CONFLICT (id) DO UPDATE SET count = max(count, excluded.count)`
	q.Audit.List = `SELECT ` + eventColumns + ` FROM audit_events WHERE id < $1`
	q.Audit.WhereSubject = ` AND subject = $?`
	q.Audit.WhereType = ` AND type = $?`
	q.Audit.WhereSince = ` AND at >= $?`
	q.Audit.WhereUntil = ` AND at < $?`
	q.Audit.Page = ` ORDER BY id DESC LIMIT $?`
	q.Audit.Sweep = `DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE at < $1 ORDER BY at LIMIT $2)`

	q.Leases.Acquire = `INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $4)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= $3`
	q.Leases.Release = `DELETE FROM leases WHERE name = $1 AND holder = $2`

	q.Secrets.Ensure = `INSERT INTO secrets (name, sealed) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING sealed`
	q.Secrets.All = `SELECT name, sealed FROM secrets ORDER BY name`
	q.Secrets.Replace = `UPDATE secrets SET sealed = $2 WHERE name = $1`

	q.Schema.Exists = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '` + sqlstore.VersionTable + `')`
	q.Schema.Applied = `SELECT version_id AS version, unixepoch(tstamp) * 1000000 AS applied_at
		FROM ` + sqlstore.VersionTable + ` WHERE is_applied AND version_id > 0 ORDER BY version_id`
	q.Schema.Oldest = `SELECT max(oldest) FROM schema_compatibility`
}
