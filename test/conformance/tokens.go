package conformance

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// OpenTokens opens an installation of its own: with other keys and another
// secret than every other one, on the given clock.
type OpenTokens func(t *testing.T, clock application.Clock) (application.TokenSigner, application.TokenVerifier)

// TestTokens holds what application.TokenSigner and application.TokenVerifier
// promise, whatever the format and the algorithm.
func TestTokens(t *testing.T, open OpenTokens) {
	tests := map[string]func(*testing.T, *tokens){
		"an access token of a user says what was signed":          accessOfUser,
		"an access token of a service says what was signed":       accessOfService,
		"a refresh token says what was signed":                    refreshRoundTrip,
		"the same refresh claims give the same bytes":             refreshIsDeterministic,
		"other refresh claims give another token":                 refreshNamesItsGeneration,
		"a token of the other kind is told apart":                 otherKind,
		"a token ends at the second of its expiry":                expiryBoundary,
		"an access token that was good once still expires":        rememberedExpires,
		"a token of the other kind is told apart when it is over": otherKindExpired,
		"a changed character anywhere is noticed":                 tampering,
		"a cut or a padded token is noticed":                      truncation,
		"what is no token is refused":                             garbage,
		"parts of two tokens make no third":                       splicing,
		"a token of another installation is refused":              foreign(open),
		"many callers at once get their own claims":               concurrency,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, openTokens(t, open))
		})
	}
}

// tokens is one installation with a clock that stands still.
type tokens struct {
	signer   application.TokenSigner
	verifier application.TokenVerifier
	clock    *tokenClock
	start    time.Time
}

func openTokens(t *testing.T, open OpenTokens) *tokens {
	t.Helper()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := &tokenClock{}
	clock.set(start)
	signer, verifier := open(t, clock)
	return &tokens{signer, verifier, clock, start}
}

type tokenClock struct{ micros atomic.Int64 }

// Now returns the time that was set.
func (c *tokenClock) Now() time.Time    { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *tokenClock) set(now time.Time) { c.micros.Store(now.UnixMicro()) }

func tokenID() string { return uuid.Must(uuid.NewV7()).String() }

func (tk *tokens) userClaims() domain.AccessClaims {
	return domain.AccessClaims{
		ID: tokenID(), Subject: tokenID(), Session: domain.SessionID(tokenID()),
		Roles: domain.RoleNames(domain.RoleModerator, domain.RoleUser), Version: 7,
		IssuedAt: tk.start, ExpiresAt: tk.start.Add(15 * time.Minute),
	}
}

func (tk *tokens) refreshClaims() domain.RefreshClaims {
	return domain.RefreshClaims{
		Session: domain.SessionID(tokenID()), Subject: domain.UserID(tokenID()), Generation: 41,
		IssuedAt: tk.start, ExpiresAt: tk.start.Add(time.Hour),
	}
}

func (tk *tokens) signAccess(t *testing.T, claims domain.AccessClaims) string {
	t.Helper()
	token, err := tk.signer.SignAccess(t.Context(), claims)
	if err != nil {
		t.Fatalf("SignAccess: %v", err)
	}
	return token.Reveal()
}

func (tk *tokens) signRefresh(t *testing.T, claims domain.RefreshClaims) string {
	t.Helper()
	token, err := tk.signer.SignRefresh(claims)
	if err != nil {
		t.Fatalf("SignRefresh: %v", err)
	}
	return token.Reveal()
}

func (tk *tokens) wantAccess(t *testing.T, token string, want domain.AccessClaims) {
	t.Helper()
	got, err := tk.verifier.VerifyAccess(t.Context(), token)
	if err != nil {
		t.Errorf("VerifyAccess: %v", err)
		return
	}
	if diff := cmp.Diff(want, *got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("access claims (-want +got):\n%s", diff)
	}
}

func (tk *tokens) wantAccessError(t *testing.T, what, token string, want error) {
	t.Helper()
	if got, err := tk.verifier.VerifyAccess(t.Context(), token); !errors.Is(err, want) || got != nil {
		t.Errorf("%s: VerifyAccess: got %v, %v, want %v", what, got, err, want)
	}
}

// wantExpired wants the claims together with the error: a logout needs them.
func (tk *tokens) wantExpired(t *testing.T, token string, want domain.AccessClaims) {
	t.Helper()
	got, err := tk.verifier.VerifyAccess(t.Context(), token)
	if !errors.Is(err, domain.ErrTokenExpired) || !errors.Is(err, domain.ErrInvalidToken) || got == nil || !cmp.Equal(*got, want) {
		t.Errorf("at its expiry: VerifyAccess: got %+v, %v, want %+v and %v", got, err, want, domain.ErrTokenExpired)
	}
}

