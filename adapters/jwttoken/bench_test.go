package jwttoken

import (
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

func BenchmarkTokens(b *testing.B) {
	tokens := newTokens(b, testConfig(domain.ES256), newStore(), newClock())
	cfg := testConfig(domain.ES256)
	cfg.Remember = 0
	forgetful := newTokens(b, cfg, newStore(), newClock())
	access, forgotten, refresh := signAccess(b, tokens), signAccess(b, forgetful), signRefresh(b, tokens)
	run := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("signature of ES256 alone", func() error {
		key := tokens.ring.current.Load().signer
		_, err := key.method.Sign(access, key.private)
		return err
	})
	run("sign access", func() error { _, err := tokens.SignAccess(b.Context(), userClaims); return err })
	run("sign refresh", func() error { _, err := tokens.SignRefresh(someRefresh); return err })
	run("verify refresh", func() error { _, err := tokens.VerifyRefresh(b.Context(), refresh); return err })
	run("verify access", func() error { _, err := forgetful.VerifyAccess(b.Context(), forgotten); return err })
	run("verify access again", func() error { _, err := tokens.VerifyAccess(b.Context(), access); return err })
}
