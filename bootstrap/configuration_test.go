package bootstrap

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/cli"
)

const goodSecret = "Jq3vLr8XzN1mPwT6yKdB0hUeQ5sGfCaV"

// settingsOf parses a command under an environment, without the process's own.
func settingsOf(t *testing.T, environ []string, args ...string) (*commandLine, error) {
	t.Helper()
	if len(args) == 0 {
		args = []string{"serve"}
	}
	return parse(args, newEnvironment(environ), io.Discard, io.Discard)
}

var safeProduction = []string{
	"SALLYPORT_ENV=production", "SALLYPORT_ISSUER=https://auth.example.com", "SALLYPORT_SECRET=" + goodSecret,
}

func TestEachSettingIsRefusedOutsideItsBounds(t *testing.T) {
	t.Parallel()
	everywhere := map[string][]string{
		"ENV":                 {"", "prod", "Production"},
		"ADDR":                {"", "8080", "localhost", "localhost:http", "localhost:65536", "a b:1", "http://localhost:1"},
		"OPS_ADDR":            {"9090", "127.0.0.1:8080"},
		"LOG_LEVEL":           {"", "verbose", "INFO"},
		"LOG_FORMAT":          {"", "text"},
		"DATABASE_URL":        {"", "sallyport.db", ":memory:", "SQLite:x", "/var/lib/x.db"},
		"DATABASE_DIRECT_URL": {"postgres://localhost/x"},
		"DATABASE_MAX_CONNS":  {"", "1", "1001", "-1", "many"},
		"SECRET":              {"short", strings.Repeat("x", 31)},
		"SECRET_FILE":         {"/nonexistent/secret", "."},
		"SECRET_PREVIOUS":     {"short"},
		"ISSUER":              {"", "gate.internal.test", "ftp://x", "https://", "https://x?y", "https://x#y", "https://user@x", "http://%"},
		"AUDIENCE":            {""},
		"SIGNING_ALG":         {"", "none", "es256", "RS512"},
		"ACCESS_TOKEN_TTL":    {"", "59s", "1h0m1s", "-15m", "15", "abc"},
		"KEY_MAX_AGE":         {"-1h", "500ms", "90", "abc"},
		"REFRESH_TOKEN_TTL":   {"0s", "999ms", "-1h"},
		"SESSION_TTL":         {"0s", "-1h"},
		"REFRESH_ROTATION":    {"", "yes", "true"},
		"REFRESH_GRACE":       {"-1s", "61s"},
		"QUERY_REFRESH":       {"yes"},
		"REGISTRATION":        {"", "on"},
		"EMAIL_VERIFICATION":  {"", "on"},
		"BCRYPT_COST":         {"3", "17", "12.5", "x"},
		"PASSWORD_MIN_LENGTH": {"7", "65"},
		"AUDIT_RETENTION":     {"59m", "0"},
		"DOCS":                {"", "true"},
		"TRUSTED_PROXIES":     {"everyone", "10.0.0.0/33", "10.0.0.0/8,x"},
		"CORS_ORIGINS": {
			"gate.internal.test", "https://app.example.com/", "https://App.example.com", "https://app.example.com,x", "https://*.example.com",
			"https://app.example.com:443", "http://app.example.com:80", "https://u@app.example.com", "ftp://app.example.com", "https://app.example.com?",
		},
		"NO_MIGRATE":     {"perhaps"},
		"RATE_LIMIT_URL": {"", "memory", "off", "://localhost"},

		"LIMIT_LOGIN_CLIENT":     {"", "20", "off"},
		"LIMIT_LOGIN_FAILURES":   {"0/15m", "5/"},
		"LIMIT_ACCOUNT_FAILURES": {"-1/1h"},
		"LIMIT_REFRESH_SESSION":  {"60/1"},
		"LIMIT_REFRESH_FAILURES": {"1000001/5m"},
		"LIMIT_REGISTER":         {"5/721h"},
		"LIMIT_FORGOT_ACCOUNT":   {"3/999ms"},
		"LIMIT_FORGOT_CLIENT":    {"many/1h"},
		"LIMIT_RESET":            {"10/1m/2"},
		"LIMIT_API_KEY_FAILURES": {"20 / 1m"},
	}
	for setting, values := range everywhere {
		for _, value := range values {
			_, err := settingsOf(t, []string{"SALLYPORT_" + setting + "=" + value})
			refused(t, "SALLYPORT_"+setting, value, err)
		}
	}
}

func TestACertificateAndItsKeyAreSetTogether(t *testing.T) {
	t.Parallel()
	_, err := settingsOf(t, []string{"SALLYPORT_TLS_CERT=cert.pem"})
	refused(t, "SALLYPORT_TLS_KEY", "cert.pem", err)
	_, err = settingsOf(t, []string{"SALLYPORT_TLS_KEY=key.pem"})
	refused(t, "SALLYPORT_TLS_CERT", "key.pem", err)
}

