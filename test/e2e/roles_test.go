package e2e

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

func TestRolesAreListedPageByPage(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		asAdmin := service.Bearer(admin.AccessToken)
		for _, name := range []string{"clerk", "zookeeper"} {
			s.JSON(http.MethodPut, "/roles/"+name, map[string]any{"permissions": []string{"reports:read"}}, asAdmin).Want(http.StatusCreated)
		}
		var names []string
		var pages int
		for path := "/roles?limit=2"; path != ""; pages++ {
			var page struct {
				Items []struct{ Name string }
				Next  *string `json:"next_cursor"`
			}
			s.Get(path, asAdmin).Want(http.StatusOK).Into(&page)
			for _, role := range page.Items {
				names = append(names, role.Name)
			}
			path = ""
			if page.Next != nil {
				path = "/roles?limit=2&cursor=" + *page.Next
			}
		}
		if want := []string{"admin", "clerk", "moderator", "user", "zookeeper"}; !slices.Equal(names, want) || pages != 3 {
			t.Errorf("got %v on %d pages, want %v on 3", names, pages, want)
		}
		var users struct {
			Next string `json:"next_cursor"`
		}
		register(s, "ada@example.com")
		s.Get("/users?limit=1", asAdmin).Want(http.StatusOK).Into(&users)
		for _, query := range []string{"limit=0", "limit=201", "cursor=forged", "cursor=" + users.Next} {
			if answer := s.Get("/roles?"+query, asAdmin); answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("?%s: status %d, want 422", query, answer.Status)
			}
		}
	})
}

func TestARoleIsChangedOnlyAsItWasRead(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		put := func(permission, tag string) service.Response {
			return s.JSON(http.MethodPut, "/roles/clerk", map[string]any{"permissions": []string{permission}},
				service.Bearer(admin.AccessToken), service.Header("If-Match", tag))
		}
		remove := func(tag string) service.Response {
			return s.Do(http.MethodDelete, "/roles/clerk", nil, service.Bearer(admin.AccessToken), service.Header("If-Match", tag))
		}
		for _, tag := range []string{`"abc"`, `"nonsense!"`, "*"} {
			put("reports:read", tag).Want(http.StatusPreconditionFailed) // there is nothing to match
		}
		first := put("reports:read", "").Want(http.StatusCreated).Header.Get("ETag")
		second := put("reports:write", first).Want(http.StatusOK).Header.Get("ETag")
		if first == second || !strings.HasPrefix(second, `"`) {
			t.Errorf("ETags %s, then %s, want another one in quotes", first, second)
		}
		for _, tag := range []string{first, "W/" + second, strings.Trim(second, `"`), `""`} {
			put("reports:read", tag).Want(http.StatusPreconditionFailed)
			remove(tag).Want(http.StatusPreconditionFailed)
		}
		read := s.Get("/roles/clerk", service.Bearer(admin.AccessToken)).Want(http.StatusOK).Header.Get("ETag")
		if read != second {
			t.Errorf("ETag of the role as it is read: %s, want %s", read, second)
		}
		put("reports:read", first+`, "abc" ,`+second).Want(http.StatusOK) // one of several
		put("reports:read", "*").Want(http.StatusOK)
		s.JSON(http.MethodPut, "/roles/clerk", map[string]any{"permissions": []string{"reports:read"}},
			service.Bearer(admin.AccessToken), service.Header("If-None-Match", "*")).Want(http.StatusPreconditionFailed)
		remove(second).Want(http.StatusPreconditionFailed)
		remove("*").Want(http.StatusNoContent)
	})
}

func TestAUserIsChangedOnlyAsTheyWereRead(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		ada, _ := newUser(s, "ada@example.com")
		asAdmin, path := service.Bearer(admin.AccessToken), "/users/"+ada.ID
		old := s.Get(path, asAdmin).Want(http.StatusOK).Header.Get("ETag")
		roles := map[string]any{"roles": []string{"moderator"}}
		tag := s.JSON(http.MethodPut, path+"/roles", roles, asAdmin, service.Header("If-Match", old)).Want(http.StatusOK).Header.Get("ETag")

		stale := service.Header("If-Match", old)
		for what, answer := range map[string]service.Response{
			"PATCH":     s.JSON(http.MethodPatch, path, map[string]any{"is_active": false}, asAdmin, stale),
			"PUT roles": s.JSON(http.MethodPut, path+"/roles", map[string]any{"roles": []string{"user"}}, asAdmin, stale),
			"DELETE":    s.Do(http.MethodDelete, path, nil, asAdmin, stale),
		} {
			if answer.Status != http.StatusPreconditionFailed {
				t.Errorf("%s with an old ETag: status %d, want 412", what, answer.Status)
			}
		}
		now := s.Get(path, asAdmin).Want(http.StatusOK)
		var who account
		now.Into(&who)
		if got := now.Header.Get("ETag"); got != tag || !who.IsActive || !slices.Equal(who.Roles, []string{"moderator"}) {
			t.Errorf("got %+v with the ETag %s, want it as it was at %s", who, got, tag)
		}
		s.Do(http.MethodDelete, path, nil, asAdmin, service.Header("If-Match", tag)).Want(http.StatusNoContent)
	})
}

