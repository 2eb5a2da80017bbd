package bootstrap

import (
	"fmt"
	"slices"
	"strings"
)

// pick returns the adapter that takes the scheme of a setting's URL. An error
// names all schemes there are: those of adapters, and those that the setting
// takes besides.
func pick[Adapter any](setting, scheme string, all []Adapter, schemeOf func(Adapter) string, besides ...string) (found Adapter, err error) {
	var schemes []string
	for _, adapter := range all {
		schemes = append(schemes, schemeOf(adapter))
	}
	slices.Sort(schemes)
	offered := slices.Concat(slices.Compact(slices.Clone(schemes)), besides)
	there := "there are: " + strings.Join(offered, ", ")
	for i, s := range schemes {
		if i > 0 && s == schemes[i-1] {
			return found, &ConfigurationError{prefix + setting, fmt.Sprintf("two adapters take the scheme %s: leave one of their modules out of main.go; %s", s, there)}
		}
	}
	i := slices.IndexFunc(all, func(a Adapter) bool { return schemeOf(a) == scheme })
	if i < 0 {
		return found, &ConfigurationError{prefix + setting, "no adapter takes its scheme; " + there}
	}
	return all[i], nil
}
