package jwttoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestNothingAsksStorageBeforeAKeyIsNeeded(t *testing.T) {
	t.Parallel()
	store := newStore()
	tokens := newTokens(t, testConfig(domain.ES256), store, newClock())
	if _, err := tokens.VerifyRefresh(t.Context(), signRefresh(t, tokens)); err != nil {
		t.Errorf("VerifyRefresh: %v", err)
	}
	wantRefused(t, tokens, "garbage", "a.b.c", domain.ErrInvalidToken)
	if got := store.readings(); got != 0 {
		t.Errorf("storage was asked %d times, want 0", got)
	}
}

func TestConcurrentStartersMakeOneKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		store.gate = make(chan struct{})
		replicas := make([]*Tokens, 8)
		signed := make([]string, len(replicas))
		var all sync.WaitGroup
		for i := range replicas {
			replicas[i] = newTokens(t, testConfig(domain.EdDSA), store, newClock())
			all.Go(func() {
				token, err := replicas[i].SignAccess(t.Context(), userClaims)
				if err != nil {
					t.Errorf("replica %d: %v", i, err)
				}
				signed[i] = token.Reveal()
			})
		}
		synctest.Wait() // every replica has seen that there is no key
		close(store.gate)
		all.Wait()
		if keys := store.all(); len(keys) != 1 || keys[0].State != domain.KeySigning {
			t.Fatalf("got %d keys, want one that signs", len(keys))
		}
		for i, token := range signed {
			wantVerified(t, replicas[(i+1)%len(replicas)], fmt.Sprintf("token of replica %d", i), token)
		}
	})
}

func TestADatabaseThatIsDownAtTheStartIsNoFailureForEver(t *testing.T) {
	t.Parallel()
	store := newStore()
	store.down = domain.ErrUnavailable
	tokens := newTokens(t, testConfig(domain.ES256), store, newClock())
	token := signAccess(t, newTokens(t, testConfig(domain.ES256), newStore(), newClock()))
	for range 2 {
		if _, err := tokens.SignAccess(t.Context(), userClaims); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("SignAccess: got %v, want ErrUnavailable", err)
		}
		wantRefused(t, tokens, "a token whose key can't be known", token, domain.ErrUnavailable)
		if _, _, err := tokens.JWKS(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("JWKS: got %v, want ErrUnavailable", err)
		}
	}
	store.set(func() { store.down = nil })
	wantVerified(t, tokens, "when the database is back", signAccess(t, tokens))
}

func TestADatabaseThatGoesDownLaterDisturbsNoKnownKey(t *testing.T) {
	t.Parallel()
	store, clock := newStore(), newClock()
	tokens := newTokens(t, testConfig(domain.ES256), store, clock)
	token := signAccess(t, tokens)
	stranger := signAccess(t, newTokens(t, testConfig(domain.ES256), newStore(), newClock()))
	store.set(func() { store.down = domain.ErrUnavailable })
	clock.advance(2 * time.Second)

	if err := tokens.Reload(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Reload: got %v, want ErrUnavailable", err)
	}
	wantVerified(t, tokens, "a token of a known key", token)
	wantVerified(t, tokens, "a new token", signAccess(t, tokens))
	// storage down is never 401.
	wantRefused(t, tokens, "a token of a key that nobody can look up", stranger, domain.ErrUnavailable)
}

func TestEachStateOfAKeyCountsForWhatItIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state                  domain.SigningKeyState
		listed, verifies, sign bool
	}{
		{domain.KeyPublished, true, true, false},
		{domain.KeySigning, true, true, true},
		{domain.KeyRetiring, true, true, false},
		{domain.KeyGone, false, false, false},
		{"of a newer release", false, false, false},
	} {
		store, clock := newStore(), newClock()
		tokens := newTokens(t, testConfig(domain.ES256), store, clock)
		signAccess(t, tokens)
		clock.advance(time.Minute)
		key := put(t, tokens, store, domain.ES256, domain.KeySigning)
		reload(t, tokens)
		token := signAccess(t, tokens)
		store.state(key.ID, c.state)
		reload(t, tokens)

		document, _, err := tokens.JWKS(t.Context())
		if err != nil || strings.Contains(string(document), key.ID) != c.listed {
			t.Errorf("%s: JWKS %s, %v, want listed: %t", c.state, document, err, c.listed)
		}
		if _, err := tokens.VerifyAccess(t.Context(), token); (err == nil) != c.verifies {
			t.Errorf("%s: VerifyAccess: got %v, want good: %t", c.state, err, c.verifies)
		}
		if signer := tokens.ring.current.Load().signer.id; (signer == key.ID) != c.sign {
			t.Errorf("%s: signs with %s, want that to be it: %t", c.state, signer, c.sign)
		}
	}
}

