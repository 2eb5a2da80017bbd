package hashqueue

import "container/list"

// line holds what waits: a ring of clients, each with its tickets in order.
// Clients without one are not in it.
type line struct {
	clients map[string]*client
	ring    *list.List // of *client; the front is next
	waiting int        // tickets of all
}

type client struct {
	name    string
	tickets *list.List // of *ticket
	place   *list.Element
}

// ticket is one work's place in the line.
type ticket struct {
	client string
	gone   func() error // non-nil once nobody wants the work any more
	work   func()
	place  *list.Element // nil: it waits no more
	done   chan outcome  // of one
}

// outcome is what became of a work: err without it having run, or what it panicked with.
type outcome struct {
	err      error
	panicked any
}

func (o outcome) result() error {
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.err
}

func (t *ticket) finish(o outcome) { t.done <- o }

func newLine() line { return line{clients: map[string]*client{}, ring: list.New()} }

// join puts a work at the end of its client's tickets.
func (l *line) join(name string, gone func() error, work func()) *ticket {
	c := l.clients[name]
	if c == nil {
		c = &client{name: name, tickets: list.New()}
		c.place = l.ring.PushBack(c)
		l.clients[name] = c
	}
	t := &ticket{client: name, gone: gone, work: work, done: make(chan outcome, 1)}
	t.place = c.tickets.PushBack(t)
	l.waiting++
	return t
}

// next takes the first ticket of the client whose turn it is, who then goes to
// the end of the ring. nil when nobody waits.
func (l *line) next() *ticket {
	front := l.ring.Front()
	if front == nil {
		return nil
	}
	c := front.Value.(*client)
	t := c.tickets.Front().Value.(*ticket)
	l.leave(t)
	if c.tickets.Len() > 0 {
		l.ring.MoveToBack(c.place)
	}
	return t
}

// leave removes a ticket, and with its last one the client. It reports whether
// the ticket was still waiting.
func (l *line) leave(t *ticket) bool {
	if t.place == nil {
		return false
	}
	c := l.clients[t.client]
	c.tickets.Remove(t.place)
	t.place = nil
	l.waiting--
	if c.tickets.Len() == 0 {
		l.ring.Remove(c.place)
		delete(l.clients, c.name)
	}
	return true
}

// ahead returns how many works come before the next one of a client: its turn
// comes once in each round, and every other client has one in each.
func (l *line) ahead(name string) int {
	own, others := 0, l.ring.Len()
	if c := l.clients[name]; c != nil {
		own, others = c.tickets.Len(), others-1
	}
	return min((own+1)*(others+1)-1, l.waiting)
}
