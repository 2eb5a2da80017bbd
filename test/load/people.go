package load

import (
	"bufio"
	"fmt"
	"io"
)

// Password is everybody's.
const (
	Password = "an old lamp in the hall"
	hash     = "$2b$04$IYuS.C.35IMSG3xwfQ1ySO96HckO.ZRF3mb727iMqD1VNBION4jJS" // of the lowest cost: it is not what is measured
)

// Email returns the address of one of the people.
func Email(i int) string { return fmt.Sprintf("user%07d@example.com", i) }

func disabled(i int) bool { return i%100 == 13 }

// WritePeople writes the first n of the people as JSON Lines: one in a hundred
// is a moderator, and one in a hundred disabled.
func WritePeople(out io.Writer, n int) error {
	w := bufio.NewWriter(out)
	for i := range n {
		roles := `"user"`
		if i%100 == 7 {
			roles = `"user","moderator"`
		}
		_, err := fmt.Fprintf(w, `{"email":%q,"password_hash":%q,"name":"User %d","roles":[%s],"is_active":%t,"email_verified":%t,"created_at":"2020-02-29T12:00:00Z"}`+"\n",
			Email(i), hash, i, roles, !disabled(i), i%2 == 0)
		if err != nil {
			return err
		}
	}
	return w.Flush()
}