// A withdrawn key empties the memory of verified signatures, also of
// those that are being verified at that moment.
func TestAWithdrawnKeyIsForgottenAtOnce(t *testing.T) {
	t.Parallel()
	store := newStore()
	tokens := newTokens(t, testConfig(domain.ES256), store, newClock())
	token := signAccess(t, tokens)
	wantVerified(t, tokens, "before", token)
	before := tokens.ring.current.Load()
	if got := before.memory.size(); got != 1 {
		t.Fatalf("remembered: got %d, want 1", got)
	}
	reload(t, tokens)
	if tokens.ring.current.Load().memory != before.memory {
		t.Error("a reload that withdraws nothing emptied the memory")
	}
	store.state(before.signer.id, domain.KeyGone)
	reload(t, tokens)
	before.memory.remember(hashToken(token), &userClaims) // by a verification that was under way

	wantRefused(t, tokens, "after", token, domain.ErrInvalidToken)
	if fresh := signAccess(t, tokens); fresh == token {
		t.Error("signed with the withdrawn key")
	} else {
		wantVerified(t, tokens, "a token of the key that was made in its place", fresh)
	}
}

func TestEachAlgorithmSignsWithAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	store := newStore()
	var signed []string
	var replicas []*Tokens
	clock := newClock()
	for _, algorithm := range []domain.SigningAlgorithm{domain.ES256, domain.EdDSA, domain.RS256, domain.HS256} {
		tokens := newTokens(t, testConfig(algorithm), store, clock)
		put(t, tokens, store, algorithm, domain.KeySigning)
		token := signAccess(t, tokens)
		c, err := split(token)
		if err != nil || c.alg != algorithm {
			t.Errorf("signed with %s, %v, want %s", c.alg, err, algorithm)
		}
		signed, replicas = append(signed, token), append(replicas, tokens)
		clock.advance(2 * time.Second)
	}
	for _, tokens := range replicas {
		for _, token := range signed { // keys that a replica has not seen are looked up
			wantVerified(t, tokens, string(tokens.ring.policy.Algorithm), token)
		}
	}
	document, etag, err := replicas[0].JWKS(t.Context())
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if err != nil || json.Unmarshal(document, &set) != nil || len(set.Keys) != 3 || !strings.HasPrefix(etag, `"`) {
		t.Fatalf("JWKS: got %s, %q, %v, want the three that are not symmetric", document, etag, err)
	}
	for i, want := range []map[string]string{
		{"kty": "EC", "crv": "P-256", "alg": "ES256"}, {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA"}, {"kty": "RSA", "e": "AQAB", "alg": "RS256"},
	} {
		want["use"] = "sig"
		for name, value := range want {
			if got := set.Keys[i][name]; got != value {
				t.Errorf("key %d, %s: got %q, want %q", i, name, got, value)
			}
		}
		if private := set.Keys[i]["d"]; private != "" {
			t.Errorf("key %d: the JWKS shows its private part", i)
		}
	}
}

func TestUnknownKeysAskStorageOnceASecond(t *testing.T) {
	t.Parallel()
	store, clock := newStore(), newClock()
	tokens := newTokens(t, testConfig(domain.ES256), store, clock)
	signAccess(t, tokens)
	loaded := store.readings()
	stranger := signAccess(t, newTokens(t, testConfig(domain.ES256), newStore(), newClock()))
	for second := range 3 {
		for range 50 {
			wantRefused(t, tokens, "a stranger's token", stranger, domain.ErrInvalidToken)
		}
		if got := store.readings() - loaded; got != second {
			t.Errorf("after %d s: storage was asked %d times, want %d", second, got, second)
		}
		clock.advance(time.Second)
	}
}

func TestManyCallersShareOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		tokens := newTokens(t, testConfig(domain.EdDSA), store, newClock())
		put(t, tokens, store, domain.EdDSA, domain.KeySigning)
		store.gate = make(chan struct{})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := tokens.SignAccess(t.Context(), userClaims); err != nil {
					t.Errorf("SignAccess: %v", err)
				}
			})
		}
		synctest.Wait()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := tokens.SignAccess(gone, userClaims); !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who is gone: got %v, want ErrUnavailable for context.Canceled", err)
		}
		close(store.gate)
		all.Wait()
		if got := store.readings(); got != 1 {
			t.Errorf("storage was asked %d times, want 1", got)
		}
	})
}

// The first caller's leaving must not fail those who wait with it.
func TestALoadOutlivesTheCallerThatBeganIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		tokens := newTokens(t, testConfig(domain.EdDSA), store, newClock())
		put(t, tokens, store, domain.EdDSA, domain.KeySigning)
		store.gate = make(chan struct{})
		ctx, leave := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := tokens.SignAccess(ctx, userClaims); first <- err }()
		synctest.Wait()
		go func() { _, err := tokens.SignAccess(t.Context(), userClaims); second <- err }()
		synctest.Wait()
		leave()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: got %v, want context.Canceled", err)
		}
		close(store.gate)
		if err := <-second; err != nil {
			t.Errorf("who stayed: got %v, want a token", err)
		}
	})
}

func TestStorageThatNeverAnswersIsUnavailableAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		store.gate = make(chan struct{})
		tokens := newTokens(t, testConfig(domain.EdDSA), store, newClock())
		began := time.Now()
		_, err := tokens.SignAccess(t.Context(), userClaims)
		if waited := time.Since(began); !errors.Is(err, domain.ErrUnavailable) || waited != storageTimeout {
			t.Errorf("got %v after %v, want ErrUnavailable after %v", err, waited, storageTimeout)
		}
	})
}

// A load that had begun before the change was made must not answer for it.
func TestReloadNeverStopsAtAnEarlierLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		tokens := newTokens(t, testConfig(domain.EdDSA), store, newClock())
		key := put(t, tokens, store, domain.EdDSA, domain.KeySigning)
		spare := put(t, tokens, store, domain.EdDSA, domain.KeySigning)
		reload(t, tokens)

		gate := make(chan struct{})
		store.set(func() { store.gate = gate })
		early, late := make(chan error, 1), make(chan error, 1)
		go func() { early <- tokens.Reload(t.Context()) }()
		synctest.Wait() // it has read the keys as they were, and is held up
		store.state(key.ID, domain.KeyGone)
		go func() { late <- tokens.Reload(t.Context()) }()
		synctest.Wait()
		close(gate)
		if err := errors.Join(<-early, <-late); err != nil {
			t.Fatalf("Reload: %v", err)
		}
		keys := tokens.ring.current.Load().keys
		if keys[key.ID] != nil || keys[spare.ID] == nil {
			t.Errorf("after the later reload: withdrawn key there: %t, other key there: %t, want false, true", keys[key.ID] != nil, keys[spare.ID] != nil)
		}
	})
}

func TestAStartWithTheWrongSecretIsRefused(t *testing.T) {
	t.Parallel()
	store := newStore()
	signAccess(t, newTokens(t, testConfig(domain.ES256), store, newClock()))
	other, err := New(testConfig(domain.ES256), store, fakeSealer{"s2"}, newClock())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if err := other.Reload(t.Context()); !errors.Is(err, errFakeSecret) {
		t.Errorf("Reload: got %v, want the sealer's error", err)
	}
	if _, err := other.SignAccess(t.Context(), userClaims); !errors.Is(err, errFakeSecret) {
		t.Errorf("SignAccess: got %v, want the sealer's error", err)
	}
	if got := len(store.all()); got != 1 {
		t.Errorf("got %d keys, want still 1", got)
	}
}

