package bootstrap

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// certified writes a fresh certificate of name and its key, and returns the settings.
func certified(t *testing.T, dir, name string) *Configuration {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := &Configuration{Env: production, TLSSettings: TLSSettings{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}}
	write(t, c.TLSCert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	write(t, c.TLSKey, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func nameOf(pair *tls.Certificate) string { return pair.Leaf.Subject.CommonName }

func TestFilesThatAreNoCertificateAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	good := func(t *testing.T) *Configuration { return certified(t, t.TempDir(), "a.example") }
	for name, c := range map[string]struct {
		spoil   func(t *testing.T, c *Configuration)
		setting string
	}{
		"no certificate":              {func(_ *testing.T, c *Configuration) { c.TLSCert += ".gone" }, "SALLYPORT_TLS_CERT"},
		"no key":                      {func(_ *testing.T, c *Configuration) { c.TLSKey += ".gone" }, "SALLYPORT_TLS_KEY"},
		"garbage":                     {func(t *testing.T, c *Configuration) { write(t, c.TLSCert, "garbage") }, "SALLYPORT_TLS_CERT"},
		"another certificate's key":   {func(t *testing.T, c *Configuration) { c.TLSKey = good(t).TLSKey }, "SALLYPORT_TLS_CERT"},
		"a key that others can read":  {func(t *testing.T, c *Configuration) { chmod(t, c.TLSKey, 0o640) }, "SALLYPORT_TLS_KEY"},
		"a key that everyone can see": {func(t *testing.T, c *Configuration) { chmod(t, c.TLSKey, 0o604) }, "SALLYPORT_TLS_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := good(t)
			c.spoil(t, config)
			_, err := newCertificate(config, zap.NewNop())
			refused(t, c.setting, config.TLSKey, err)
		})
	}
	c := good(t)
	chmod(t, c.TLSKey, 0o644)
	c.Env = development
	if _, err := newCertificate(c, zap.NewNop()); err != nil {
		t.Errorf("a readable key in development: got %v, want no error", err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedCertificateIsTakenAndABrokenOneIsNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	core, logged := observer.New(zap.InfoLevel)
	c, err := newCertificate(certified(t, dir, "old.example"), zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.follow(ctx)
	}()
	defer func() {
		cancel()
		<-done
	}()
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("20 s went by, and %s; the log: %v", what, logged.All())
			}
		}
	}
	write(t, c.config.TLSCert, "half a fi")
	until("nobody complained of the broken file", func() bool { return logged.FilterMessage("the old certificate stays").Len() == 1 })
	if got := nameOf(c.pair.Load()); got != "old.example" {
		t.Errorf("with a broken file %s is served, want old.example", got)
	}
	certified(t, dir, "new.example")
	until("the new certificate is not served", func() bool { return nameOf(c.pair.Load()) == "new.example" })
	if err := os.Remove(c.config.TLSKey); err != nil {
		t.Fatal(err)
	}
	until("nobody complained of the missing key", func() bool { return logged.FilterMessage("the old certificate stays").Len() == 2 })
	if got := nameOf(c.pair.Load()); got != "new.example" {
		t.Errorf("without a key file %s is served, want new.example", got)
	}
}
