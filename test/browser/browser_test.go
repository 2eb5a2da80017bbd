package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-auth/sallyport/test/browser"
)

func TestWatchSeesWhatAPageDoes(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		page      string
		complaint string
		leaves    bool
	}{
		"nothing":              {page: `<h1>hello</h1>`},
		"a forbidden script":   {page: `<script>document.title = 'ran'</script>`, complaint: "Content Security Policy"},
		"a script that throws": {page: `<script src="/throws.js"></script>`, complaint: "/throws.js"},
		"another host":         {page: `<iframe src="` + elsewhere.URL + `/"></iframe>`, complaint: "404", leaves: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("/throws.js", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/javascript")
				_, _ = w.Write([]byte("throw new Error('planted')"))
			})
			mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
			mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Security-Policy", "script-src 'self'")
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte("<!doctype html>" + c.page))
			})
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)

			tab := browser.Open(t)
			seen := browser.Watch(t, tab)
			if err := chromedp.Do(tab, chromedp.Navigate(server.URL+"/")); err != nil {
				t.Fatalf("open the page: %v", err)
			}
			if got := strings.Join(seen.Complaints(), "; "); !strings.Contains(got, c.complaint) || (got == "") != (c.complaint == "") {
				t.Errorf("complaints: got %q, want %q", got, c.complaint)
			}
			if left := strings.Contains(strings.Join(seen.Requests(), " "), elsewhere.URL); left != c.leaves {
				t.Errorf("requests: got %q, want one to %s: %t", seen.Requests(), elsewhere.URL, c.leaves)
			}
		})
	}
}
