package application

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-auth/sallyport/domain"
)

// Rewrap keeps what storage holds sealed under the newest of the service's
// secrets, and notices before it is too late when something can't be opened.
//
// Which of two secrets is the newer can't be told from what they sealed: while
// replicas change over one by one, some still have the older one as current.
// So storage keeps the names of the secrets in the order in which they first
// were anybody's current one, and a start re-encrypts only under the last.
type Rewrap struct {
	Journal          Journal
	Sealer           Sealer
	Secret, Previous string // the secrets' names (domain.Secret.Name); Previous may be empty
}

const (
	secretOrder     = "secret-order" // in the SecretStore: names, separated by spaces
	maxSecretsKnown = 8
)

// Do seals everything that is not sealed under the current secret anew, and
// returns how many things that were. ErrOtherSecret when something can't be
// opened; then nothing is changed.
func (uc *Rewrap) Do(ctx context.Context, caller domain.Principal) (int, error) {
	return uc.run(ctx, caller.Subject, func(order []string) []string {
		order = slices.DeleteFunc(order, func(s string) bool { return s == uc.Secret })
		return append(order, uc.Secret)
	})
}

// Begin is what a server does before it serves: it makes sure that everything
// can be opened, and re-encrypts if its secret is the newest. ErrOtherSecret
// when something would be lost.
func (uc *Rewrap) Begin(ctx context.Context) error {
	_, err := uc.run(ctx, "", func(order []string) []string {
		if slices.Contains(order, uc.Secret) {
			return order
		}
		return append(order, uc.Secret)
	})
	return err
}

// Check returns ErrOtherSecret when something that is sealed, but for the key of
// id, can't be opened.
func (uc *Rewrap) Check(ctx context.Context, id string) error {
	_, err := uc.opened(ctx, uc.Journal.Store, id)
	return err
}

func (uc *Rewrap) run(ctx context.Context, actor string, decide func(order []string) []string) (count int, err error) {
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		count = 0
		all, err := uc.opened(ctx, tx, "")
		if err != nil {
			return err
		}
		stale := slices.DeleteFunc(slices.Clone(all), func(s sealedThing) bool { return !s.stale })
		before := orderIn(all)
		if before == nil && len(stale) > 0 {
			before = []string{uc.Previous} // nobody kept the order yet: what sealed it came first
		}
		after := decide(slices.Clone(before))
		if after[len(after)-1] == uc.Secret {
			for _, thing := range stale {
				if err := uc.seal(ctx, thing.name, thing.plain, thing.put); err != nil {
					return err
				}
			}
			count = len(stale)
		}
		if count > 0 {
			note(domain.Event{Type: domain.SigningKeysRewrapped, Actor: actor, Details: map[string]string{"count": strconv.Itoa(count)}})
		}
		if slices.Equal(orderIn(all), after) {
			return nil
		}
		return uc.keepOrder(ctx, tx, after)
	})
	if err != nil {
		return 0, fmt.Errorf("look through what is sealed: %w", err)
	}
	return count, nil
}

// sealedThing is something that storage keeps sealed, opened.
type sealedThing struct {
	name  string
	plain []byte
	stale bool // not under the current secret
	put   func(ctx context.Context, sealed []byte) error
}

// opened returns everything that is sealed, but for the key of except.
func (uc *Rewrap) opened(ctx context.Context, tx Tx, except string) ([]sealedThing, error) {
	var all []sealedThing
	open := func(name string, sealed []byte, put func(context.Context, []byte) error) error {
		plain, stale, err := uc.Sealer.Open(name, sealed)
		all = append(all, sealedThing{name, plain, stale, put})
		return err
	}
	keys, err := tx.SigningKeys().SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.State == domain.KeyGone || k.ID == except {
			continue // of one that is gone there is nothing left
		}
		err := open(k.ID, k.Sealed, func(ctx context.Context, sealed []byte) error {
			k.Sealed = sealed
			return tx.SigningKeys().Put(ctx, k)
		})
		if err != nil {
			return nil, err
		}
	}
	secrets, err := tx.Secrets().Secrets(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		err := open(name, secrets[name], func(ctx context.Context, sealed []byte) error {
			return tx.Secrets().Replace(ctx, name, sealed)
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (uc *Rewrap) seal(ctx context.Context, name string, plain []byte, put func(context.Context, []byte) error) error {
	sealed, err := uc.Sealer.Seal(name, plain)
	if err != nil {
		return fmt.Errorf("seal %q: %w", name, err)
	}
	return put(ctx, sealed)
}

// orderIn returns the names of the secrets, the newest last; nil when nobody
// has kept them yet.
func orderIn(all []sealedThing) []string {
	for _, thing := range all {
		if thing.name == secretOrder {
			return strings.Fields(string(thing.plain))
		}
	}
	return nil
}

func (uc *Rewrap) keepOrder(ctx context.Context, tx Tx, order []string) error {
	order = order[max(0, len(order)-maxSecretsKnown):]
	return uc.seal(ctx, secretOrder, []byte(strings.Join(order, " ")), func(ctx context.Context, sealed []byte) error {
		if _, err := tx.Secrets().Ensure(ctx, secretOrder, sealed); err != nil {
			return err
		}
		return tx.Secrets().Replace(ctx, secretOrder, sealed)
	})
}
