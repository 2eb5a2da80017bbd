// Package client is compiled together with a client that was generated from
// openapi.yaml: what a person would write against it has to type-check.
package client

import (
	"context"
	"fmt"
	"net/http"
)

// LogInAndRead logs in, reads the caller's account, and lists the admins.
func LogInAndRead(ctx context.Context, server, email, password string) ([]User, error) {
	api, err := NewClientWithResponses(server)
	if err != nil {
		return nil, err
	}
	login, err := api.LoginWithFormdataBodyWithResponse(ctx, LoginForm{Username: email, Password: password})
	if err != nil {
		return nil, err
	}
	if refused := login.ApplicationproblemJSON401; refused != nil {
		return nil, fmt.Errorf("log in: %s (%s)", refused.Detail, refused.RequestId)
	}
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+login.JSON200.AccessToken)
		return nil
	}
	me, err := api.ReadMeWithResponse(ctx, bearer)
	if err != nil {
		return nil, err
	}
	role, active := "admin", me.JSON200.IsActive
	users, err := api.ListUsersWithResponse(ctx, &ListUsersParams{Role: role, IsActive: &active}, bearer)
	if err != nil {
		return nil, err
	}
	_, err = api.RefreshWithResponse(ctx, nil, RefreshRequest{RefreshToken: login.JSON200.RefreshToken})
	return users.JSON200.Items, err
}
