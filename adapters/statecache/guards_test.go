package statecache

import (
	"strconv"
	"testing"
	"time"
	"unsafe"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Each test here is one interleaving that one guard of the protocol stands
// against. TestEachGuardIsMissedWhenItIsGone takes the guards away one by one.

func TestWhatIsRememberedCostsNoQuestion(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		for range 5 {
			s.want("a read", 1)
		}
		s.asked("five reads", 1)
		s.cache.Changed(change(application.ChangedUser, "somebody else"), change(application.ChangedSigningKey, "kid"))
		s.want("after a change of something else", 1)
	})
}

func TestAChangeCountsOnTheNextRead(t *testing.T) {
	t.Parallel()
	for _, c := range watched {
		t.Run(string(c.Kind), func(t *testing.T) {
			play(t, func(s *scene) {
				s.beat()
				s.want("before", 1)
				s.write()
				s.cache.Changed(c)
				s.want("after", 2)
				s.want("after", 2)
				s.asked("two before and after", 2)
			})
		})
	}
}

func TestALoadThatHadReadBeforeAChangeIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, c := range watched {
		t.Run(string(c.Kind), func(t *testing.T) {
			play(t, func(s *scene) {
				s.beat()
				release := s.halt()
				early := s.begin() // has read version 1
				s.write()
				s.cache.Changed(c)
				s.pass()
				release()
				s.gets("who asked before the change", early, 1)
				s.want("who asks after it", 2)
			})
		})
	}
}

func TestALoadThatHadReadBeforeAChangeIsNotJoinedAfterIt(t *testing.T) {
	t.Parallel()
	for _, c := range watched { // the user's stamp is unknown until the load has answered
		t.Run(string(c.Kind), func(t *testing.T) {
			play(t, func(s *scene) {
				s.beat()
				release := s.halt()
				early := s.begin()
				s.write()
				s.cache.Changed(c)
				s.pass()
				late := s.begin()
				release()
				s.gets("who asked before the change", early, 1)
				s.gets("who asked after it", late, 2)
			})
		})
	}
}

func TestALoadThatIsKnownToBeTooOldIsNotWaitedFor(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		release := s.halt()
		early := s.begin()
		s.write()
		s.cache.Changed(change(application.ChangedSession, string(session)))
		s.pass()
		s.want("who asks after the change", 2) // while the early one is stopped
		release()
		s.gets("who asked before it", early, 1)
	})
}

func TestWhoMayJoinsTheRunningLoad(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		release := s.halt()
		var all []reading
		for range 20 {
			all = append(all, s.begin())
		}
		release()
		for _, r := range all {
			s.gets("one of twenty", r, 1)
		}
		s.asked("twenty at once", 1)
	})
}

func TestBeforeTheFirstBeatEachReadAsks(t *testing.T) {
	play(t, func(s *scene) {
		s.want("first", 1)
		s.write()
		s.want("after a change that nobody told of", 2)
	})
}

func TestWhileTheFeedIsLostEachReadAsks(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		s.want("before", 1)
		s.cache.Lost(errDown)
		s.write()
		s.want("after", 2)
		s.write()
		s.want("after once more", 3)
	})
}

func TestWhileTheFeedIsLostNobodyJoinsARunningLoad(t *testing.T) {
	play(t, func(s *scene) {
		release := s.halt()
		early := s.begin()
		s.write() // nobody tells of it
		s.pass()
		late := s.begin()
		s.asked("while the first load runs", 1)
		release()
		s.gets("who asked first", early, 1)
		s.gets("who asked after the change", late, 2)
	})
}

func TestWhileTheFeedIsLostACrowdAsksTogether(t *testing.T) {
	play(t, func(s *scene) {
		release := s.halt()
		first := s.begin()
		var crowd []reading
		for range 20 {
			crowd = append(crowd, s.begin())
		}
		s.write()
		s.pass()
		release()
		s.gets("first", first, 1)
		for _, r := range crowd {
			s.gets("one of twenty", r, 2)
		}
		s.asked("twenty-one", 2)
	})
}

func TestASilentFeedIsNotBelievedForLongerThanTheWindow(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		s.want("before", 1)
		s.write()
		time.Sleep(Window - time.Nanosecond)
		s.want("just within the window", 1)
		time.Sleep(time.Nanosecond)
		s.want("at its end", 2)
	})
}

func TestABeatCountsFromWhenItWasSent(t *testing.T) {
	play(t, func(s *scene) {
		sent := time.Now()
		time.Sleep(Window - time.Second) // on its way
		s.cache.Beat(sent)
		s.want("a second before the window's end", 1)
		s.write()
		time.Sleep(time.Second)
		s.want("at its end", 2)
	})
}

func TestABeatThatComesLateTakesNothingBack(t *testing.T) {
	play(t, func(s *scene) {
		old := time.Now()
		time.Sleep(Window - time.Second)
		s.beat()
		s.cache.Beat(old)
		s.want("before", 1)
		time.Sleep(2 * time.Second)
		s.want("when the old beat's window is over", 1)
		s.asked("both", 1)
	})
}

