package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

// writeCertificate writes a fresh certificate with its key over those of dir.
func writeCertificate(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "auth.example.com"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: text}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestTheAPISpeaksTLSAndTakesANewCertificateWithoutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	s := service.Start(t, "sqlite:sallyport.db", "TLS_CERT="+cert, "TLS_KEY="+key, "ISSUER=https://auth.example.com")
	addr := strings.TrimPrefix(s.URL, "http://")
	var shown *big.Int // the serial number of the certificate that was served last
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		ForceAttemptHTTP2: true, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true,
			VerifyConnection: func(state tls.ConnectionState) error {
				shown = state.PeerCertificates[0].SerialNumber
				return nil
			},
		},
	}}
	get := func() *http.Response {
		t.Helper()
		response, err := client.Get("https://" + addr + "/.well-known/jwks.json")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response
	}
	answer := get()
	if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 || answer.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%d over %s and TLS %x, want 200 over HTTP/2 and TLS 1.2 or newer", answer.StatusCode, answer.Proto, answer.TLS.Version)
	}
	if got := answer.Header.Get("Strict-Transport-Security"); !strings.Contains(got, "max-age=") {
		t.Errorf("Strict-Transport-Security %q, want a max-age: the issuer is https", got)
	}
	if connection, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		_ = connection.Close()
		t.Error("TLS 1.1 is spoken, want it refused")
	}
	plain, err := http.Get(s.URL + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	_ = plain.Body.Close()
	if plain.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP gets %d, want 400", plain.StatusCode)
	}

	writeCertificate(t, dir, 2)
	for deadline := time.Now().Add(20 * time.Second); shown.Int64() != 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("20 s after the files changed the certificate is still number %d", shown)
		}
		get()
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestTheHealthcheckWorksOverTLS(t *testing.T) {
	t.Parallel()
	cert, key := writeCertificate(t, t.TempDir(), 1)
	s := service.Start(t, "sqlite:sallyport.db", "TLS_CERT="+cert, "TLS_KEY="+key)
	for _, args := range [][]string{{"healthcheck"}, {"healthcheck", "--ops-addr="}} {
		if _, stderr, code := s.Command("", args...); code != 0 {
			t.Errorf("%v: exit code %d: %s", args, code, stderr)
		}
	}
}
