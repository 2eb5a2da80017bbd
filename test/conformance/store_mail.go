package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func newMailToken(user domain.User, purpose domain.MailPurpose) domain.MailToken {
	return domain.MailToken{
		ID: newID[domain.MailTokenID](), UserID: user.ID, Purpose: purpose, Email: user.Email,
		Hash: domain.HashSecret(domain.RandomSecret()), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
}

func insertMailToken(t testing.TB, s application.Tx, user domain.User, purpose domain.MailPurpose) domain.MailToken {
	t.Helper()
	token := newMailToken(user, purpose)
	require(t, "insert a mailed token", s.MailTokens().Insert(t.Context(), token))
	return token
}

func appendMessage(t testing.TB, s application.Tx, due time.Time) domain.Message {
	t.Helper()
	message := domain.Message{
		ID: newID[domain.MessageID](), To: domain.StoredEmail("ada@example.com"), Template: "verify_email",
		Sealed: everyByte, CreatedAt: noon, NextAttemptAt: due,
	}
	require(t, "append a message", s.Outbox().Append(t.Context(), message))
	return message
}

var mailCases = []Case{
	{"a mailed token comes back as it was written, and is deleted once", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		other := insertMailToken(t, s, user, domain.MailVerifyEmail)
		want := newMailToken(user, domain.MailChangeEmail)
		want.Email = domain.StoredEmail("new@example.com")
		require(t, "Insert", s.MailTokens().Insert(t.Context(), want))
		got, err := s.MailTokens().MailToken(t.Context(), want.ID)
		same(t, "MailToken", got, err, want)
		done, err := s.MailTokens().Delete(t.Context(), want.ID)
		same(t, "Delete", done, err, true)
		done, err = s.MailTokens().Delete(t.Context(), want.ID)
		same(t, "Delete again", done, err, false)
		_, err = s.MailTokens().MailToken(t.Context(), want.ID)
		refuse(t, "MailToken after Delete", err, domain.ErrNotFound)
		got, err = s.MailTokens().MailToken(t.Context(), other.ID)
		same(t, "the other token", got, err, other)
		refuse(t, "Insert for nobody", s.MailTokens().Insert(t.Context(), newMailToken(newUser(), domain.MailVerifyEmail)), domain.ErrUserNotFound)
	}},
	{"of several who use a mailed token at once one succeeds", func(t testing.TB, s application.Storage) {
		token := insertMailToken(t, s, insertUser(t, s), domain.MailResetPassword)
		var outcomes tally
		together(8, func(int) { outcomes.add(s.MailTokens().Delete(t.Context(), token.ID)) })
		outcomes.want(t, "Delete", map[string]int{"true": 1, "false": 7})
	}},
	{"mailed tokens are deleted by purpose, or all of a user", func(t testing.TB, s application.Storage) {
		user, other := insertUser(t, s), insertUser(t, s)
		reset, verify := insertMailToken(t, s, user, domain.MailResetPassword), insertMailToken(t, s, user, domain.MailVerifyEmail)
		again, hers := insertMailToken(t, s, user, domain.MailResetPassword), insertMailToken(t, s, other, domain.MailResetPassword)
		there := func(what string, token domain.MailToken, want bool) {
			t.Helper()
			_, err := s.MailTokens().MailToken(t.Context(), token.ID)
			same(t, what, err == nil, nil, want)
		}
		succeed(t, "DeleteOf", s.MailTokens().DeleteOf(t.Context(), user.ID, domain.MailResetPassword))
		there("reset", reset, false)
		there("second reset", again, false)
		there("verify", verify, true)
		succeed(t, "DeleteOf all", s.MailTokens().DeleteOf(t.Context(), user.ID, ""))
		there("verify", verify, false)
		there("another user's", hers, true)
	}},
	{"sweeping mailed tokens deletes those that expired, and never more than asked", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		for range 3 {
			insertMailToken(t, s, user, domain.MailVerifyEmail)
		}
		later := newMailToken(user, domain.MailVerifyEmail)
		later.ExpiresAt = noon.Add(time.Hour + time.Microsecond)
		require(t, "Insert", s.MailTokens().Insert(t.Context(), later))
		for _, want := range []int{2, 1, 0} {
			n, err := s.MailTokens().Sweep(t.Context(), noon.Add(time.Hour), 2)
			count(t, "Sweep", n, err, want)
		}
		got, err := s.MailTokens().MailToken(t.Context(), later.ID)
		same(t, "a token that is good", got, err, later)
	}},
	{"messages are due when their time has come, the longest overdue first", func(t testing.TB, s application.Storage) {
		c := appendMessage(t, s, noon)
		a := appendMessage(t, s, noon.Add(-2*time.Second))
		b := appendMessage(t, s, noon.Add(-time.Second))
		appendMessage(t, s, noon.Add(time.Microsecond))
		got, err := s.Outbox().Due(t.Context(), noon, 9)
		same(t, "Due", got, err, []domain.Message{a, b, c})
		got, err = s.Outbox().Due(t.Context(), noon, 2)
		same(t, "Due, two", got, err, []domain.Message{a, b})
	}},
	{"a message is rescheduled and deleted", func(t testing.TB, s application.Storage) {
		message, other := appendMessage(t, s, noon), appendMessage(t, s, noon.Add(time.Second))
		message.Attempts, message.NextAttemptAt = 3, noon.Add(time.Minute)
		succeed(t, "Reschedule", s.Outbox().Reschedule(t.Context(), message.ID, 3, message.NextAttemptAt))
		got, err := s.Outbox().Due(t.Context(), noon.Add(time.Hour), 9)
		same(t, "Due", got, err, []domain.Message{other, message})
		succeed(t, "Delete", s.Outbox().Delete(t.Context(), message.ID))
		succeed(t, "Delete again", s.Outbox().Delete(t.Context(), message.ID))
		refuse(t, "Reschedule after Delete", s.Outbox().Reschedule(t.Context(), message.ID, 4, noon), domain.ErrNotFound)
		got, err = s.Outbox().Due(t.Context(), noon.Add(time.Hour), 9)
		same(t, "Due after Delete", got, err, []domain.Message{other})
	}},
}
