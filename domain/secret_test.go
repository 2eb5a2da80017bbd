package domain

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// everySecret returns each type that holds a secret, with text in it, bare and
// within what may be logged whole.
func everySecret(text string) map[string]any {
	secret := NewSecret(text)
	credential := Credential{Hash: NewPasswordHash(text)}
	return map[string]any{
		"Secret":       secret,
		"*Secret":      &secret,
		"Password":     Password{secret},
		"PasswordHash": NewPasswordHash(text),
		"SecretHash":   StoredSecretHash(text),
		"Credential":   credential,
		"*Credential":  &credential,
		"Account":      Account{Password: credential},
		"APIKey":       APIKey{Hash: StoredSecretHash(text)},
		"a slice":      []Secret{secret, secret},
		"a map":        map[string]Password{"password": {secret}},
	}
}

func TestASecretShowsAsRedactedHoweverItIsPrinted(t *testing.T) {
	t.Parallel()
	const text = "hunter2hunter2"
	for name, value := range everySecret(text) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T %[1]v"} {
			shows(t, fmt.Sprintf("%s by %s", name, verb), fmt.Sprintf(verb, value), text)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s as JSON: %v", name, err)
		}
		shows(t, name+" as JSON", string(encoded), text)
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "value", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "value", value)
		shows(t, name+" in a log", log.String(), text)
	}
	encoded, err := xml.Marshal(NewSecret(text))
	if err != nil {
		t.Errorf("as XML: %v", err)
	}
	shows(t, "as XML", string(encoded), text)
	shows(t, "in an error", fmt.Errorf("verify %v: %w", NewSecret(text), ErrInvalid).Error(), text)
}

// shows tells whether what was printed redacts the secret and holds it in no usual form.
func shows(t *testing.T, what, printed, text string) {
	t.Helper()
	if !strings.Contains(printed, "[redacted]") {
		t.Errorf("%s: got %.200s, want [redacted] in it", what, printed)
	}
	for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprintf("%d", []byte(text)), base64.StdEncoding.EncodeToString([]byte(text))} {
		if strings.Contains(printed, form) {
			t.Errorf("%s: got %.200s, which holds the secret", what, printed)
		}
	}
}

func TestASecretIsRevealedOnPurpose(t *testing.T) {
	t.Parallel()
	if got := NewSecret("hunter2").Reveal(); got != "hunter2" {
		t.Errorf("got %q, want hunter2", got)
	}
	if !(Secret{}).IsZero() || NewSecret("x").IsZero() {
		t.Error("IsZero: want true of no text, false of some")
	}
}

func TestRandomSecretsAre256BitsAndNeverTheSame(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		text := RandomSecret().Reveal()
		if b, err := base64.RawURLEncoding.DecodeString(text); err != nil || len(b) != 32 || len(text) != 43 {
			t.Fatalf("got %d characters of %d bytes, %v, want 43 of 32", len(text), len(b), err)
		}
		if seen[text] {
			t.Fatal("got one twice")
		}
		seen[text] = true
	}
}

func TestDerivedKeysDependOnSecretAndLabelAlone(t *testing.T) {
	t.Parallel()
	one, two := NewSecret(strings.Repeat("a", 32)), NewSecret(strings.Repeat("b", 32))
	key := one.Derive("seal", 32)
	if len(key) != 32 {
		t.Fatalf("got %d bytes, want 32", len(key))
	}
	if !bytes.Equal(key, one.Derive("seal", 32)) {
		t.Error("the same secret and label: got another key, want the same")
	}
	for name, other := range map[string][]byte{"another label": one.Derive("sign", 32), "another secret": two.Derive("seal", 32)} {
		if bytes.Equal(key, other) {
			t.Errorf("%s: got the same key, want another", name)
		}
	}
}
