package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

func TestAdminsAdministerAndOthersDoNot(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		boss, admin := newAdmin(t, s, "boss@example.com")
		ada, user := newUser(s, "ada@example.com")
		asAdmin, asUser := service.Bearer(admin.AccessToken), service.Bearer(user.AccessToken)

		for _, path := range []string{"/users", "/users/" + ada.ID, "/roles", "/api-keys", "/users/" + ada.ID + "/sessions"} {
			s.Get(path, asAdmin).Want(http.StatusOK)
			denied := s.Get(path, asUser).Want(http.StatusForbidden)
			if got, want := denied.Detail(), "Insufficient permissions"; got != want {
				t.Errorf("%s: detail %q, want %q", path, got, want)
			}
			if got, want := denied.Header.Get("WWW-Authenticate"), `Bearer error="insufficient_scope"`; got != want {
				t.Errorf("%s: WWW-Authenticate %q, want %q", path, got, want)
			}
		}
		s.Do(http.MethodDelete, "/users/"+ada.ID, nil, asUser).Want(http.StatusForbidden)
		s.Get("/users/not-an-id", asAdmin).Want(http.StatusNotFound)
		s.Get("/users/01985f3c-7b1e-7c3a-9d52-3f1a6b8c9d0e", asAdmin).Want(http.StatusNotFound)

		// A role change ends no session, and counts at once.
		s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"user", "moderator"}}, asAdmin).Want(http.StatusOK)
		s.Get("/users", asUser).Want(http.StatusOK)
		s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"wizard"}}, asAdmin).Want(http.StatusUnprocessableEntity)
		s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"user"}}, asAdmin).Want(http.StatusOK)
		s.Get("/users", asUser).Want(http.StatusForbidden)

		// The last admin stays.
		for _, answer := range []service.Response{
			s.JSON(http.MethodPut, "/users/"+boss.ID+"/roles", map[string]any{"roles": []string{"user"}}, asAdmin),
			s.JSON(http.MethodPatch, "/users/"+boss.ID, map[string]any{"is_active": false}, asAdmin),
			s.Do(http.MethodDelete, "/users/"+boss.ID, nil, asAdmin),
		} {
			answer.Want(http.StatusConflict)
		}

		// A disabled user is out at once, and enabling resurrects nothing.
		s.JSON(http.MethodPatch, "/users/"+ada.ID, map[string]any{"is_active": false}, asAdmin).Want(http.StatusOK)
		if got, want := me(s, user.AccessToken).Want(http.StatusUnauthorized).Detail(), "User not found or inactive"; got != want {
			t.Errorf("detail for a disabled user %q, want %q", got, want)
		}
		s.JSON(http.MethodPatch, "/users/"+ada.ID, map[string]any{"is_active": true}, asAdmin).Want(http.StatusOK)
		me(s, user.AccessToken).Want(http.StatusUnauthorized)
		user = login(s, "ada@example.com")

		s.Do(http.MethodDelete, "/users/"+ada.ID, nil, asAdmin).Want(http.StatusNoContent)
		if got, want := me(s, user.AccessToken).Want(http.StatusUnauthorized).Detail(), "User not found or inactive"; got != want {
			t.Errorf("detail for a deleted user %q, want %q", got, want)
		}
		register(s, "ada@example.com")
		login(s, "ada@example.com")
	})
}