func TestARoleReachesFromTheNextRequestOn(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		ada, user := newUser(s, "ada@example.com")
		asAdmin, asAda := service.Bearer(admin.AccessToken), service.Bearer(user.AccessToken)
		allowed := func(question map[string]any) bool {
			var answer struct{ Allowed bool }
			s.JSON(http.MethodPost, "/auth/authorize", question, asAda).Want(http.StatusOK).Into(&answer)
			return answer.Allowed
		}
		byPermission := map[string]any{"permission": "reports:read"}
		byRole := map[string]any{"any_role": []string{"admin", "clerk"}}
		put := func(permissions ...string) {
			s.JSON(http.MethodPut, "/roles/clerk", map[string]any{"permissions": permissions}, asAdmin)
		}
		put("reports:write")
		s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"clerk"}}, asAdmin).Want(http.StatusOK)
		if allowed(byPermission) || !allowed(byRole) {
			t.Error("a clerk without reports:read: want the role alone")
		}
		put("reports:read")
		if !allowed(byPermission) {
			t.Error("a clerk with reports:read: not allowed, want allowed on the next request")
		}
		s.Do(http.MethodDelete, "/roles/clerk", nil, asAdmin).Want(http.StatusNoContent)
		if allowed(byPermission) || allowed(byRole) {
			t.Error("after the role was deleted: allowed, want denied on the next request")
		}
	})
}

func TestAUserIsMadeWithAPasswordOrAHashOfAnotherSystem(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		create := func(members map[string]any) service.Response {
			return s.JSON(http.MethodPost, "/users", members, service.Bearer(admin.AccessToken))
		}
		for name, members := range map[string]map[string]any{
			"neither":      {},
			"both":         {"password": password, "password_hash": foreignHash},
			"MD5":          {"password_hash": "$1$abcdefgh$0123456789012345678901"},
			"cost 17":      {"password_hash": strings.Replace(foreignHash, "$04$", "$17$", 1)},
			"$2x$":         {"password_hash": strings.Replace(foreignHash, "$2y$", "$2x$", 1)},
			"a short hash": {"password_hash": foreignHash[:59]},
		} {
			members["email"] = "ada@example.com"
			answer := create(members).Want(http.StatusUnprocessableEntity)
			if body := string(answer.Body); !strings.Contains(body, `"field":"password`) || strings.Contains(body, foreignHash[7:50]) {
				t.Errorf("%s: got %s, want the field named and the hash not shown", name, body)
			}
		}
		create(map[string]any{"email": "ada@example.com", "password_hash": foreignHash}).Want(http.StatusCreated)
		tryLogin(s, "ada@example.com", foreignPassword).Want(http.StatusOK)
	})
}

func TestOfTwoAdminsWhoDemoteEachOtherOneStays(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, keeper := newAdmin(t, s, "keeper@example.com")
		for range 10 {
			pair := [2]struct {
				account
				tokens
			}{}
			for i, email := range []string{"a@example.com", "b@example.com"} {
				pair[i].account, pair[i].tokens = newAdmin(t, s, email)
			}
			var me account
			s.Get("/users/me", service.Bearer(keeper.AccessToken)).Want(http.StatusOK).Into(&me)
			s.JSON(http.MethodPut, "/users/"+me.ID+"/roles", map[string]any{"roles": []string{}}, service.Bearer(keeper.AccessToken)).Want(http.StatusOK)

			var answers [2]service.Response
			var both sync.WaitGroup
			for i := range pair {
				both.Go(func() {
					answers[i] = s.JSON(http.MethodPut, "/users/"+pair[1-i].ID+"/roles", map[string]any{"roles": []string{"user"}}, service.Bearer(pair[i].AccessToken))
				})
			}
			both.Wait()
			winner := slices.IndexFunc(answers[:], func(r service.Response) bool { return r.Status == http.StatusOK })
			if winner < 0 {
				t.Fatalf("statuses %d and %d, want one of them 200", answers[0].Status, answers[1].Status)
			}
			// The other was no admin any more, or the last one was left to be demoted.
			if other := answers[1-winner].Status; other != http.StatusForbidden && other != http.StatusConflict {
				t.Fatalf("the other's status %d, want 403 or 409: %s", other, answers[1-winner].Body)
			}
			asWinner := service.Bearer(pair[winner].AccessToken)
			s.Get("/users?role=admin", asWinner).Want(http.StatusOK)
			s.JSON(http.MethodPut, "/users/"+me.ID+"/roles", map[string]any{"roles": []string{"admin"}}, asWinner).Want(http.StatusOK)
			for _, who := range pair {
				s.Do(http.MethodDelete, "/users/"+who.ID, nil, service.Bearer(keeper.AccessToken)).Want(http.StatusNoContent)
			}
		}
	})
}
