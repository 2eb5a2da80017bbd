package application_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// refreshing is several refreshes of one token, each with what it came to.
type refreshing struct {
	w       *world
	user    domain.User
	first   domain.Tokens
	ended   bool // a rival has ended the session
	answers []domain.Tokens
	wrong   []string
}

func newRefreshing(t *testing.T, w *world) *refreshing {
	user := w.user(t, ada)
	return &refreshing{w: w, user: user, first: w.login(t, ada)}
}

// refresh is one of the clients: it may be refused only once the session has ended.
func (r *refreshing) refresh(ctx context.Context) {
	tokens, err := r.w.refresh().Do(ctx, r.first.Refresh.Reveal())
	switch {
	case err == nil:
		r.answers = append(r.answers, tokens)
	case !r.ended || !errors.Is(err, domain.ErrInvalidRefreshToken):
		r.wrong = append(r.wrong, fmt.Sprintf("a refresh before the session ended: got %v, want tokens", err))
	}
}

// rival does something that ends the session.
func (r *refreshing) rival(what string, do func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		if err := do(ctx); err != nil {
			r.wrong = append(r.wrong, fmt.Sprintf("%s: got %v, want no error", what, err))
		}
		r.ended = true
	}
}

func (r *refreshing) note(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// judge says what is wrong when all are done.
func (r *refreshing) judge(t *testing.T) func() string {
	return func() string {
		ctx := t.Context()
		for i, a := range r.answers {
			if a.Refresh != r.answers[0].Refresh {
				r.note("got two successors of one token, want one")
			}
			if _, err := r.w.authorize().Bearer(ctx, a.Access.Reveal()); (err == nil) == r.ended {
				r.note("an access token afterwards: got %v with the session ended: %t", err, r.ended)
			}
			if i > 0 && !r.ended {
				continue // the successor is used by now
			}
			if _, err := r.w.refresh().Do(ctx, a.Refresh.Reveal()); (err == nil) == r.ended {
				r.note("the successor afterwards: got %v with the session ended: %t", err, r.ended)
			}
		}
		if _, err := r.w.authorize().Bearer(ctx, r.first.Access.Reveal()); (err == nil) == r.ended {
			r.note("the first access token afterwards: got %v with the session ended: %t", err, r.ended)
		}
		if len(r.wrong) > 0 {
			return r.wrong[0]
		}
		return ""
	}
}

func TestParallelRefreshesOfOneTokenConvergeInEveryOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		clients int
		orders  int // at least, or too little was interleaved
		rival   func(t *testing.T, r *refreshing) func(context.Context)
	}{
		{"two", 2, 2, nil},
		{"three", 3, 18, nil},
		{"two and a logout", 2, 12, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("log out", func(ctx context.Context) error { return r.w.logout().ByRefreshToken(ctx, r.first.Refresh.Reveal()) })
		}},
		{"three and a logout", 3, 180, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("log out", func(ctx context.Context) error { return r.w.logout().ByAccessToken(ctx, r.first.Access.Reveal()) })
		}},
		{"two and a logout everywhere", 2, 12, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("log out everywhere", func(ctx context.Context) error { return r.w.logout().Everywhere(ctx, r.user.ID) })
		}},
		{"two and a new password", 2, 24, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("change the password", func(ctx context.Context) error {
				_, err := r.w.change().Do(ctx, r.user, password(oldPassword), password(newPassword))
				return err
			})
		}},
		{"three and a new password", 3, 450, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("change the password", func(ctx context.Context) error {
				_, err := r.w.change().Do(ctx, r.user, password(oldPassword), password(newPassword))
				return err
			})
		}},
		{"two and a disabling", 2, 12, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("disable", func(ctx context.Context) error { return disable(ctx, r.w, r.user.ID) })
		}},
		{"three and a disabling", 3, 180, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("disable", func(ctx context.Context) error { return disable(ctx, r.w, r.user.ID) })
		}},
		{"two and a deletion", 2, 8, func(_ *testing.T, r *refreshing) func(context.Context) {
			return r.rival("delete", func(ctx context.Context) error {
				return r.w.users().Delete(ctx, r.w.operator, r.user.ID, application.Precondition{})
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			orders, wrong := everyOrder(t, func(w *world) race {
				r := newRefreshing(t, w)
				var tasks []func(context.Context)
				for range test.clients {
					tasks = append(tasks, r.refresh)
				}
				if test.rival != nil {
					tasks = append(tasks, test.rival(t, r))
				}
				return race{tasks, r.judge(t)}
			})
			if wrong != "" {
				t.Errorf("order %d: %s", orders, wrong)
			}
			if wrong == "" && orders < test.orders {
				t.Errorf("orders: got %d, want at least %d", orders, test.orders)
			}
			t.Logf("%d orders", orders)
		})
	}
}