func TestAdministrationReachesOnlyDownwards(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		boss, admin := newAdmin(t, s, "boss@example.com")
		clerk, user := newUser(s, "clerk@example.com")
		asAdmin, asClerk := service.Bearer(admin.AccessToken), service.Bearer(user.AccessToken)
		s.JSON(http.MethodPut, "/roles/clerk", map[string]any{"permissions": []string{
			"users:read", "users:write", "users:delete", "roles:assign", "roles:write", "sessions:revoke", "apikeys:write",
		}}, asAdmin).Want(http.StatusCreated)
		s.JSON(http.MethodPut, "/users/"+clerk.ID+"/roles", map[string]any{"roles": []string{"clerk"}}, asAdmin).Want(http.StatusOK)

		for name, answer := range map[string]service.Response{
			"changes an admin":            s.JSON(http.MethodPatch, "/users/"+boss.ID, map[string]any{"email": "mine@example.com"}, asClerk),
			"deletes an admin":            s.Do(http.MethodDelete, "/users/"+boss.ID, nil, asClerk),
			"ends an admin's sessions":    s.Do(http.MethodDelete, "/users/"+boss.ID+"/sessions", nil, asClerk),
			"makes themselves an admin":   s.JSON(http.MethodPut, "/users/"+clerk.ID+"/roles", map[string]any{"roles": []string{"admin"}}, asClerk),
			"grants what they lack":       s.JSON(http.MethodPut, "/roles/clerk", map[string]any{"permissions": []string{"audit:read"}}, asClerk),
			"takes from a role they lack": s.JSON(http.MethodPut, "/roles/moderator", map[string]any{"permissions": []string{}}, asClerk),
			"makes a key beyond theirs":   s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "x", "permissions": []string{"audit:read"}}, asClerk),
		} {
			if answer.Status != http.StatusForbidden {
				t.Errorf("a clerk %s: status %d, want 403: %s", name, answer.Status, answer.Body)
			}
		}
		me(s, admin.AccessToken).Want(http.StatusOK)
		s.JSON(http.MethodPut, "/roles/admin", map[string]any{"permissions": []string{}}, asAdmin).Want(http.StatusConflict)
		s.Do(http.MethodDelete, "/roles/user", nil, asAdmin).Want(http.StatusConflict)

		// A role that is deleted is taken from all who hold it.
		s.Do(http.MethodDelete, "/roles/clerk", nil, asAdmin).Want(http.StatusNoContent)
		s.Get("/users", asClerk).Want(http.StatusForbidden)
	})
}

func TestAnAPIKeyMayWhatItsPermissionsSay(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		asAdmin := service.Bearer(admin.AccessToken)
		var key struct{ ID, Key string }
		s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "reporting", "permissions": []string{"users:read"}}, asAdmin).Want(http.StatusCreated).Into(&key)
		if !strings.HasPrefix(key.Key, "sp_"+key.ID+"_") {
			t.Fatalf("key %q, want sp_<id>_<secret>", key.Key)
		}
		withKey := service.Header("X-API-Key", key.Key)
		s.Get("/users", withKey).Want(http.StatusOK)
		s.Get("/roles", withKey).Want(http.StatusForbidden)
		s.Get("/users/me", withKey).Want(http.StatusForbidden)
		last := key.Key[len(key.Key)-1]
		wrong := key.Key[:len(key.Key)-1] + string(rune(last^1))
		if got, want := s.Get("/users", service.Header("X-API-Key", wrong)).Want(http.StatusForbidden).Detail(), "Invalid API key"; got != want {
			t.Errorf("detail of a wrong key %q, want %q", got, want)
		}
		if list := s.Get("/api-keys", asAdmin).Want(http.StatusOK); strings.Contains(string(list.Body), key.Key[40:]) {
			t.Error("the list shows the secret of a key")
		}
		s.Do(http.MethodDelete, "/api-keys/"+key.ID, nil, asAdmin).Want(http.StatusNoContent)
		s.Get("/users", withKey).Want(http.StatusForbidden)
	})
}

