package resourceserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Require lets callers with a valid access token pass. The answers are those
// of RFC 6750 §3.1: 401 without a good token; 503 when the issuer can't be
// asked, because then nothing is known.
func (g *Gate) Require() func(http.Handler) http.Handler {
	return g.require(func(*Caller) bool { return true })
}

// RequireRole lets callers pass who hold at least one of the roles; others
// get 403.
func (g *Gate) RequireRole(roles ...string) func(http.Handler) http.Handler {
	return g.require(func(c *Caller) bool { return c.HasAnyRole(roles...) })
}

// RequireScope lets services pass whose scope holds the permission; others
// get 403.
func (g *Gate) RequireScope(permission string) func(http.Handler) http.Handler {
	return g.require(func(c *Caller) bool { return c.HasScope(permission) })
}

func (g *Gate) require(allowed func(*Caller) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, ok := CallerOf(r.Context()) // an outer middleware of ours may have asked already
			if !ok {
				token, given := bearer(r)
				if !given {
					refuse(w, http.StatusUnauthorized, `Bearer`, "Could not validate credentials")
					return
				}
				var err error
				if caller, err = g.Verify(r.Context(), token); err != nil {
					refuseToken(w, err)
					return
				}
			}
			if !allowed(caller) {
				refuse(w, http.StatusForbidden, `Bearer error="insufficient_scope"`, "Insufficient permissions")
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
		})
	}
}

// bearer returns the token of the one Authorization header; given is false
// when there is none. Anything else is a token that verifies as nothing.
func bearer(r *http.Request) (token string, given bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, "bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}

func refuseToken(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrInvalidToken) {
		refuse(w, http.StatusUnauthorized, `Bearer error="invalid_token"`, "Could not validate credentials")
		return
	}
	w.Header().Set("Retry-After", "1")
	refuse(w, http.StatusServiceUnavailable, "", "Service unavailable")
}

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, status int, challenge, detail string) {
	h := w.Header()
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone; nobody is left to tell
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}
