package resourceserver_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/resourceserver"
)

// An API of one's own, in a process of its own: reports are for analysts, and
// a revoked token is noticed within ten seconds.
func Example() {
	gate, err := resourceserver.New(resourceserver.Config{
		Issuer:   "https://auth.example.com",
		Audience: "sallyport",
		Introspection: &resourceserver.Introspection{
			APIKey: "sp_…", // sallyport apikeys create reports --permission tokens:introspect
			Every:  10 * time.Second,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /reports", gate.RequireRole("analyst")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := resourceserver.CallerOf(r.Context())
		_, _ = fmt.Fprintf(w, "reports for %s\n", caller.Subject)
	})))
	fmt.Println(mux != nil)
	// Output: true
}