// Keys rewrap. Whoever has a key open doesn't need it opened again.
func TestAKeySealedAnewDisturbsNobody(t *testing.T) {
	t.Parallel()
	store := newStore()
	tokens := newTokens(t, testConfig(domain.ES256), store, newClock())
	token := signAccess(t, tokens)
	wantVerified(t, tokens, "before", token)
	key := store.all()[0]
	material, _, err := fakeSealer{"s1"}.Open(key.ID, key.Sealed)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	key.Sealed, _ = fakeSealer{"s2"}.Seal(key.ID, material)
	if err := store.SigningKeys().Put(t.Context(), key); err != nil {
		t.Fatalf("Put: %v", err)
	}
	reload(t, tokens)
	wantVerified(t, tokens, "after", token)
}

// A key that can't be opened must not keep another from being withdrawn.
func TestAWithdrawalCountsBesideAKeyThatCanNotBeOpened(t *testing.T) {
	t.Parallel()
	store, clock := newStore(), newClock()
	tokens := newTokens(t, testConfig(domain.ES256), store, clock)
	token := signAccess(t, tokens)
	clock.advance(time.Minute)
	key := put(t, tokens, store, domain.ES256, domain.KeySigning)
	key.Sealed = []byte("of another secret")
	_ = store.SigningKeys().Put(t.Context(), key)
	store.state(store.all()[0].ID, domain.KeyGone)

	if err := tokens.Reload(t.Context()); !errors.Is(err, errFakeSecret) || !strings.Contains(err.Error(), key.ID) {
		t.Errorf("Reload: got %v, want the sealer's error with the key's id", err)
	}
	wantRefused(t, tokens, "a token of the withdrawn key", token, domain.ErrInvalidToken)
	if _, err := tokens.SignAccess(t.Context(), userClaims); err == nil {
		t.Error("SignAccess: got a token, want an error: no key that signs can be opened")
	}
}

func TestAKeyUnderAnotherIDOrAlgorithmIsNotOpened(t *testing.T) {
	t.Parallel()
	material := map[domain.SigningAlgorithm][]byte{}
	for _, algorithm := range []domain.SigningAlgorithm{domain.ES256, domain.EdDSA, domain.RS256, domain.HS256} {
		var err error
		if material[algorithm], err = generate(algorithm); err != nil {
			t.Fatalf("generate %s: %v", algorithm, err)
		}
	}
	for of, text := range material {
		for as := range material {
			if _, err := newAccessKey("", as, text); (err == nil) != (of == as) {
				t.Errorf("a key of %s as %s: got %v", of, as, err)
			}
		}
		if of == domain.HS256 {
			continue // its id is random
		}
		if _, err := newAccessKey("another", of, text); err == nil {
			t.Errorf("a key of %s under another id: got it, want an error", of)
		}
	}
}

