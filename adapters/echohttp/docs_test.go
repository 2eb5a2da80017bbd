package echohttp

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func getDocs(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	file, ok := docsRoutes()[path]
	if !ok {
		t.Fatalf("%s is not served", path)
	}
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	file.ServeHTTP(recorder, request)
	return recorder.Result()
}

func TestDocsPageLoadsOnlyWhatThisServerServes(t *testing.T) {
	t.Parallel()
	response := getDocs(t, "/docs")
	if got := response.Header.Get("Content-Security-Policy"); got != docsPolicy {
		t.Errorf("Content-Security-Policy: got %q, want %q", got, docsPolicy)
	}
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	refs := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(page, -1)
	if len(refs) < 5 {
		t.Fatalf("the page refers to %d files, want its scripts, styles and icon", len(refs))
	}
	for _, ref := range refs {
		path := string(ref[1])
		if strings.HasPrefix(path, "/openapi.") {
			continue
		}
		if got := getDocs(t, path).StatusCode; got != http.StatusOK {
			t.Errorf("%s: got %d, want 200", path, got)
		}
	}
	if bytes.Contains(page, []byte("<script>")) || bytes.Contains(page, []byte("onload=")) {
		t.Error("the page has an inline script, which its policy forbids")
	}
}

// Swagger UI once let a link choose the document, and with it where a visitor's password went (GHSA-qrmm-w75w-3wpx).
func TestDocsPageTakesNoSettingsFromItsURL(t *testing.T) {
	t.Parallel()
	script, err := io.ReadAll(getDocs(t, "/docs/init.js").Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"url: '/openapi.json'", "queryConfigEnabled: false", "validatorUrl: null", "persistAuthorization: false"} {
		if !bytes.Contains(script, []byte(want)) {
			t.Errorf("init.js lacks %q", want)
		}
	}
}

func TestDocsFilesAreTheSameCompressedAndPlain(t *testing.T) {
	t.Parallel()
	const bundle = "/docs/swagger-ui-bundle.js"
	compressed := getDocs(t, bundle, "Accept-Encoding", "br, gzip;q=0.5")
	if got := compressed.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding: got %q, want gzip", got)
	}
	reader, err := gzip.NewReader(compressed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{"", "br", "gzip;q=0"} {
		response := getDocs(t, bundle, "Accept-Encoding", accept)
		plain, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := response.Header.Get("Content-Encoding"); got != "" {
			t.Errorf("accepting %q: Content-Encoding %q, want none", accept, got)
		}
		if !bytes.Equal(plain, unpacked) {
			t.Errorf("accepting %q: got %d bytes that differ from the %d compressed ones", accept, len(plain), len(unpacked))
		}
	}
}

func TestDocsFilesAreNotSentTwice(t *testing.T) {
	t.Parallel()
	etag := getDocs(t, "/docs").Header.Get("ETag")
	if got := getDocs(t, "/docs", "If-None-Match", etag).StatusCode; got != http.StatusNotModified {
		t.Errorf("If-None-Match %s: got %d, want 304", etag, got)
	}
}
