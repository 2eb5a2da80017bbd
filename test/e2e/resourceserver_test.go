package e2e

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/resourceserver"
	"github.com/sallyport-auth/sallyport/test/service"
)

func TestAnotherProcessVerifiesOurTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := service.Configure(t, "sqlite:sallyport.db", "SIGNING_ALG="+algorithm)
			s.Set("ISSUER", s.URL)
			s.Run()
			_, admin := newAdmin(t, s, "boss@example.com")
			ada, user := newUser(s, "ada@example.com")
			var key struct{ ID, Key string }
			s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "reports", "permissions": []string{"tokens:introspect"}},
				service.Bearer(admin.AccessToken)).Want(http.StatusCreated).Into(&key)

			open := func(introspection *resourceserver.Introspection) *resourceserver.Gate {
				gate, err := resourceserver.New(resourceserver.Config{Issuer: s.URL, Audience: "sallyport", Introspection: introspection})
				if err != nil {
					t.Fatal(err)
				}
				return gate
			}
			local, asking := open(nil), open(&resourceserver.Introspection{APIKey: key.Key})
			for name, gate := range map[string]*resourceserver.Gate{"by the keys": local, "asking": asking} {
				caller, err := gate.Verify(t.Context(), user.AccessToken)
				if err != nil || caller.Subject != ada.ID || !caller.HasAnyRole("user") {
					t.Fatalf("%s: got %+v, %v, want ada with the role user", name, caller, err)
				}
				if _, err := gate.Verify(t.Context(), user.RefreshToken); !errors.Is(err, resourceserver.ErrInvalidToken) {
					t.Errorf("%s: a refresh token: got %v, want ErrInvalidToken", name, err)
				}
			}
			status := func(gate *resourceserver.Gate, role, token string) int {
				handler := gate.RequireRole(role)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
				request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
				request.Header.Set("Authorization", "Bearer "+token)
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				return answer.Code
			}
			if got := status(local, "admin", user.AccessToken); got != http.StatusForbidden {
				t.Errorf("a user at an admin's door: %d, want 403", got)
			}

			// A role that was granted since counts at once for who asks, and a logout too.
			s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"moderator"}}, service.Bearer(admin.AccessToken)).Want(http.StatusOK)
			if got := status(asking, "moderator", user.AccessToken); got != http.StatusOK {
				t.Errorf("a role granted since, asking: %d, want 200", got)
			}
			s.Form("/auth/logout", url.Values{"refresh_token": {user.RefreshToken}}).Want(http.StatusNoContent)
			if _, err := asking.Verify(t.Context(), user.AccessToken); !errors.Is(err, resourceserver.ErrInactive) {
				t.Errorf("after a logout, asking: got %v, want ErrInactive", err)
			}
		})
	}
}
