// Package commonpasswords knows the passwords that are guessed first.
//
// The list is the top of the SecLists project's (see LICENSE.passwords), cut
// to what is long enough to be chosen here at all, lower-cased, sorted, and
// embedded compressed: 120 KB in the binary, and 400 KB of memory from the
// first question on.
package commonpasswords

//go:generate sh vendor.sh
