package system

import (
	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.IDs = IDs{}

// IDs makes identifiers from the machine's clock and randomness.
type IDs struct{}

// NewID returns a UUID of version 7 (RFC 9562 §5.7) in canonical form. Those
// of one process rise in the order of their making.
func (IDs) NewID() string {
	return uuid.Must(uuid.NewV7()).String() // its one error is crypto/rand's, which never returns one
}
