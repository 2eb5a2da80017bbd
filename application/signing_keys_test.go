package application_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// kid returns the id of the key that signed a token.
func kid(t *testing.T, token string) string {
	t.Helper()
	segment, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(segment)
	var header struct{ Kid string }
	if err != nil || json.Unmarshal(text, &header) != nil {
		t.Fatalf("the header %q can't be read", segment)
	}
	return header.Kid
}

// published returns the ids in a replica's key set.
func (r *replica) published() []string {
	r.Helper()
	document, _, err := r.tokens.JWKS(r.Context())
	r.must("read the key set", err)
	var set struct{ Keys []struct{ Kid string } }
	r.must("decode the key set", json.Unmarshal(document, &set))
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

// work does what the job does.
func (r *replica) work() {
	r.Helper()
	r.must("run the job", r.keys.Run(r.Context()))
}

func (r *replica) wantStates(when string, want map[string]domain.SigningKeyState) {
	r.Helper()
	keys, err := r.keys.List(r.Context())
	r.must("list the keys", err)
	got := map[string]domain.SigningKeyState{}
	for _, k := range keys {
		got[k.ID] = k.State
		if (k.State == domain.KeyGone) != (len(k.Sealed) == 0) {
			r.Errorf("%s: the private part of a key that is %s has %d bytes", when, k.State, len(k.Sealed))
		}
	}
	if !maps.Equal(got, want) {
		r.Errorf("%s: got %v, want %v", when, got, want)
	}
}

func TestAKeySignsWhenNoCacheCanLackItAndStaysForItsLastToken(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	a, b := i.run(setting{}), i.run(setting{})
	_, client := a.service(time.Time{})
	first := kid(t, a.token(client))
	next, err := a.keys.Rotate(t.Context(), domain.Operator())
	i.must("rotate", err)
	a.wantStates("rotated", map[string]domain.SigningKeyState{first: domain.KeySigning, next.ID: domain.KeyPublished})
	for name, r := range map[string]*replica{"here": a, "on the other replica": b} {
		if ids := r.published(); !slices.Contains(ids, next.ID) || !slices.Contains(ids, first) {
			t.Errorf("%s the key set holds %v, want %s and %s", name, ids, first, next.ID)
		}
	}

	i.pass(domain.KeyPublication - time.Microsecond)
	b.work()
	if got := kid(t, a.token(client)); got != first {
		t.Errorf("before a cache can be trusted to have it: signed with %s, want %s still", got, first)
	}
	last := a.token(client)
	i.pass(time.Microsecond)
	b.work()
	a.wantStates("ripe", map[string]domain.SigningKeyState{first: domain.KeyRetiring, next.ID: domain.KeySigning})
	if got := kid(t, a.token(client)); got != next.ID {
		t.Errorf("ripe: signed with %s, want %s", got, next.ID)
	}

	i.pass(accessLife - 2*time.Second) // exp is cut to the second
	a.work()
	if !a.good(last) || !b.good(last) || !slices.Contains(a.published(), first) {
		t.Error("a token of the old key ended before its time")
	}
	i.pass(2*time.Second + domain.ReplicaLag)
	a.work()
	a.wantStates("retired", map[string]domain.SigningKeyState{first: domain.KeyGone, next.ID: domain.KeySigning})
	if slices.Contains(b.published(), first) {
		t.Error("the key set holds a key whose last token is over")
	}
	i.wantTrail(map[string][]string{
		first:   {"signing_key.created signing", "signing_key.changed retiring", "signing_key.changed gone"},
		next.ID: {"signing_key.created published", "signing_key.changed signing"},
	})
}

// wantTrail holds what the audit store says of each key, in its order.
func (i *installation) wantTrail(want map[string][]string) {
	i.Helper()
	events, err := i.store.Audit().List(i.Context(), application.AuditFilter{}, application.Page[domain.EventID]{Limit: 200})
	i.must("read the audit store", err)
	got := map[string][]string{}
	for _, e := range slices.Backward(events) {
		if id := e.Details["kid"]; id != "" {
			got[id] = append(got[id], string(e.Type)+" "+e.Details["state"])
		}
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		i.Errorf("the audit store says %v, want %v", got, want)
	}
}

func TestAKeyThatSignedForLongEnoughIsRotated(t *testing.T) {
	t.Parallel()
	const maxAge = 90 * 24 * time.Hour
	for name, c := range map[string]struct {
		maxAge time.Duration
		want   int
	}{"after its age": {maxAge, 2}, "never, when that is turned off": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstallation(t)
			r := i.run(setting{maxAge: c.maxAge})
			count := func() int {
				keys, err := r.keys.List(t.Context())
				i.must("list the keys", err)
				return len(keys)
			}
			r.published()
			i.pass(maxAge - time.Microsecond)
			r.work()
			if got := count(); got != 1 {
				t.Errorf("before: got %d keys, want 1", got)
			}
			i.pass(time.Microsecond)
			r.work()
			r.work()
			if got := count(); got != c.want {
				t.Errorf("then: got %d keys, want %d", got, c.want)
			}
			i.pass(domain.KeyPublication)
			r.work()
			r.work()
			if got := count(); got != c.want {
				t.Errorf("when the new one signs: got %d keys, want %d: its age begins now", got, c.want)
			}
		})
	}
}

