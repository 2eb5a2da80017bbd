package e2e

import (
	"net/http"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/test/service"
)

// operation is one of the OpenAPI document, by name "METHOD /path".
type operation struct {
	method, path string
	permission   bool // it takes an API key
	members      []string
}

// documentedOperations returns every operation, with the members of its bodies.
func documentedOperations(t *testing.T) (found []operation) {
	t.Helper()
	type schema struct {
		Ref        string `yaml:"$ref"`
		Properties map[string]any
	}
	var document struct {
		Paths map[string]map[string]struct {
			Permission  string `yaml:"x-permission"`
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			} `yaml:"requestBody"`
		}
		Components struct{ Schemas map[string]schema }
	}
	var loose struct {
		Paths map[string]map[string]yaml.Node
	}
	if err := yaml.Unmarshal(echohttp.Document(), &loose); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(echohttp.Document(), &document.Components); err != nil {
		t.Fatal(err)
	}
	for path, item := range loose.Paths {
		for method, node := range item {
			if method == "parameters" {
				continue
			}
			entry := document.Paths[path][method]
			if err := node.Decode(&entry); err != nil {
				t.Fatal(err)
			}
			op := operation{method: strings.ToUpper(method), path: path, permission: entry.Permission != ""}
			for _, media := range entry.RequestBody.Content {
				s := media.Schema
				if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
					s = document.Components.Schemas[name]
				}
				for member := range s.Properties {
					op.members = append(op.members, member)
				}
			}
			found = append(found, op)
		}
	}
	return found
}

// garbage is what clients send that nobody foresaw.
var garbage = []string{
	``, `null`, `true`, `0`, `""`, `[]`, `{}`, `{"":""}`, `{`, `[[[[`, "\xff\xfe", "\x00", `{"a":1e999}`, `-`, `{"a":"\ud800"}`,
	strings.Repeat("[", 10_000), strings.Repeat(`{"a":`, 5_000), `{"a":` + strings.Repeat("9", 5_000) + `}`, `"` + strings.Repeat("x", 60_000) + `"`,
	"a=%00", "a=%ff&=&&&;", strings.Repeat("a&", 20_000), "grant_type=refresh_token&refresh_token=..", "grant_type=client_credentials&client_id=%00&client_secret=",
}

// values are put into each member of a body by itself, the others left out,
// and into all of them at once.
var values = []string{
	`null`, `0`, `-1`, `1e400`, `true`, `""`, `" "`, `"x"`, `[]`, `[null]`, `[[]]`, `["x","x"]`, `{}`, `{"a":{}}`, `"\u0000"`, `"\ud800"`, `"a\nb"`,
	`"9999-99-99T99:99:99Z"`, `"0000-01-01T00:00:00Z"`, `"292277026596-12-04T15:30:07Z"`, `"%00"`, `"../../etc/passwd"`, `"' OR 1=1 --"`,
	`"` + strings.Repeat("é", 20_000) + `"`, `["` + strings.Repeat("a", 300) + `:b"]`, `"$2b$31$aaaaaaaaaaaaaaaaaaaaaeaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`, `"a@b"`, `"sp_x_y"`,
}

