package jwttoken

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sallyport-auth/sallyport/domain"
)

// forge signs any header over any payload, as somebody with the key could.
func forge(t testing.TB, method jwt.SigningMethod, key any, header, payload string) string {
	t.Helper()
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	signature, err := method.Sign(signed, key)
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return signed + "." + encode(signature)
}

// reasonOf returns why a token was refused.
func reasonOf(err error) refusal {
	var reason refusal
	if errors.As(err, &reason) {
		return reason
	}
	if errors.Is(err, domain.ErrTokenExpired) {
		return expired
	}
	return ""
}

const goodClaims = `{"iss":"https://auth.example.org","sub":"018f4e6c-0000-7000-8000-000000000001","aud":"sallyport",` +
	`"exp":1772367300,"iat":1772366400,"jti":"j","sid":"018f4e6c-0000-7000-8000-000000000002","roles":["user"],"type":"access","ver":3}`

// swap replaces a part of the good claims that must be there.
func swap(t testing.TB, old, fresh string) string {
	t.Helper()
	if !strings.Contains(goodClaims, old) {
		t.Fatalf("the good claims have no %s", old)
	}
	return strings.Replace(goodClaims, old, fresh, 1)
}

// Each header here is signed with the genuine key: only the header is wrong.
func TestAHeaderThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.ES256), newStore(), newClock())
	signAccess(t, tokens)
	key := tokens.ring.current.Load().signer
	sign := func(header string) string {
		return forge(t, key.method, key.private, strings.ReplaceAll(header, "KID", key.id), goodClaims)
	}
	wantVerified(t, tokens, "the genuine header", sign(`{"alg":"ES256","kid":"KID","typ":"at+jwt"}`))
	wantVerified(t, tokens, "the genuine header, laid out otherwise", sign(" {\n\"typ\" : \"at+jwt\",\t\"kid\":\"KID\", \"al\\u0067\":\"ES256\" }\r\n"))

	for _, c := range []struct {
		name, header string
		want         refusal
	}{
		{"RFC 8725 §2.1: alg none", `{"alg":"none","kid":"KID","typ":"at+jwt"}`, badAlgorithm},
		{"RFC 8725 §2.1: alg none in capitals", `{"alg":"NONE","kid":"KID","typ":"at+jwt"}`, badAlgorithm},
		{"RFC 8725 §3.1: an alg that is not the key's", `{"alg":"EdDSA","kid":"KID","typ":"at+jwt"}`, otherAlgorithm},
		{"RFC 8725 §3.1: HS256 for an ES256 key", `{"alg":"HS256","kid":"KID","typ":"at+jwt"}`, otherAlgorithm},
		{"RFC 8725 §3.1: an alg that nothing here has", `{"alg":"ES384","kid":"KID","typ":"at+jwt"}`, badAlgorithm},
		{"RFC 8725 §3.1: alg in other case", `{"alg":"es256","kid":"KID","typ":"at+jwt"}`, badAlgorithm},
		{"CVE-2018-0114: an embedded jwk", `{"alg":"ES256","kid":"KID","typ":"at+jwt","jwk":{"kty":"EC"}}`, badHeader},
		{"RFC 8725 §3.10: jku", `{"alg":"ES256","kid":"KID","typ":"at+jwt","jku":"https://evil.example/jwks"}`, badHeader},
		{"RFC 8725 §3.10: x5u", `{"alg":"ES256","kid":"KID","typ":"at+jwt","x5u":"https://evil.example/cert"}`, badHeader},
		{"RFC 7515 §4.1.6: x5c", `{"alg":"ES256","kid":"KID","typ":"at+jwt","x5c":["MIIB"]}`, badHeader},
		{"CVE-2025-59420: crit that is not understood", `{"alg":"ES256","kid":"KID","typ":"at+jwt","crit":["exp"]}`, badHeader},
		{"RFC 7515 §4.1.11: an empty crit", `{"alg":"ES256","kid":"KID","typ":"at+jwt","crit":[]}`, badHeader},
		{"RFC 7797: b64", `{"alg":"ES256","kid":"KID","typ":"at+jwt","b64":false}`, badHeader},
		{"RFC 7516: zip", `{"alg":"ES256","kid":"KID","typ":"at+jwt","zip":"DEF"}`, badHeader},
		{"RFC 7515 §4: alg twice", `{"alg":"ES256","kid":"KID","typ":"at+jwt","alg":"ES256"}`, badHeader},
		{"RFC 7515 §4: alg twice in place of kid", `{"alg":"ES256","alg":"ES256","typ":"at+jwt"}`, badHeader},
		{"RFC 7515 §4: kid twice, once escaped", `{"alg":"ES256","kid":"KID","k\u0069d":"KID"}`, badHeader},
		{"RFC 7515 §4: a member's name in other case", `{"alg":"ES256","KiD":"x","typ":"at+jwt"}`, badHeader},
		{"RFC 8725 §3.11: no typ", `{"alg":"ES256","kid":"KID"}`, badHeader},
		{"RFC 8725 §3.11: typ of another kind of JWT", `{"alg":"ES256","kid":"KID","typ":"JWT"}`, badType},
		{"RFC 8725 §3.11: typ of a refresh token", `{"alg":"ES256","kid":"KID","typ":"rt+jwt"}`, unknownKey},
		{"no kid", `{"alg":"ES256","typ":"at+jwt"}`, badHeader},
		{"an empty kid", `{"alg":"ES256","kid":"","typ":"at+jwt"}`, badHeader},
		{"an unknown kid", `{"alg":"ES256","kid":"../../dev/null","typ":"at+jwt"}`, unknownKey},
		{"no alg", `{"kid":"KID","typ":"at+jwt"}`, badHeader},
		{"a member that is no string", `{"alg":["ES256"],"kid":"KID","typ":"at+jwt"}`, badHeader},
		{"a member that is null", `{"alg":null,"kid":"KID","typ":"at+jwt"}`, badHeader},
		{"no object", `["ES256","KID","at+jwt"]`, badHeader},
		{"null", `null`, badHeader},
		{"two objects", `{"alg":"ES256","kid":"KID","typ":"at+jwt"}{}`, badHeader},
		{"half an object", `{"alg":"ES256","kid":"KID","typ":"at+jwt"`, badHeader},
		{"deep nesting", `{"alg":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `,"kid":"KID","typ":"at+jwt"}`, badHeader},
		{"invalid UTF-8", "{\"alg\":\"ES256\",\"kid\":\"KID\",\"typ\":\"at+jwt\xff\"}", badHeader},
	} {
		_, err := tokens.VerifyAccess(t.Context(), sign(c.header))
		if got := reasonOf(err); got != c.want || !errors.Is(err, domain.ErrInvalidToken) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// Each payload here is signed with the genuine key under the genuine header.
func TestClaimsThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.HS256), newStore(), newClock())
	signAccess(t, tokens)
	key := tokens.ring.current.Load().signer
	sign := func(payload string) string {
		token, err := key.sign([]byte(payload))
		if err != nil {
			t.Fatalf("sign: %v", err)
		}
		return token
	}
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	iat := `"iat":1772366400`

	wantVerified(t, tokens, "the genuine claims", sign(goodClaims))
	for name, payload := range map[string]string{
		"RFC 7519 §4: a claim that nobody knows": swap(t, `"ver":3`, `"ver":3,"new":{"a":[1,"}",{"b":null}]},"more":-1.5e9`),
		"iat 30 s ahead":                           swap(t, iat, fmt.Sprintf(`"iat":%d`, at(30*time.Second))),
		"nbf 30 s ahead":                           swap(t, iat, fmt.Sprintf(`%s,"nbf":%d`, iat, at(30*time.Second))),
		"claims laid out otherwise":                " {\n" + goodClaims[1:len(goodClaims)-1] + "\t} ",
		"an escaped name is the name":              swap(t, `"aud"`, `"\u0061ud"`),
		"an exp in the last second of what counts": swap(t, `"exp":1772367300`, `"exp":253402300799`),
	} {
		wantVerified(t, tokens, name, sign(payload))
	}

	for _, c := range []struct {
		name, payload string
		want          refusal
	}{
		{"RFC 8725 §3.8: another issuer", swap(t, "https://auth.example.org", "https://evil.example.org"), badIssuer},
		{"an issuer with a trailing slash", swap(t, "https://auth.example.org", "https://auth.example.org/"), badIssuer},
		{"an empty issuer", swap(t, "https://auth.example.org", ""), badIssuer},
		{"CVE-2024-53861: a part of the issuer", swap(t, "https://auth.example.org", "https"), badIssuer},
		{"CVE-2024-53861: an issuer in an array", swap(t, `"https://auth.example.org"`, `["https://auth.example.org"]`), badClaim},
		{"another audience", swap(t, `"sallyport"`, `"other"`), badAudience},
		{"CVE-2020-26160: an audience in an array", swap(t, `"sallyport"`, `["sallyport"]`), badClaim},
		{"two audiences", swap(t, `"sallyport"`, `["sallyport","other"]`), badClaim},
		{"CVE-2020-26160: no audience in an array", swap(t, `"sallyport"`, `[]`), badClaim},
		{"the refresh tokens' audience", swap(t, `"sallyport"`, `"https://auth.example.org"`), badAudience},
		{"the type refresh", swap(t, `"access"`, `"refresh"`), badKind},
		{"the type in other case", swap(t, `"access"`, `"Access"`), badKind},
		{"exp without leeway", swap(t, `"exp":1772367300`, fmt.Sprintf(`"exp":%d`, at(0))), expired},
		{"exp 0", swap(t, `"exp":1772367300`, `"exp":0`), expired},
		{"iat 31 s ahead", swap(t, iat, fmt.Sprintf(`"iat":%d`, at(31*time.Second))), fromFuture},
		{"nbf 31 s ahead", swap(t, iat, fmt.Sprintf(`%s,"nbf":%d`, iat, at(31*time.Second))), notYet},
		{"exp 1e300", swap(t, `"exp":1772367300`, `"exp":1e300`), badClaim},
		{"exp 1e999", swap(t, `"exp":1772367300`, `"exp":1e999`), badClaim},
		{"exp as 10 billion in exponents", swap(t, `"exp":1772367300`, `"exp":1e10`), badClaim},
		{"exp past the year 9999", swap(t, `"exp":1772367300`, `"exp":253402300800`), badClaim},
		{"exp above 64 bits", swap(t, `"exp":1772367300`, `"exp":18446744073709551617`), badClaim},
		{"exp of a thousand digits", swap(t, `"exp":1772367300`, `"exp":`+strings.Repeat("9", 1000)), badClaim},
		{"a negative exp", swap(t, `"exp":1772367300`, `"exp":-1`), badClaim},
		{"a negative iat", swap(t, iat, `"iat":-1`), badClaim},
		{"exp with a fraction", swap(t, `"exp":1772367300`, `"exp":1772367300.5`), badClaim},
		{"exp NaN", swap(t, `"exp":1772367300`, `"exp":NaN`), badClaims},
		{"exp as a string", swap(t, `"exp":1772367300`, `"exp":"1772367300"`), badClaim},
		{"exp null", swap(t, `"exp":1772367300`, `"exp":null`), badClaim},
		{"exp true", swap(t, `"exp":1772367300`, `"exp":true`), badClaim},
		{"exp in an array", swap(t, `"exp":1772367300`, `"exp":[1772367300]`), badClaim},
		{"iat 1e300", swap(t, iat, `"iat":1e300`), badClaim},
		{"nbf 1e300", swap(t, iat, iat+`,"nbf":1e300`), badClaim},
		{"nbf as a string", swap(t, iat, iat+`,"nbf":"now"`), badClaim},
		{"ver beyond what a float holds", swap(t, `"ver":3`, `"ver":9007199254740992`), badClaim},
		{"a negative ver", swap(t, `"ver":3`, `"ver":-3`), badClaim},
		{"RFC 8725 §2.7: exp twice", swap(t, `"ver":3`, `"ver":3,"exp":1772367300`), badClaims},
		{"RFC 8725 §2.7: sub twice, once escaped", swap(t, `"ver":3`, `"ver":3,"s\u0075b":"x"`), badClaims},
		{"RFC 8725 §2.7: a claim that nobody knows twice", swap(t, `"ver":3`, `"ver":3,"x":1,"x":1`), badClaims},
		{"DEPENDENCIES golang-jwt: no exp", swap(t, `"exp":1772367300,`, ``), badClaim},
		{"no iat", swap(t, iat+",", ``), badClaim},
		{"no iss", swap(t, `"iss":"https://auth.example.org",`, ``), badClaim},
		{"no aud", swap(t, `"aud":"sallyport",`, ``), badClaim},
		{"no sub", swap(t, `"sub":"`+userID+`",`, ``), badClaim},
		{"no jti", swap(t, `"jti":"j",`, ``), badClaim},
		{"no type", swap(t, `"type":"access",`, ``), badClaim},
		{"no ver", swap(t, `,"ver":3`, ``), badClaim},
		{"no roles", swap(t, `"roles":["user"],`, ``), badClaim},
		{"neither sid nor client_id", swap(t, `"sid":"`+sessionID+`",`, ``), badSubject},
		{"a client_id that is not the subject", swap(t, `"sid"`, `"client_id"`), badSubject},
		{"a sub in capitals", swap(t, "018f4e6c-0000-7000-8000-000000000001", "018F4E6C-0000-7000-8000-000000000001"), badSubject},
		{"a sub that is no UUID", swap(t, "018f4e6c-0000-7000-8000-000000000001", "admin"), badSubject},
		{"a sid that is no UUID", swap(t, "018f4e6c-0000-7000-8000-000000000002", "1; DROP TABLE sessions"), badSubject},
		{"a sub that is a number", swap(t, `"sub":"`+userID+`"`, `"sub":1`), badClaim},
		{"an empty jti", swap(t, `"jti":"j"`, `"jti":""`), badSubject},
		{"roles as a string", swap(t, `["user"]`, `"user"`), badClaim},
		{"roles with a number", swap(t, `["user"]`, `["user",1]`), badClaim},
		{"roles null", swap(t, `["user"]`, `null`), badClaim},
		{"claims that are no object", `[` + goodClaims + `]`, badClaims},
		{"two objects", goodClaims + goodClaims, badClaims},
		{"half an object", goodClaims[:len(goodClaims)-1], badClaims},
		{"invalid UTF-8", swap(t, `"jti":"j"`, "\"jti\":\"\xff\""), badClaims},
	} {
		_, err := tokens.VerifyAccess(t.Context(), sign(c.payload))
		if got := reasonOf(err); got != c.want || !errors.Is(err, domain.ErrInvalidToken) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// The refresh token's own members; what it shares with the access token is
// read by the same code.
func TestRefreshClaimsThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.ES256), newStore(), newClock())
	good, err := tokens.encodeRefresh(someRefresh)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	for _, c := range []struct {
		name, old, fresh string
		want             refusal
	}{
		{"the access tokens' audience", `"aud":"https://auth.example.org"`, `"aud":"sallyport"`, badAudience},
		{"the type access", `"refresh"`, `"access"`, badKind},
		{"no gen", `"gen":4,`, ``, badClaim},
		{"a gen that jti does not name", `"gen":4`, `"gen":5`, badSubject},
		{"a gen with a fraction", `"gen":4`, `"gen":4.0`, badClaim},
		{"a gen as a string", `"gen":4`, `"gen":"4"`, badClaim},
		{"a negative gen", `"gen":4`, `"gen":-4`, badClaim},
		{"a gen of 1e300", `"gen":4`, `"gen":1e300`, badClaim},
		{"no sid", `"sid":"` + sessionID + `",`, ``, badClaim},
		{"a sub that is no UUID", `"sub":"` + userID + `"`, `"sub":"x"`, badSubject},
		{"no exp", `"exp":1772370000,`, ``, badClaim},
		{"exp now", `"exp":1772370000`, `"exp":1772366400`, expired},
	} {
		payload := strings.Replace(string(good), c.old, c.fresh, 1)
		if payload == string(good) {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		token, err := tokens.secrets.current.sign([]byte(payload))
		if err != nil {
			t.Fatalf("sign: %v", err)
		}
		_, err = tokens.VerifyRefresh(t.Context(), token)
		if got := reasonOf(err); got != c.want || !errors.Is(err, domain.ErrInvalidRefreshToken) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// CVE-2015-9235, CVE-2016-5431, CVE-2016-10555: the public key, which everybody has, as the
// secret of an HMAC.
func TestAPublicKeyIsNoHMACSecret(t *testing.T) {
	t.Parallel()
	store := newStore()
	tokens := newTokens(t, testConfig(domain.RS256), store, newClock())
	signAccess(t, tokens)
	key := tokens.ring.current.Load().signer
	public := key.public.(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	header := `{"alg":"HS256","kid":"` + key.id + `","typ":"at+jwt"}`
	for name, secret := range map[string][]byte{
		"PKIX in DER": der,
		"PKIX in PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"PKCS #1":     x509.MarshalPKCS1PublicKey(public),
		"the modulus": public.N.Bytes(),
		"the JWKS":    tokens.ring.current.Load().jwks,
	} {
		token := forge(t, jwt.SigningMethodHS256, secret, header, goodClaims)
		_, err := tokens.VerifyAccess(t.Context(), token)
		if got := reasonOf(err); got != otherAlgorithm {
			t.Errorf("%s: got %v, want %q", name, err, otherAlgorithm)
		}
	}
}

// CVE-2022-21449: the signature of zeros that some verifiers take for any message.
func TestAnEmptySignatureIsNone(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.ES256), newStore(), newClock())
	genuine := signAccess(t, tokens)
	signed := genuine[:strings.LastIndexByte(genuine, '.')]
	for _, n := range []int{1, 31, 32, 63, 64, 65, 128} {
		token := signed + "." + encode(make([]byte, n))
		if _, err := tokens.VerifyAccess(t.Context(), token); reasonOf(err) != badSignature {
			t.Errorf("%d zero bytes: got %v, want %q", n, err, badSignature)
		}
	}
	if _, err := tokens.VerifyAccess(t.Context(), signed+"."); reasonOf(err) != notCompact {
		t.Errorf("no signature: got %v, want %q", err, notCompact)
	}
}

// RFC 7515 §2, RFC 4648 §3.5: one token has one encoding.
func TestBase64urlHasOneForm(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.ES256), newStore(), newClock())
	genuine := signRefresh(t, tokens)
	parts := strings.Split(genuine, ".")
	looser := func(segment string) string { // the same bytes, with bits left over
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(alphabet, segment[len(segment)-1])
		return segment[:len(segment)-1] + string(alphabet[last|1])
	}
	signature := parts[2] // of 32 bytes: two bits are left over
	if a, err := base64.RawURLEncoding.DecodeString(looser(signature)); err != nil || looser(signature) == signature || encode(a) != signature {
		t.Fatalf("%q is no second form of %q", looser(signature), signature)
	}
	for name, token := range map[string]string{
		"bits left over":            parts[0] + "." + parts[1] + "." + looser(signature),
		"padding":                   genuine + "=",
		"the other alphabet":        parts[0] + "." + parts[1] + "+/." + parts[2],
		"a line break at the end":   genuine + "\n",
		"a line break in signature": genuine[:len(genuine)-4] + "\r\n" + genuine[len(genuine)-4:],
		"a line break in header":    genuine[:4] + "\n" + genuine[4:],
		"a fourth segment":          genuine + ".AAAA",
		"five segments, as a JWE":   genuine + ".AAAA.AAAA",
		"two segments":              parts[0] + "." + parts[1],
		"an empty header":           "." + parts[1] + "." + parts[2],
		"an empty payload":          parts[0] + ".." + parts[2],
	} {
		_, err := tokens.VerifyRefresh(t.Context(), token)
		got := reasonOf(err)
		if name == "the other alphabet" && got == badSignature { // the signature covers the payload as it is sent
			continue
		}
		if got != notCompact && got != badHeader {
			t.Errorf("%s: got %v, want %q", name, err, notCompact)
		}
	}
}

// Above 8 KiB nothing is looked at; CVE-2025-30204 is what
// a long string of dots can cost.
func TestATokenAboveEightKiBIsNotLookedAt(t *testing.T) {
	t.Parallel()
	store := newStore()
	tokens := newTokens(t, testConfig(domain.ES256), store, newClock())
	for name, token := range map[string]string{
		"dots":                          strings.Repeat(".", maxTokenBytes+1),
		"a token with a long signature": signRefresh(t, tokens) + strings.Repeat("A", maxTokenBytes),
	} {
		if _, err := tokens.VerifyAccess(t.Context(), token); reasonOf(err) != tooLong {
			t.Errorf("%s: got %v, want %q", name, err, tooLong)
		}
	}
	atLimit := strings.Repeat("A", maxTokenBytes)
	if _, err := tokens.VerifyAccess(t.Context(), atLimit); reasonOf(err) != notCompact {
		t.Errorf("exactly 8 KiB: got %v, want it to be looked at", err)
	}
	if got := store.readings(); got != 0 {
		t.Errorf("storage was asked %d times, want 0: no key is tried", got)
	}
}

// RFC 7518 §3.2: an HMAC key is at least as long as its hash.
func TestAShortHMACKeyIsNotOpened(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 31, 33} {
		if _, err := newAccessKey("kid", domain.HS256, make([]byte, n)); err == nil {
			t.Errorf("%d bytes: got a key, want an error", n)
		}
	}
}
