package redislimit

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
)

// What a script of attempts answers first.
const (
	refused = iota
	yes
	busy
)

// outcomes are the script's words.
var outcomes = map[application.AttemptOutcome]string{
	application.AttemptFailed:    "failed",
	application.AttemptSucceeded: "succeeded",
	application.AttemptVoid:      "void",
}

// Look asks the attempt's budgets.
func (l *Limiter) Look(ctx context.Context, a application.Attempt) error {
	answer, ok, err := l.ask(ctx, "look", a)
	if err == nil && !ok {
		return l.fallback.Look(ctx, a)
	}
	if err != nil {
		return err
	}
	return refusal(a, answer)
}

// Reserve takes a possible failure from each of the attempt's budgets.
func (l *Limiter) Reserve(ctx context.Context, a application.Attempt) (bool, error) {
	answer, ok, err := l.ask(ctx, "reserve", a)
	if err == nil && !ok {
		return l.fallback.Reserve(ctx, a)
	}
	if err == nil {
		err = refusal(a, answer)
	}
	return err == nil && answer[0] == yes, err
}

// Settle gives the reservation back, and counts a failure.
func (l *Limiter) Settle(ctx context.Context, a application.Attempt, outcome application.AttemptOutcome) error {
	_, ok, err := l.ask(ctx, outcomes[outcome], a)
	if err == nil && !ok {
		return l.fallback.Settle(ctx, a, outcome)
	}
	return err
}

// Reset forgets the failures of the attempt's account.
func (l *Limiter) Reset(ctx context.Context, a application.Attempt) error {
	longest := int64(0)
	for _, b := range budgets(a) {
		longest = max(longest, (b.Backoff.Window + b.Backoff.MaxWait).Microseconds())
	}
	keys, args := l.arguments("reset", a)
	_, ok, err := l.line.run(ctx, attemptScript, keys[:2], append(args, longest))
	if err == nil && !ok {
		return l.fallback.Reset(ctx, a)
	}
	return err
}

func (l *Limiter) ask(ctx context.Context, verb string, a application.Attempt) (answer []int64, ok bool, err error) {
	keys, args := l.arguments(verb, a)
	for _, b := range budgets(a) {
		args = append(args, b.Backoff.Count, b.Backoff.Window.Microseconds(),
			b.Backoff.FirstWait.Microseconds(), b.Backoff.MaxWait.Microseconds(), b.Backoff.Parallel, step(b.Backoff))
	}
	return l.line.run(ctx, attemptScript, keys, args)
}

// arguments returns a script's keys, and its arguments up to the budgets.
func (l *Limiter) arguments(verb string, a application.Attempt) (keys []string, args []any) {
	keys = append(keys, l.prefix+a.Known, l.prefix+"reset{"+a.Tag()+"}")
	for _, b := range budgets(a) {
		keys = append(keys, l.prefix+b.Key)
	}
	return keys, []any{l.now(), verb, a.ID, application.ReservationLease.Microseconds(), a.KnownFor.Microseconds()}
}

// budgets returns all of an attempt's budgets in the script's order.
func budgets(a application.Attempt) []application.FailureBudget {
	return append([]application.FailureBudget{a.Stranger, a.Own}, a.Always...)
}

// refusal returns the error of an answer that refuses.
func refusal(a application.Attempt, answer []int64) error {
	if answer[0] != refused {
		return nil
	}
	return budgets(a)[answer[1]].Backoff.Exceeded(duration(answer[2]))
}

// step returns how many microseconds a failure adds to what a row of them is
// remembered for; 0 where that is the window, however many they are.
func step(b application.Backoff) int64 {
	if !b.Fades {
		return 0
	}
	return b.Memory(1).Microseconds()
}
