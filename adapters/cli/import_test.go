package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/bcrypthash"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// tiredStore does not answer in time for a while; what it was asked for is
// done all the same.
type tiredStore struct {
	application.Storage
	times int
}

func (s *tiredStore) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	if err := s.Storage.Atomically(ctx, fn); err != nil {
		return err
	}
	if s.times--; s.times >= 0 {
		return domain.ErrUnavailable
	}
	return nil
}

func TestABatchIsTriedAgainWhileStorageDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]error{0: nil, 1: nil, patience - 1: nil, patience: domain.ErrUnavailable} {
		store := &tiredStore{memory.New(), times}
		console := &Console{Err: io.Discard}
		reader, err := newAccountReader(strings.NewReader(`{"email":"ada@example.com"}`), formatJSONL)
		if err != nil {
			t.Fatal(err)
		}
		uc := &application.Import{
			Journal: application.Journal{Store: store, Recorder: application.Recorders{}, Clock: system.Clock{}, IDs: system.IDs{}},
			Hasher:  &bcrypthash.Hasher{},
		}
		run := importRun{uc: uc, refused: &refusals{console: console}, progress: console.progress(-1), pause: time.Microsecond}
		if err := run.all(t.Context(), reader); !errors.Is(err, want) {
			t.Errorf("%d times no answer: got %v, want %v", times, err, want)
		}
		if got := run.added + run.present; want == nil && got != 1 {
			t.Errorf("%d times no answer: got %d users, want 1", times, got)
		}
	}
}

func TestAnImportThatWaitsForLinesEndsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	defer out.Close() // it can't fail
	reader, err := newAccountReader(in, formatJSONL)
	if err != nil {
		t.Fatal(err)
	}
	console := &Console{Err: io.Discard}
	run := importRun{refused: &refusals{console: console}, progress: console.progress(-1)}
	stop()
	_, err = interruptible(ctx, func() (*accountReader, error) { return newAccountReader(in, formatCSV) })
	if !errors.Is(err, errInterrupted) {
		t.Errorf("waiting for the columns: got %v, want %v", err, errInterrupted)
	}
	if err := run.all(ctx, reader); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