func disable(ctx context.Context, w *world, id domain.UserID) error {
	inactive := false
	_, err := w.users().Update(ctx, w.operator, id, application.UserChanges{Active: &inactive}, application.Precondition{})
	return err
}

// A token that is used again after the grace ends the session, whatever its
// owner does at the same moment.
func TestReuseRacingARefreshEndsTheSessionInEveryOrder(t *testing.T) {
	t.Parallel()
	_, wrong := everyOrder(t, func(w *world) race {
		r := newRefreshing(t, w)
		stolen := r.first
		var err error
		r.first, err = w.refresh().Do(t.Context(), stolen.Refresh.Reveal())
		require(t, "refresh", err)
		w.clock.wait(graceTime)
		thief := func(ctx context.Context) {
			if _, err := w.refresh().Do(ctx, stolen.Refresh.Reveal()); !errors.Is(err, domain.ErrInvalidRefreshToken) {
				r.note("the stolen token: got %v, want %v", err, domain.ErrInvalidRefreshToken)
			}
			r.ended = true
		}
		owner := func(ctx context.Context) {
			tokens, err := w.refresh().Do(ctx, r.first.Refresh.Reveal())
			if err == nil {
				r.answers = append(r.answers, tokens)
			} else if !errors.Is(err, domain.ErrInvalidRefreshToken) {
				r.note("the owner: got %v, want tokens or %v", err, domain.ErrInvalidRefreshToken)
			}
		}
		return race{[]func(context.Context){owner, thief}, r.judge(t)}
	})
	if wrong != "" {
		t.Error(wrong)
	}
}

// blindAdvance is an Advance that reads, and then writes whatever happened in
// between.
type blindAdvance struct {
	application.Storage
}

func (b blindAdvance) Sessions() application.SessionStore {
	return blindSessions{b.Storage.Sessions(), b}
}

type blindSessions struct {
	application.SessionStore
	b blindAdvance
}

func (s blindSessions) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := s.SessionStore.Advance(ctx, step)
	if err == nil && !moved && session.Generation > step.From {
		step.From = session.Generation
		return s.SessionStore.Advance(ctx, step)
	}
	return session, user, moved, err
}

func TestTheOrdersFindAnAdvanceThatDoesNotCompare(t *testing.T) {
	t.Parallel()
	_, wrong := everyOrder(t, func(w *world) race {
		r := newRefreshing(t, w)
		return race{[]func(context.Context){r.refresh, r.refresh}, r.judge(t)}
	}, func(s application.Storage) application.Storage { return blindAdvance{Storage: s} })
	if wrong == "" {
		t.Error("an Advance that does not compare: got nothing wrong, want two successors")
	}
}

func TestALoginRacingANewPasswordLeavesNoSessionOfTheOldOne(t *testing.T) {
	t.Parallel()
	for name, era := range map[string]string{"a login": "", "a login that rehashes": "later"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcomes := map[string]int{}
			orders, wrong := everyOrder(t, func(w *world) race {
				user := w.user(t, ada)
				w.hasher.era = era
				var tokens domain.Tokens
				var loginErr, changeErr error
				return race{
					tasks: []func(context.Context){
						func(ctx context.Context) {
							tokens, loginErr = w.authenticate().Do(ctx, application.Login{Username: ada, Password: password(oldPassword)})
						},
						func(ctx context.Context) {
							_, changeErr = w.change().Do(ctx, user, password(oldPassword), password(newPassword))
						},
					},
					after: func() string {
						outcomes[fmt.Sprint(loginErr)]++
						switch {
						case changeErr != nil:
							return fmt.Sprintf("change the password: got %v, want no error", changeErr)
						case loginErr != nil && !errors.Is(loginErr, domain.ErrInvalidCredentials):
							return fmt.Sprintf("log in: got %v, want tokens or %v", loginErr, domain.ErrInvalidCredentials)
						case loginErr == nil:
							if _, err := w.authorize().Bearer(t.Context(), tokens.Access.Reveal()); err == nil {
								return "the session of the old password is live, want it over"
							}
						}
						return onlyNewPassword(t.Context(), w)
					},
				}
			})
			if wrong != "" {
				t.Errorf("order %d: %s", orders, wrong)
			}
			if len(outcomes) != 2 {
				t.Errorf("outcomes of the login: got %v, want both to win and to lose", outcomes)
			}
		})
	}
}

