package bench

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

// pairs is how many logins of each kind are told apart, or not.
const pairs = 500

// guess is a login with a wrong password.
type guess []byte

func (g guess) next() []byte { return g }

func (guess) heard(status int, body []byte) error {
	if status != http.StatusUnauthorized {
		return fmt.Errorf("status %d: %s", status, body)
	}
	return nil
}

// BenchmarkTellingUsersApart takes the time of logins to an address without an
// account and, in between, of wrong passwords to one that has. Targets: a
// difference of medians of at most 1 ms or 2 %, and an AUC, how often a login
// to nobody takes longer than one to somebody, of 0.45 to 0.55. On a busy
// machine times tell little; the difference in CPU time holds there too.
func BenchmarkTellingUsersApart(b *testing.B) {
	s := service.Start(b, "sqlite:sallyport.db", "BCRYPT_COST=10")
	register(s, "ada@example.com")
	conns := connect(b, s.URL, []talker{guess(wrongRequest("nobody@example.com")), guess(wrongRequest("ada@example.com"))})
	for b.Loop() {
		load(b, conns, 20)
		took, worked := [2][]time.Duration{}, [2][]time.Duration{}
		for range pairs {
			first := rand.IntN(2)
			for _, i := range [2]int{first, 1 - first} {
				used, began := cpu(b, s.PID), time.Now()
				if err := conns[i].exchange(); err != nil {
					b.Fatal(err)
				}
				took[i] = append(took[i], time.Since(began))
				worked[i] = append(worked[i], cpu(b, s.PID)-used)
			}
		}
		nobody, somebody := quantile(took[0], 0.5), quantile(took[1], 0.5)
		tell(b, map[string]float64{
			"ms-nobody": milliseconds(nobody), "ms-somebody": milliseconds(somebody),
			"ms-difference(<=1or2%)": milliseconds((nobody - somebody).Abs()), "AUC(0.45-0.55)": auc(took[0], took[1]),
			"ms-CPU-difference": milliseconds((quantile(worked[0], 0.5) - quantile(worked[1], 0.5)).Abs()),
		})
	}
}

func wrongRequest(email string) []byte {
	return request("POST", "/auth/login", "username="+email+"&password=not+the+password", "Content-Type: application/x-www-form-urlencoded")
}

// auc is the chance that one of a is above one of b (Mann and Whitney's U,
// divided by the number of pairs).
func auc(a, b []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(b))
	above := 0.0
	for _, x := range a {
		below, _ := slices.BinarySearch(sorted, x)
		upTo, _ := slices.BinarySearch(sorted, x+1)
		above += float64(below) + float64(upTo-below)/2
	}
	return above / float64(len(a)*len(b))
}
