package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"go.uber.org/dig"
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/cli"
	"github.com/sallyport-auth/sallyport/application"
)

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1 // it was tried, and failed
	exitWrong  = 2 // the call or the configuration is wrong; nothing was started or changed
)

// Main is the program: it reads the command line and the environment, does
// what they say with the modules given, and returns the exit code.
//
// Modules provide ports and contribute to value groups; a plain fx.Decorate
// among them replaces a port.
func Main(modules ...fx.Option) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	p := program{
		args: os.Args[1:], environ: os.Environ(),
		in: os.Stdin, out: os.Stdout, err: os.Stderr, modules: modules,
	}
	return p.run(ctx)
}

// program is one run of the command line.
type program struct {
	args     []string
	environ  []string
	in       io.Reader
	out, err io.Writer
	modules  []fx.Option
}

func (p *program) run(ctx context.Context) int {
	line, err := parse(p.args, newEnvironment(p.environ), p.out, p.err)
	if errors.Is(err, errHelped) {
		return exitDone
	}
	if err == nil {
		err = line.lost(p.execute(ctx, line))
	}
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintln(p.err, "sallyport: "+oneLine(err))
	if isWrong(err) {
		return exitWrong
	}
	return exitFailed
}

// execute runs the selected command, and ends what it started.
func (p *program) execute(ctx context.Context, line *commandLine) error {
	s := &service{program: p, config: &line.Configuration}
	err := line.run(ctx, &cli.Console{In: p.in, Out: p.out, Err: p.err}, s)
	return errors.Join(err, s.close())
}

// oneLine returns the cause in one line: what the graph says around it is
// about constructors, and nobody who runs the service wrote any.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(dig.RootCause(err).Error()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// isWrong tells a wrong call or configuration from a failure.
func isWrong(err error) bool {
	var setting *ConfigurationError
	var usage *cli.UsageError
	var call *kong.ParseError
	return errors.As(err, &setting) || errors.As(err, &usage) || errors.As(err, &call) ||
		errors.Is(err, application.ErrSchemaTooNew) || errors.Is(err, application.ErrOtherSecret) // say which settings mend it
}

// service is what the commands reach, and what they started.
type service struct {
	*program
	config *Configuration
	apps   []*fx.App
}

var _ cli.Service = (*service)(nil)

// Serve runs the API until ctx ends or a listener breaks.
func (s *service) Serve(ctx context.Context, migrate bool) error {
	graph := graph(ctx, s.config, s.err, true, s.modules) // counts the cores before they are raised
	// Hashing runs at low priority on threads of its own: twice as many
	// scheduler slots as cores leave one free for every request.
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	}
	app := fx.New(graph, serving(migrate))
	// fx stops only what had started when its context ends, and would forget a
	// server that was about to: told to stop, start to the end, then stop.
	if err := s.start(context.WithoutCancel(ctx), app); err != nil && ctx.Err() == nil {
		return err // told to stop while it started, it just stops
	}
	defer runtime.KeepAlive(collectRarely())
	select {
	case <-ctx.Done():
		return nil
	case signal := <-app.Wait():
		if signal.ExitCode != exitDone {
			return errors.New("the server stopped; the log says why")
		}
		return nil
	}
}

// Storage opens storage alone.
func (s *service) Storage(ctx context.Context) (storage application.Storage, err error) {
	app := fx.New(graph(ctx, s.config, s.err, false, s.modules), fx.Populate(&storage))
	return storage, s.start(ctx, app)
}

// UseCases builds what commands call, over storage with its schema in place.
func (s *service) UseCases(ctx context.Context) (uc cli.UseCases, err error) {
	app := fx.New(graph(ctx, s.config, s.err, false, s.modules), commanding(&uc))
	return uc, s.start(ctx, app)
}

// Ready asks a running server.
func (s *service) Ready(ctx context.Context) error { return healthcheck(ctx, s.config) }

// start starts app, without a limit in time: a migration takes what it takes.
func (s *service) start(ctx context.Context, app *fx.App) error {
	if err := app.Err(); err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil { // fx has stopped what had started
		return err
	}
	s.apps = append(s.apps, app)
	return nil
}

// close stops what was started.
func (s *service) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	for _, app := range s.apps {
		errs = append(errs, app.Stop(ctx))
	}
	return errors.Join(errs...)
}