func onlyNewPassword(ctx context.Context, w *world) string {
	for text, want := range map[string]error{oldPassword: domain.ErrInvalidCredentials, newPassword: nil} {
		if _, err := w.authenticate().Do(ctx, application.Login{Username: ada, Password: password(text)}); !errors.Is(err, want) {
			return fmt.Sprintf("log in with %q afterwards: got %v, want %v", text, err, want)
		}
	}
	return ""
}

// Ending all sessions is no reason to refuse a login that proves the password
// which is still the right one.
func TestALoginRacingALogoutEverywhereIsNotRefused(t *testing.T) {
	t.Parallel()
	_, wrong := everyOrder(t, func(w *world) race {
		user := w.user(t, ada)
		var loginErr, logoutErr error
		return race{
			tasks: []func(context.Context){
				func(ctx context.Context) {
					_, loginErr = w.authenticate().Do(ctx, application.Login{Username: ada, Password: password(oldPassword)})
				},
				func(ctx context.Context) { logoutErr = w.logout().Everywhere(ctx, user.ID) },
			},
			after: func() string {
				if loginErr != nil || logoutErr != nil {
					return fmt.Sprintf("got %v and %v, want no error", loginErr, logoutErr)
				}
				return ""
			},
		}
	})
	if wrong != "" {
		t.Error(wrong)
	}
}

func TestALoginRacingADisablingLeavesNothingThatOpens(t *testing.T) {
	t.Parallel()
	_, wrong := everyOrder(t, func(w *world) race {
		user := w.user(t, ada)
		var tokens domain.Tokens
		var loginErr, err error
		return race{
			tasks: []func(context.Context){
				func(ctx context.Context) {
					tokens, loginErr = w.authenticate().Do(ctx, application.Login{Username: ada, Password: password(oldPassword)})
				},
				func(ctx context.Context) { err = disable(ctx, w, user.ID) },
			},
			after: func() string {
				active := true
				_, enabled := w.users().Update(t.Context(), w.operator, user.ID, application.UserChanges{Active: &active}, application.Precondition{})
				if err != nil || enabled != nil || loginErr != nil && !errors.Is(loginErr, domain.ErrInvalidCredentials) {
					return fmt.Sprintf("got %v, %v and %v, want at most the login refused", err, enabled, loginErr)
				}
				if loginErr == nil {
					if _, err := w.authorize().Bearer(t.Context(), tokens.Access.Reveal()); err == nil {
						return "a session from before the disabling is live after enabling, want it over"
					}
				}
				return ""
			},
		}
	})
	if wrong != "" {
		t.Error(wrong)
	}
}

func TestOfTwoAdminsWhoActOnEachOtherOneStays(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(context.Context, *world, domain.Principal, domain.UserID) error{
		"demote": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			_, err := w.users().SetRoles(ctx, by, whom, []domain.RoleName{domain.RoleUser}, application.Precondition{})
			return err
		},
		"disable": func(ctx context.Context, w *world, _ domain.Principal, whom domain.UserID) error {
			return disable(ctx, w, whom)
		},
		"delete": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			return w.users().Delete(ctx, by, whom, application.Precondition{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, wrong := everyOrder(t, func(w *world) race {
				admins := []domain.User{w.user(t, ada, domain.RoleAdmin), w.user(t, "bob@example.com", domain.RoleAdmin)}
				errs := make([]error, 2)
				var tasks []func(context.Context)
				for i := range admins {
					by := w.principal(t, w.login(t, admins[i].Email.String()))
					tasks = append(tasks, func(ctx context.Context) { errs[i] = act(ctx, w, by, admins[1-i].ID) })
				}
				return race{tasks, func() string {
					left, err := w.store.Users().AnotherActiveAdmin(t.Context(), "")
					if err != nil || !left {
						return fmt.Sprintf("an admin is left: got %t, %v, want one", left, err)
					}
					if (errs[0] == nil) == (errs[1] == nil) {
						return fmt.Sprintf("got %v and %v, want one done and one refused", errs[0], errs[1])
					}
					return ""
				}}
			})
			if wrong != "" {
				t.Error(wrong)
			}
		})
	}
}
