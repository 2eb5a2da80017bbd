package application_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/memlimit"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

const rightPassword = "correct horse battery"

// throttled is the use cases that limits hold for, on a clock that stands still.
type throttled struct {
	t       *testing.T
	micros  atomic.Int64
	hashes  atomic.Int64 // how many were computed
	events  sync.Map     // by type and reason
	limiter application.Limiter

	journal        application.Journal
	authenticate   *application.Authenticate
	refresh        *application.Refresh
	register       *application.Register
	changePassword *application.ChangePassword
	authorize      *application.Authorize
	apiKeys        *application.APIKeys
}

func newThrottled(t *testing.T) *throttled {
	t.Helper()
	w := &throttled{t: t}
	w.micros.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	w.limiter = watched{memlimit.New(memlimit.Config{}, w), t}
	store := memory.New()
	sealer, err := envelope.New(envelope.Config{Secret: domain.RandomSecret()})
	if err != nil {
		t.Fatal(err)
	}
	key := &application.KeptKey{Name: "limiter", Store: store, Sealer: sealer}
	throttle := application.NewThrottle(w.limiter, application.DefaultLimits(), key, w, system.IDs{})

	w.journal = application.Journal{Store: store, Recorder: w, Clock: w, IDs: system.IDs{}}
	grants := application.Grants{
		Signer: w, IDs: system.IDs{}, Rotation: true, Grace: 10 * time.Second,
		Lifetimes: domain.Lifetimes{Access: 15 * time.Minute, Idle: 168 * time.Hour, Absolute: 720 * time.Hour},
	}
	w.authenticate = &application.Authenticate{Journal: w.journal, Grants: grants, Hasher: w, Queue: w, Throttle: throttle}
	w.refresh = &application.Refresh{Journal: w.journal, Grants: grants, Verifier: w, Throttle: throttle}
	w.register = &application.Register{Journal: w.journal, Hasher: w, Queue: w, Open: true, Throttle: throttle}
	w.changePassword = &application.ChangePassword{Journal: w.journal, Grants: grants, Hasher: w, Queue: w, Throttle: throttle}
	w.authorize = &application.Authorize{Journal: w.journal, Verifier: w, State: store, Throttle: throttle}
	w.apiKeys = &application.APIKeys{Journal: w.journal}
	return w
}

// watched fails the test when an address shows in a key.
type watched struct {
	application.Limiter
	t *testing.T
}

func (l watched) Look(ctx context.Context, a application.Attempt) error {
	if keys := fmt.Sprint(a); strings.Contains(keys, "@") || strings.Contains(keys, "example") {
		l.t.Errorf("keys of an attempt: got %s, want no address in them", keys)
	}
	return l.Limiter.Look(ctx, a)
}

func (w *throttled) Now() time.Time          { return time.UnixMicro(w.micros.Load()).UTC() }
func (w *throttled) advance(d time.Duration) { w.micros.Add(d.Microseconds()) }
func (w *throttled) Record(_ context.Context, e domain.Event) {
	w.events.Store(string(e.Type)+" "+e.Reason, true)
}

func (w *throttled) Hash(_ context.Context, p domain.Password) (domain.PasswordHash, error) {
	return domain.NewPasswordHash("hash of " + p.Reveal()), nil
}

func (w *throttled) Verify(_ context.Context, h domain.PasswordHash, p domain.Password) (application.Verification, error) {
	w.hashes.Add(1)
	time.Sleep(time.Millisecond) // long enough for others to come
	return application.Verification{Match: h.Reveal() == "hash of "+p.Reveal()}, nil
}

func (w *throttled) Admit(context.Context) error { return nil }

func (w *throttled) Do(_ context.Context, _ string, work func()) error {
	work()
	return nil
}

func (w *throttled) SignAccess(context.Context, domain.AccessClaims) (domain.AccessToken, error) {
	return domain.AccessToken{Secret: domain.NewSecret("access")}, nil
}

func (w *throttled) SignRefresh(claims domain.RefreshClaims) (domain.RefreshToken, error) {
	text, err := json.Marshal(claims)
	return domain.RefreshToken{Secret: domain.NewSecret(string(text))}, err
}

