package bootstrap

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// TLSSettings is whether the API is served over TLS by the process itself.
type TLSSettings struct {
	TLSCert string `group:"HTTP" name:"tls-cert" placeholder:"PATH" help:"A PEM file with the certificate and those between it and the root: the API is served over HTTPS (HTTP/2, TLS 1.2 or newer). Read again when it changes."`
	TLSKey  string `group:"HTTP" name:"tls-key" placeholder:"PATH" help:"A PEM file with the certificate's key, in production readable by its owner alone."`
}

func (s *TLSSettings) tlsRules() []rule {
	return []rule{
		{"TLS_CERT", s.TLSCert != "" || s.TLSKey == "", "must be set together with SALLYPORT_TLS_KEY"},
		{"TLS_KEY", s.TLSKey != "" || s.TLSCert == "", "must be set together with SALLYPORT_TLS_CERT"},
	}
}

// apiScheme is how the API's listener is spoken to.
func (s *TLSSettings) apiScheme() string {
	if s.TLSCert == "" {
		return "http"
	}
	return "https"
}

// certificateEvery is how often the files are looked at.
const certificateEvery = time.Second

// certificate is the API's certificate as its files have it. While they are
// replaced one after the other, or hold something broken, the old one serves on.
type certificate struct {
	config *Configuration
	log    *zap.Logger
	pair   atomic.Pointer[tls.Certificate]
	seen   [sha256.Size]byte // of both files, when they were last looked at
}

// newCertificate returns nil when the API is served in the clear.
func newCertificate(config *Configuration, log *zap.Logger) (*certificate, error) {
	if config.TLSCert == "" {
		return nil, nil
	}
	c := &certificate{config: config, log: log}
	if err := config.private("TLS_KEY", config.TLSKey); err != nil {
		return nil, err
	}
	cert, key, err := c.read()
	if err != nil {
		return nil, err
	}
	if err := c.use(cert, key); err != nil {
		return nil, err
	}
	return c, nil
}

// read returns what the files hold. An error is a *ConfigurationError.
func (c *certificate) read() (cert, key []byte, err error) {
	if cert, err = os.ReadFile(c.config.TLSCert); err != nil {
		return nil, nil, &ConfigurationError{prefix + "TLS_CERT", "must name a file that can be read: " + reason(err)}
	}
	if key, err = os.ReadFile(c.config.TLSKey); err != nil {
		return nil, nil, &ConfigurationError{prefix + "TLS_KEY", "must name a file that can be read: " + reason(err)}
	}
	return cert, key, nil
}

func (c *certificate) use(cert, key []byte) error {
	c.seen = digest(cert, key)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil { // its text is about PEM blocks and never shows one
		return &ConfigurationError{prefix + "TLS_CERT", "must name a PEM certificate whose key is in SALLYPORT_TLS_KEY: " + err.Error()}
	}
	c.pair.Store(&pair)
	return nil
}

func digest(cert, key []byte) [sha256.Size]byte {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%d:", len(cert)) // hashes take everything
	_, _ = sum.Write(cert)
	_, _ = sum.Write(key)
	return [sha256.Size]byte(sum.Sum(nil))
}

// follow looks at the files until ctx ends. A nil certificate has none.
func (c *certificate) follow(ctx context.Context) {
	if c == nil {
		return
	}
	ticker := time.NewTicker(certificateEvery)
	defer ticker.Stop()
	unreadable := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		cert, key, err := c.read()
		if err != nil {
			if !unreadable {
				c.log.Warn("the old certificate stays", zap.Error(err))
			}
			unreadable = true
			continue
		}
		unreadable = false
		if digest(cert, key) == c.seen {
			continue
		}
		if err := c.use(cert, key); err != nil {
			c.log.Warn("the old certificate stays", zap.Error(err))
			continue
		}
		c.log.Info("a new certificate is in use", zap.Time("not_after", c.pair.Load().Leaf.NotAfter))
	}
}

// serverConfig is what the listener is told; HTTP/2 is net/http's to offer.
func (c *certificate) serverConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil },
	}
}
