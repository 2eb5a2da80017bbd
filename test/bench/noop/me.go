package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// profile is what /users/me answers with.
type profile struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Active    bool      `json:"is_active"`
	Verified  bool      `json:"email_verified"`
	Roles     []string  `json:"roles"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// mountSketch serves the least that /users/me can be behind four middlewares
// that do what Echo's stock ones of those names do: the token is looked up by its hash, as one whose signature was verified
// before, the state comes from a map, and encoding/json writes the profile.
// Whoever comes first with a token is the one it speaks for.
func mountSketch(e *echo.Echo) {
	var mu sync.RWMutex
	state := map[[sha256.Size]byte]*profile{}
	e.GET("/sketch/me", func(c echo.Context) error {
		hash := sha256.Sum256([]byte(strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")))
		mu.RLock()
		who := state[hash]
		mu.RUnlock()
		if who == nil {
			who = &profile{
				ID: "01a21efc-1460-7b14-b85a-9d00eabe30f3", Email: "ada@example.com", Active: true, Roles: []string{"user"},
				CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(),
			}
			mu.Lock()
			state[hash] = who
			mu.Unlock()
		}
		return c.JSON(http.StatusOK, who)
	}, requestID, recovers, secure, bodyLimit)
}

func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if id == "" {
			id = rand.Text()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func recovers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		return next(c)
	}
}

func secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderXXSSProtection, "1; mode=block")
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set(echo.HeaderXFrameOptions, "SAMEORIGIN")
		return next(c)
	}
}

func bodyLimit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		const most = 64 << 10
		if c.Request().ContentLength > most {
			return echo.ErrStatusRequestEntityTooLarge
		}
		c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, most)
		return next(c)
	}
}