// RFC 7638 §3.1 and RFC 8037 appendix A.3 give these.
func TestThumbprintsAreThoseOfTheRFCs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key  jwk
		want string
	}{
		"RSA": {jwk{KeyType: "RSA", E: "AQAB", N: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		"OKP": {jwk{KeyType: "OKP", Curve: "Ed25519", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		if got := c.key.thumbprint(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestTheEntityTagFollowsTheKeys(t *testing.T) {
	t.Parallel()
	store := newStore()
	tokens := newTokens(t, testConfig(domain.ES256), store, newClock())
	_, first, err := tokens.JWKS(t.Context())
	if err != nil {
		t.Fatalf("JWKS: %v", err)
	}
	reload(t, tokens)
	if _, same, _ := tokens.JWKS(t.Context()); same != first {
		t.Errorf("unchanged: got %s, want %s", same, first)
	}
	put(t, tokens, store, domain.ES256, domain.KeyPublished)
	reload(t, tokens)
	if _, other, _ := tokens.JWKS(t.Context()); other == first {
		t.Errorf("another key: got %s still", other)
	}
}

func TestAnInstallationOfSymmetricKeysHasAnEmptyKeySet(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.HS256), newStore(), newClock())
	document, _, err := tokens.JWKS(t.Context())
	if err != nil || string(document) != `{"keys":[]}` {
		t.Errorf(`got %s, %v, want {"keys":[]}`, document, err)
	}
}

// A change of SALLYPORT_SIGNING_ALG is a rotation: until the new algorithm's key
// has been published for long enough, the old one signs.
func TestAnotherAlgorithmWaitsForItsKeyToSign(t *testing.T) {
	t.Parallel()
	store, clock := newStore(), newClock()
	signAccess(t, newTokens(t, testConfig(domain.ES256), store, clock))
	tokens := newTokens(t, testConfig(domain.EdDSA), store, clock)
	if c, err := split(signAccess(t, tokens)); err != nil || c.alg != domain.ES256 {
		t.Errorf("before there is a key: signed with %s, %v, want ES256", c.alg, err)
	}
	next := put(t, tokens, store, domain.EdDSA, domain.KeyPublished)
	reload(t, tokens)
	if c, err := split(signAccess(t, tokens)); err != nil || c.alg != domain.ES256 {
		t.Errorf("while it is published: signed with %s, %v, want ES256", c.alg, err)
	}
	store.state(next.ID, domain.KeySigning)
	reload(t, tokens)
	if c, err := split(signAccess(t, tokens)); err != nil || c.kid != next.ID {
		t.Errorf("when it signs: signed with %s, %v, want %s", c.kid, err, next.ID)
	}
	if got := len(store.all()); got != 2 {
		t.Errorf("got %d keys, want 2: nobody made one that signs unpublished", got)
	}
}

// heard says whether the change feed is up.
type heard struct{ atomic.Bool }

func (h *heard) Fresh() bool { return h.Load() }

func TestAChangeThatIsToldCountsForTheNextToken(t *testing.T) {
	t.Parallel()
	store, clock := newStore(), newClock()
	tokens := newTokens(t, testConfig(domain.EdDSA), store, clock)
	for _, kind := range []application.ChangeKind{application.ChangedSigningKey, application.ChangedEverything} {
		token := signAccess(t, tokens)
		wantVerified(t, tokens, "before", token)
		store.state(tokens.ring.current.Load().signer.id, domain.KeyGone)
		wantVerified(t, tokens, "before anybody tells", token)
		tokens.Changed(application.Change{Kind: application.ChangedSession, ID: sessionID})
		wantVerified(t, tokens, "after a change of something else", token)
		tokens.Changed(application.Change{Kind: kind})
		wantRefused(t, tokens, "after "+string(kind), token, domain.ErrInvalidToken)
	}
	token := signAccess(t, tokens)
	store.set(func() { store.down = domain.ErrUnavailable })
	tokens.Changed(application.Change{Kind: application.ChangedEverything})
	wantRefused(t, tokens, "when nothing is known of its key", token, domain.ErrUnavailable)
	if document, _, err := tokens.JWKS(t.Context()); err != nil || len(document) == 0 {
		t.Errorf("JWKS: got %s, %v, want the last that is known", document, err)
	}
}

// From the loss of the feed on, a withdrawn key is trusted for a
// second more at most.
func TestWithoutTheFeedKeysAreReadAgainEverySecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, feed := newStore(), &heard{}
		tokens, err := New(testConfig(domain.EdDSA), store, fakeSealer{"s1"}, newClock(), WithFreshness(feed))
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		feed.Store(true)
		token := signAccess(t, tokens)
		time.Sleep(time.Hour)
		loaded := store.readings()
		wantVerified(t, tokens, "while changes are told", token)
		if got := store.readings() - loaded; got != 0 {
			t.Errorf("while changes are told: storage was asked %d times, want 0", got)
		}
		feed.Store(false)
		for second := range 3 {
			for range 10 {
				wantVerified(t, tokens, "while they are not", token)
			}
			if got := store.readings() - loaded; got != second+1 {
				t.Errorf("after %d s: storage was asked %d times, want %d", second, got, second+1)
			}
			time.Sleep(time.Second)
		}
		wantVerified(t, tokens, "just before the withdrawal", token)
		store.state(tokens.ring.current.Load().signer.id, domain.KeyGone)
		time.Sleep(time.Second)
		wantRefused(t, tokens, "a second after the withdrawal", token, domain.ErrInvalidToken)
		store.set(func() { store.down = domain.ErrUnavailable })
		time.Sleep(time.Second)
		wantRefused(t, tokens, "while storage does not answer", token, domain.ErrUnavailable)
	})
}

func TestNoKeyIDLooksLikeAFlag(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.HS256), newStore(), newClock())
	for range 1000 { // one in 64 would
		key, err := tokens.NewSigningKey(domain.HS256)
		if err != nil || key.ID[0] == '-' {
			t.Fatalf("got %q, %v, want no hyphen in front", key.ID, err)
		}
	}
}
