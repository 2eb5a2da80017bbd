package jwttoken

import (
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

// FuzzVerify holds that nothing panics, and that nothing is good but the
// tokens that were signed, byte for byte.
func FuzzVerify(f *testing.F) {
	cfg := testConfig(domain.EdDSA) // whose signatures have one form, unlike ECDSA's
	tokens := newTokens(f, cfg, newStore(), newClock())
	access, refresh := signAccess(f, tokens), signRefresh(f, tokens)
	hmac, err := tokens.secrets.current.sign([]byte(goodClaims))
	if err != nil {
		f.Fatal(err)
	}
	key := tokens.ring.current.Load().signer
	for _, seed := range []string{
		access, refresh, hmac, "", ".", "..", "a.b.c", access[:40], access + "=", access + "\n", strings.Repeat(".", 9000),
		strings.Replace(access, ".", "..", 1), access[:strings.LastIndexByte(access, '.')] + ".",
		forge(f, key.method, key.private, `{"alg":"none","kid":"x","typ":"at+jwt"}`, goodClaims),
		forge(f, key.method, key.private, `{"alg":"EdDSA","kid":"`+key.id+`","typ":"at+jwt","crit":["b64"]}`, goodClaims),
		forge(f, key.method, key.private, `{"alg":"EdDSA","kid":"`+key.id+`","typ":"at+jwt"}`, `{"exp":1e300}`),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := tokens.VerifyAccess(t.Context(), token); (claims != nil) != (err == nil) || (err == nil && token != access) {
			t.Errorf("access: got %+v, %v for %q", claims, err, token)
		}
		if claims, err := tokens.VerifyRefresh(t.Context(), token); err == nil && token != refresh {
			t.Errorf("refresh: got %+v for %q", claims, token)
		}
	})
}

// FuzzClaims reads payloads as if their signature had been good.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{goodClaims, "", "{", "{}", " { } ", `{"a":`, `{"exp":1e300}`, `{"a":{"b":[1,"]"]},"c":"\""}`, "[{}]", `{"exp":1,"exp":2}`, "{\"\xff\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		claims, err := readClaims(text)
		if err != nil {
			return
		}
		if claims.expireAt < 0 || claims.expireAt > maxNumericDate || claims.generation < 0 || claims.version < 0 {
			t.Errorf("out of range: %+v", claims)
		}
		_ = claims.check(accessKind, issuer, audience, start)
		_, _ = claims.access()
		_, _ = claims.refresh()
	})
}
