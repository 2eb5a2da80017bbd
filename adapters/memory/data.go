package memory

import (
	"bytes"
	"slices"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// data is all that is kept. Whoever touches it holds the store's lock.
type data struct {
	users       table[domain.UserID, domain.User]
	passwords   table[domain.UserID, domain.Credential]
	sessions    table[domain.SessionID, domain.Session]
	roles       table[domain.RoleName, domain.Role]
	apiKeys     table[domain.APIKeyID, domain.APIKey]
	signingKeys table[string, domain.SigningKey]
	mailTokens  table[domain.MailTokenID, domain.MailToken]
	outbox      table[domain.MessageID, domain.Message]
	events      table[domain.EventID, domain.Event]
	leases      table[string, lease]
	secrets     table[string, []byte]

	undo    []func()             // takes the current transaction back, last first
	touched []application.Change // by the current transaction
}

func newData() *data {
	d := &data{}
	d.users = newTable[domain.UserID](&d.undo, copyUser)
	d.passwords = newTable[domain.UserID](&d.undo, copyCredential)
	d.sessions = newTable[domain.SessionID](&d.undo, copySession)
	d.roles = newTable[domain.RoleName](&d.undo, copyRole)
	d.apiKeys = newTable[domain.APIKeyID](&d.undo, copyAPIKey)
	d.signingKeys = newTable[string](&d.undo, copySigningKey)
	d.mailTokens = newTable[domain.MailTokenID](&d.undo, copyMailToken)
	d.outbox = newTable[domain.MessageID](&d.undo, copyMessage)
	d.events = newTable[domain.EventID](&d.undo, copyEvent)
	d.leases = newTable[string](&d.undo, copyLease)
	d.secrets = newTable[string](&d.undo, bytes.Clone)
	for _, role := range domain.BuiltInRoles() {
		d.roles.put(role.Name, role)
	}
	d.commit()
	return d
}

// touch notes what others may remember otherwise.
func (d *data) touch(kind application.ChangeKind, id string) {
	d.touched = append(d.touched, application.Change{Kind: kind, ID: id})
}

// commit keeps what was done, and returns what it touched.
func (d *data) commit() []application.Change {
	touched := d.touched
	d.undo, d.touched = nil, nil
	return touched
}

func (d *data) rollback() {
	for _, back := range slices.Backward(d.undo) {
		back()
	}
	d.undo, d.touched = nil, nil
}