func (tk *tokens) wantRefresh(t *testing.T, token string, want domain.RefreshClaims) {
	t.Helper()
	got, err := tk.verifier.VerifyRefresh(t.Context(), token)
	if err != nil || got != want {
		t.Errorf("VerifyRefresh: got %+v, %v, want %+v", got, err, want)
	}
}

func (tk *tokens) wantRefreshError(t *testing.T, what, token string, want error) {
	t.Helper()
	got, err := tk.verifier.VerifyRefresh(t.Context(), token)
	if !errors.Is(err, want) || got != (domain.RefreshClaims{}) {
		t.Errorf("%s: VerifyRefresh: got %+v, %v, want %v", what, got, err, want)
	}
}

// wantNothing wants a token to be worth nothing either way, and the errors not
// to show it.
func (tk *tokens) wantNothing(t *testing.T, what, token string) {
	t.Helper()
	tk.wantAccessError(t, what, token, domain.ErrInvalidToken)
	tk.wantRefreshError(t, what, token, domain.ErrInvalidRefreshToken)
	_, accessErr := tk.verifier.VerifyAccess(t.Context(), token)
	_, refreshErr := tk.verifier.VerifyRefresh(t.Context(), token)
	for _, err := range []error{accessErr, refreshErr} {
		if err != nil && len(token) > 16 && strings.Contains(err.Error(), token[:16]) {
			t.Errorf("%s: the error shows the token: %v", what, err)
		}
	}
}

func accessOfUser(t *testing.T, tk *tokens) {
	claims := tk.userClaims()
	token := tk.signAccess(t, claims)
	tk.wantAccess(t, token, claims)
	tk.wantAccess(t, token, claims) // and again: it may be remembered

	claims = tk.userClaims()
	claims.Roles, claims.Version = nil, 0
	claims.IssuedAt = claims.IssuedAt.Add(-999_999 * time.Microsecond) // is cut to the second
	token = tk.signAccess(t, claims)
	claims.IssuedAt = claims.IssuedAt.Truncate(time.Second)
	tk.wantAccess(t, token, claims)
}

func accessOfService(t *testing.T, tk *tokens) {
	id := tokenID()
	claims := domain.AccessClaims{
		ID: tokenID(), Subject: id, ClientID: id,
		Scope:    domain.NewPermissions(domain.UsersRead, domain.TokensIntrospect),
		IssuedAt: tk.start, ExpiresAt: tk.start.Add(time.Minute),
	}
	tk.wantAccess(t, tk.signAccess(t, claims), claims)
}

func refreshRoundTrip(t *testing.T, tk *tokens) {
	for _, generation := range []int64{0, 1, 1 << 40} {
		claims := tk.refreshClaims()
		claims.Generation = generation
		tk.wantRefresh(t, tk.signRefresh(t, claims), claims)
	}
}

func refreshIsDeterministic(t *testing.T, tk *tokens) {
	claims := tk.refreshClaims()
	first := tk.signRefresh(t, claims)
	tk.clock.set(tk.start.Add(time.Minute))
	if second := tk.signRefresh(t, claims); second != first {
		t.Errorf("a minute later: got\n%s\nwant\n%s", second, first)
	}
	claims.IssuedAt = claims.IssuedAt.Add(999_999 * time.Microsecond).In(time.FixedZone("elsewhere", 3600))
	if second := tk.signRefresh(t, claims); second != first {
		t.Errorf("in the same second of another zone: got\n%s\nwant\n%s", second, first)
	}
}

func refreshNamesItsGeneration(t *testing.T, tk *tokens) {
	claims := tk.refreshClaims()
	next := claims
	next.Generation++
	if tk.signRefresh(t, claims) == tk.signRefresh(t, next) {
		t.Errorf("generations %d and %d have the same token", claims.Generation, next.Generation)
	}
}

func otherKind(t *testing.T, tk *tokens) {
	tk.wantAccessError(t, "a refresh token", tk.signRefresh(t, tk.refreshClaims()), domain.ErrTokenType)
	access := tk.signAccess(t, tk.userClaims())
	tk.wantRefreshError(t, "an access token", access, domain.ErrTokenType)
	tk.wantAccess(t, access, *mustAccess(t, tk, access)) // and it is good for what it is
	tk.wantRefreshError(t, "an access token that was good before", access, domain.ErrTokenType)
}

func mustAccess(t *testing.T, tk *tokens, token string) *domain.AccessClaims {
	t.Helper()
	claims, err := tk.verifier.VerifyAccess(t.Context(), token)
	if err != nil {
		t.Fatalf("VerifyAccess: %v", err)
	}
	return claims
}

func otherKindExpired(t *testing.T, tk *tokens) {
	refresh, access := tk.signRefresh(t, tk.refreshClaims()), tk.signAccess(t, tk.userClaims())
	tk.clock.set(tk.start.Add(24 * time.Hour))
	tk.wantAccessError(t, "an old refresh token", refresh, domain.ErrTokenType)
	tk.wantRefreshError(t, "an old access token", access, domain.ErrTokenType)
}