// TestAMachineThatSleptRemembersNothing has the wall clock go on and the
// monotonic one stand still, as in a suspended machine, and then the reverse.
func TestAMachineThatSleptRemembersNothing(t *testing.T) {
	t.Parallel()
	sent := time.Now()
	now := sent
	f := freshness{now: func() time.Time { return now }}
	f.beat(sent)
	for _, c := range []struct {
		name            string
		wall, monotonic time.Duration
		want            bool
	}{
		{"right away", 0, 0, true},
		{"a minute's sleep", time.Minute, 0, false},
		{"the wall clock set back", -time.Minute, 0, true},
		{"the wall clock set back for longer than the window", -time.Minute, Window, false},
		{"the window over", Window, Window, false},
	} {
		now = shifted(t, sent, c.wall, c.monotonic)
		if got := f.fresh(); got != c.want {
			t.Errorf("%s: fresh: got %t, want %t", c.name, got, c.want)
		}
	}
}

// shifted returns a time whose two clocks have gone on differently, which
// package time makes no other way. Durations are whole seconds.
func shifted(t *testing.T, from time.Time, wall, monotonic time.Duration) time.Time {
	t.Helper()
	type layout struct { // of time.Time: seconds since 1885 above 30 bits of nanoseconds; nanoseconds since the start
		wall uint64
		ext  int64
		_    *time.Location
	}
	to := from
	l := (*layout)(unsafe.Pointer(&to))
	l.wall = uint64(int64(l.wall) + int64(wall/time.Second)<<30)
	l.ext += int64(monotonic)
	if to.Sub(from) != monotonic || to.Round(0).Sub(from.Round(0)) != wall {
		t.Fatalf("package time keeps its times otherwise: got %v and %v, want %v and %v", to.Sub(from), to.Round(0).Sub(from.Round(0)), monotonic, wall)
	}
	return to
}

func TestWhatWasRememberedBeforeAReconnectIsNotBelievedAfterIt(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		s.want("before", 1)
		s.cache.Lost(errDown)
		s.write() // while nobody listens
		s.cache.Changed(change(application.ChangedEverything, ""))
		s.beat()
		s.want("after", 2)
	})
}

func TestALoadThatBeganLaterIsKept(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		releaseOld := s.halt()
		old := s.begin()
		s.write()
		s.cache.Changed(change(application.ChangedSession, string(session)))
		s.pass()
		young := s.begin()
		time.Sleep(patience) // it begins although the old one runs
		s.gets("the later load", young, 2)
		releaseOld()
		s.gets("the earlier load", old, 1)
		s.want("after both", 2)
		s.asked("all", 2)
	})
}

func TestALoadThatMustNotBeJoinedIsNotWaitedForLong(t *testing.T) {
	play(t, func(s *scene) {
		release := s.halt()
		stuck := s.begin()
		s.pass()
		late := s.begin()
		began := time.Now()
		s.gets("who came later", late, 1)
		if waited := time.Since(began); waited != patience {
			t.Errorf("who came later waited %v, want %v", waited, patience)
		}
		release()
		s.gets("who came first", stuck, 1)
	})
}

func TestASessionThatIsOverIsNotRemembered(t *testing.T) {
	play(t, func(s *scene) {
		s.storage.ends = time.Now().Add(time.Second)
		s.beat()
		s.want("before", 1)
		s.write()
		time.Sleep(time.Second)
		s.want("when it is over", 2)
	})
}

func TestAnAPIKeyHasItsOwnStamp(t *testing.T) {
	play(t, func(s *scene) {
		read := func() int64 {
			key, err := s.cache.APIKeyState(s.Context(), apiKey)
			if err != nil {
				s.Fatalf("APIKeyState: got error %v, want none", err)
			}
			return key.CreatedAt.Unix()
		}
		s.beat()
		for want := range int64(3) {
			if got := read(); got != want+1 {
				t.Errorf("APIKeyState: got version %d, want %d", got, want+1)
			}
			read()
			s.asked("twice", int(want)+1)
			s.write()
			s.cache.Changed(change(application.ChangedAPIKey, string(apiKey)))
		}
	})
}

// TestASharedStripeCostsOneReloadAndNoMore has a change of another session
// that shares the stripe of this one.
func TestASharedStripeCostsOneReloadAndNoMore(t *testing.T) {
	play(t, func(s *scene) {
		own := s.cache.stamps.of(application.ChangedSession, string(session))
		other := domain.SessionID("")
		for i := 0; other == ""; i++ {
			if id := strconv.Itoa(i); s.cache.stamps.of(application.ChangedSession, id) == own {
				other = domain.SessionID(id)
			}
		}
		s.beat()
		s.want("before", 1)
		s.cache.Changed(change(application.ChangedSession, string(other)))
		for range 5 {
			s.want("after", 1)
		}
		s.asked("before and after", 2)
		s.write()
		s.cache.Changed(change(application.ChangedSession, string(session)))
		s.want("after a change of its own", 2)
	})
}

func TestAKindsIDsAreItsOwn(t *testing.T) {
	t.Parallel()
	c := New(&storage{}, Config{})
	if c.stamps.of(application.ChangedSession, "1") == c.stamps.of(application.ChangedUser, "1") &&
		c.stamps.of(application.ChangedSession, "2") == c.stamps.of(application.ChangedUser, "2") {
		t.Error("a session and a user of one id share a stripe twice, want them to be told apart")
	}
}