func (w *throttled) VerifyAccess(context.Context, string) (*domain.AccessClaims, error) {
	return nil, domain.ErrInvalidToken
}

func (w *throttled) VerifyRefresh(_ context.Context, token string) (claims domain.RefreshClaims, err error) {
	if json.Unmarshal([]byte(token), &claims) != nil {
		return claims, domain.ErrInvalidRefreshToken
	}
	return claims, nil
}

// from returns a context of a request from address.
func (w *throttled) from(address string) context.Context {
	return application.WithOrigin(w.t.Context(), &application.Origin{Client: domain.Client{Address: address}})
}

func (w *throttled) account(name string) domain.User {
	w.t.Helper()
	id := domain.UserID(system.IDs{}.NewID())
	user := domain.User{
		ID: id, Email: domain.StoredEmail(name), Status: domain.StatusActive,
		Version: 1, CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}
	store := w.journal.Store
	if err := store.Users().Insert(w.t.Context(), user); err != nil {
		w.t.Fatal(err)
	}
	if err := store.Credentials().PutPassword(w.t.Context(), domain.Credential{
		ID: domain.CredentialID(system.IDs{}.NewID()), UserID: id, Kind: domain.CredentialPassword,
		Hash: domain.NewPasswordHash("hash of " + rightPassword), CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}); err != nil {
		w.t.Fatal(err)
	}
	return user
}

func password(text string) domain.Password { return domain.Password{Secret: domain.NewSecret(text)} }

func (w *throttled) login(address, name, text string) (domain.Tokens, error) {
	return w.authenticate.Do(w.from(address), application.Login{Username: name, Password: password(text)})
}

// logins logs in n times and wants the same error each time.
func (w *throttled) logins(n int, address, name, text string, want error) {
	w.t.Helper()
	for i := range n {
		if _, err := w.login(address, name, text); !errors.Is(err, want) {
			w.t.Fatalf("login %d of %d: got %v, want %v", i+1, n, err, want)
		}
	}
}

// limitedBy wants a refusal by a policy.
func limitedBy(t *testing.T, err error, policy string, wait time.Duration) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || !errors.Is(err, domain.ErrRateLimited) || e.Limit == nil {
		t.Fatalf("got %v, want %v", err, domain.ErrRateLimited)
	}
	if e.Limit.Policy != policy || e.RetryAfter != wait {
		t.Errorf("got %s for %v, want %s for %v", e.Limit.Policy, e.RetryAfter, policy, wait)
	}
}

func TestAfterFiveFailuresTheRightPasswordIsRefusedToo(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"ada@example.com": true, "nobody@example.com": false, "no address": false} {
		w := newThrottled(t)
		if exists {
			w.account(name)
		}
		w.logins(5, "192.0.2.1", name, "wrong", domain.ErrInvalidCredentials)
		hashes := w.hashes.Load()
		_, err := w.login("192.0.2.1", name, rightPassword)
		limitedBy(t, err, "login-failures", time.Minute)
		if got := w.hashes.Load(); got != hashes || hashes != 5 {
			t.Errorf("%s: hashes: got %d, want 5", name, got)
		}
		if _, ok := w.events.Load("rate_limited login-failures"); !ok {
			t.Errorf("%s: the refusal was not recorded", name)
		}
		_, err = w.login("::ffff:192.0.2.1", strings.ToUpper(name), rightPassword)
		if exists {
			limitedBy(t, err, "login-failures", time.Minute)
			w.logins(1, "192.0.2.2", name, rightPassword, nil)
			w.advance(time.Minute)
			w.logins(1, "192.0.2.1", name, rightPassword, nil)
		}
	}
}