func expiryBoundary(t *testing.T, tk *tokens) {
	access, refresh := tk.userClaims(), tk.refreshClaims()
	accessToken, refreshToken := tk.signAccess(t, access), tk.signRefresh(t, refresh)

	tk.clock.set(access.ExpiresAt.Add(-time.Microsecond))
	tk.wantAccess(t, accessToken, access)
	tk.clock.set(access.ExpiresAt)
	tk.wantExpired(t, accessToken, access)

	tk.clock.set(refresh.ExpiresAt.Add(-time.Microsecond))
	tk.wantRefresh(t, refreshToken, refresh)
	tk.clock.set(refresh.ExpiresAt)
	tk.wantRefreshError(t, "at its expiry", refreshToken, domain.ErrInvalidRefreshToken)
	tk.wantRefreshError(t, "at its expiry", refreshToken, domain.ErrTokenExpired)
}

func rememberedExpires(t *testing.T, tk *tokens) {
	claims := tk.userClaims()
	token := tk.signAccess(t, claims)
	for range 3 {
		tk.wantAccess(t, token, claims)
	}
	tk.clock.set(claims.ExpiresAt)
	for range 3 {
		tk.wantExpired(t, token, claims)
	}
}

// tampering changes each character to another that is as well-formed.
func tampering(t *testing.T, tk *tokens) {
	for name, token := range map[string]string{
		"access": tk.signAccess(t, tk.userClaims()), "refresh": tk.signRefresh(t, tk.refreshClaims()),
	} {
		for i := range token {
			other := byte('A')
			if token[i] == other {
				other = 'B'
			}
			changed := token[:i] + string(other) + token[i+1:]
			tk.wantNothing(t, name+" token, one character changed", changed)
			if t.Failed() {
				t.Fatalf("character %d of %d, %q to %q", i, len(token), token[i], other)
			}
		}
	}
}

func truncation(t *testing.T, tk *tokens) {
	for name, token := range map[string]string{
		"access": tk.signAccess(t, tk.userClaims()), "refresh": tk.signRefresh(t, tk.refreshClaims()),
	} {
		for n := range token {
			tk.wantNothing(t, name+" token, cut", token[:n])
		}
		for _, more := range []string{"A", "=", "==", ".", ".A", " ", "\n", "\x00"} {
			tk.wantNothing(t, name+" token and more", token+more)
		}
		for _, more := range []string{" ", "\n", "Bearer ", "."} {
			tk.wantNothing(t, "more and "+name+" token", more+token)
		}
	}
}

func garbage(t *testing.T, tk *tokens) {
	for _, text := range []string{
		"", " ", ".", "..", "...", "a.b.c", "null", "{}", "undefined", "e30.e30.", "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA",
		strings.Repeat(".", 9000), strings.Repeat("A", 1<<20), "\xff\xfe.\xff.\xff", "eyJhbGciOiJub25lIn0.e30.",
	} {
		tk.wantNothing(t, "garbage", text)
	}
}

func splicing(t *testing.T, tk *tokens) {
	access := [2]string{tk.signAccess(t, tk.userClaims()), tk.signAccess(t, tk.userClaims())}
	refresh := [2]string{tk.signRefresh(t, tk.refreshClaims()), tk.signRefresh(t, tk.refreshClaims())}
	for _, pair := range [][2]string{access, refresh, {access[0], refresh[0]}, {refresh[0], access[0]}} {
		first, second := strings.Split(pair[0], "."), strings.Split(pair[1], ".")
		for i := range first {
			mixed := slices.Clone(first)
			if mixed[i] == second[i] {
				continue // the same header
			}
			mixed[i] = second[i]
			tk.wantNothing(t, "parts of two tokens", strings.Join(mixed, "."))
		}
	}
}

func foreign(open OpenTokens) func(*testing.T, *tokens) {
	return func(t *testing.T, tk *tokens) {
		stranger := openTokens(t, open)
		tk.wantNothing(t, "a stranger's access token", stranger.signAccess(t, stranger.userClaims()))
		tk.wantNothing(t, "a stranger's refresh token", stranger.signRefresh(t, stranger.refreshClaims()))
	}
}

func concurrency(t *testing.T, tk *tokens) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				access, refresh := tk.userClaims(), tk.refreshClaims()
				token, err := tk.signer.SignAccess(t.Context(), access)
				if err != nil {
					t.Errorf("SignAccess: %v", err)
					return
				}
				again, err := tk.signer.SignRefresh(refresh)
				if err != nil {
					t.Errorf("SignRefresh: %v", err)
					return
				}
				for range 3 {
					tk.wantAccess(t, token.Reveal(), access)
					tk.wantRefresh(t, again.Reveal(), refresh)
				}
			}
		})
	}
	all.Wait()
}
