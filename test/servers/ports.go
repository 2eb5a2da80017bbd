package servers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreePort returns a TCP port of 127.0.0.1 that is the test's own until it ends, whether or not somebody listens on it
// at the moment: its UDP namesake is held, which nobody here uses, and no other test of whatever process gets a port
// whose namesake is. It lies below the ports that systems hand to outgoing connections, so that no client can take it
// while its server is down, not even by connecting to itself.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 200 {
		port := 10000 + rand.IntN(20000)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		mark, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			_ = mark.Close()
			continue
		}
		_ = listener.Close()
		t.Cleanup(func() { _ = mark.Close() })
		return port
	}
	t.Fatal("no free port between 10000 and 30000 after 200 tries")
	return 0
}
