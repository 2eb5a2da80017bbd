package bcrypthash

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.TestHasher(t, func(t *testing.T) application.PasswordHasher { return open(t, Config{Cost: 4}) })
}

func open(t testing.TB, config Config) *Hasher {
	t.Helper()
	h, err := New(config)
	if err != nil {
		t.Fatalf("New(%+v): %v", config.Cost, err)
	}
	return h
}

func password(text string) domain.Password { return domain.Password{Secret: domain.NewSecret(text)} }

// counter counts hashes by their cost.
type counter struct {
	mu    sync.Mutex
	costs []int
}

func (c *counter) computed(cost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.costs = append(c.costs, cost)
}

// take returns the rounds of all hashes since the last call, and their costs.
func (c *counter) take() (rounds int, costs []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cost := range c.costs {
		rounds += 1 << cost
	}
	costs, c.costs = c.costs, nil
	return rounds, costs
}

// hashOf returns what a Hasher of the cost stores for text.
func hashOf(t testing.TB, cost int, text string) domain.PasswordHash {
	t.Helper()
	hash, err := open(t, Config{Cost: cost}).Hash(t.Context(), password(text))
	if err != nil {
		t.Fatalf("Hash: %v", err)
	}
	return hash
}

func TestVerifyDoesOneHashOfWorkWhateverItIsGiven(t *testing.T) {
	t.Parallel()
	const cost = 7
	long := strings.Repeat("long ", 40)
	text := domain.NewPasswordHash
	for _, c := range []struct {
		name     string
		hash     domain.PasswordHash
		password string
		want     int // rounds
	}{
		{"right password", hashOf(t, cost, "right"), "right", 1 << cost},
		{"wrong password", hashOf(t, cost, "right"), "wrong", 1 << cost},
		{"right long password", hashOf(t, cost, long), long, 1 << cost},
		{"long password, short one's hash", hashOf(t, cost, "right"), long, 1 << cost},
		{"short password, long one's hash", hashOf(t, cost, long), "wrong", 1 << cost},
		{"empty password", hashOf(t, cost, "right"), "", 1 << cost},
		{"password with a NUL", hashOf(t, cost, "right"), "right\x00", 1 << cost},
		{"nobody's hash", domain.PasswordHash{}, "right", 1 << cost},
		{"nobody's hash, long password", domain.PasswordHash{}, long, 1 << cost},
		{"unreadable hash", text("$argon2id$v=19$m=65536,t=3,p=4$AAAA$AAAA"), "right", 1 << cost},
		{"truncated hash", text(hashOf(t, cost, "right").Reveal()[:59]), "right", 1 << cost},
		{"cost one below", hashOf(t, cost-1, "right"), "right", 1 << cost},
		{"cost one below, wrong password", hashOf(t, cost-1, "right"), "wrong", 1 << cost},
		{"lowest cost", hashOf(t, 4, "right"), "right", 1 << cost},
		{"lowest cost, long password", hashOf(t, 4, long), long, 1 << cost},
		{"cost above what is computed", text("$2b$17$" + strings.Repeat(".", 53)), "right", 1 << cost},
		{"highest cost there is", text("$2b$31$" + strings.Repeat(".", 53)), "right", 1 << cost},
		{"cost above today's: as it is", hashOf(t, cost+1, "right"), "right", 1 << (cost + 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var count counter
			h := open(t, Config{Cost: cost, Computed: count.computed})
			if _, err := h.Verify(t.Context(), c.hash, password(c.password)); err != nil {
				t.Fatalf("Verify: %v", err)
			}
			if rounds, costs := count.take(); rounds != c.want {
				t.Errorf("got %d rounds by hashes of cost %v, want %d", rounds, costs, c.want)
			}
		})
	}
}

func TestALowerCostIsToppedUpFromThatCostOn(t *testing.T) {
	t.Parallel()
	var count counter
	h := open(t, Config{Cost: 7, Computed: count.computed})
	if _, err := h.Verify(t.Context(), hashOf(t, 4, "right"), password("right")); err != nil {
		t.Fatalf("Verify: %v", err)
	}
	if _, got := count.take(); !slices.Equal(got, []int{4, 4, 5, 6}) {
		t.Errorf("costs: got %v, want [4 4 5 6]", got)
	}
}

func TestHashDoesOneHashOfWork(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "short", strings.Repeat("long ", 40)} {
		var count counter
		h := open(t, Config{Cost: 5, Computed: count.computed})
		if _, err := h.Hash(t.Context(), password(text)); err != nil {
			t.Fatalf("Hash: %v", err)
		}
		if _, got := count.take(); !slices.Equal(got, []int{5}) {
			t.Errorf("Hash of %d bytes: got costs %v, want [5]", len(text), got)
		}
	}
}

