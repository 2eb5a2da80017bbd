package bootstrap

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Secrets is what every symmetric key is derived from.
type Secrets struct {
	Current  domain.Secret
	Previous domain.Secret // zero: none
}

const (
	minSecretBytes    = 32
	minDistinctBytes  = 10
	maxSecretFileSize = 64 << 10
)

// examples are what people paste from documentation.
var examples = []string{"your-secret-key", "changeme", "secret", "password", "example"}

// given returns the secrets that the configuration names, which may be none,
// and refuses weak ones. It reads a file once: it may be a pipe.
func (c *Configuration) given() (Secrets, error) {
	if c.named != nil {
		return *c.named, nil
	}
	s, err := c.read()
	if err == nil {
		c.named = &s
	}
	return s, err
}

func (c *Configuration) read() (Secrets, error) {
	s := Secrets{Current: c.Secret, Previous: c.SecretPrevious}
	setting := "SECRET"
	if c.SecretFile != "" {
		setting = "SECRET_FILE"
		var err error
		if s.Current, err = c.readSecret(setting, c.SecretFile); err != nil {
			return Secrets{}, err
		}
	}
	if c.SecretFile != "" || !s.Current.IsZero() {
		if err := c.strong(setting, s.Current); err != nil {
			return Secrets{}, err
		}
	}
	if !s.Previous.IsZero() {
		if err := c.strong("SECRET_PREVIOUS", s.Previous); err != nil {
			return Secrets{}, err
		}
	}
	return s, nil
}

// secrets returns the secrets to work with. In development with an SQLite file
// it makes one, once, and keeps it beside the database.
func (c *Configuration) secrets() (Secrets, error) {
	s, err := c.given()
	if err != nil || !s.Current.IsZero() {
		return s, err
	}
	path, ok := sqlitePath(c.DatabaseURL.Reveal())
	if c.production() || !ok {
		return Secrets{}, &ConfigurationError{prefix + "SECRET", "must be set: at least 32 random bytes, such as from `openssl rand -base64 32`, or SALLYPORT_SECRET_FILE with a file that holds them"}
	}
	s.Current, c.made, err = developmentSecret(path + ".secret")
	return s, err
}

// lost returns why what is stored can't be opened, if that is because its
// secret is not there any more, and removes the one that was made in its
// place: it opens nothing.
func (c *Configuration) lost(err error) error {
	if c.made == "" || !errors.Is(err, application.ErrOtherSecret) {
		return err
	}
	_ = os.Remove(c.made)
	return &ConfigurationError{prefix + "SECRET", c.made + " is missing, and what the database keeps is sealed under another secret: restore the file, or set the variable to the secret that was in use"}
}

// strong returns an error when s is no secret.
func (c *Configuration) strong(setting string, s domain.Secret) error {
	text := s.Reveal()
	mend := ""
	switch {
	case len(text) < minSecretBytes:
		mend = "must be at least 32 bytes: take 32 random ones, such as from `openssl rand -base64 32`"
	case !c.production():
	case distinct(text) < minDistinctBytes:
		mend = "must have at least 10 distinct characters: take 32 random bytes, such as from `openssl rand -base64 32`"
	case holdsExample(text):
		mend = "must not hold a well-known example: take 32 random bytes, such as from `openssl rand -base64 32`"
	}
	if mend == "" {
		return nil
	}
	return &ConfigurationError{prefix + setting, mend}
}

func distinct(text string) int {
	seen := map[byte]bool{}
	for i := range len(text) {
		seen[text[i]] = true
	}
	return len(seen)
}

func holdsExample(text string) bool {
	lowered := strings.ToLower(text)
	for _, e := range examples {
		if strings.Contains(lowered, e) {
			return true
		}
	}
	return false
}

// readSecret returns what a file holds, less the line end at its end.
func (c *Configuration) readSecret(setting, path string) (domain.Secret, error) {
	if err := c.private(setting, path); err != nil {
		return domain.Secret{}, err
	}
	text, err := readSecretFile(path)
	if err != nil {
		return domain.Secret{}, &ConfigurationError{prefix + setting, "must name a file that can be read: " + reason(err)}
	}
	return text, nil
}

// private refuses, in production, a file with a secret or key that others on
// the machine can read or write.
func (c *Configuration) private(setting, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return &ConfigurationError{prefix + setting, "must name a file that can be read: " + reason(err)}
	}
	if c.production() && info.Mode().Perm()&0o066 != 0 {
		return &ConfigurationError{prefix + setting, "must name a file that only its owner can read: chmod 600 it"}
	}
	return nil
}

func readSecretFile(path string) (domain.Secret, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return domain.Secret{}, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFileSize))
	if err != nil {
		return domain.Secret{}, err
	}
	return domain.NewSecret(strings.TrimRight(string(text), "\r\n")), nil
}

// reason returns an error of the file system without the path, which may be
// a secret that was put into the wrong variable.
func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// sqlitePath returns the file of an sqlite: URL.
func sqlitePath(databaseURL string) (string, bool) {
	path, ok := strings.CutPrefix(databaseURL, "sqlite:")
	path, _, _ = strings.Cut(path, "?")
	path = strings.TrimPrefix(path, "//")
	return path, ok && path != "" && !strings.HasPrefix(path, ":") // :memory: keeps nothing to seal
}

// developmentSecret returns the secret that path holds, and makes one if there
// is none: then made is the path. Of several processes that make one at once,
// all get the same: the whole file appears under its name at once, or not at
// all. It was made by one of them alone.
func developmentSecret(path string) (secret domain.Secret, made string, err error) {
	secret, err = readSecretFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = makeSecretFile(path)
		if err == nil {
			made = path
		}
		if err == nil || errors.Is(err, fs.ErrExist) { // another process was faster: its secret is the one
			secret, err = readSecretFile(path)
		}
	}
	if err != nil {
		return domain.Secret{}, "", fmt.Errorf("keep a development secret beside the database: %w", err)
	}
	if len(secret.Reveal()) < minSecretBytes {
		return domain.Secret{}, "", &ConfigurationError{prefix + "SECRET", path + " holds less than 32 bytes: restore it, or remove it and lose what was sealed under it"}
	}
	return secret, made, nil
}

// makeSecretFile writes a new secret to path. fs.ErrExist when there is a file.
func makeSecretFile(path string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.WriteString(domain.RandomSecret().Reveal() + "\n")
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Link(temporary.Name(), path)
}
