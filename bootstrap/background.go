package bootstrap

import "context"

// background is work that runs beside the server: from after its start until
// after its stop, so that the last request still finds it.
type background struct {
	run    func(context.Context)
	cancel context.CancelFunc // nil: not started
	done   chan struct{}
}

func (b *background) start() {
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel, b.done = cancel, make(chan struct{})
	go func() {
		defer close(b.done)
		b.run(ctx)
	}()
}

// stop ends what start began, and waits for it until ctx ends.
func (b *background) stop(ctx context.Context) {
	if b.cancel == nil {
		return
	}
	b.cancel()
	select {
	case <-b.done:
	case <-ctx.Done():
	}
}
