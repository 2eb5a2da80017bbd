package resourceserver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxAnswers bounds how many tokens' answers are kept.
const maxAnswers = 10_000

// answers is what the issuer said of tokens lately.
type answers struct {
	config Config
	mu     sync.Mutex
	kept   map[[sha256.Size]byte]answer
}

type answer struct {
	active bool
	roles  []string
	scope  []string
	until  time.Time
}

func newAnswers(config Config) *answers {
	return &answers{config: config, kept: map[[sha256.Size]byte]answer{}}
}

// about returns the caller as the issuer sees them now: ErrInactive when the
// token is over.
func (a *answers) about(ctx context.Context, token string, caller *Caller) (*Caller, error) {
	id := sha256.Sum256([]byte(token))
	said, ok := a.lately(id)
	if !ok {
		var err error
		if said, err = a.ask(ctx, token); err != nil {
			return nil, err
		}
		a.keep(id, said)
	}
	if !said.active {
		return nil, ErrInactive
	}
	current := *caller
	current.Roles, current.Scope = said.roles, said.scope
	return &current, nil
}

func (a *answers) lately(id [sha256.Size]byte) (answer, bool) {
	if a.config.Introspection.Every <= 0 {
		return answer{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	said, ok := a.kept[id]
	return said, ok && a.config.Now().Before(said.until)
}

func (a *answers) keep(id [sha256.Size]byte, said answer) {
	if a.config.Introspection.Every <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.kept) >= maxAnswers {
		clear(a.kept) // each is asked once more, that is all
	}
	said.until = a.config.Now().Add(a.config.Introspection.Every)
	a.kept[id] = said
}

func (a *answers) ask(ctx context.Context, token string) (answer, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.Introspection.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, fmt.Errorf("introspect: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-API-Key", a.config.Introspection.APIKey)
	response, err := a.config.Client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("introspect: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("introspect: %s answered %s", a.config.Introspection.URL, response.Status)
	}
	var body struct {
		Active bool     `json:"active"`
		Roles  []string `json:"roles"`
		Scope  string   `json:"scope"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&body); err != nil {
		return answer{}, fmt.Errorf("read the introspection: %w", err)
	}
	return answer{active: body.Active, roles: body.Roles, scope: strings.Fields(body.Scope)}, nil
}
