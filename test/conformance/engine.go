package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/kvstore"
)

// TestEngine proves a key-value engine by itself. open returns an engine of its
// own for each call, empty, and closes it by t.Cleanup. TestStore proves the
// rest, over kvstore.New of the same engine.
func TestEngine(t *testing.T, open func(t *testing.T) kvstore.Engine) {
	for name, prove := range map[string]func(*testing.T, kvstore.Engine){
		"keys are visited in their order, each way, beyond a cursor":    scansInOrder,
		"what was written is there, and what was deleted is not":        keepsWhatIsCommitted,
		"an error and a panic roll back, and come back as they were":    rollsBack,
		"of transactions that count the same thing none is lost":        losesNoUpdate,
		"waiting for another transaction ends with the context":         waitsNoLonger,
		"nobody sees what a transaction that still runs has written":    isolates,
		"a transaction sees what it wrote, and scans it in its place":   seesItsOwn,
		"what an engine is given may be used again after its Update":    sharesNothing,
		"a value of no bytes is a value, and a key without one is none": tellsEmptyFromMissing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prove(t, open(t))
		})
	}
}

func write(t *testing.T, e kvstore.Engine, keys ...string) {
	t.Helper()
	require(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error {
		for _, key := range keys {
			if err := tx.Put([]byte(key), []byte("of "+key)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// scanned returns the keys that Scan visits, at most limit.
func scanned(t *testing.T, tx kvstore.Transaction, prefix, cursor string, descending bool, limit int) (keys []string) {
	t.Helper()
	var beyond []byte
	if cursor != "" {
		beyond = []byte(cursor)
	}
	require(t, "Scan", tx.Scan([]byte(prefix), beyond, descending, func(key, value []byte) bool {
		if want := "of " + string(key); string(value) != want {
			t.Errorf("value of %q: got %q, want %q", key, value, want)
		}
		keys = append(keys, string(key))
		return len(keys) < limit
	}))
	return keys
}

func view(t *testing.T, e kvstore.Engine, look func(kvstore.Transaction)) {
	t.Helper()
	require(t, "View", e.View(t.Context(), func(tx kvstore.Transaction) error {
		look(tx)
		return nil
	}))
}

func scansInOrder(t *testing.T, e kvstore.Engine) {
	all := []string{"a\x00", "a\x001", "a\x002", "a\x003", "b", "b\x00", "b\x001", "b\x00\xff", "c\x001", "c\x002"}
	for i := range 500 { // more than a page of any database
		all = append(all, fmt.Sprintf("m\x00%04d", i))
	}
	shuffled := slices.Clone(all)
	slices.Reverse(shuffled)
	write(t, e, shuffled...)
	view(t, e, func(tx kvstore.Transaction) {
		for _, prefix := range []string{"a\x00", "b\x00", "c\x00", "m\x00", "m\x0004", "zz\x00", "0\x00", "aa\x00"} {
			for _, cursor := range []string{"", "0", "1", "15", "2", "3", "4", "0250", "0499", "9", "\xff"} {
				for _, descending := range []bool{false, true} {
					for _, limit := range []int{1, 3, 1000} {
						at := cursor
						if cursor != "" {
							at = prefix + cursor
						}
						var want []string
						for _, key := range all {
							order := bytes.Compare([]byte(key), []byte(at))
							if strings.HasPrefix(key, prefix) && (at == "" || order > 0 && !descending || order < 0 && descending) {
								want = append(want, key)
							}
						}
						if descending {
							slices.Reverse(want)
						}
						same(t, fmt.Sprintf("Scan of %q beyond %q, descending %t", prefix, at, descending),
							scanned(t, tx, prefix, at, descending, limit), nil, want[:min(limit, len(want))])
					}
				}
			}
		}
	})
}

func keepsWhatIsCommitted(t *testing.T, e kvstore.Engine) {
	write(t, e, "x\x001", "x\x002", "x\x003")
	require(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error {
		return errors.Join(tx.Delete([]byte("x\x002")), tx.Delete([]byte("nothing")))
	}))
	view(t, e, func(tx kvstore.Transaction) {
		same(t, "keys", scanned(t, tx, "x\x00", "", false, 9), nil, []string{"x\x001", "x\x003"})
		got, err := tx.Get([]byte("x\x001"))
		same(t, "Get", string(got), err, "of x\x001")
	})
}

func rollsBack(t *testing.T, e kvstore.Engine) {
	write(t, e, "x\x001")
	change := func(tx kvstore.Transaction) {
		require(t, "Put", tx.Put([]byte("x\x002"), []byte("v")))
		require(t, "Delete", tx.Delete([]byte("x\x001")))
	}
	err := e.Update(t.Context(), func(tx kvstore.Transaction) error {
		change(tx)
		return errRefused
	})
	if err != errRefused { //nolint:errorlint // unchanged is what is promised
		t.Errorf("Update: got error %v, want the very %v", err, errRefused)
	}
	func() {
		defer func() { same(t, "recover", fmt.Sprint(recover()), nil, "defect") }()
		_ = e.Update(t.Context(), func(tx kvstore.Transaction) error {
			change(tx)
			panic("defect")
		})
	}()
	view(t, e, func(tx kvstore.Transaction) {
		same(t, "keys", scanned(t, tx, "x\x00", "", false, 9), nil, []string{"x\x001"})
	})
}

func losesNoUpdate(t *testing.T, e kvstore.Engine) {
	const n = 16
	together(n, func(int) {
		succeed(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error {
			got, err := tx.Get([]byte("n"))
			return errors.Join(err, tx.Put([]byte("n"), append(bytes.Clone(got), 'x')))
		}))
	})
	view(t, e, func(tx kvstore.Transaction) {
		got, err := tx.Get([]byte("n"))
		count(t, "updates", len(got), err, n)
	})
}

func waitsNoLonger(t *testing.T, e kvstore.Engine) {
	require(t, "Update", e.Update(t.Context(), func(kvstore.Transaction) error {
		soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := e.Update(soon, func(tx kvstore.Transaction) error { return tx.Put([]byte("k"), []byte("v")) })
		if err != nil { // an engine that lets both run has nothing to wait for
			refuse(t, "Update beside another", err, context.DeadlineExceeded)
		}
		return nil
	}))
}

func isolates(t *testing.T, e kvstore.Engine) {
	require(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error {
		require(t, "Put", tx.Put([]byte("k"), []byte("v")))
		soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_ = e.View(soon, func(other kvstore.Transaction) error { // or it waits until it gives up
			got, err := other.Get([]byte("k"))
			same(t, "Get of what is not committed", got, err, nil)
			return nil
		})
		return nil
	}))
}

func seesItsOwn(t *testing.T, e kvstore.Engine) {
	write(t, e, "x\x001", "x\x003")
	require(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error {
		require(t, "Put", tx.Put([]byte("x\x002"), []byte("of x\x002")))
		require(t, "Delete", tx.Delete([]byte("x\x003")))
		same(t, "keys inside", scanned(t, tx, "x\x00", "", true, 9), nil, []string{"x\x002", "x\x001"})
		return nil
	}))
}

func sharesNothing(t *testing.T, e kvstore.Engine) {
	key, value := []byte("k"), []byte("value")
	require(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error { return tx.Put(key, value) }))
	copy(key, "j")
	copy(value, "other")
	view(t, e, func(tx kvstore.Transaction) {
		got, err := tx.Get([]byte("k"))
		same(t, "Get", string(got), err, "value")
	})
}

func tellsEmptyFromMissing(t *testing.T, e kvstore.Engine) {
	require(t, "Update", e.Update(t.Context(), func(tx kvstore.Transaction) error { return tx.Put([]byte("k"), []byte{}) }))
	view(t, e, func(tx kvstore.Transaction) {
		got, err := tx.Get([]byte("k"))
		if err != nil || got == nil || len(got) != 0 {
			t.Errorf("Get of a value of no bytes: got %v, %v, want one of none", got, err)
		}
		got, err = tx.Get([]byte("j"))
		if err != nil || got != nil {
			t.Errorf("Get of nothing: got %v, %v, want nil", got, err)
		}
	})
}