// Nothing that a client sends is a 500, and every answer is one that the
// OpenAPI document foresees.
func TestGarbageAtEveryRouteIsARefusal(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		ada, _ := newUser(s, "ada@example.com")
		_, admin := newAdmin(t, s, "root@example.com")
		var key struct{ ID, Key string }
		s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "k", "permissions": []string{
			"users:read", "users:write", "users:delete", "roles:read", "roles:write", "roles:assign", "sessions:read", "sessions:revoke",
			"apikeys:read", "apikeys:write", "audit:read", "tokens:introspect",
		}}, service.Bearer(admin.AccessToken)).Want(http.StatusCreated).Into(&key)
		sent := 0
		send := func(op operation, path, contentType, body string, more ...service.Option) {
			sent++
			options := append([]service.Option{service.Header("Content-Type", contentType)}, more...)
			if op.permission || strings.HasPrefix(op.path, "/oauth/introspect") {
				options = append(options, service.Header("X-API-Key", key.Key))
			} else if !strings.HasPrefix(op.path, "/oauth/") {
				options = append(options, service.Bearer(admin.AccessToken))
			}
			if answer := s.Do(op.method, path, []byte(body), options...); answer.Status >= http.StatusInternalServerError {
				t.Errorf("%s %.200s %s %.200q: status %d: %s", op.method, path, contentType, body, answer.Status, answer.Body)
			}
		}
		for _, op := range documentedOperations(t) {
			if strings.HasPrefix(op.path, "/auth/logout") {
				continue // would end the session that the others need
			}
			id := ada.ID
			if strings.HasPrefix(op.path, "/api-keys/") || op.method == http.MethodDelete && op.path == "/users/{id}" {
				id = "01985f40-5e5e-7d3c-a1b2-c3d4e5f60718"
			}
			at := strings.NewReplacer("{id}", id, "{name}", "editor").Replace(op.path)
			if op.method != http.MethodGet && op.method != http.MethodDelete {
				for _, body := range garbage {
					send(op, at, "application/json", body)
					send(op, at, "application/x-www-form-urlencoded", body)
				}
				for _, contentType := range []string{"", "application/json;charset=utf-7", "application/xml", "a/b;;;", "multipart/form-data; boundary=x", "\u00fc"} {
					send(op, at, contentType, `{"a":1}`)
				}
				for _, value := range values {
					all := make([]string, 0, len(op.members))
					for _, member := range op.members {
						send(op, at, "application/json", `{"`+member+`":`+value+`}`)
						all = append(all, `"`+member+`":`+value)
					}
					send(op, at, "application/json", `{`+strings.Join(all, ",")+`}`)
				}
			}
			for _, query := range []string{
				"?limit=-1", "?limit=99999999999999999999", "?limit=1&limit=2", "?cursor=%00", "?cursor=" + strings.Repeat("A", 4_000), "?%ff=%ff", "?a;b", "?email=%00", "?email=%25_",
				"?role=%F0%9F%A6%8A", "?is_active=maybe", "?since=0000-01-01T00:00:00Z", "?until=9999-12-31T23:59:59.999999999%2B23:59", "?subject='", "?permission=*:*", "?url=//evil.example", "?configUrl=//evil.example",
			} {
				send(op, at+query, "application/json", "")
			}
			if strings.Contains(op.path, "{") {
				for _, parameter := range []string{"%00", "%ff", "0", "-", "00000000-0000-0000-0000-000000000000", "%2e%2e", strings.Repeat("x", 5_000), "%F0%9F%A6%8A", "'"} {
					send(op, strings.NewReplacer("{id}", parameter, "{name}", parameter).Replace(op.path), "application/json", "{}")
				}
			}
			for _, name := range []string{"If-Match", "If-None-Match", "Accept", "Accept-Encoding", "Range", "Origin", "X-Forwarded-For", "Cookie"} {
				for _, value := range []string{`"`, `*`, "\xff", strings.Repeat("a,", 2_000), `W/"-1"`, `bytes=0-,-9999999999999999999`} {
					send(op, at, "application/json", "{}", service.Header(name, value))
				}
			}
		}
		if sent < 1000 {
			t.Errorf("%d requests sent, want the document's operations to give more", sent)
		}
		if log := s.Log(); strings.Contains(log, `"msg":"panic"`) || strings.Contains(log, `"msg":"request failed"`) {
			t.Errorf("the log tells of what nobody foresaw:\n%.3000s", log)
		}
	})
}

// Credentials of every wrong kind are refusals too, on every route.
func TestGarbageForACredentialIsARefusal(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	headers := []service.Option{}
	for _, value := range []string{
		"Bearer", "Bearer ", "bearer x", "Bearer a.b.c", "Bearer " + strings.Repeat("a", 8_193), "Bearer e30.e30.", "Bearer eyJhbGciOiJub25lIn0.e30.",
		"Basic", "Basic %%%", "Basic Og==", "Basic /////w==", "Basic " + strings.Repeat("QQ", 3_000), "Digest a=b", ", ", "\xff", "Bearer \xff.\xff.\xff",
	} {
		headers = append(headers, service.Header("Authorization", value))
	}
	for _, value := range []string{"sp_", "sp__", "sp_x_y", "sp_01985f40-5e5e-7d3c-a1b2-c3d4e5f60718_" + strings.Repeat("a", 43), strings.Repeat("s", 8_000), "\xff", " "} {
		headers = append(headers, service.Header("X-API-Key", value))
	}
	for _, op := range documentedOperations(t) {
		at := strings.NewReplacer("{id}", "01985f40-5e5e-7d3c-a1b2-c3d4e5f60718", "{name}", "editor").Replace(op.path)
		for i, header := range headers {
			answer := s.Do(op.method, at, nil, header)
			if answer.Status >= http.StatusInternalServerError || op.permission && answer.Status < 400 {
				t.Errorf("%s %s with credential %d: status %d: %s", op.method, at, i, answer.Status, answer.Body)
			}
		}
	}
}
