package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows a person how far a long command is: how many users, how many
// in a second, and how long it will take yet. Where nobody looks it shows nothing.
type progress struct {
	bar   *progressbar.ProgressBar // nil: no terminal
	began time.Time
	users int
}

// progress begins at nothing of total bytes; -1: nobody knows how many.
func (c *Console) progress(total int64) *progress {
	p := &progress{began: time.Now()}
	if !isTerminal(c.Err) {
		return p
	}
	p.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(c.Err), progressbar.OptionSetWidth(24), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true), progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetRenderBlankState(true), progressbar.OptionClearOnFinish(),
		progressbar.OptionEnableColorCodes(Colours(c.Err)),
	)
	return p
}

// at shows the bytes that are done by now, and more users.
func (p *progress) at(bytes int64, users int) {
	p.users += users
	if p.bar == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("%d users, %.0f/s", p.users, p.rate()))
	_ = p.bar.Set64(bytes) // a bar that can't be drawn is no reason to stop
}

// aside makes room for a line of text.
func (p *progress) aside() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}

func (p *progress) seconds() float64 { return time.Since(p.began).Seconds() }

// rate is users in a second.
func (p *progress) rate() float64 {
	return float64(p.users) / max(p.seconds(), 1e-3)
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
