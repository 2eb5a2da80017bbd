package echohttp

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

//go:embed docs/index.html docs/init.js docs/docs.css docs/favicon.png docs/swagger-ui.css.gz docs/swagger-ui-bundle.js.gz docs/LICENSE.swagger-ui
var docsFiles embed.FS

// docsPolicy lets the page load what it brings itself, and nobody frame it.
// Swagger UI writes style attributes, hence 'unsafe-inline' for styles.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDocs serves the documentation page at /docs and its files below it.
func mountDocs(e *echo.Echo) {
	for path, file := range docsRoutes() {
		publish(e, path, echo.WrapHandler(file))
	}
}

// docsRoutes returns the page and its files by path.
func docsRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"/docs":                      newDocsFile("index.html", "text/html; charset=utf-8"),
		"/docs/init.js":              newDocsFile("init.js", "text/javascript; charset=utf-8"),
		"/docs/docs.css":             newDocsFile("docs.css", "text/css; charset=utf-8"),
		"/docs/favicon.png":          newDocsFile("favicon.png", "image/png"),
		"/docs/swagger-ui.css":       newDocsFile("swagger-ui.css.gz", "text/css; charset=utf-8"),
		"/docs/swagger-ui-bundle.js": newDocsFile("swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"),
		"/docs/LICENSE.swagger-ui":   newDocsFile("LICENSE.swagger-ui", "text/plain; charset=utf-8"),
	}
}

// docsFile is one embedded file. A compressed one is sent as it is to whoever
// accepts gzip, and unpacked once for everybody else.
type docsFile struct {
	contentType string
	etag        func() string
	gzipped     bool
	stored      []byte
	plain       func() []byte
}

func newDocsFile(name, contentType string) *docsFile {
	stored, err := docsFiles.ReadFile("docs/" + name)
	if err != nil {
		panic(fmt.Errorf("embedded docs: %w", err)) // the embed directive names it
	}
	f := &docsFile{
		contentType: contentType,
		etag: sync.OnceValue(func() string { // not at the start, which would read all of it into memory
			sum := sha256.Sum256(stored)
			return base64.RawURLEncoding.EncodeToString(sum[:12])
		}),
		gzipped: strings.HasSuffix(name, ".gz"),
		stored:  stored,
		plain:   func() []byte { return stored },
	}
	if f.gzipped {
		f.plain = sync.OnceValue(func() []byte { return mustUnzip(stored) })
	}
	return f
}

// ServeHTTP answers with the file; If-None-Match and ranges work.
func (f *docsFile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "public, max-age=0, must-revalidate") // a new release's page never meets old files
	body, etag := f.plain, f.etag()
	if f.gzipped {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body, etag = func() []byte { return f.stored }, etag+"-gz"
		}
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body()))
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it matters
// here: gzip by name, unless its weight is zero.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, weighted := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			value, err := strconv.ParseFloat(q, 64)
			return !weighted || err == nil && value > 0
		}
	}
	return false
}

func mustUnzip(stored []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		panic(fmt.Errorf("embedded docs: %w", err))
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		panic(fmt.Errorf("embedded docs: %w", err))
	}
	return plain
}
