package domain_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/domain"
)

var longName = "a" + strings.Repeat("z", 62)

func TestParsePermissionTakesResourceAndAction(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"users:read": true, "a:b": true, "a-1_x:b_2-y": true, longName + ":" + longName: true,
		"": false, ":": false, "users": false, "users:": false, ":read": false, "users:read:own": false,
		"*:*": false, "users:*": false, "*:read": false, "Users:read": false, "users:Read": false, "users:réad": false,
		"1users:read": false, "_users:read": false, "users:-read": false, " users:read": false, "users:read ": false, "users: read": false,
		"users:read\n": false, "users\x00:read": false, longName + "z:read": false, "users:" + longName + "z": false,
	} {
		got, err := domain.ParsePermission("permission", text)
		switch {
		case good && (err != nil || string(got) != text):
			t.Errorf("ParsePermission(%q): got %q, %v, want it as it is", text, got, err)
		case !good && (!errors.Is(err, domain.ErrInvalid) || got != ""):
			t.Errorf("ParsePermission(%q): got %q, %v, want %v", text, got, err, domain.ErrInvalid)
		}
	}
}

func TestARefusedPermissionNamesItsField(t *testing.T) {
	t.Parallel()
	_, err := domain.ParsePermission("permissions[2]", "x")
	var invalid *domain.Error
	if !errors.As(err, &invalid) || len(invalid.Fields) != 1 || invalid.Fields[0].Field != "permissions[2]" {
		t.Errorf("ParsePermission: got error %+v, want one on permissions[2]", err)
	}
}

func anyPermissions(t *rapid.T, name string) []domain.Permission {
	return rapid.SliceOf(rapid.SampledFrom([]domain.Permission{
		"a:a", "a:b", "b:a", "users:read", "users:read2", "users:readall", "z:z", domain.EveryPermission,
	})).Draw(t, name)
}

func TestPermissionsAreASetThatEveryPermissionFills(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		given, asked := anyPermissions(t, "given"), anyPermissions(t, "asked")
		before := slices.Clone(given)
		set, other := domain.NewPermissions(given...), domain.NewPermissions(asked...)
		if !slices.Equal(given, before) {
			t.Fatalf("NewPermissions changed its arguments: got %v, want %v", given, before)
		}
		if !slices.IsSorted(set) || len(slices.Compact(slices.Clone(set))) != len(set) {
			t.Fatalf("NewPermissions: got %v, want it sorted, each once", set)
		}
		every := slices.Contains(given, domain.EveryPermission)
		all := true
		for _, p := range append(asked, "never:given") {
			want := every || slices.Contains(given, p)
			if got := set.Allow(p); got != want {
				t.Fatalf("%v.Allow(%s): got %t, want %t", set, p, got, want)
			}
			if p != "never:given" {
				all = all && want
			}
		}
		if got := set.Cover(other); got != all {
			t.Fatalf("%v.Cover(%v): got %t, want %t", set, other, got, all)
		}
		if !set.Cover(set) || !set.Cover(nil) {
			t.Fatalf("%v covers not itself, or not nothing", set)
		}
	})
}

func TestOnlyWhoMayDoEverythingCoversWhoMayDoEverything(t *testing.T) {
	t.Parallel()
	all := domain.NewPermissions(domain.UsersRead, domain.UsersWrite, domain.RolesAssign)
	if all.Cover(domain.NewPermissions(domain.EveryPermission)) {
		t.Errorf("%v covers %s, want not", all, domain.EveryPermission)
	}
	if domain.Permissions(nil).Allow("") {
		t.Error("nothing allows the empty permission, want not")
	}
}
