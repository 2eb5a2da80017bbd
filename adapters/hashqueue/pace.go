package hashqueue

import "time"

const (
	// firstGuess stands for the mean until a work has been measured: bcrypt at cost 12.
	firstGuess = 250 * time.Millisecond
	// weight is what the newest measurement has in the mean, unless it is
	// shorter: then as much less. Tries that give their turn back at once, and
	// come again, would else hide how long the others take.
	weight = 0.2
)

// pace knows how long works take, and since when each worker is at its own.
type pace struct {
	mean     time.Duration
	measured bool
	since    []time.Time // by worker; zero: idle
}

func newPace(workers int) pace {
	return pace{mean: firstGuess, since: make([]time.Time, workers)}
}

func (p *pace) begin(worker int, now time.Time) { p.since[worker] = now }

func (p *pace) end(worker int, now time.Time) {
	took := now.Sub(p.since[worker])
	p.since[worker] = time.Time{}
	if !p.measured {
		p.mean, p.measured = took, true
		return
	}
	counts := weight
	if took < p.mean {
		counts *= float64(took) / float64(p.mean)
	}
	p.mean += time.Duration(counts * float64(took-p.mean))
}

// wait estimates how long a work waits that has so many ahead of it: what the
// running ones still need and what is ahead takes, spread over the workers.
func (p *pace) wait(ahead int, now time.Time) time.Duration {
	total, idle := time.Duration(ahead)*p.mean, 0
	for _, since := range p.since {
		if since.IsZero() {
			idle++
		} else {
			total += max(p.mean-now.Sub(since), 0)
		}
	}
	if idle > ahead {
		return 0
	}
	return total / time.Duration(len(p.since))
}
