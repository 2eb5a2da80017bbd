package application

import (
	"errors"

	"github.com/sallyport-auth/sallyport/domain"
)

// isUnauthenticated tells a bad token from a verifier that could not tell.
func isUnauthenticated(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Kind == domain.KindUnauthenticated
}

// reasonOf returns the log's word for why a token was refused.
func reasonOf(err error) string {
	var t *domain.TokenError
	if errors.As(err, &t) {
		return t.Reason
	}
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "unknown"
}