func TestAKeyMakesNoneThatOutlivesIt(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		var key struct{ Key string }
		end := time.Now().UTC().Add(time.Hour).Truncate(time.Second)
		create := func(expires any, credential service.Option) service.Response {
			body := map[string]any{"name": "deploy", "permissions": []string{"apikeys:write"}}
			if expires != nil {
				body["expires_at"] = expires
			}
			return s.JSON(http.MethodPost, "/api-keys", body, credential)
		}
		create(end, service.Bearer(admin.AccessToken)).Want(http.StatusCreated).Into(&key)
		withKey := service.Header("X-API-Key", key.Key)
		create(nil, withKey).Want(http.StatusUnprocessableEntity)
		create(end.Add(time.Second), withKey).Want(http.StatusUnprocessableEntity)
		create(end, withKey).Want(http.StatusCreated)
		create("0001-01-01T00:00:00Z", service.Bearer(admin.AccessToken)).Want(http.StatusUnprocessableEntity)
	})
}

func TestListsGoOnWhereTheCursorSays(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		asAdmin := service.Bearer(admin.AccessToken)
		for _, name := range []string{"a", "b", "c", "d"} {
			register(s, name+"@example.com")
		}
		var emails []string
		for path := "/users?limit=2"; path != ""; {
			var page struct {
				Items []account
				Next  *string `json:"next_cursor"`
			}
			s.Get(path, asAdmin).Want(http.StatusOK).Into(&page)
			for _, u := range page.Items {
				emails = append(emails, u.Email)
			}
			path = ""
			if page.Next != nil {
				path = "/users?limit=2&cursor=" + *page.Next
			}
		}
		want := []string{"boss@example.com", "a@example.com", "b@example.com", "c@example.com", "d@example.com"}
		if !slices.Equal(emails, want) {
			t.Errorf("pages give %v, want %v", emails, want)
		}
		for _, query := range []string{"cursor=forged", "cursor=AAAA", "limit=0", "limit=201", "limit=x", "is_active=maybe", "limit=1&limit=2", "email=%00"} {
			if answer := s.Get("/users?"+query, asAdmin); answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("?%s: status %d, want 422", query, answer.Status)
			}
		}
	})
}

func TestPeopleSeeAndEndTheirSessions(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, here := newUser(s, "ada@example.com")
		there := login(s, "ada@example.com")
		_, stranger := newUser(s, "eve@example.com")
		var list struct {
			Items []struct {
				ID        string
				Current   bool
				IP        string
				UserAgent string `json:"user_agent"`
			}
		}
		s.Get("/users/me/sessions", service.Bearer(here.AccessToken)).Want(http.StatusOK).Into(&list)
		if len(list.Items) != 2 {
			t.Fatalf("%d sessions, want 2", len(list.Items))
		}
		var other string
		for _, item := range list.Items {
			if item.IP != "127.0.0.1" || item.UserAgent == "" {
				t.Errorf("session of %q by %q, want the client's", item.IP, item.UserAgent)
			}
			if !item.Current {
				other = item.ID
			}
		}
		s.Do(http.MethodDelete, "/users/me/sessions/"+other, nil, service.Bearer(stranger.AccessToken)).Want(http.StatusNotFound)
		s.Do(http.MethodDelete, "/users/me/sessions/nonsense", nil, service.Bearer(here.AccessToken)).Want(http.StatusNotFound)
		me(s, there.AccessToken).Want(http.StatusOK)
		s.Do(http.MethodDelete, "/users/me/sessions/"+other, nil, service.Bearer(here.AccessToken)).Want(http.StatusNoContent)
		me(s, there.AccessToken).Want(http.StatusUnauthorized)
		me(s, here.AccessToken).Want(http.StatusOK)
	})
}

func TestIfMatchKeepsAnOlderReadFromWinning(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		ada, _ := newUser(s, "ada@example.com")
		asAdmin := service.Bearer(admin.AccessToken)
		tag := s.Get("/users/"+ada.ID, asAdmin).Want(http.StatusOK).Header.Get("ETag")
		rename := func(name string) service.Response {
			return s.JSON(http.MethodPatch, "/users/"+ada.ID, map[string]any{"name": name}, asAdmin, service.Header("If-Match", tag))
		}
		rename("Ada").Want(http.StatusOK)
		rename("Eve").Want(http.StatusPreconditionFailed)
	})
}
