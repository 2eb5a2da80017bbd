package echohttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// What the strict decoder takes, encoding/json reads the same way: no two
// parsers see two things in one body.
func FuzzStrictJSON(f *testing.F) {
	for _, body := range []string{
		`{"email":"ada@example.com","password":"x"}`, `{"email":"a","email":"b"}`, `{"Email":"a"}`, `{"email":null}`, `{"email":1}`, `{"x":1}`, `{}`, ``, `[]`, `null`,
		`{"email":"\u0000"}`, "{\"email\":\"\xff\"}", `{"email":"\ud800"}`, `{"email":"a"} {}`, `{"email":"a"}x`, "\ufeff{}", `{"name":"\u00e9é"}`, `{"email":"a",}`,
		strings.Repeat(`{"email":`, 200), ` { "email" : "a" } ` + "\n", `{"em\u0061il":"a"}`, `{"email":"a","em\u0061il":"b"}`, `{"name":{"a":["b"]}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got RegisterRequest
		if err := unmarshalStrictly(body, &got); err != nil {
			var known *domain.Error
			if !errors.As(err, &known) || known.Kind != domain.KindInvalid || strings.Contains(err.Error(), "echohttp") {
				t.Fatalf("%q: got %v, want an ErrInvalid that names no Go type", body, err)
			}
			return
		}
		var want RegisterRequest
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, and encoding/json reads %+v, %v", body, got, want, err)
		}
		if !utf8.Valid(body) || strings.Contains(got.Email+got.Password, "\x00") {
			t.Errorf("%q is taken, want valid UTF-8 without NUL", body)
		}
	})
}

func FuzzForm(f *testing.F) {
	for _, body := range []string{
		"username=a&password=b", "a=1&a=2", "a", "=", "&&", "a=%00", "%00=a", "a=%ff", "%zz", "a=b;c=d", "a=+%20+", "a=é", "%61=1&a=2", strings.Repeat("a=&", 50), "a==&b==",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		values, err := parseForm(body)
		if err != nil {
			if !errors.Is(err, domain.ErrInvalid) || !utf8.ValidString(err.Error()) && utf8.ValidString(body) {
				t.Fatalf("%q: got %v, want an ErrInvalid", body, err)
			}
			return
		}
		for name, list := range values {
			if len(list) != 1 || !utf8.ValidString(name+list[0]) || strings.Contains(name+list[0], "\x00") {
				t.Errorf("%q: %q is %q, want one text of valid UTF-8 without NUL", body, name, list)
			}
		}
		again, err := parseForm(values.Encode())
		if err != nil || !reflect.DeepEqual(again, values) {
			t.Errorf("%q: got %v, and that again %v, %v", body, values, again, err)
		}
	})
}

func FuzzClientAddress(f *testing.F) {
	for _, header := range []string{
		"192.0.2.1", "192.0.2.1, 10.0.0.2", "::ffff:192.0.2.1", "::ffff:10.0.0.1", "2001:db8::1%eth0", "[2001:db8::1]", "[2001:db8::1]:80", "192.0.2.1:80", ",,,", "unknown", "_hidden",
		" 192.0.2.1 ,\t10.0.0.9", "0x7f.1", "127.1", "192.0.2.01", "::", "::ffff:c000:201", strings.Repeat("10.0.0.1,", 100), "\xff", "192.0.2.1\x00",
	} {
		f.Add(header, "Mozilla/5.0", "id-1")
		f.Add("10.0.0.3", header, header)
	}
	trusting := ipExtractor([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")})
	client := func(extract echo.IPExtractor, peer, header, agent, id string) *exchange {
		request := httptest.NewRequest("GET", "/", nil)
		request.RemoteAddr = peer
		request.Header["X-Forwarded-For"], request.Header["User-Agent"], request.Header["X-Request-Id"] = []string{header}, []string{agent}, []string{id}
		e := echo.New()
		e.IPExtractor = extract
		return begin(e.NewContext(request, httptest.NewRecorder()))
	}
	f.Fuzz(func(t *testing.T, header, agent, id string) {
		for _, c := range []struct {
			extract    echo.IPExtractor
			peer, want string // "" for whatever the header says
		}{
			{ipExtractor(nil), "10.0.0.1:4711", "10.0.0.1"},
			{ipExtractor(nil), "[::ffff:192.0.2.9]:4711", "192.0.2.9"},
			{trusting, "192.0.2.9:4711", "192.0.2.9"},
			{trusting, "[2001:db8::9%eth0]:4711", "2001:db8::9"},
			{trusting, "10.0.0.1:4711", ""},
		} {
			x := client(c.extract, c.peer, header, agent, id)
			got := x.origin.Client.Address
			if c.want != "" && got != c.want {
				t.Errorf("peer %s, X-Forwarded-For %q: got %s, want the peer", c.peer, header, got)
			}
			addr, err := netip.ParseAddr(got)
			if err != nil || addr.String() != got || addr.Is4In6() || addr.Zone() != "" {
				t.Errorf("peer %s, X-Forwarded-For %q: got %q, want the one spelling of an address", c.peer, header, got)
			}
			if known := x.origin.Client.UserAgent; len(known) > domain.MaxUserAgentBytes || !utf8.ValidString(known) {
				t.Errorf("user agent %q: got %q, want valid UTF-8 of 256 bytes at most", agent, known)
			}
			if !isPlainID(x.origin.RequestID) {
				t.Errorf("request id %q: got %q, want a plain one", id, x.origin.RequestID)
			}
		}
	})
}
