package bench

import (
	"slices"
	"testing"
	"time"
)

// rounds is how often each of the compared has its turn; odd, for the median.
const rounds = 7

// contender is something that does work, and is measured while it does.
type contender struct {
	pid      int       // of the server
	database *database // behind it; nil: none
	work     func(b *testing.B, requests int)
	requests int // in one round
}

// served is a contender that answers requests over HTTP.
func served(pid int, conns []*conn, requests int) contender {
	return contender{pid: pid, requests: requests, work: func(b *testing.B, n int) { load(b, conns, n) }}
}

// turn is one round of a contender; the times are for one request.
type turn struct {
	cpu, database time.Duration
	rate          float64 // requests in a second of wall-clock time
}

func (c contender) turn(b *testing.B) turn {
	b.Helper()
	var t turn
	began := time.Now()
	t.database = c.database.spent(b, func() {
		before := cpu(b, c.pid)
		c.work(b, c.requests)
		t.cpu = cpu(b, c.pid) - before
	}) / time.Duration(c.requests)
	t.cpu /= time.Duration(c.requests)
	t.rate = float64(c.requests) / time.Since(began).Seconds()
	return t
}

// alternate gives the contenders their turns, one after the other, and
// returns the turns of each. What comes first only warms up.
func alternate(b *testing.B, contenders ...contender) [][]turn {
	b.Helper()
	turns := make([][]turn, len(contenders))
	for round := range rounds + 1 {
		for i, c := range contenders {
			if t := c.turn(b); round > 0 {
				turns[i] = append(turns[i], t)
			}
		}
	}
	return turns
}

// What can be told of a turn; times in microseconds.
func serverCPU(t turn) float64   { return float64(t.cpu) / 1e3 }
func databaseCPU(t turn) float64 { return float64(t.database) / 1e3 }
func bothCPU(t turn) float64     { return serverCPU(t) + databaseCPU(t) }
func rate(t turn) float64        { return t.rate }

// against returns the median of the quotients, round by round.
func against(ours, limit []turn, of func(turn) float64) float64 {
	quotients := make([]float64, len(ours))
	for i := range ours {
		quotients[i] = of(ours[i]) / of(limit[i])
	}
	return median(quotients)
}

// typical returns the median of one figure over the turns.
func typical(turns []turn, of func(turn) float64) float64 {
	figures := make([]float64, len(turns))
	for i, t := range turns {
		figures[i] = of(t)
	}
	return median(figures)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func quantile(took []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// tell reports figures by their units; a unit with a target says so. The
// benchmark is one run, however long, so its own time is left out.
func tell(b *testing.B, figures map[string]float64) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	for unit, value := range figures {
		b.ReportMetric(value, unit)
	}
}
