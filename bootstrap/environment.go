package bootstrap

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

const prefix = "SALLYPORT_"

// extension is the prefix of variables that belong to what others add.
const extension = prefix + "X_"

// injected is what Kubernetes puts into the environment of every pod beside a
// service called sallyport.
var injected = regexp.MustCompile(`^SALLYPORT_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_.*)?)$`)

// environment is SALLYPORT_* variables by name. It resolves kong's flags, so
// that nothing but what it holds is ever read, also in tests.
type environment map[string]string

func newEnvironment(environ []string) environment {
	env := environment{}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, prefix) {
			env[name] = value
		}
	}
	return env
}

// variable returns the name of the variable that sets flag, or nothing for the
// flags of single commands: settings are those in a group.
func variable(flag *kong.Flag) string {
	if flag.Group == nil {
		return ""
	}
	return prefix + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// Validate is kong's: it says nothing here.
func (environment) Validate(*kong.Application) error { return nil }

// Resolve gives kong the variable's value. It parses it once by itself, so
// that a value that is none is said of the variable, and never shown.
func (env environment) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	name := variable(flag)
	value, ok := env[name]
	if name == "" || !ok {
		return nil, nil
	}
	if value == "" && flag.Target.Kind() == reflect.Slice {
		return nil, nil // an empty list, not a list of one empty item
	}
	scan := kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: value})
	trial := reflect.New(flag.Target.Type()).Elem()
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, trial); err != nil {
		return nil, &ConfigurationError{name, kindOf(flag.Target.Type())}
	}
	return value, nil
}

// kindOf says what a setting's type takes.
func kindOf(t reflect.Type) string {
	switch {
	case t.String() == "time.Duration":
		return "must be a duration such as 90s, 15m or 168h"
	case t.String() == "[]netip.Prefix":
		return "must be networks such as 10.0.0.0/8, separated by commas"
	case t.Kind() == reflect.Int:
		return "must be a whole number"
	case t.Kind() == reflect.Bool:
		return "must be true or false"
	}
	return "needs a value"
}

// unknown returns an error that names a variable which is no setting, with the
// one that was probably meant.
func (env environment) unknown(settings []string) error {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if slices.Contains(settings, name) || strings.HasPrefix(name, extension) || injected.MatchString(name) {
			continue
		}
		meant := strings.ToUpper(name)
		nearest := slices.MinFunc(settings, func(a, b string) int { return distance(meant, a) - distance(meant, b) })
		return &ConfigurationError{name, fmt.Sprintf("there is no such setting; the nearest is %s", nearest)}
	}
	return nil
}

// distance is how many letters to insert, delete or replace to make b of a
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
