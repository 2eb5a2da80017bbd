package application_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	olderSecret = domain.NewSecret("the secret that was there from the beginning")
	newerSecret = domain.NewSecret("the secret that is to take the other's place")
)

// wantSealed holds that everything in storage opens under one secret alone.
func (i *installation) wantSealed(when string, secret domain.Secret) {
	i.Helper()
	sealer, err := envelope.New(envelope.Config{Secret: secret})
	i.must("make a sealer", err)
	alone := application.Rewrap{Journal: application.Journal{Store: i.store}, Sealer: sealer}
	if err := alone.Check(i.Context(), ""); err != nil {
		i.Errorf("%s: got %v, want everything sealed under the one secret", when, err)
	}
}

// session begins a session and returns its tokens.
func (r *replica) session() domain.Tokens {
	r.Helper()
	now := r.Now()
	user := domain.User{
		ID: domain.UserID(system.IDs{}.NewID()), Email: domain.StoredEmail(system.IDs{}.NewID() + "@example.com"),
		Status: domain.StatusActive, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	r.must("insert a user", r.store.Users().Insert(r.Context(), user))
	lives := r.refresh.Grants.Lifetimes
	session := domain.NewSession(domain.SessionID(system.IDs{}.NewID()), user, now, lives, domain.Client{})
	r.must("insert a session", r.store.Sessions().Insert(r.Context(), session))
	token, err := r.tokens.SignRefresh(session.RefreshClaims(true))
	r.must("sign a refresh token", err)
	return r.refreshed(token.Reveal())
}

func (r *replica) refreshed(token string) domain.Tokens {
	r.Helper()
	r.pass(time.Minute)
	tokens, err := r.refresh.Do(r.Context(), token)
	r.must("refresh", err)
	return tokens
}

// Nobody is logged out, whichever replica is asked at whichever
// moment. Two replicas go through the three steps one after the other.
func TestASecretIsRotatedInThreeStepsAndNobodyIsLoggedOut(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	var (
		before = setting{secret: olderSecret}
		step1  = setting{secret: olderSecret, previous: newerSecret}
		step2  = setting{secret: newerSecret, previous: olderSecret}
		step3  = setting{secret: newerSecret}
	)
	kept := &application.KeptKey{Name: "limiter", Store: i.store, Sealer: sealerOf(t, olderSecret)}
	limiterKey, err := kept.Key(t.Context())
	i.must("keep a key", err)

	a, b := i.run(before), i.run(before)
	tokens := a.session()
	// cross uses what each replica mints on the other, and rotates the signing
	// key, so that each opens what the other sealed.
	cross := func(when string) {
		t.Helper()
		for range 2 {
			for _, pair := range [][2]*replica{{a, b}, {b, a}} {
				from, to := pair[0], pair[1]
				tokens = from.refreshed(tokens.Refresh.Reveal())
				if !to.good(tokens.Access.Reveal()) {
					t.Fatalf("%s: an access token of one replica is refused by the other", when)
				}
				tokens = to.refreshed(tokens.Refresh.Reveal())
				_, err := from.keys.Rotate(t.Context(), domain.Operator())
				i.must(when+": rotate the signing key", err)
				i.pass(domain.KeyPublication)
				to.work()
			}
		}
		last := tokens.Access.Reveal()
		if !a.good(last) || !b.good(last) {
			t.Fatalf("%s: a token that was good a moment ago is refused", when)
		}
	}

	cross("before")
	a = i.run(step1)
	b = i.run(step1)
	cross("after step 1")
	i.wantSealed("after step 1", olderSecret)

	a = i.run(step2)
	i.wantSealed("after the first start of step 2", newerSecret)
	cross("while one replica is at step 2")
	b = i.run(step1) // crashed, and not yet changed over: it must not seal anything back
	if count, err := a.rewrap.Do(t.Context(), domain.Operator()); err != nil {
		t.Errorf("rewrap while one replica is at step 2: got %d, %v", count, err)
	}
	i.run(step1)
	i.wantSealed("when the older secret's replica starts again", newerSecret)
	b = i.run(step2)
	cross("after step 2")

	if _, err := b.rewrap.Do(t.Context(), domain.Operator()); err != nil {
		t.Errorf("rewrap: %v", err)
	}
	if count, err := a.rewrap.Do(t.Context(), domain.Operator()); count != 0 || err != nil {
		t.Errorf("rewrap again: got %d, %v, want nothing left to do", count, err)
	}
	a, b = i.run(step3), i.run(step3)
	cross("after step 3")
	again := &application.KeptKey{Name: "limiter", Store: i.store, Sealer: sealerOf(t, newerSecret)}
	if key, err := again.Key(t.Context()); err != nil || !bytes.Equal(key, limiterKey) {
		t.Errorf("the limiter's key: got another, or %v, want the one that was kept", err)
	}
}

func sealerOf(t *testing.T, secret domain.Secret) application.Sealer {
	t.Helper()
	sealer, err := envelope.New(envelope.Config{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestAStartThatWouldLoseAKeyIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	r := i.run(setting{secret: olderSecret})
	stored := r.published()
	lost, err := i.start(setting{algorithm: domain.EdDSA, secret: newerSecret})
	if !errors.Is(err, application.ErrOtherSecret) {
		t.Errorf("start: got %v, want ErrOtherSecret", err)
	}
	for what, err := range map[string]error{
		"rewrap": second(lost.rewrap.Do(t.Context(), domain.Operator())),
		"rotate": second(lost.keys.Rotate(t.Context(), domain.Operator())),
	} {
		if !errors.Is(err, application.ErrOtherSecret) {
			t.Errorf("%s: got %v, want ErrOtherSecret", what, err)
		}
	}
	i.wantSealed("after all that", olderSecret)
	if got := i.run(setting{secret: olderSecret}).published(); len(got) != 1 || got[0] != stored[0] {
		t.Errorf("got the keys %v, want %v", got, stored)
	}
	i.run(setting{secret: newerSecret, previous: olderSecret})
	i.wantSealed("after a start with both", newerSecret)
}

func second[T any](_ T, err error) error { return err }