func TestAMatchIsStaleWhenItsCostIsNotTodays(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 40)
	for _, c := range []struct {
		stored, today int
		text          string
		want          bool
	}{
		{4, 5, "right", true}, {5, 5, "right", false}, {6, 5, "right", true},
		{4, 5, long, true}, {5, 5, long, false}, {6, 5, long, true},
	} {
		hash := hashOf(t, c.stored, c.text)
		h := open(t, Config{Cost: c.today})
		got, err := h.Verify(t.Context(), hash, password(c.text))
		if want := (application.Verification{Match: true, Stale: c.want}); err != nil || got != want {
			t.Errorf("cost %d stored, %d today, %d bytes: got %+v, %v, want %+v", c.stored, c.today, len(c.text), got, err, want)
		}
		got, err = h.Verify(t.Context(), hash, password("wrong"))
		if err != nil || got != (application.Verification{}) {
			t.Errorf("wrong password, cost %d stored, %d today: got %+v, %v, want neither match nor stale", c.stored, c.today, got, err)
		}
	}
}

func TestAPasswordIsStoredUnderTheSchemeOfItsLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n      int
		prefix string
	}{{1, "$2b$04$"}, {72, "$2b$04$"}, {73, "$sallyport-hmac-sha384$2b$04$"}, {1024, "$sallyport-hmac-sha384$2b$04$"}} {
		hash := hashOf(t, 4, strings.Repeat("x", c.n)).Reveal()
		if !strings.HasPrefix(hash, c.prefix) || len(hash) != len(c.prefix)+53 {
			t.Errorf("%d bytes: got %q, want %s and 53 characters", c.n, hash, c.prefix)
		}
	}
}

// What bcrypt gets for a long password must not open the account by itself
// ("password shucking"), nor a plain hash be opened by what begins like its password.
func TestTheSchemesDoNotOpenEachOther(t *testing.T) {
	t.Parallel()
	h := open(t, Config{Cost: 4})
	long := strings.Repeat("long ", 40)
	key, _, err := prepare(password(long))
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.TrimPrefix(hashOf(t, 4, long).Reveal(), string(reduced))
	for _, c := range []struct {
		name, hash, text string
		want             bool
	}{
		{"a long password", string(reduced) + bare, long, true},
		{"its reduced form", string(reduced) + bare, string(key), false},
		{"a long password against its hash without the tag", bare, long, false},
		{"72 bytes and more against the plain hash of 72", hashOf(t, 4, long[:72]).Reveal(), long[:73], false},
		{"a plain hash under the tag", string(reduced) + hashOf(t, 4, "short").Reveal(), "short", false},
		{"a tag twice", string(reduced) + string(reduced) + bare, long, false},
	} {
		got, err := h.Verify(t.Context(), domain.NewPasswordHash(c.hash), password(c.text))
		if err != nil || got.Match != c.want {
			t.Errorf("%s: got %+v, %v, want match %t", c.name, got, err, c.want)
		}
	}
}

// bcrypt appends a NUL to its key and repeats it: "a" and "a\x00a" would be one password.
func TestANULNeverReachesBcrypt(t *testing.T) {
	t.Parallel()
	h := open(t, Config{Cost: 4})
	for _, text := range []string{"\x00", "a\x00", "a\x00a", strings.Repeat("long ", 40) + "\x00"} {
		if hash, err := h.Hash(t.Context(), password(text)); !errors.Is(err, domain.ErrInvalid) || !hash.IsZero() {
			t.Errorf("Hash(%.10q): got a hash: %t, error %v, want %v", text, !hash.IsZero(), err, domain.ErrInvalid)
		}
	}
	got, err := h.Verify(t.Context(), hashOf(t, 4, "a"), password("a\x00a"))
	if err != nil || got.Match {
		t.Errorf("Verify of a NUL: got %+v, %v, want no match", got, err)
	}
}

func TestACostOutOfBoundsIsRefused(t *testing.T) {
	t.Parallel()
	for _, cost := range []int{-1, 1, 3, 17, 31, 32} {
		if _, err := New(Config{Cost: cost}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(cost)) {
			t.Errorf("cost %d: got %v, want an error that names it", cost, err)
		}
	}
	if h := open(t, Config{}); h.cost != DefaultCost {
		t.Errorf("no cost: got %d, want %d", h.cost, DefaultCost)
	}
}
