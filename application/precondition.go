package application

import (
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Precondition is what a caller demands of what they are about to change (RFC
// 9110 §13.1), so that nobody overwrites what they have not seen. The zero
// Precondition demands nothing.
type Precondition struct {
	// Known is the revisions, by UpdatedAt, of which it must have one; nil: any.
	Known  []time.Time
	Exists bool // it must be there
	Absent bool // it must not be there
}

// check returns domain.ErrPreconditionFailed unless p holds for what was last
// changed at updated, which is zero for what is not there.
func (p Precondition) check(updated time.Time) error {
	there := !updated.IsZero()
	if p.Exists && !there || p.Absent && there || p.Known != nil && !slices.ContainsFunc(p.Known, updated.Equal) {
		return domain.ErrPreconditionFailed
	}
	return nil
}

// IfRevision demands what was last changed at updated.
func IfRevision(updated time.Time) Precondition {
	return Precondition{Known: []time.Time{updated}}
}
