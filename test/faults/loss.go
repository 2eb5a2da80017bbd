package faults

import "slices"

// Loss describes which answers of a PostgreSQL server get lost, and how.
type Loss struct {
	Match       func(Message) bool // the message whose answer is lost; nil means Commit
	Skip        int                // how many matches are spared first
	Times       int                // how many answers are lost then; 0 means one, -1 all
	Undelivered bool               // the message itself is lost: the server never sees it
	EOF         bool               // the client sees an orderly end of the connection, not a reset
}

// Armed is a Loss on the watch.
type Armed struct {
	proxy *Proxy
	loss  Loss
	skip  int // still to be spared
	left  int // still to be lost; negative: all
	fired int
}

// LoseAnswer arms a loss. The server gets the message that matches, with all up to the next Sync, and runs it to its
// end (ReadyForQuery); the client gets nothing of the answer: its connection ends then. Several may be armed.
func (p *Proxy) LoseAnswer(loss Loss) *Armed {
	if loss.Match == nil {
		loss.Match = Commit
	}
	a := &Armed{proxy: p, loss: loss, skip: loss.Skip, left: loss.Times}
	if loss.Times == 0 {
		a.left = 1
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = append(p.armed, a)
	return a
}

// Fired returns how many clients have lost their answer.
func (a *Armed) Fired() int {
	a.proxy.mu.Lock()
	defer a.proxy.mu.Unlock()
	return a.fired
}

// Disarm ends the watch. What has matched already is still lost.
func (a *Armed) Disarm() {
	a.proxy.mu.Lock()
	defer a.proxy.mu.Unlock()
	a.proxy.armed = slices.DeleteFunc(a.proxy.armed, func(other *Armed) bool { return other == a })
}

// see shows a message to the observer, and returns the loss that it matches, if any. A busy connection is one that is
// about to lose an answer already.
func (p *Proxy) see(message Message, busy bool) *Armed {
	p.mu.Lock()
	observer, armed := p.observer, slices.Clone(p.armed)
	p.mu.Unlock()
	if observer != nil {
		observer(message)
	}
	if busy {
		return nil
	}
	for _, a := range armed {
		if a.loss.Match(message) && a.take() {
			return a
		}
	}
	return nil
}

// take uses one of the losses up, unless this match is to be spared or none is left.
func (a *Armed) take() bool {
	a.proxy.mu.Lock()
	defer a.proxy.mu.Unlock()
	switch {
	case a.skip > 0:
		a.skip--
		return false
	case a.left == 0:
		return false
	case a.left > 0:
		a.left--
	}
	return true
}

// strike ends a client's connection in the way asked for.
func (a *Armed) strike(l *link) {
	a.proxy.mu.Lock()
	a.fired++
	a.proxy.mu.Unlock()
	if a.loss.EOF {
		l.end(byClose)
		return
	}
	l.end(byReset)
}
