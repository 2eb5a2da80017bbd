package application

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Keys is the life of the keys that sign access tokens. Every replica learns
// of what it changes by the change feed.
type Keys struct {
	Journal Journal
	Maker   SigningKeyMaker
	Policy  domain.KeyPolicy
	// Sealed refuses to make a key beside others that can't be opened: whoever
	// can open those could not open it. nil refuses nothing.
	Sealed *Rewrap
}

// KeysEvery is how often the job moves keys along. Nothing depends on it but
// how promptly a state is entered.
const KeysEvery = 10 * time.Second

// List returns all keys by age, those that are gone too.
func (uc *Keys) List(ctx context.Context) ([]domain.SigningKey, error) {
	keys, err := uc.Journal.Store.SigningKeys().SigningKeys(ctx)
	return domain.SortSigningKeys(keys), err
}

// Rotate publishes a new key and returns it. It signs once it has been
// published for domain.KeyPublication, and at once where no other key does.
// ErrOtherSecret.
func (uc *Keys) Rotate(ctx context.Context, caller domain.Principal) (domain.SigningKey, error) {
	return uc.publish(ctx, caller.Subject, "asked", func([]domain.SigningKey) bool { return true })
}

// make makes a key, unless something but the key of id can't be opened.
func (uc *Keys) make(ctx context.Context, id string) (domain.SigningKey, error) {
	if uc.Sealed != nil {
		if err := uc.Sealed.Check(ctx, id); err != nil {
			return domain.SigningKey{}, err
		}
	}
	return uc.Maker.NewSigningKey(uc.Policy.Algorithm)
}

// publish stores a new key if it is still wanted then.
func (uc *Keys) publish(ctx context.Context, actor, reason string, wanted func([]domain.SigningKey) bool) (domain.SigningKey, error) {
	fresh, err := uc.make(ctx, "")
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("publish a signing key: %w", err)
	}
	key := fresh
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		key = fresh
		stored, err := tx.SigningKeys().SigningKeys(ctx)
		if err != nil || !wanted(stored) {
			return err
		}
		if _, ok := uc.Policy.Signer(stored); !ok {
			key.State = domain.KeySigning
		}
		return putKey(ctx, tx, note, keyEvent(domain.SigningKeyCreated, key, actor, reason), key)
	})
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("publish a signing key: %w", err)
	}
	return key, nil
}

// Revoke withdraws a key at once: whatever it signed is worth nothing from then
// on. If it signed, the key that was to be next does so now, or else a new one.
// One that is gone already is no error. domain.ErrSigningKeyNotFound, ErrOtherSecret.
func (uc *Keys) Revoke(ctx context.Context, caller domain.Principal, id string) error {
	spare, err := uc.make(ctx, id)
	if err != nil {
		return fmt.Errorf("revoke signing key %s: %w", id, err)
	}
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		stored, err := tx.SigningKeys().SigningKeys(ctx)
		if err != nil {
			return err
		}
		i := indexKey(stored, id)
		switch {
		case i < 0:
			return domain.ErrSigningKeyNotFound
		case stored[i].State == domain.KeyGone:
			return nil
		}
		stored[i] = stored[i].Withdrawn(uc.Journal.Clock.Now())
		if err := putKey(ctx, tx, note, keyEvent(domain.SigningKeyRevoked, stored[i], caller.Subject, "revoked"), stored[i]); err != nil {
			return err
		}
		return uc.ensure(ctx, tx, note, stored, spare, caller.Subject)
	})
	if err != nil {
		return fmt.Errorf("revoke signing key %s: %w", id, err)
	}
	return nil
}

// ensure makes sure that a key signs: where none does, the next one, or spare.
func (uc *Keys) ensure(ctx context.Context, tx Tx, note Note, stored []domain.SigningKey, spare domain.SigningKey, actor string) error {
	if _, ok := uc.Policy.Signer(stored); ok {
		return nil
	}
	if next, ok := uc.Policy.Next(stored); ok {
		return uc.put(ctx, tx, note, uc.Policy.Succeed(stored, next, uc.Journal.Clock.Now()), actor)
	}
	spare.State = domain.KeySigning
	return putKey(ctx, tx, note, keyEvent(domain.SigningKeyCreated, spare, actor, "none_signs"), spare)
}

// Run is the job: it publishes a key when the one that signs is too old or of
// another algorithm than the policy's, and moves keys along by time.
func (uc *Keys) Run(ctx context.Context) error {
	stored, err := uc.Journal.Store.SigningKeys().SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("read the signing keys: %w", err)
	}
	now := uc.Journal.Clock.Now()
	if reason := uc.Policy.Due(stored, now); reason != "" {
		_, err := uc.publish(ctx, "", reason, func(stored []domain.SigningKey) bool { return uc.Policy.Due(stored, now) != "" })
		if err != nil {
			return err
		}
	}
	if len(uc.Policy.Move(stored, now)) == 0 {
		return nil
	}
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		stored, err := tx.SigningKeys().SigningKeys(ctx)
		if err != nil {
			return err
		}
		return uc.put(ctx, tx, note, uc.Policy.Move(stored, now), "")
	})
	if err != nil {
		return fmt.Errorf("move signing keys along: %w", err)
	}
	return nil
}

// put stores keys that changed.
func (uc *Keys) put(ctx context.Context, tx Tx, note Note, changed []domain.SigningKey, actor string) error {
	for _, k := range changed {
		if err := putKey(ctx, tx, note, keyEvent(domain.SigningKeyChanged, k, actor, ""), k); err != nil {
			return err
		}
	}
	return nil
}

func putKey(ctx context.Context, tx Tx, note Note, event domain.Event, key domain.SigningKey) error {
	note(event)
	return tx.SigningKeys().Put(ctx, key)
}

func keyEvent(kind domain.EventType, key domain.SigningKey, actor, reason string) domain.Event {
	return domain.Event{Type: kind, Actor: actor, Reason: reason, Details: map[string]string{
		"kid": key.ID, "algorithm": string(key.Algorithm), "state": string(key.State),
	}}
}

// FirstSigningKeyEvent returns the event of the key that a service makes by itself
// because none signs.
func FirstSigningKeyEvent(key domain.SigningKey) domain.Event {
	return keyEvent(domain.SigningKeyCreated, key, "", "none_signs")
}

func indexKey(keys []domain.SigningKey, id string) int {
	for i, k := range keys {
		if k.ID == id {
			return i
		}
	}
	return -1
}
