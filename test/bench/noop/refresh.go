package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"database/sql"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	_ "github.com/lib/pq" // the driver
)

// claims are those of our own tokens, roughly.
type claims struct {
	jwt.RegisteredClaims
	Session    string   `json:"sid"`
	Generation int64    `json:"gen"`
	Roles      []string `json:"roles,omitempty"`
}

// refresher is the least that a refresh with rotation can be on the same
// libraries: Echo reads the form, golang-jwt verifies and signs, lib/pq runs the
// same statement, prepared, and encoding/json answers. It has no limits, no log,
// no second look at why a session did not move.
type refresher struct {
	db        *sql.DB
	statement *sql.Stmt
	secret    []byte
	key       *ecdsa.PrivateKey
}

func newRefresher(database, statement string) (*refresher, error) {
	r := &refresher{secret: make([]byte, 32)}
	_, _ = rand.Read(r.secret) // never fails
	var err error
	if r.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if r.db, err = sql.Open("postgres", database); err != nil {
		return nil, err
	}
	r.db.SetMaxOpenConns(20)
	r.db.SetMaxIdleConns(20)
	r.statement, err = r.db.Prepare(statement)
	return r, err
}

// begin answers with the first token of a session.
func (r *refresher) begin(c echo.Context) error {
	token, err := r.sign(c.QueryParam("subject"), c.QueryParam("session"), 0, time.Now())
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, token)
}

func (r *refresher) sign(subject, session string, generation int64, now time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{registered(subject, now, 7*24*time.Hour), session, generation, nil}).SignedString(r.secret)
}

func registered(subject string, now time.Time, lasts time.Duration) jwt.RegisteredClaims {
	const issuer = "http://127.0.0.1:8080"
	return jwt.RegisteredClaims{
		Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: subject, ID: subject,
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lasts)),
	}
}

func (r *refresher) refresh(c echo.Context) error {
	var presented claims
	_, err := jwt.ParseWithClaims(c.FormValue("refresh_token"), &presented, func(*jwt.Token) (any, error) { return r.secret, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		return echo.ErrUnauthorized
	}
	now := time.Now().UTC()
	if err := r.advance(presented, now); err != nil {
		return err
	}
	refresh, err := r.sign(presented.Subject, presented.Session, presented.Generation+1, now)
	if err != nil {
		return err
	}
	granted := claims{registered(presented.Subject, now, 15*time.Minute), presented.Session, 0, []string{"user"}}
	access, err := jwt.NewWithClaims(jwt.SigningMethodES256, granted).SignedString(r.key)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{
		"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 900, "refresh_expires_in": 604800,
	})
}

// advance moves the session by one row that comes back.
func (r *refresher) advance(presented claims, now time.Time) error {
	rows, err := r.statement.Query(presented.Session, presented.Generation, now, now.Add(7*24*time.Hour), presented.Subject, 1)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	row := make([]any, len(columns))
	for i := range row {
		row[i] = new(any)
	}
	if !rows.Next() {
		return echo.ErrUnauthorized
	}
	if err := rows.Scan(row...); err != nil {
		return err
	}
	return rows.Err()
}