func TestProductionRefusesWhatIsUnsafe(t *testing.T) {
	t.Parallel()
	readable := secretFile(t, goodSecret, 0o644)
	for _, c := range []struct{ setting, value string }{
		{"ISSUER", ""},
		{"RATE_LIMIT_URL", "off:"},
		{"ISSUER", "http://auth.example.com"},
		{"SECRET", strings.Repeat("abcdefghi", 5)},
		{"SECRET", "your-secret-key" + goodSecret},
		{"SECRET", goodSecret + "ChangeMe"},
		{"SECRET", "my" + goodSecret + "SECRET"},
		{"SECRET", goodSecret + "password"},
		{"SECRET", goodSecret + "example"},
		{"SECRET", strings.Repeat("x", 31)},
		{"SECRET_PREVIOUS", strings.Repeat("a", 40)},
		{"SECRET_FILE", readable},
		{"REFRESH_TOKEN_TTL", "14m"},
		{"SESSION_TTL", "14m"},
		{"ACCESS_TOKEN_TTL", "61m"},
		{"BCRYPT_COST", "9"},
		{"EMAIL_VERIFICATION", "required"},
		{"TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0"},
		{"TRUSTED_PROXIES", "::/0"},
		{"TRUSTED_PROXIES", "::ffff:0.0.0.0/96"},
		{"CORS_ORIGINS", "*"},
		{"CORS_ORIGINS", "https://app.example.com,null"},
		{"PUBLIC_URL", "http://auth.example.com"},
		{"DATABASE_URL", "postgres://u:p4ss@db.internal/s?sslmode=disable"},
		{"DATABASE_URL", "postgres://db.internal/sallyport"},
		{"DATABASE_URL", "postgresql://db.internal/s?sslmode=prefer"},
		{"DATABASE_URL", "postgres://localhost:1,db.internal:2/s?sslmode=allow"},
		{"DATABASE_URL", "postgres:///s?host=10.0.0.5&sslmode=disable"},
		{"DATABASE_URL", "postgres://localhost/s?hostaddr=10.0.0.5&sslmode=disable"},
	} {
		environ := safeProduction
		if c.setting == "SECRET_FILE" {
			environ = environ[:2]
		}
		_, err := settingsOf(t, append(environ[:len(environ):len(environ)], "SALLYPORT_"+c.setting+"="+c.value))
		refused(t, "SALLYPORT_"+c.setting, c.value, err)
	}
}

func TestADatabaseThatTheEnvironmentNamesIsReachedOverTLSToo(t *testing.T) {
	for variable, value := range map[string]string{"PGHOST": "db.internal", "PGHOSTADDR": "10.0.0.5", "PGSERVICE": "db"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			const nowhere = "postgres:///s?sslmode=disable"
			_, err := settingsOf(t, append(safeProduction[:3:3], "SALLYPORT_DATABASE_URL="+nowhere))
			refused(t, "SALLYPORT_DATABASE_URL", nowhere, err)
		})
	}
}

// refused checks for a ConfigurationError about a setting that does not show the value.
func refused(t *testing.T, setting, value string, err error) {
	t.Helper()
	var wrong *ConfigurationError
	if !errors.As(err, &wrong) || wrong.Setting != setting {
		t.Errorf("%s=%q: got %v, want an error about that setting", setting, value, err)
		return
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: got %q, want one line", setting, err)
	}
	if len(value) > 14 && strings.Contains(err.Error(), value) {
		t.Errorf("%s: got %q, which shows the value", setting, err)
	}
}

