//go:build !unix

package postgres

import "net"

// left can't tell here; the next statement will.
func left(net.Conn) bool { return false }
