package bootstrap

import "testing"

func TestWhoeverTunesTheCollectorKnowsBetter(t *testing.T) {
	for _, c := range []struct {
		name, gogc, limit string
		want              int
	}{
		{"nothing is set", "", "", ballastBytes},
		{"GOGC is set", "100", "", 0},
		{"GOMEMLIMIT is set", "", "128MiB", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOGC", c.gogc)
			t.Setenv("GOMEMLIMIT", c.limit)
			if got := len(collectRarely()); got != c.want {
				t.Errorf("ballast: got %d bytes, want %d", got, c.want)
			}
		})
	}
}
