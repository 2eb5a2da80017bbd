package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// The steps that all use cases share which set a password.

// insertWithPassword adds a user, with a password unless its hash is zero.
func insertWithPassword(ctx context.Context, tx Tx, user domain.User, password domain.Credential) error {
	if err := tx.Users().Insert(ctx, user); err != nil {
		return err
	}
	if password.Hash.IsZero() {
		return nil
	}
	return tx.Credentials().PutPassword(ctx, password)
}

// newPassword returns the credential of a password that was just chosen.
func newPassword(j Journal, user domain.UserID, hash domain.PasswordHash) domain.Credential {
	now := j.Clock.Now()
	return domain.Credential{
		ID: domain.CredentialID(j.IDs.NewID()), UserID: user, Kind: domain.CredentialPassword,
		Hash: hash, CreatedAt: now, UpdatedAt: now,
	}
}

// hashInTurn hashes a password when the client's turn comes.
func hashInTurn(ctx context.Context, queue HashingQueue, hasher PasswordHasher, password domain.Password) (hash domain.PasswordHash, err error) {
	if err := queue.Admit(ctx); err != nil {
		return hash, err
	}
	queued := queue.Do(ctx, OriginOf(ctx).Subscriber(), func() { hash, err = hasher.Hash(ctx, password) })
	if queued != nil {
		return domain.PasswordHash{}, queued
	}
	if err != nil {
		return domain.PasswordHash{}, fmt.Errorf("hash the password: %w", err)
	}
	return hash, nil
}

// replacePassword stores a new password and ends everything that was issued
// under the older one: sessions by the version, mailed resets and a change of
// address that the older one allowed by deletion.
func replacePassword(ctx context.Context, tx Tx, user domain.User, password domain.Credential) (domain.User, error) {
	user.Version++
	user = touched(user, password.UpdatedAt)
	if err := tx.Users().Update(ctx, user); err != nil {
		return user, err
	}
	if err := tx.Credentials().PutPassword(ctx, password); err != nil {
		return user, err
	}
	if err := tx.MailTokens().DeleteOf(ctx, user.ID, domain.MailChangeEmail); err != nil {
		return user, err
	}
	return user, tx.MailTokens().DeleteOf(ctx, user.ID, domain.MailResetPassword)
}
