package application

import (
	"context"
	"time"
)

// ChangeKind says of what a Change tells.
type ChangeKind string

// The kinds of changes.
const (
	ChangedUser       ChangeKind = "user"
	ChangedSession    ChangeKind = "session"
	ChangedRole       ChangeKind = "role"
	ChangedAPIKey     ChangeKind = "api_key"
	ChangedSigningKey ChangeKind = "signing_key"
	// ChangedEverything stands for more than can be named; its ID is empty.
	ChangedEverything ChangeKind = "everything"
)

// Change names something whose current state may differ from what anybody
// remembers: the name of a role, the kid of a signing key, or an ID.
type Change struct {
	Kind ChangeKind
	ID   string
}

// ChangeFeed tells what changed in storage. A Storage that is one gets the
// state cache; a Storage that is none is asked on every request.
type ChangeFeed interface {
	// OnChange sets who is told, before the storage is used. For a change that
	// was made through this very storage the call comes before the write
	// returns, also when it is unknown whether a COMMIT counted.
	OnChange(tell func(...Change))

	// Follow tells follower what other processes change, until ctx ends.
	// Between changes it sends beats; when it is cut off it says so at once,
	// goes on trying, and begins again with ChangedEverything. All calls come
	// from one goroutine, in the order of the commits.
	Follow(ctx context.Context, follower ChangeFollower)
}

// ChangeFollower hears a ChangeFeed.
type ChangeFollower interface {
	// Changed says that these may be other than remembered.
	Changed(changes ...Change)
	// Beat says that every change that was committed before sent, on the
	// monotonic clock, has been told.
	Beat(sent time.Time)
	// Lost says that changes may go untold from now on, until the next Beat,
	// and why; when the context of Follow has ended, with its error.
	Lost(cause error)
}

// Freshness says whether everything that was committed until some three
// seconds ago is known to have been told. While it is false, what anybody
// remembers of storage must be asked for anew.
type Freshness interface {
	Fresh() bool
}
