package application

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Throttle is the use cases' one way to the limits: it knows which limit holds
// for what, and by which keys. The zero Throttle limits nothing.
type Throttle struct {
	limiter Limiter
	limits  Limits
	key     *KeptKey
	clock   Clock
	ids     IDs
	gates   *gates
	bars    *bars
}

// NewThrottle returns a Throttle with limits of its own to hold. key hashes
// account names, so that the limiter never sees an address.
func NewThrottle(limiter Limiter, limits Limits, key *KeptKey, clock Clock, ids IDs) Throttle {
	return Throttle{limiter, limits.named(), key, clock, ids, newGates(), newBars()}
}

const (
	// maxParallelAttempts is how many hashes run or are reserved for one account
	// and client, over all replicas.
	maxParallelAttempts = 4
	// rowMemory is how long failures in a row are remembered, and how long a
	// client that logged in is known.
	rowMemory = 30 * 24 * time.Hour
	// networkFactor is how much more than one client, an IPv6 /64, its whole
	// network may, a /48: that is what one subscriber may hold.
	networkFactor = 4
)

// login begins a login of username, whoever that is. domain.ErrRateLimited
// for too many of the client, and while the account makes it wait.
func (t Throttle) login(ctx context.Context, username string) (*try, error) {
	if err := t.takeByClient(ctx, t.limits.LoginClient); err != nil {
		return nil, err
	}
	return t.try(ctx, username)
}

// try begins a try at the password of an account.
func (t Throttle) try(ctx context.Context, username string) (*try, error) {
	y := &try{throttle: t}
	if t.limiter == nil {
		return y, nil
	}
	var err error
	if y.attempt, err = t.attempt(ctx, username); err != nil {
		return nil, err
	}
	return y, t.limiter.Look(ctx, y.attempt)
}

// passwordReset forgets the failures of an account whose owner proved the mailbox.
func (t Throttle) passwordReset(ctx context.Context, email domain.Email) error {
	if t.limiter == nil {
		return nil
	}
	attempt, err := t.attempt(ctx, email.String())
	if err != nil {
		return err
	}
	return t.limiter.Reset(context.WithoutCancel(ctx), attempt)
}

// register counts a registration.
func (t Throttle) register(ctx context.Context) error { return t.takeByClient(ctx, t.limits.Register) }

// reset counts a mailed token that is presented for a new password.
func (t Throttle) reset(ctx context.Context) error { return t.takeByClient(ctx, t.limits.Reset) }

// verify counts a mailed token that is presented for an address, as many as
// for a new password.
func (t Throttle) verify(ctx context.Context) error {
	limit := t.limits.Reset
	limit.Name = "verify"
	return t.takeByClient(ctx, limit)
}

// mail counts a mail that somebody asks for. False says that the account has
// had enough of its kind: nobody may see that, so that the answer is the same.
func (t Throttle) mail(ctx context.Context, email domain.Email, kind string) (bool, error) {
	if err := t.takeByClient(ctx, t.limits.ForgotClient); err != nil {
		return false, err
	}
	return t.mailTo(ctx, email, kind)
}

// The kinds of mail to an account. Each is counted apart from the others, so
// that nobody uses up the resets of an owner by asking for something else.
const (
	resetMail    = "forgot-account"
	proofMail    = "verify-account"
	changeMail   = "change-account"
	registerMail = "register-account"
)

// mailTo counts a mail of a kind to an account, and says whether it has not had
// enough, so that many clients can't flood a mailbox. False as of mail.
func (t Throttle) mailTo(ctx context.Context, email domain.Email, kind string) (bool, error) {
	if t.limiter == nil {
		return true, nil
	}
	limit := t.limits.ForgotAccount
	limit.Name = kind
	account, err := t.account(ctx, email.String())
	if err != nil {
		return false, err
	}
	_, err = t.limiter.Take(ctx, Budget{limit.Name + ":{" + account + "}", limit})
	if errors.Is(err, domain.ErrRateLimited) {
		return false, nil
	}
	return err == nil, err
}

