package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
)

// What a client gets of the server: time and room.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 15 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 12 << 10 // net/http takes 4 KiB more: 16 KiB
)

// server is the API's listener and the operations listener, and the order in
// which they start and stop.
type server struct {
	config     *Configuration
	operations *operations
	storage    application.Storage
	users      *application.Users
	rewrap     *application.Rewrap
	log        *zap.Logger
	shutdowner fx.Shutdowner
	tls        *certificate // nil: the API is served in the clear
	migrate    bool         // bring the schema up to date first

	api, ops *http.Server
	listener net.Listener // of the API
	farewell farewell
}

type serverIn struct {
	fx.In

	Config     *Configuration
	API        http.Handler `name:"api"`
	Operations *operations
	Storage    application.Storage
	Users      *application.Users
	Rewrap     *application.Rewrap
	Log        *zap.Logger
	Shutdowner fx.Shutdowner
	TLS        *certificate
}

func newServer(in serverIn, migrate bool) *server {
	s := &server{
		config: in.Config, operations: in.Operations, storage: in.Storage, users: in.Users, rewrap: in.Rewrap,
		log: in.Log, shutdowner: in.Shutdowner, tls: in.TLS, migrate: migrate,
	}
	s.api = s.httpServer(s.farewell.before(in.API))
	if s.tls != nil {
		s.api.TLSConfig = s.tls.serverConfig()
	}
	s.ops = s.httpServer(in.Operations.handler())
	return s
}

func (s *server) httpServer(handler http.Handler) *http.Server {
	// Net/http's own words are about clients that break off.
	quiet, _ := zap.NewStdLogAt(s.log, zap.DebugLevel) // an error only for a level that is none
	return &http.Server{
		Handler: handler, ErrorLog: quiet,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
}

// start binds both listeners before anything is changed, so that a taken port
// is an error at once, then migrates, then serves. The context ends when the
// process is told to stop.
func (s *server) start(ctx context.Context) error {
	api, err := bind(ctx, "ADDR", s.config.Addr)
	if err != nil {
		return err
	}
	var ops net.Listener
	if s.config.OpsAddr != "" {
		if ops, err = bind(ctx, "OPS_ADDR", s.config.OpsAddr); err != nil {
			_ = api.Close()
			return err
		}
		go s.serve(s.ops, ops, "operations") // says that it is alive while it migrates
	}
	if err := s.prepare(ctx); err != nil {
		_ = api.Close()
		_ = s.ops.Close()
		return err
	}
	if ops != nil {
		s.log.Info("operations listen", zap.String("url", "http://"+ops.Addr().String()))
	}
	s.listener = api
	go s.serve(s.api, api, "API")
	s.operations.serving.Store(true)
	url := s.config.apiScheme() + "://" + api.Addr().String()
	s.log.Info("API listens", zap.String("url", url))
	if !s.config.production() {
		s.welcome(ctx, url)
	}
	return nil
}

func bind(ctx context.Context, setting, addr string) (net.Listener, error) {
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another process: stop it, or set %s%s to a free address", addr, prefix, setting)
	case err != nil:
		return nil, fmt.Errorf("listen on %s%s: %w", prefix, setting, err)
	}
	return listener, nil
}

// prepare makes sure of what is stored before anybody is served.
func (s *server) prepare(ctx context.Context) error {
	if err := s.schema(ctx); err != nil {
		return err
	}
	return beginUnder(ctx, s.rewrap, s.log)
}

// schema brings the schema up to date, or at least makes sure that this
// release can use it. Without migrations, a database that is down now is waited for.
func (s *server) schema(ctx context.Context) error {
	status, err := s.storage.Schema(ctx)
	switch {
	case err != nil && s.migrate:
		return unreachable(err)
	case err != nil:
		s.log.Warn("the database does not answer yet", zap.Error(err))
		return nil
	}
	if err := status.Usable(); err != nil {
		return err
	}
	if s.migrate && !status.Current() {
		if err := s.storage.Migrate(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		s.log.Info("migrated", zap.Int64("from", status.Version), zap.Int64("to", status.Latest))
	}
	return nil
}

// welcome tells a developer what to do next.
func (s *server) welcome(ctx context.Context, url string) {
	if s.config.Docs == on {
		s.log.Info("try it out in a browser", zap.String("docs", url+"/docs"))
	}
	users, err := s.users.List(ctx, application.UserFilter{}, firstUser)
	if err == nil && len(users) == 0 {
		s.log.Info("there are no users yet; make the first admin in another terminal",
			zap.String("run", os.Args[0]+" users create you@example.com --role admin"))
	}
}

func (s *server) serve(server *http.Server, listener net.Listener, name string) {
	var err error
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if !s.farewell.begun.Load() && !errors.Is(err, http.ErrServerClosed) {
		s.log.Error("the "+name+" listener broke", zap.Error(err))
		_ = s.shutdowner.Shutdown(fx.ExitCode(exitFailed)) // an error says that it is under way already
	}
}
