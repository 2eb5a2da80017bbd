package bootstrap

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/cli"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/bootstrap/standard"
)

func TestTheStockGraphIsComplete(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]fx.Option{"serve": serving(true), "commands": commanding(&cli.UseCases{})} {
		all := graph(context.Background(), &Configuration{}, io.Discard, true, []fx.Option{standard.Modules()})
		if err := fx.ValidateApp(all, part); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func storageModule(scheme string) fx.Option {
	return fx.Provide(fx.Annotate(func() application.StorageAdapter {
		return application.StorageAdapter{Scheme: scheme, Open: func(context.Context, application.StorageConfig) (application.Storage, error) {
			panic("opened although the configuration is wrong")
		}}
	}, fx.ResultTags(`group:"storage"`)))
}

// called runs a command in this process and returns exit code, stdout and stderr.
func called(t *testing.T, environ []string, modules []fx.Option, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{args: args, environ: environ, in: strings.NewReader(""), out: &out, err: &errs, modules: modules}
	return p.run(t.Context()), out.String(), errs.String()
}

func TestTwoAdaptersForOneSchemeAreRefused(t *testing.T) {
	t.Parallel()
	modules := []fx.Option{standard.Modules(), storageModule("sqlite")}
	code, _, errs := called(t, []string{"SALLYPORT_DATABASE_URL=sqlite:" + t.TempDir() + "/s.db"}, modules, "users", "list")
	if code != 2 || !strings.Contains(errs, "two adapters take the scheme sqlite") || !strings.Contains(errs, "postgres") || strings.Count(errs, "\n") != 1 {
		t.Errorf("got %d and %q, want 2 and one line that names the scheme and all others", code, errs)
	}
}

func TestAnUnknownSchemeIsAnsweredWithThoseThereAre(t *testing.T) {
	t.Parallel()
	for setting, schemes := range map[string]string{
		"SALLYPORT_DATABASE_URL":   "mysql, postgres, postgresql, sqlite",
		"SALLYPORT_RATE_LIMIT_URL": "memory, redis, rediss, off",
	} {
		environ := []string{setting + "=oracle://x", "SALLYPORT_SECRET=" + goodSecret}
		code, _, errs := called(t, environ, []fx.Option{standard.Modules(), storageModule("mysql")}, "serve")
		want := "sallyport: " + setting + ": no adapter takes its scheme; there are: " + schemes + "\n"
		if code != 2 || errs != want {
			t.Errorf("got %d and %q, want 2 and %q", code, errs, want)
		}
	}
}

type stoppedClock struct{}

func (stoppedClock) Now() time.Time { return time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC) }

func TestATeamReplacesAPortFromItsMain(t *testing.T) {
	t.Parallel()
	modules := []fx.Option{standard.Modules(), fx.Decorate(func() application.Clock { return stoppedClock{} })}
	environ := []string{"SALLYPORT_DATABASE_URL=sqlite:" + t.TempDir() + "/s.db", "SALLYPORT_BCRYPT_COST=4"}
	code, out, errs := called(t, environ, modules, "apikeys", "create", "k", "--expires-in", "1d", "--json")
	if code != 0 || !strings.Contains(out, `"expires_at": "2031-01-03T03:04:05Z"`) {
		t.Errorf("got %d, %q, %q, want a key that ends a day after the team's clock", code, out, errs)
	}
}

func TestAnErrorOfTheGraphIsOneLineForPeople(t *testing.T) {
	t.Parallel()
	broken := fx.Decorate(func() (application.Clock, error) { return nil, os.ErrDeadlineExceeded })
	code, _, errs := called(t, []string{"SALLYPORT_DATABASE_URL=sqlite:" + t.TempDir() + "/s.db"}, []fx.Option{standard.Modules(), broken}, "users", "list")
	if want := "sallyport: " + os.ErrDeadlineExceeded.Error() + "\n"; code != 1 || errs != want {
		t.Errorf("got %d and %q, want 1 and %q", code, errs, want)
	}
}
