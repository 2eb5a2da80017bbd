package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

func TestBadInputIsRefusedInItsOwnWords(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newUser(s, "ada@example.com")
		const jsonType, formType = "application/json", "application/x-www-form-urlencoded"
		for name, c := range map[string]struct {
			method, path, contentType, body string
			status                          int
		}{
			"broken JSON":              {"POST", "/auth/register", jsonType, `{"email":`, 422},
			"an array":                 {"POST", "/auth/register", jsonType, `[]`, 422},
			"null":                     {"POST", "/auth/register", jsonType, `null`, 422},
			"empty":                    {"POST", "/auth/register", jsonType, ``, 422},
			"wrong type":               {"POST", "/auth/register", jsonType, `{"email":1,"password":"a quiet river"}`, 422},
			"null member":              {"POST", "/auth/register", jsonType, `{"email":null,"password":"a quiet river"}`, 422},
			"unknown member":           {"POST", "/auth/register", jsonType, `{"email":"x@example.com","password":"a quiet river","roles":["admin"]}`, 422},
			"duplicate member":         {"POST", "/auth/register", jsonType, `{"email":"x@example.com","email":"y@example.com","password":"a quiet river"}`, 422},
			"other letter case":        {"POST", "/auth/register", jsonType, `{"Email":"x@example.com","password":"a quiet river"}`, 422},
			"trailing data":            {"POST", "/auth/register", jsonType, `{"email":"x@example.com","password":"a quiet river"} {}`, 422},
			"NUL":                      {"POST", "/auth/register", jsonType, `{"email":"x@example.com","password":"a quiet\u0000river"}`, 422},
			"invalid UTF-8":            {"POST", "/auth/register", jsonType, "{\"email\":\"x@example.com\",\"password\":\"a quiet river\xff\"}", 422},
			"missing member":           {"POST", "/auth/register", jsonType, `{"email":"x@example.com"}`, 422},
			"no email":                 {"POST", "/auth/register", jsonType, `{"email":"x","password":"a quiet river at dawn"}`, 422},
			"full-width email":         {"POST", "/auth/register", jsonType, `{"email":"ａda@example.com","password":"a quiet river at dawn"}`, 422},
			"zero-width email":         {"POST", "/auth/register", jsonType, `{"email":"a\u200bda@example.com","password":"a quiet river at dawn"}`, 422},
			"dotless i":                {"POST", "/auth/register", jsonType, `{"email":"adm\u0131n@example.com","password":"a quiet river at dawn"}`, 422},
			"short password":           {"POST", "/auth/register", jsonType, `{"email":"x@example.com","password":"short"}`, 422},
			"common password":          {"POST", "/auth/register", jsonType, `{"email":"x@example.com","password":"password1234"}`, 422},
			"own email as password":    {"POST", "/auth/register", jsonType, `{"email":"long-name@example.com","password":"long-name@example.com"}`, 422},
			"password over 1,024":      {"POST", "/auth/login", jsonType, `{"username":"ada@example.com","password":"` + strings.Repeat("x", 1025) + `"}`, 422},
			"the same, unknown user":   {"POST", "/auth/login", jsonType, `{"username":"nobody@example.com","password":"` + strings.Repeat("x", 1025) + `"}`, 422},
			"repeated form field":      {"POST", "/auth/login", formType, "username=ada%40example.com&username=bob%40example.com&password=x", 422},
			"NUL in a form":            {"POST", "/auth/login", formType, "username=ada%40example.com&password=%00", 422},
			"invalid UTF-8 in a form":  {"POST", "/auth/login", formType, "username=ada%40example.com&password=%ff", 422},
			"broken escape in a form":  {"POST", "/auth/login", formType, "username=%zz&password=x", 422},
			"no password":              {"POST", "/auth/login", formType, "username=ada%40example.com", 422},
			"credentials in the query": {"POST", "/auth/login?username=ada%40example.com&password=x", formType, "", 422},
			"a bare percent sign":      {"POST", "/auth/login", formType, "username=ada%40example.com&password=100% sure", 422},
			"an empty token to ask of": {"POST", "/auth/authorize", jsonType, `{"token":"","permission":"reports:read"}`, 422},
			"an empty permission":      {"POST", "/auth/authorize", jsonType, `{"permission":""}`, 422},
			"no role of any":           {"POST", "/auth/authorize", jsonType, `{"any_role":[]}`, 422},
			"too many roles":           {"POST", "/auth/authorize", jsonType, `{"any_role":["user"` + strings.Repeat(`,"user"`, 64) + `]}`, 422},
			"gzip":                     {"POST", "/auth/register", jsonType, `{}`, 415},
			"over 64 KiB, not read":    {"POST", "/auth/logout-all", jsonType, strings.Repeat(" ", 70_000), 413},
			"XML":                      {"POST", "/auth/login", "application/xml", "<a/>", 415},
			"no type":                  {"POST", "/auth/register", "", `{}`, 415},
			"another charset":          {"POST", "/auth/register", "application/json; charset=utf-16", `{}`, 415},
			"over 64 KiB":              {"POST", "/auth/login", formType, "password=" + strings.Repeat("x", 70_000), 413},
			"over 64 KiB of JSON":      {"POST", "/auth/register", jsonType, `{"name":"` + strings.Repeat("x", 70_000) + `"}`, 413},
			"roles of one's own":       {"PATCH", "/users/me", jsonType, `{"roles":["admin"]}`, 422},
			"is_active of one's own":   {"PATCH", "/users/me", jsonType, `{"is_active":true}`, 422},
			"email of one's own":       {"PATCH", "/users/me", jsonType, `{"email":"x@example.com"}`, 422},
			"name with a line break":   {"PATCH", "/users/me", jsonType, `{"name":"a\nb"}`, 422},
		} {
			t.Run(name, func(t *testing.T) {
				options := []service.Option{service.Bearer(got.AccessToken)}
				if c.contentType != "" {
					options = append(options, service.Header("Content-Type", c.contentType))
				}
				if strings.HasPrefix(c.path, "/auth") && c.path != "/auth/authorize" {
					options = options[1:]
				}
				if name == "gzip" {
					options = append(options, service.Header("Content-Encoding", "gzip"))
				}
				answer := s.Do(c.method, c.path, []byte(c.body), options...)
				if answer.Status != c.status {
					t.Errorf("status %d, want %d: %s", answer.Status, c.status, answer.Body)
				}
				if media := answer.Header.Get("Content-Type"); media != "application/problem+json" {
					t.Errorf("Content-Type %q, want application/problem+json", media)
				}
			})
		}
		var who account
		me(s, got.AccessToken).Want(http.StatusOK).Into(&who)
		if len(who.Roles) != 1 || who.Name != "" {
			t.Errorf("the account is %+v, want it unchanged", who)
		}
	})
}