func TestAChangeOfTheAlgorithmIsARotation(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	_, client := i.run(setting{algorithm: domain.ES256}).service(time.Time{})
	old := i.replicas[0].token(client)
	i.pass(time.Second)
	r := i.run(setting{algorithm: domain.RS256}) // restarted
	r.work()
	if got := kid(t, r.token(client)); got != kid(t, old) {
		t.Errorf("while the new algorithm's key is only published: signed with %s, want %s", got, kid(t, old))
	}
	i.pass(domain.KeyPublication)
	r.work()
	fresh := r.token(client)
	keys, err := r.keys.List(t.Context())
	i.must("list the keys", err)
	if len(keys) != 2 || keys[1].Algorithm != domain.RS256 || kid(t, fresh) != keys[1].ID {
		t.Errorf("then: got %d keys, and signed with %s, want the second of two, of RS256", len(keys), kid(t, fresh))
	}
	if !r.good(old) || !r.good(fresh) {
		t.Error("a token of one of the two algorithms is refused")
	}
}

func TestARevokedKeyIsWorthNothingAtOnceOnEveryReplica(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	a, b := i.run(setting{}), i.run(setting{})
	_, client := a.service(time.Time{})
	stolen := a.token(client)
	if !b.good(stolen) {
		t.Fatal("a token is refused by the other replica")
	}
	i.must("revoke", a.keys.Revoke(t.Context(), domain.Operator(), kid(t, stolen)))
	if a.good(stolen) || b.good(stolen) || slices.Contains(b.published(), kid(t, stolen)) {
		t.Error("a token of the revoked key is taken, or the key is still published")
	}
	fresh := b.token(client)
	if kid(t, fresh) == kid(t, stolen) || !a.good(fresh) {
		t.Error("no other key signs")
	}

	next, err := a.keys.Rotate(t.Context(), domain.Operator())
	i.must("rotate", err)
	i.must("revoke again", b.keys.Revoke(t.Context(), domain.Operator(), kid(t, stolen)))
	i.must("revoke the second", b.keys.Revoke(t.Context(), domain.Operator(), kid(t, fresh)))
	if got := kid(t, a.token(client)); got != next.ID {
		t.Errorf("signed with %s, want %s, which was to be next", got, next.ID)
	}
	if err := a.keys.Revoke(t.Context(), domain.Operator(), "nobody"); !errors.Is(err, domain.ErrSigningKeyNotFound) {
		t.Errorf("an unknown key: got %v, want ErrSigningKeyNotFound", err)
	}
	i.wantTrail(map[string][]string{
		kid(t, stolen): {"signing_key.created signing", "signing_key.revoked gone"},
		kid(t, fresh):  {"signing_key.created signing", "signing_key.revoked gone"},
		next.ID:        {"signing_key.created published", "signing_key.changed signing"},
	})
}

func TestOfSeveralPublishedKeysTheNewestRipeOneSigns(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	r := i.run(setting{})
	first := r.published()[0]
	rotate := func() string {
		key, err := r.keys.Rotate(t.Context(), domain.Operator())
		i.must("rotate", err)
		i.pass(time.Second)
		return key.ID
	}
	second, third := rotate(), rotate()
	i.pass(domain.KeyPublication - time.Second)
	fourth := rotate()
	r.work()
	r.wantStates("when two are ripe", map[string]domain.SigningKeyState{
		first: domain.KeyRetiring, second: domain.KeyGone, third: domain.KeySigning, fourth: domain.KeyPublished,
	})
}

// Each rotation, here to another algorithm, goes on under load: no token is
// refused, by whichever replica, from its first second to its last.
func TestRotationsUnderLoadRefuseNothing(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	_, client := i.run(setting{algorithm: domain.HS256}).service(time.Time{})
	var pair atomic.Pointer[[2]*replica]
	pair.Store(&[2]*replica{i.replicas[0], i.replicas[0]})

	const workers = 4
	var rounds [workers]atomic.Int64
	var all sync.WaitGroup
	stop := make(chan struct{})
	for n := range workers {
		all.Go(func() {
			var held string
			for {
				select {
				case <-stop:
					return
				default:
				}
				replicas := pair.Load()
				token, err := replicas[n%2].clients.Do(t.Context(), client, "")
				if err != nil {
					t.Errorf("get a token: %v", err)
					return
				}
				for _, use := range []string{held, token.Access.Reveal()} {
					if _, err := replicas[1-n%2].authorize.Bearer(t.Context(), use); err != nil && use != "" {
						t.Errorf("a token of the key %s is refused: %v", kid(t, use), err)
						return
					}
				}
				held = token.Access.Reveal()
				rounds[n].Add(1)
			}
		})
	}
	// settle waits until each worker has gone round twice, so that no token that
	// it holds is older than the last step.
	settle := func() {
		for n := range rounds {
			for want := rounds[n].Load() + 2; rounds[n].Load() < want && !t.Failed(); {
				runtime.Gosched()
			}
		}
	}
	settle() // the first key is there, and it is one of HS256
	for _, algorithm := range []domain.SigningAlgorithm{domain.ES256, domain.EdDSA, domain.RS256} {
		replicas := &[2]*replica{i.run(setting{algorithm: algorithm}), i.run(setting{algorithm: algorithm})}
		pair.Store(replicas)
		replicas[0].work()
		settle()
		i.pass(domain.KeyPublication)
		replicas[1].work()
		settle()
		keys, err := replicas[0].keys.List(t.Context())
		i.must("list the keys", err)
		if signer, _ := replicas[0].keys.Policy.Signer(keys); signer.Algorithm != algorithm || signer.ID != kid(t, replicas[0].token(client)) {
			t.Errorf("after the rotation to %s: %s signs, of %s", algorithm, signer.ID, signer.Algorithm)
		}
	}
	close(stop)
	all.Wait()
}