func TestWhatIsSafeIsAccepted(t *testing.T) {
	t.Parallel()
	private := secretFile(t, goodSecret+"\n", 0o600)
	for name, environ := range map[string][]string{
		"the defaults":             nil,
		"production":               safeProduction,
		"a private secret file":    append(safeProduction[:2:2], "SALLYPORT_SECRET_FILE="+private),
		"TLS to the database":      append(safeProduction[:3:3], "SALLYPORT_DATABASE_URL=postgres://db.internal/s?sslmode=verify-full"),
		"no TLS on the loopback":   append(safeProduction[:3:3], "SALLYPORT_DATABASE_URL=postgres://[::1]:5432/s?sslmode=disable"),
		"a Unix socket":            append(safeProduction[:3:3], "SALLYPORT_DATABASE_URL=postgres:///s?host=/var/run/postgresql&sslmode=disable"),
		"another team's adapter":   {"SALLYPORT_DATABASE_URL=mysql://db.internal/s"},
		"short lives when testing": {"SALLYPORT_REFRESH_TOKEN_TTL=1s", "SALLYPORT_SESSION_TTL=1s", "SALLYPORT_BCRYPT_COST=4", "SALLYPORT_REFRESH_GRACE=0"},
		"no operations listener":   {"SALLYPORT_OPS_ADDR="},
		"two free ports":           {"SALLYPORT_ADDR=127.0.0.1:0", "SALLYPORT_OPS_ADDR=127.0.0.1:0"},
		"an extension's variable":  {"SALLYPORT_X_MYSQL_FLAVOUR=mariadb"},
		"proxies":                  append(safeProduction[:3:3], "SALLYPORT_TRUSTED_PROXIES=10.0.0.0/8,fd00::/8"),
		"no proxies":               {"SALLYPORT_TRUSTED_PROXIES="},
		"origins":                  append(safeProduction[:3:3], "SALLYPORT_CORS_ORIGINS=https://app.example.com,http://localhost:5173,https://[::1]:8443"),
		"any origin when trying":   {"SALLYPORT_CORS_ORIGINS=*,null"},
		"no origins":               {"SALLYPORT_CORS_ORIGINS="},
		"what Kubernetes injects": {
			"SALLYPORT_SERVICE_HOST=10.1.2.3", "SALLYPORT_SERVICE_PORT=80", "SALLYPORT_SERVICE_PORT_HTTP=80", "SALLYPORT_PORT=tcp://10.1.2.3:80",
			"SALLYPORT_PORT_80_TCP=tcp://10.1.2.3:80", "SALLYPORT_PORT_80_TCP_PROTO=tcp", "SALLYPORT_PORT_80_TCP_PORT=80", "SALLYPORT_PORT_80_TCP_ADDR=10.1.2.3",
		},
	} {
		if _, err := settingsOf(t, environ); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
	}
}

func TestAnUnknownVariableIsNamedWithTheNearest(t *testing.T) {
	t.Parallel()
	for name, nearest := range map[string]string{
		"SALLYPORT_DATABSE_URL":      "SALLYPORT_DATABASE_URL",
		"SALLYPORT_ACCESS_TTL":       "SALLYPORT_ACCESS_TOKEN_TTL",
		"SALLYPORT_SIGNING_ALGO":     "SALLYPORT_SIGNING_ALG",
		"SALLYPORT_SECRETS":          "SALLYPORT_SECRET",
		"SALLYPORT_PORT_HTTP":        "SALLYPORT_",
		"SALLYPORT_JSON":             "SALLYPORT_",
		"SALLYPORT_XENV":             "SALLYPORT_ENV",
		"SALLYPORT_PASSWORD_MIN_LEN": "SALLYPORT_PASSWORD_MIN_LENGTH",
	} {
		for _, command := range [][]string{{"serve"}, {"version"}, {"users", "list"}} {
			_, err := settingsOf(t, []string{name + "=1"}, command...)
			var wrong *ConfigurationError
			if !errors.As(err, &wrong) || wrong.Setting != name || !strings.Contains(wrong.Mend, nearest) {
				t.Errorf("%s on %v: got %v, want an error that names it and %s", name, command, err, nearest)
			}
		}
	}
}

func TestAFlagWinsOverItsVariable(t *testing.T) {
	t.Parallel()
	line, err := settingsOf(t, []string{"SALLYPORT_BCRYPT_COST=11", "SALLYPORT_AUDIENCE=a"}, "users", "list", "--bcrypt-cost=10")
	if err != nil || line.BcryptCost != 10 || line.Audience != "a" {
		t.Fatalf("got %+v, %v, want cost 10 and audience a", line, err)
	}
}

func TestTheCallIsRefusedBeforeAnything(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"nope"}, {"users"}, {"serve", "--nope"}, {"serve", "extra"}, {"users", "create"}, {"users", "create", "not-an-address"},
		{"users", "create", "a@example.com", "--role", "Not A Role"}, {"apikeys", "create", "k", "--permission", "everything"},
		{"apikeys", "create", "k", "--expires-in", "soon"}, {"apikeys", "create", "k", "--expires-in", "0d"},
	} {
		_, err := parse(args, environment{}, io.Discard, io.Discard)
		var usage *cli.UsageError
		if !errors.As(err, &usage) || !strings.Contains(usage.Text, "--help") {
			t.Errorf("%q: got %v, want a usage error that says where to read on", args, err)
		}
	}
}

func TestAWrongFlagIsToldAsItsVariableWouldBe(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--bcrypt-cost=hunter2":      "--bcrypt-cost: must be a whole number",
		"--trusted-proxies=hunter2":  "--trusted-proxies: must be networks such as 10.0.0.0/8, separated by commas",
		"--access-token-ttl=hunter2": "--access-token-ttl: must be a duration such as 90s, 15m or 168h",
		"--docs":                     "--docs: needs a value",
	} {
		_, err := parse([]string{"serve", args}, environment{}, io.Discard, io.Discard)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
}

