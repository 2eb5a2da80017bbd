package envelope_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func sealer(t *testing.T, current, previous domain.Secret) *envelope.Sealer {
	t.Helper()
	s, err := envelope.New(envelope.Config{Secret: current, Previous: previous})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return s
}

func seal(t *testing.T, s *envelope.Sealer, name, plaintext string) []byte {
	t.Helper()
	sealed, err := s.Seal(name, []byte(plaintext))
	if err != nil {
		t.Fatalf("Seal(%q): %v", name, err)
	}
	return sealed
}

func TestWhatWasSealedOpensUnderItsNameAlone(t *testing.T) {
	t.Parallel()
	s := sealer(t, domain.RandomSecret(), domain.Secret{})
	for _, text := range []string{"", "x", strings.Repeat("a private key ", 200)} {
		sealed := seal(t, s, "key-1", text)
		got, stale, err := s.Open("key-1", sealed)
		if string(got) != text || stale || err != nil {
			t.Errorf("Open: got %q, stale %t, %v, want %q, false, nil", got, stale, err, text)
		}
		if got, _, err := s.Open("key-2", sealed); !errors.Is(err, envelope.ErrDamaged) || got != nil {
			t.Errorf("Open under another name: got %q, %v, want ErrDamaged", got, err)
		}
		if len(text) > 4 && bytes.Contains(sealed, []byte(text[:4])) {
			t.Errorf("the sealed value shows its plaintext")
		}
	}
}

func TestSealingTwiceNeverGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	s := sealer(t, domain.RandomSecret(), domain.Secret{})
	if first, second := seal(t, s, "n", "same"), seal(t, s, "n", "same"); bytes.Equal(first, second) {
		t.Errorf("got %x twice, want another nonce each time", first)
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	t.Parallel()
	s := sealer(t, domain.RandomSecret(), domain.RandomSecret())
	sealed := seal(t, s, "n", "plaintext")
	for i := range sealed {
		damaged := slices.Clone(sealed)
		damaged[i] ^= 1
		if got, _, err := s.Open("n", damaged); err == nil {
			t.Errorf("byte %d changed: got %q, want an error", i, got)
		}
	}
	for n := range sealed {
		if got, _, err := s.Open("n", sealed[:n]); err == nil {
			t.Errorf("cut to %d bytes: got %q, want an error", n, got)
		}
	}
}

// The three steps in which a secret is rotated, with a replica in
// each of two neighbouring states.
func TestThePreviousSecretOpensAndIsStale(t *testing.T) {
	t.Parallel()
	older, newer := domain.RandomSecret(), domain.RandomSecret()
	announced := sealer(t, older, newer) // step 1
	rotated := sealer(t, newer, older)   // step 2
	done := sealer(t, newer, domain.Secret{})

	for _, c := range []struct {
		name       string
		made, open *envelope.Sealer
		stale      bool
	}{
		{"step 1 by step 1", announced, announced, false},
		{"step 1 by step 2", announced, rotated, true},
		{"step 2 by step 1", rotated, announced, true},
		{"step 2 by step 3", rotated, done, false},
	} {
		got, stale, err := c.open.Open("n", seal(t, c.made, "n", "text"))
		if string(got) != "text" || stale != c.stale || err != nil {
			t.Errorf("%s: got %q, stale %t, %v, want \"text\", %t, nil", c.name, got, stale, err, c.stale)
		}
	}
}

func TestAnUnknownSecretIsSaidWithTheMend(t *testing.T) {
	t.Parallel()
	older, newer := domain.RandomSecret(), domain.RandomSecret()
	sealed := seal(t, sealer(t, older, domain.Secret{}), "key-1", "text")
	_, _, err := sealer(t, newer, domain.Secret{}).Open("key-1", sealed)
	if !errors.Is(err, application.ErrOtherSecret) {
		t.Fatalf("got %v, want ErrOtherSecret", err)
	}
	for _, want := range []string{"key-1", "another SALLYPORT_SECRET", "SALLYPORT_SECRET_PREVIOUS", "sallyport keys rewrap"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to say %q", err, want)
		}
	}
	for _, secret := range []domain.Secret{older, newer} {
		if strings.Contains(err.Error(), secret.Reveal()) {
			t.Errorf("the error shows a secret")
		}
	}
}

func TestAShortSecretIsRefusedByItsSetting(t *testing.T) {
	t.Parallel()
	good, short := domain.RandomSecret(), domain.NewSecret(strings.Repeat("x", 31))
	for setting, cfg := range map[string]envelope.Config{
		"SALLYPORT_SECRET:":          {Secret: short},
		"SALLYPORT_SECRET: needs":    {},
		"SALLYPORT_SECRET_PREVIOUS:": {Secret: good, Previous: short},
	} {
		_, err := envelope.New(cfg)
		if err == nil || !strings.HasPrefix(err.Error(), setting) {
			t.Errorf("got %v, want an error that begins with %q", err, setting)
		}
	}
}

func TestTheModuleProvidesTheSealer(t *testing.T) {
	t.Parallel()
	err := fx.ValidateApp(fx.NopLogger, envelope.Module, fx.Supply(envelope.Config{}), fx.Invoke(func(application.Sealer) {}))
	if err != nil {
		t.Errorf("got %v, want a graph that holds", err)
	}
}
