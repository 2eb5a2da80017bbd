//go:build unix

package postgres

import (
	"net"
	"syscall"
)

// left reports whether the server has closed a resting connection, or has said
// something on it: unasked, it says only why it is about to close.
func left(conn net.Conn) bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = control.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT) //nolint:gosec // a file descriptor
		gone = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK && err != syscall.EINTR  //nolint:errorlint // an errno
	})
	return gone || err != nil
}
