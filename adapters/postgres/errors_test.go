package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
)

func TestAnErrorMeansWhatItMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want sqlstore.Failure
	}{
		"a rival in a serializable transaction": {&pq.Error{Code: "40001"}, sqlstore.Contended},
		"a deadlock":                            {&pq.Error{Code: "40P01"}, sqlstore.Contended},
		"a taken address":                       {&pq.Error{Code: "23505", Constraint: "users_email_key"}, sqlstore.EmailTaken},
		"another key that is taken":             {&pq.Error{Code: "23505", Constraint: "users_pkey"}, sqlstore.Defect},
		"a reference to nobody":                 {&pq.Error{Code: "23503"}, sqlstore.UserMissing},
		"an id that is none":                    {&pq.Error{Code: "22P02"}, sqlstore.NoSuchRow},
		"a full disk":                           {&pq.Error{Code: "53100"}, sqlstore.Full},
		"a standby":                             {&pq.Error{Code: "25006"}, sqlstore.Full},
		"a lock that is not to be had":          {&pq.Error{Code: "55P03"}, sqlstore.Unavailable},
		"a transaction that took too long":      {&pq.Error{Code: "25P04"}, sqlstore.Unavailable},
		"no schema yet":                         {&pq.Error{Code: "42P01"}, sqlstore.Unavailable},
		"a shutdown":                            {&pq.Error{Code: "57P01"}, sqlstore.Unavailable},
		"a server that starts":                  {connectError{&pq.Error{Code: "57P03"}}, sqlstore.Unavailable},
		"no room for one more connection":       {connectError{&pq.Error{Code: "53300"}}, sqlstore.Unavailable},
		"a wrong password":                      {connectError{&pq.Error{Code: "28P01"}}, sqlstore.Unavailable},
		"a broken connection":                   {driver.ErrBadConn, sqlstore.Unavailable},
		"an end of stream":                      {io.ErrUnexpectedEOF, sqlstore.Unavailable},
		"a reset":                               {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, sqlstore.Unavailable},
		"a deadline":                            {context.DeadlineExceeded, sqlstore.Unavailable},
		"a plan for another schema":             {&pq.Error{Code: "0A000", Message: "cached plan must not change result type"}, sqlstore.Contended},
		"a mistake in a statement":              {&pq.Error{Code: "42601"}, sqlstore.Defect},
		"something else":                        {errors.New("else"), sqlstore.Defect},
	} {
		if got := classify(fmt.Errorf("attempted: %w", c.err)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if code := pqerror.TRDeadlockDetected; code != "40P01" {
		t.Errorf("deadlock: got %s", code)
	}
}

func TestNoErrorShowsThePassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://ada:hunter2@[::1/db",
		"postgres://ada:hunter2@host:port/db",
		"postgres://ada:hunter2@host/db?sslmode=wrong",
		"postgres://ada:hunter2@host/db?connect_timeout=soon",
		"mysql://ada:hunter2@host/db",
	} {
		_, err := Open(context.Background(), Config{URL: address})
		if err == nil {
			t.Errorf("Open(%s): got nil, want an error", address)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open: got %v, want no password", err)
		}
	}
	s, err := Open(context.Background(), Config{URL: "postgres://ada:hunter2@127.0.0.1:1/db?sslmode=disable"})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer s.Close()
	if err := s.Ping(context.Background()); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Ping of a server that is not there: got %v, want an error with no password", err)
	}
}
