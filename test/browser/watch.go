package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Seen is what a tab asked for, and what it complained of.
type Seen struct {
	t          testing.TB
	mu         sync.Mutex
	requests   []string
	complaints []string
}

// Watch notes from now on what the tab does.
func Watch(t testing.TB, tab context.Context) *Seen { //nolint:revive // t comes first in every helper of tests
	t.Helper()
	seen := &Seen{t: t}
	if err := chromedp.Listen(tab, seen.note); err != nil {
		t.Fatalf("watch the browser: %v", err)
	}
	return seen
}

func (s *Seen) note(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		s.requests = append(s.requests, e.Request.URL)
	case *log.EventEntryAdded: // a violation of the content security policy is one
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			s.complaints = append(s.complaints, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		s.complaints = append(s.complaints, fmt.Sprintf("script: %s (%s)", e.ExceptionDetails.Text, e.ExceptionDetails.URL))
	}
}

// Requests returns the URLs that the tab asked for, data: and blob: included.
func (s *Seen) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// Complaints returns what the browser reported: violations of a policy, failed
// requests, errors of scripts.
func (s *Seen) Complaints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.complaints...)
}

// OnlyFrom reports each request that left origin, and each complaint.
func (s *Seen) OnlyFrom(origin string) {
	s.t.Helper()
	requests := s.Requests()
	if len(requests) == 0 {
		s.t.Errorf("requests of the page: got none, want some from %s", origin)
	}
	for _, url := range requests {
		if !strings.HasPrefix(url, origin+"/") && !strings.HasPrefix(url, "data:") {
			s.t.Errorf("a request to %s: want all to %s", url, origin)
		}
	}
	for _, complaint := range s.Complaints() {
		s.t.Errorf("the browser complains: %s", complaint)
	}
}
