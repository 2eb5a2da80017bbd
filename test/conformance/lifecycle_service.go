package conformance

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// lifeSpans are the lifetimes of a life: short enough that it sees them end.
var lifeSpans = domain.Lifetimes{Access: 5 * time.Minute, Idle: time.Hour, Absolute: 3 * time.Hour}

const lifeGrace = 10 * time.Second

// alterations are mistakes to plant, each in its place; the zero value plants none.
type alterations struct {
	Below    func(application.Storage) application.Storage // between the storage and the line to it
	Above    func(application.Storage) application.Storage // between the line and the use cases
	State    func(application.StateReader) application.StateReader
	Signer   func(application.TokenSigner) application.TokenSigner
	Verifier func(application.TokenVerifier) application.TokenVerifier
	Hasher   func(application.PasswordHasher) application.PasswordHasher
}

// service is what is tested: the use cases, over a storage that can fail.
type service struct {
	clock  *lifeClock
	ids    application.IDs
	line   *frail
	hasher *cheapHasher
	queue  *openQueue
	secret domain.Secret
	outbox *application.Outbox
	tokens *jwttoken.Tokens

	authenticate *application.Authenticate
	refresh      *application.Refresh
	authorize    *application.Authorize
	logout       *application.Logout
	register     *application.Register
	change       *application.ChangePassword
	forgot       *application.ForgotPassword
	reset        *application.ResetPassword
	verify       *application.VerifyEmail
	move         *application.ChangeEmail
	users        *application.Users
	roles        *application.Roles
	apiKeys      *application.APIKeys
	sessions     *application.Sessions
	sweep        *application.Sweep

	altered alterations
}

func newService(storage application.Storage, altered alterations) *service {
	s := &service{
		clock: &lifeClock{}, ids: countedIDs{&idCounter}, queue: &openQueue{},
		line: &frail{Storage: alter(altered.Below, storage)}, secret: domain.RandomSecret(), altered: altered,
	}
	s.clock.set(noon)
	s.hasher = &cheapHasher{queue: s.queue}
	s.start()
	return s
}

func alter[P any](mistake func(P) P, part P) P {
	if mistake == nil {
		return part
	}
	return mistake(part)
}

// start composes the use cases, as a process does that begins: nothing is
// known but what is stored, and the secret.
func (s *service) start() {
	var store application.Store = alter(s.altered.Above, application.Storage(s.line))
	tokens, err := jwttoken.New(jwttoken.Config{
		Issuer: "https://auth.example.com", Audience: "sallyport", Algorithm: domain.HS256, Secret: s.secret, Remember: 1000,
	}, s.line.Storage, openSealer{}, s.clock)
	must(err)
	s.tokens = tokens
	signer := alter(s.altered.Signer, application.TokenSigner(tokens))
	verifier := alter(s.altered.Verifier, application.TokenVerifier(tokens))
	hasher := alter(s.altered.Hasher, application.PasswordHasher(s.hasher))
	journal := application.Journal{Store: store, Recorder: deaf{}, Clock: s.clock, IDs: s.ids}
	grants := application.Grants{Signer: signer, IDs: s.ids, Lifetimes: lifeSpans, Rotation: true, Grace: lifeGrace}
	policy := domain.PasswordPolicy{MinLength: 8}
	s.outbox = application.NewOutbox(openSealer{}, s.clock, s.ids)

	s.authenticate = &application.Authenticate{Journal: journal, Grants: grants, Hasher: hasher, Queue: s.queue}
	s.refresh = &application.Refresh{Journal: journal, Grants: grants, Verifier: verifier}
	s.authorize = &application.Authorize{Journal: journal, Verifier: verifier, State: alter(s.altered.State, application.StateReader(store))}
	s.logout = &application.Logout{Journal: journal, Verifier: verifier}
	s.register = &application.Register{Journal: journal, Hasher: hasher, Queue: s.queue, Policy: policy, Open: true, Outbox: s.outbox}
	s.change = &application.ChangePassword{Journal: journal, Grants: grants, Hasher: hasher, Queue: s.queue, Policy: policy}
	s.forgot = &application.ForgotPassword{Journal: journal, Outbox: s.outbox}
	s.reset = &application.ResetPassword{Journal: journal, Hasher: hasher, Queue: s.queue, Policy: policy}
	s.verify = &application.VerifyEmail{Journal: journal, Outbox: s.outbox}
	s.move = &application.ChangeEmail{Journal: journal, Hasher: hasher, Queue: s.queue, Outbox: s.outbox}
	s.users = &application.Users{Journal: journal, Hasher: hasher, Queue: s.queue, Policy: policy}
	s.roles = &application.Roles{Journal: journal}
	s.apiKeys = &application.APIKeys{Journal: journal}
	s.sessions = &application.Sessions{Journal: journal}
	s.sweep = &application.Sweep{Store: store, Clock: s.clock, Retention: 1000 * time.Hour}
}

// tidy empties a storage of what an earlier life left in it, but for API keys,
// which stay for the record.
func tidy(ctx context.Context, s application.Storage) error {
	users, err := s.Users().List(ctx, application.UserFilter{}, page[domain.UserID](1000))
	for _, u := range users {
		err = errors.Join(err, s.Users().Delete(ctx, u.ID))
	}
	roles, failed := s.Roles().Roles(ctx)
	err = errors.Join(err, failed)
	for _, r := range roles {
		if !r.Name.BuiltIn() {
			err = errors.Join(err, s.Roles().Delete(ctx, r.Name))
		}
	}
	_, failed = s.Audit().Sweep(ctx, noon.Add(1000*time.Hour), 100_000)
	err = errors.Join(err, failed)
	keys, failed := s.SigningKeys().SigningKeys(ctx)
	err = errors.Join(err, failed)
	for _, k := range keys {
		err = errors.Join(err, s.SigningKeys().Delete(ctx, k.ID))
	}
	due, failed := s.Outbox().Due(ctx, noon.Add(1000*time.Hour), 1000)
	err = errors.Join(err, failed)
	for _, m := range due {
		err = errors.Join(err, s.Outbox().Delete(ctx, m.ID))
	}
	return err
}