// session counts a refresh of a session.
func (t Throttle) session(ctx context.Context, id domain.SessionID) error {
	if t.limiter == nil {
		return nil
	}
	limit := t.limits.RefreshSession
	return t.take(ctx, Budget{limit.Name + ":{" + string(id) + "}", limit})
}

// refresh asks whether too many refreshes of the client have failed.
func (t Throttle) refresh(ctx context.Context) error { return t.barred(ctx, t.limits.RefreshFailures) }

// refreshFailed counts a failed refresh.
func (t Throttle) refreshFailed(ctx context.Context) error {
	return t.failed(ctx, t.limits.RefreshFailures)
}

// apiKey asks whether too many API keys of the client were wrong.
func (t Throttle) apiKey(ctx context.Context) error { return t.barred(ctx, t.limits.APIKeyFailures) }

// apiKeyFailed counts a wrong API key.
func (t Throttle) apiKeyFailed(ctx context.Context) error {
	return t.failed(ctx, t.limits.APIKeyFailures)
}

// barred asks this process alone: what is right is never asked of the limiter,
// and costs nothing.
func (t Throttle) barred(ctx context.Context, limit Limit) error {
	if t.limiter == nil {
		return nil
	}
	return t.bars.ask(limit, clientOf(ctx).key, t.clock.Now())
}

// failed counts a failure of the client, and bars it when that was the last
// one that it had.
func (t Throttle) failed(ctx context.Context, limit Limit) error {
	if t.limiter == nil {
		return nil
	}
	client := clientOf(ctx)
	status, err := t.limiter.Take(context.WithoutCancel(ctx), client.budgets(limit)...)
	var refused *domain.Error
	switch {
	case errors.As(err, &refused) && refused.Kind == domain.KindRateLimited:
		t.bars.put(limit, client.key, t.clock.Now(), refused.RetryAfter)
	case err == nil && status.Remaining == 0:
		t.bars.put(limit, client.key, t.clock.Now(), status.Reset)
	}
	return err
}

func (t Throttle) takeByClient(ctx context.Context, limit Limit) error {
	if t.limiter == nil {
		return nil
	}
	return t.take(ctx, clientOf(ctx).budgets(limit)...)
}

// take takes, and tells the origin of the request what is left.
func (t Throttle) take(ctx context.Context, budgets ...Budget) error {
	status, err := t.limiter.Take(ctx, budgets...)
	if told := OriginOf(ctx).Limits; err == nil && told != nil {
		told.Taken(status)
	}
	return err
}

// attempt describes a try at the password of username from the client of ctx.
func (t Throttle) attempt(ctx context.Context, username string) (Attempt, error) {
	account, err := t.account(ctx, username)
	if err != nil {
		return Attempt{}, err
	}
	client, limit := clientOf(ctx), t.limits.LoginFailures
	pair := Backoff{Limit: limit, FirstWait: limit.Window / 15, MaxWait: limit.Window, Parallel: maxParallelAttempts}
	always := []FailureBudget{{limit.Name + ":{" + account + "}" + client.key, pair}}
	if client.network != "" {
		network := pair
		network.Limit, network.Parallel = limit.times(networkFactor), 0
		always = append(always, FailureBudget{limit.Name + ":{" + account + "}" + client.network, network})
	}
	limit = t.limits.AccountFailures
	row := Backoff{Limit: limit, FirstWait: limit.Window, MaxWait: limit.Window, Fades: true}
	row.Window = rowMemory // failures in a row are few, however long ago
	everybody := limit.Name + ":{" + account + "}"
	return Attempt{
		ID: t.ids.NewID(), Always: always,
		Stranger: FailureBudget{everybody, row}, Own: FailureBudget{everybody + client.key, row},
		Known: "known:{" + account + "}" + client.key, KnownFor: rowMemory,
	}, nil
}

// account returns the key of an account, which need not exist.
func (t Throttle) account(ctx context.Context, username string) (string, error) {
	key, err := t.key.Key(ctx)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(hashOfAddress(key, username)), nil
}
