package application_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

const ada, grace = "ada@example.com", "grace@example.com"

func TestAMailedTokenVerifiesTheAddressOnce(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	if p.signUp(ada).EmailVerified() {
		t.Fatal("a new address is verified, want not yet")
	}
	token := p.tokenIn(p.mailTo(ada), "verify-email")
	if err := p.verify.Do(t.Context(), token); err != nil {
		t.Fatalf("verify: %v", err)
	}
	if !p.user(ada).EmailVerified() {
		t.Error("the address is not verified")
	}
	p.refused("the same token again", p.verify.Do(t.Context(), token), domain.ErrInvalidMailToken)
}

func TestEveryTokenThatIsWrongGetsOneAnswer(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	p.deliver()
	ask := func() string {
		if err := p.forgot.Do(t.Context(), user.Email); err != nil {
			t.Fatalf("forgot: %v", err)
		}
		return p.tokenIn(p.mailTo(ada), "reset-password")
	}
	token := ask()
	other := []byte(token)
	other[0] ^= 1
	try := func(token string) error { return p.reset.Do(t.Context(), token, password("another password")) }
	for name, text := range map[string]string{
		"nothing": "", "no token": "abc", "another secret": string(other), "a secret without its end": token[1:],
		"another id": token[:len(token)-1] + "z", "an unknown id": token[:len(token)-36] + "01985f40-5e5e-7d3c-a1b2-c3d4e5f60718",
	} {
		p.refused(name, try(text), domain.ErrInvalidMailToken)
	}
	p.refused("a reset where a verification belongs", p.verify.Do(t.Context(), token), domain.ErrInvalidMailToken)
	p.pass(30 * time.Minute)
	p.refused("after half an hour", try(token), domain.ErrInvalidMailToken)

	token = ask()
	user.Status = domain.StatusDisabled
	if err := p.store.Users().Update(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	p.refused("of a disabled user", try(token), domain.ErrInvalidMailToken)
	user.Status, user.Email = domain.StatusActive, email(t, "moved@example.com")
	if err := p.store.Users().Update(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	p.refused("of a former address", try(token), domain.ErrInvalidMailToken)
	if err := p.store.Users().Delete(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	p.refused("of a deleted user", try(token), domain.ErrInvalidMailToken)
	if got := p.last(domain.PasswordReset); got.Outcome != domain.Failure {
		t.Errorf("event: got %+v, want a failure", got)
	}
}

func TestAResetReplacesThePasswordAndEndsWhatWasBefore(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	session := domain.NewSession("s", user, p.Now(), domain.Lifetimes{Idle: time.Hour, Absolute: time.Hour}, domain.Client{})
	if err := p.store.Sessions().Insert(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	verification := p.tokenIn(p.mailTo(ada), "verify-email")
	ask := func() string {
		if err := p.forgot.Do(t.Context(), user.Email); err != nil {
			t.Fatal(err)
		}
		return p.tokenIn(p.mailTo(ada), "reset-password")
	}
	older, newer := ask(), ask()

	if err := p.reset.Do(t.Context(), older, password("short")); !refusedOn(err, "new_password") {
		t.Errorf("a short password: got %v, want a refusal of new_password", err)
	}
	if err := p.reset.Do(t.Context(), older, password("another password")); err != nil {
		t.Fatalf("reset after a refused password: %v", err)
	}
	if !p.accepts(ada, "another password") {
		t.Error("the new password is not the one that was chosen")
	}
	if !p.user(ada).EmailVerified() {
		t.Error("the address is not verified, although the mailbox was proved")
	}
	state, err := p.store.SessionState(t.Context(), session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := state.Principal(p.Now()); err == nil {
		t.Error("the session from before is still good")
	}
	for name, token := range map[string]string{"the same token": older, "another reset": newer} {
		p.refused(name, p.reset.Do(t.Context(), token, password("a third password")), domain.ErrInvalidMailToken)
	}
	p.refused("the verification", p.verify.Do(t.Context(), verification), domain.ErrInvalidMailToken)
}

func TestOfManyResetsAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	p.deliver()
	if err := p.forgot.Do(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	token := p.tokenIn(p.mailTo(ada), "reset-password")
	var done, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			err := p.reset.Do(t.Context(), token, password("another password"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			} else {
				p.refused("a late one", err, domain.ErrInvalidMailToken)
				refused++
			}
		})
	}
	all.Wait()
	if done != 1 || refused != 15 {
		t.Errorf("got %d done and %d refused, want 1 and 15", done, refused)
	}
}

func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	disabled := p.signUp(grace)
	disabled.Status = domain.StatusDisabled
	if err := p.store.Users().Update(t.Context(), disabled); err != nil {
		t.Fatal(err)
	}
	p.deliver()
	for _, address := range []string{"nobody@example.com", grace} {
		if err := p.forgot.Do(t.Context(), email(t, address)); err != nil {
			t.Errorf("forgot %s: got %v, want nil", address, err)
		}
		if err := p.verify.Resend(t.Context(), email(t, address)); err != nil {
			t.Errorf("resend %s: got %v, want nil", address, err)
		}
		if n := p.waiting(); n != 2 {
			t.Errorf("%s: got %d rows in the outbox, want 2, as for an account", address, n)
		}
		if mails := p.deliver(); len(mails) != 0 {
			t.Errorf("%s: got %v, want no mail", address, recipients(mails))
		}
		if n := p.waiting(); n != 0 {
			t.Errorf("%s: got %d rows left in the outbox, want none", address, n)
		}
	}
	if err := p.verify.Resend(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	token := p.tokenIn(p.mailTo(ada), "verify-email")
	if err := p.verify.Do(t.Context(), token); err != nil {
		t.Fatalf("verify with the mail sent again: %v", err)
	}
	if err := p.verify.Resend(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	if mails := p.deliver(); len(mails) != 0 {
		t.Errorf("verified already: got %v, want no mail", recipients(mails))
	}
}

func TestTheOwnerOfATakenAddressIsTold(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.signUp(ada)
	p.deliver()
	r := application.Registration{Email: email(t, ada), Password: password("a stranger's password"), Name: "Eve\nhttps://evil.example"}
	if err := p.register.Do(t.Context(), r); err != nil {
		t.Fatalf("register again: got %v, want nil", err)
	}
	mail := p.mailTo(ada)
	if text := mail.Text.Reveal(); strings.Contains(text, "token=") || strings.Contains(text, "evil") {
		t.Errorf("got %q, want neither a token nor a stranger's words", text)
	}
	if !p.accepts(ada, firstPassword) {
		t.Error("the stranger's password replaced the owner's")
	}
}

func TestManyClientsCannotFloodTheMailboxOfATakenAddress(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.signUp(ada)
	p.deliver()
	p.register.Throttle = p.throttle()
	for i := range 20 {
		ctx := application.WithOrigin(t.Context(), &application.Origin{Client: domain.Client{Address: fmt.Sprintf("192.0.2.%d", i)}})
		r := application.Registration{Email: email(t, ada), Password: password("a stranger's password")}
		if err := p.register.Do(ctx, r); err != nil {
			t.Fatalf("registration %d of a taken address: got %v, want nil", i+1, err)
		}
	}
	if got, want := len(p.deliver()), application.DefaultLimits().ForgotAccount.Count; got != want {
		t.Errorf("got %d mails, want %d", got, want)
	}
}

func TestNobodyUsesUpAnOwnersResetsByAskingForOtherMails(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	if err := p.verify.Do(t.Context(), p.tokenIn(p.mailTo(ada), "verify-email")); err != nil {
		t.Fatal(err)
	}
	throttle := p.throttle()
	p.forgot.Throttle, p.verify.Throttle, p.register.Throttle = throttle, throttle, throttle
	stranger := application.WithOrigin(t.Context(), &application.Origin{Client: domain.Client{Address: "198.51.100.9"}})
	for range application.DefaultLimits().ForgotAccount.Count {
		if err := p.verify.Resend(stranger, user.Email); err != nil {
			t.Fatal(err)
		}
		if err := p.register.Do(stranger, application.Registration{Email: user.Email, Password: password("a stranger's password")}); err != nil {
			t.Fatal(err)
		}
	}
	p.deliver()
	if err := p.forgot.Do(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	p.tokenIn(p.mailTo(ada), "reset-password")
}

func TestWhatWasBegunBeforeAnAccountWasStoppedIsOver(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*postal, domain.User) error{
		"disabled and enabled": func(p *postal, user domain.User) error {
			users := &application.Users{Journal: p.verify.Journal, Hasher: p, Queue: p}
			for _, active := range []bool{false, true} {
				if _, err := users.Update(p.t.Context(), domain.Operator(), user.ID, application.UserChanges{Active: &active}, application.Precondition{}); err != nil {
					return err
				}
			}
			return nil
		},
		"given a new password": func(p *postal, user domain.User) error {
			_, err := p.password.Do(p.t.Context(), user, password(firstPassword), password("another password"))
			return err
		},
		"logged out everywhere": func(p *postal, user domain.User) error {
			return (&application.Logout{Journal: p.verify.Journal}).Everywhere(p.t.Context(), user.ID)
		},
		"its sessions revoked": func(p *postal, user domain.User) error {
			return (&application.Sessions{Journal: p.verify.Journal}).RevokeAll(p.t.Context(), domain.Operator(), user.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPostal(t)
			user := p.signUp(ada)
			p.deliver()
			if err := p.change.Do(t.Context(), user, email(t, "eve@example.com"), password(firstPassword)); err != nil {
				t.Fatal(err)
			}
			var token string
			for _, mail := range p.deliver() {
				if mail.To.String() == "eve@example.com" {
					token = p.tokenIn(mail, "verify-email")
				}
			}
			if err := stop(p, user); err != nil {
				t.Fatal(err)
			}
			p.refused("the change of address", p.verify.Do(t.Context(), token), domain.ErrInvalidMailToken)
		})
	}
}

func TestAnAddressChangesWhenTheNewOneConfirms(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	p.deliver()
	if err := p.forgot.Do(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	reset := p.tokenIn(p.mailTo(ada), "reset-password")

	fresh := email(t, "ada@example.org")
	err := p.change.Do(t.Context(), user, fresh, password("wrong"))
	if !refusedOn(err, "current_password") {
		t.Errorf("wrong password: got %v, want a refusal of current_password", err)
	}
	if err := p.change.Do(t.Context(), user, user.Email, password(firstPassword)); !refusedOn(err, "new_email") {
		t.Errorf("the same address: got %v, want a refusal of new_email", err)
	}
	if n := p.waiting(); n != 0 {
		t.Errorf("got %d mails of refused changes, want none", n)
	}
	if err := p.change.Do(t.Context(), user, fresh, password(firstPassword)); err != nil {
		t.Fatalf("change: %v", err)
	}
	var token string
	mails := p.deliver()
	for _, mail := range mails {
		switch mail.To.String() {
		case "ada@example.org":
			token = p.tokenIn(mail, "verify-email")
		case ada:
			if text := mail.Text.Reveal(); !strings.Contains(text, "ada@example.org") || strings.Contains(text, "token=") {
				t.Errorf("to the old address: got %q, want the new address and no token", text)
			}
		}
	}
	if len(mails) != 2 || token == "" {
		t.Fatalf("got %v, want one to each address", recipients(mails))
	}
	if p.user(ada).Email != user.Email {
		t.Error("the address changed before it was confirmed")
	}
	if err := p.verify.Do(t.Context(), token); err != nil {
		t.Fatalf("confirm: %v", err)
	}
	if changed := p.user("ada@example.org"); changed.ID != user.ID || !changed.EmailVerified() {
		t.Errorf("got %+v, want the same user with a verified address", changed)
	}
	p.refused("confirming again", p.verify.Do(t.Context(), token), domain.ErrInvalidMailToken)
	p.refused("a reset mailed to the old address", p.reset.Do(t.Context(), reset, password("another password")), domain.ErrInvalidMailToken)
}

func TestATakenAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	p.signUp(grace)
	p.deliver()
	if err := p.change.Do(t.Context(), user, email(t, grace), password(firstPassword)); err != nil {
		t.Fatalf("change to a taken address: got %v, want nil", err)
	}
	if n := p.waiting(); n != 2 {
		t.Errorf("got %d rows in the outbox, want 2, as for a free address", n)
	}
	p.mailTo(ada) // the notice, and nothing to the owner of the other account

	if err := p.change.Do(t.Context(), user, email(t, "free@example.com"), password(firstPassword)); err != nil {
		t.Fatal(err)
	}
	var token string
	for _, mail := range p.deliver() {
		if mail.To.String() == "free@example.com" {
			token = p.tokenIn(mail, "verify-email")
		}
	}
	p.signUp("free@example.com") // somebody was faster
	p.refused("taken meanwhile", p.verify.Do(t.Context(), token), domain.ErrInvalidMailToken)
	if p.user(ada).ID != user.ID {
		t.Error("the address changed although the new one is taken")
	}
}

func TestAnAdministratorMailsAResetToThoseWithinReach(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	p.deliver()
	clerk := domain.Principal{Subject: "clerk", Permissions: domain.NewPermissions(domain.UsersWrite)}
	if err := p.forgot.For(t.Context(), clerk, user.ID); err != nil {
		t.Fatalf("reset of a plain user: %v", err)
	}
	token := p.tokenIn(p.mailTo(ada), "reset-password")
	if err := p.reset.Do(t.Context(), token, password("another password")); err != nil {
		t.Errorf("use it: %v", err)
	}
	if got := p.last(domain.PasswordResetRequested); got.Actor != "clerk" || got.Subject != string(user.ID) {
		t.Errorf("event: got subject %q and actor %q, want the user and the clerk", got.Subject, got.Actor)
	}
	p.refused("somebody unknown", p.forgot.For(t.Context(), clerk, "nobody"), domain.ErrUserNotFound)
	boss := p.user(ada)
	boss.Roles = []domain.RoleName{domain.RoleAdmin}
	if err := p.store.Users().Update(t.Context(), boss); err != nil {
		t.Fatal(err)
	}
	p.refused("somebody out of reach", p.forgot.For(t.Context(), clerk, boss.ID), domain.ErrInsufficientPermissions)
	if n := p.waiting(); n != 0 {
		t.Errorf("got %d mails of refused resets, want none", n)
	}
}
