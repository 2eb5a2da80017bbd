package echohttp_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
)

func TestAGuardThatWouldLetEverybodyPassIsNeverMade(t *testing.T) {
	t.Parallel()
	guards := echohttp.NewGuards(nil)
	for name, guard := range map[string]func(){
		"no role":                 func() { guards.RequireRole() },
		"an empty permission":     func() { guards.RequirePermission("") },
		"one of several is empty": func() { guards.RequireAPIKey("users:read", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("the guard was made, want a panic")
				}
			}()
			guard()
		})
	}
}