func TestHelpShowsVariableAndDefaultOfEverySetting(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"users", "create", "--help"}} {
		var out strings.Builder
		if _, err := parse(args, environment{}, &out, io.Discard); !errors.Is(err, errHelped) {
			t.Fatalf("%q: got %v, want errHelped", args, err)
		}
		text := strings.Join(strings.Fields(out.String()), " ")
		for _, want := range []string{
			"--database-url=URL", "[SALLYPORT_DATABASE_URL; default: sqlite:sallyport.db]",
			"[SALLYPORT_QUERY_REFRESH; default: on in development, off in production]", "[SALLYPORT_TRUSTED_PROXIES; default: none]",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q: got no %q in\n%s", args, want, out.String())
			}
		}
	}
}

func TestTheDevelopmentSecretIsMadeOnceAndPrivate(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "s.db")
	secrets := make(chan string, 8)
	var made atomic.Int32
	for range cap(secrets) { // as eight processes that start at once
		go func() {
			line, err := parse([]string{"serve"}, environment{"SALLYPORT_DATABASE_URL": "sqlite:" + database + "?x=y"}, io.Discard, io.Discard)
			if err == nil {
				var s Secrets
				s, err = line.secrets()
				if line.made != "" {
					made.Add(1)
				}
				secrets <- s.Current.Reveal()
			}
			if err != nil {
				t.Errorf("secrets: %v", err)
			}
		}()
	}
	first := <-secrets
	for range cap(secrets) - 1 {
		if next := <-secrets; next != first || len(next) < minSecretBytes {
			t.Errorf("got the secrets %q and %q, want one of 32 bytes or more", first, next)
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d say that they made the file, want one: who made it may remove it", made.Load())
	}
	info, err := os.Stat(database + ".secret")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file of mode 0600", info, err)
	}
	if left, _ := filepath.Glob(database + ".secret.*"); len(left) > 0 {
		t.Errorf("got %v left over", left)
	}
}

func TestWithoutSQLiteOrInProductionTheSecretMustBeSet(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "s.db")
	for name, environ := range map[string][]string{
		"production":  {"SALLYPORT_ENV=production", "SALLYPORT_ISSUER=https://x.example", "SALLYPORT_DATABASE_URL=sqlite:" + database},
		"PostgreSQL":  {"SALLYPORT_DATABASE_URL=postgres://localhost/s"},
		"in memory":   {"SALLYPORT_DATABASE_URL=sqlite::memory:"},
		"another one": {"SALLYPORT_DATABASE_URL=memory:"},
	} {
		line, err := settingsOf(t, environ)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = line.secrets()
		refused(t, "SALLYPORT_SECRET", "", err)
	}
	if _, err := os.Stat(database + ".secret"); err == nil {
		t.Errorf("production made a secret file")
	}
}

func TestTheSecretFileLosesItsLineEnd(t *testing.T) {
	t.Parallel()
	line, err := settingsOf(t, []string{"SALLYPORT_SECRET_FILE=" + secretFile(t, goodSecret+"\r\n", 0o600)})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := line.secrets(); err != nil || s.Current.Reveal() != goodSecret {
		t.Errorf("got %q, %v, want the file's text without the line end", s.Current.Reveal(), err)
	}
	_, err = settingsOf(t, []string{"SALLYPORT_SECRET_FILE=" + secretFile(t, goodSecret, 0o600), "SALLYPORT_SECRET=" + goodSecret})
	refused(t, "SALLYPORT_SECRET_FILE", "", err)
}

func secretFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever the environment holds: no panic, and an error is one line that does
// not show a secret.
func FuzzTheConfigurationNeverPanicsNorShowsASecret(f *testing.F) {
	f.Add("ADDR", "[::1]:80", "x")
	f.Add("TRUSTED_PROXIES", "10.0.0.0/8,,", goodSecret)
	f.Add("ISSUER", "https://[::1", goodSecret)
	f.Add("DATABASE_URL", "postgres://%zz:hunter2@/x", goodSecret)
	f.Add("SESSION_TTL", "1h1h", goodSecret)
	f.Add("_\x00", "-", goodSecret)
	f.Fuzz(func(t *testing.T, name, value, secret string) {
		for _, env := range []string{development, production} {
			_, err := parse([]string{"serve"}, environment{
				"SALLYPORT_ENV": env, "SALLYPORT_ISSUER": "https://auth.example.com", "SALLYPORT_SECRET": secret, prefix + name: value,
			}, io.Discard, io.Discard)
			if err == nil {
				continue
			}
			line := oneLine(err)
			if strings.ContainsAny(strings.ReplaceAll(line, name, ""), "\r\n") {
				t.Errorf("got %q, want one line", line)
			}
			if len(secret) >= 12 && name != secret && strings.Contains(line, secret) {
				t.Errorf("got %q, which shows the secret", line)
			}
		}
	})
}
