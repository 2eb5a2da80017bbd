package bootstrap

import (
	"net/url"
	"slices"
	"strings"
)

// CORSSettings is which other origins' pages may call the API.
type CORSSettings struct {
	CORSOrigins []string `group:"HTTP" name:"cors-origins" sep:"," placeholder:"ORIGIN" help:"Origins whose pages may call the API, exactly as browsers send them, such as https://app.example.com. In development * stands for any."`
}

func (s *CORSSettings) corsRules() []rule {
	return []rule{
		{"CORS_ORIGINS", !slices.ContainsFunc(s.CORSOrigins, func(o string) bool { return !isOrigin(o) }),
			"must be origins such as https://app.example.com, separated by commas: scheme, host in lower case, the port unless it is the scheme's own, and nothing after it"},
	}
}

func (s *CORSSettings) productionCORSRules() []rule {
	return []rule{
		{"CORS_ORIGINS", !slices.Contains(s.CORSOrigins, "*") && !slices.Contains(s.CORSOrigins, "null"),
			"must name exact origins in production: * is every page, and null is any page that hides where it came from"},
	}
}

// isOrigin reports whether o is what a browser sends (RFC 6454 §6.2), or one
// of the two words that development may have.
func isOrigin(o string) bool {
	if o == "*" || o == "null" {
		return true
	}
	u, err := url.Parse(o)
	if err != nil || !oneOf(u.Scheme, "http", "https") || u.Hostname() == "" || strings.ContainsAny(o, "*?#@") {
		return false
	}
	itsOwn := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return o == u.Scheme+"://"+u.Host && o == strings.ToLower(o) && !strings.HasSuffix(o, ":") && u.Port() != itsOwn
}