func TestADisabledAccountsRightPasswordCountsAsAFailure(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	user := w.account("ada@example.com")
	user.Status = domain.StatusDisabled
	if err := w.journal.Store.Users().Update(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	w.logins(5, "192.0.2.1", "ada@example.com", rightPassword, domain.ErrInvalidCredentials)
	_, err := w.login("192.0.2.1", "ada@example.com", rightPassword)
	limitedBy(t, err, "login-failures", time.Minute)
}

func TestAClientLogsInTenTimesAtOnceAndThenAsTheMinuteGoes(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	for i := range 10 {
		w.logins(1, "192.0.2.1", fmt.Sprintf("u%d@example.com", i), "wrong", domain.ErrInvalidCredentials)
	}
	_, err := w.login("192.0.2.1", "another@example.com", "wrong")
	limitedBy(t, err, "login-client", 3*time.Second)
	w.advance(3 * time.Second)
	w.logins(1, "192.0.2.1", "another@example.com", "wrong", domain.ErrInvalidCredentials)
}

func TestAnIPv6SubscriberHasACeilingOverItsNetworks(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	passed := 0
	for i := range 200 {
		_, err := w.login(fmt.Sprintf("2001:db8:1:%x::%x", i/20, i), fmt.Sprintf("u%d@example.com", i), "wrong")
		if err == nil || errors.Is(err, domain.ErrInvalidCredentials) {
			passed++
		}
	}
	if passed != 40 {
		t.Errorf("logins of a /48: got %d through, want 4 times the burst of one client, 40", passed)
	}
	w.logins(1, "2001:db8:2::1", "bob@example.com", "wrong", domain.ErrInvalidCredentials)
}

func TestTwoHundredParallelGuessesGetFiveThrough(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	w.account("ada@example.com")
	w.authenticate.Throttle = w.generous()
	var guests sync.WaitGroup
	var wrong, limited atomic.Int64
	for range 200 {
		guests.Go(func() {
			switch _, err := w.login("192.0.2.1", "ada@example.com", "guess"); {
			case errors.Is(err, domain.ErrInvalidCredentials):
				wrong.Add(1)
			case errors.Is(err, domain.ErrRateLimited):
				limited.Add(1)
			default:
				t.Errorf("got %v, want 401 or 429", err)
			}
		})
	}
	guests.Wait()
	if wrong.Load() != 5 || limited.Load() != 195 || w.hashes.Load() != 5 {
		t.Errorf("got %d refused as wrong, %d limited, %d hashes, want 5, 195, 5", wrong.Load(), limited.Load(), w.hashes.Load())
	}
}

// generous returns a Throttle whose clients may log in as often as they like.
func (w *throttled) generous() application.Throttle {
	limits := application.DefaultLimits()
	limits.LoginClient.Count = 1_000_000
	sealer, err := envelope.New(envelope.Config{Secret: domain.RandomSecret()})
	if err != nil {
		w.t.Fatal(err)
	}
	key := &application.KeptKey{Name: "generous", Store: w.journal.Store, Sealer: sealer}
	return application.NewThrottle(w.limiter, limits, key, w, system.IDs{})
}

func TestTenParallelRightLoginsAllSucceed(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	w.account("ada@example.com")
	var guests sync.WaitGroup
	for range 10 {
		guests.Go(func() {
			if _, err := w.login("192.0.2.1", "ada@example.com", rightPassword); err != nil {
				t.Errorf("got %v, want a login", err)
			}
		})
	}
	guests.Wait()
}

func TestAWrongCurrentPasswordCountsAsAFailedLogin(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	user := w.account("ada@example.com")
	w.logins(2, "192.0.2.1", "ada@example.com", "wrong", domain.ErrInvalidCredentials)
	for range 3 {
		_, err := w.changePassword.Do(w.from("192.0.2.1"), user, password("wrong"), password("another good one"))
		if !errors.Is(err, domain.ErrInvalid) {
			t.Fatalf("got %v, want %v", err, domain.ErrInvalid)
		}
	}
	_, err := w.login("192.0.2.1", "ada@example.com", rightPassword)
	limitedBy(t, err, "login-failures", time.Minute)
	_, err = w.changePassword.Do(w.from("192.0.2.1"), user, password(rightPassword), password("another good one"))
	limitedBy(t, err, "login-failures", time.Minute)
}

func TestASessionRefreshesSixtyTimesAMinute(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	w.account("ada@example.com")
	tokens, err := w.login("192.0.2.1", "ada@example.com", rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if tokens, err = w.refresh.Do(w.from("192.0.2.1"), tokens.Refresh.Reveal()); err != nil {
			t.Fatalf("refresh %d: %v", i+1, err)
		}
	}
	_, err = w.refresh.Do(w.from("192.0.2.9"), tokens.Refresh.Reveal())
	limitedBy(t, err, "refresh-session", time.Minute)
	w.advance(time.Minute)
	if _, err = w.refresh.Do(w.from("192.0.2.1"), tokens.Refresh.Reveal()); err != nil {
		t.Errorf("refresh a minute later: %v", err)
	}
}

func TestFailedRefreshesBarTheClientAlone(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	w.account("ada@example.com")
	tokens, err := w.login("192.0.2.1", "ada@example.com", rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	for range 150 {
		if _, err := w.refresh.Do(w.from("192.0.2.1"), "nonsense"); !errors.Is(err, domain.ErrInvalidRefreshToken) {
			t.Fatalf("got %v, want %v", err, domain.ErrInvalidRefreshToken)
		}
	}
	_, err = w.refresh.Do(w.from("192.0.2.1"), tokens.Refresh.Reveal())
	limitedBy(t, err, "refresh-failures", 5*time.Minute)
	if tokens, err = w.refresh.Do(w.from("192.0.2.2"), tokens.Refresh.Reveal()); err != nil {
		t.Errorf("refresh from elsewhere: %v", err)
	}
	w.advance(5 * time.Minute)
	if _, err = w.refresh.Do(w.from("192.0.2.1"), tokens.Refresh.Reveal()); err != nil {
		t.Errorf("refresh five minutes later: %v", err)
	}
}

func TestAClientRegistersFiveTimesAnHour(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	registration := func(i int) application.Registration {
		return application.Registration{Email: domain.StoredEmail(fmt.Sprintf("u%d@example.com", i/2)), Password: password(rightPassword)}
	}
	for i := range 5 {
		if err := w.register.Do(w.from("192.0.2.1"), registration(i)); err != nil {
			t.Fatalf("registration %d: %v", i+1, err)
		}
	}
	limitedBy(t, w.register.Do(w.from("192.0.2.1"), registration(6)), "register", time.Hour)
}

func TestWrongAPIKeysBarTheClientAlone(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	_, key, err := w.apiKeys.Create(t.Context(), domain.Operator(), application.NewAPIKey{Name: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := w.authorize.APIKey(w.from("192.0.2.1"), "sp_wrong"); !errors.Is(err, domain.ErrInvalidAPIKey) {
			t.Fatalf("got %v, want %v", err, domain.ErrInvalidAPIKey)
		}
	}
	_, err = w.authorize.APIKey(w.from("192.0.2.1"), key.Reveal())
	limitedBy(t, err, "api-key-failures", time.Minute)
	if _, err := w.authorize.APIKey(w.from("192.0.2.2"), key.Reveal()); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
}

func TestTheOriginHearsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	var heard heardLimits
	ctx := application.WithOrigin(t.Context(), &application.Origin{
		Client: domain.Client{Address: "192.0.2.1"}, Limits: &heard,
	})
	_, _ = w.authenticate.Do(ctx, application.Login{Username: "ada@example.com", Password: password("wrong")})
	want := domain.LimitStatus{Policy: "login-client", Limit: 20, Window: time.Minute, Remaining: 9, Reset: 3 * time.Second}
	if len(heard) != 1 || heard[0] != want {
		t.Errorf("got %+v, want %+v", heard, want)
	}
}

type heardLimits []domain.LimitStatus

func (h *heardLimits) Taken(s domain.LimitStatus) { *h = append(*h, s) }

func TestTheZeroThrottleLimitsNothing(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	w.authenticate.Throttle, w.refresh.Throttle, w.authorize.Throttle = application.Throttle{}, application.Throttle{}, application.Throttle{}
	w.logins(50, "192.0.2.1", "ada@example.com", "wrong", domain.ErrInvalidCredentials)
	for range 200 {
		if _, err := w.refresh.Do(w.from("192.0.2.1"), "nonsense"); !errors.Is(err, domain.ErrInvalidRefreshToken) {
			t.Fatalf("got %v, want %v", err, domain.ErrInvalidRefreshToken)
		}
		if _, err := w.authorize.APIKey(w.from("192.0.2.1"), "sp_wrong"); !errors.Is(err, domain.ErrInvalidAPIKey) {
			t.Fatalf("got %v, want %v", err, domain.ErrInvalidAPIKey)
		}
	}
}
