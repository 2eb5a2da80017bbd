// Package standard lists the adapters that the stock binary is made of.
//
// It holds no code of its own: a team that wants fewer, or others, writes its
// own list in its own main.go.
package standard