func TestAnUnknownPathAndAWrongMethodAreProblems(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		s.Get("/nowhere").Want(http.StatusNotFound)
		answer := s.Get("/auth/login").Want(http.StatusMethodNotAllowed)
		if allow := answer.Header.Get("Allow"); !strings.Contains(allow, "POST") {
			t.Errorf("Allow %q, want POST in it", allow)
		}
		for path, allow := range map[string]string{"/users/me": "OPTIONS, GET, PATCH", "/users/me/sessions": "OPTIONS, GET"} {
			deleted, options := s.Do(http.MethodDelete, path, nil).Want(http.StatusMethodNotAllowed), s.Do(http.MethodOptions, path, nil)
			for _, answer := range []service.Response{deleted, options} {
				if got := answer.Header.Get("Allow"); got != allow {
					t.Errorf("%s: Allow %q, want %q", path, got, allow)
				}
			}
		}
		for _, header := range []string{"X-Request-Id", "X-Content-Type-Options"} {
			if answer.Header.Get(header) == "" {
				t.Errorf("no %s on a 405", header)
			}
		}
	})
}

func TestASemicolonInAFormIsACharacter(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "ada@example.com", "password": "a;quiet;river;at;dawn"}).Want(http.StatusAccepted)
		s.Do(http.MethodPost, "/auth/login", []byte("username=ada@example.com&password=a;quiet;river;at;dawn"),
			service.Header("Content-Type", "application/x-www-form-urlencoded")).Want(http.StatusOK)
	})
}

func TestTheHeadOfADocumentIsThatOfTheWhole(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		for _, path := range []string{"/docs", "/openapi.json", "/openapi.yaml", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"} {
			var answers [2]*http.Response
			for i, method := range []string{http.MethodGet, http.MethodHead} {
				request, err := http.NewRequest(method, s.URL+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				if answers[i], err = http.DefaultTransport.RoundTrip(request); err != nil {
					t.Fatal(err)
				}
				_ = answers[i].Body.Close()
			}
			whole, head := answers[0], answers[1]
			for _, name := range []string{"Content-Type", "Cache-Control", "ETag"} {
				if got, want := head.Header.Get(name), whole.Header.Get(name); head.StatusCode != http.StatusOK || got != want {
					t.Errorf("HEAD %s: status %d, %s %q, want 200 and %q", path, head.StatusCode, name, got, want)
				}
			}
		}
	})
}
