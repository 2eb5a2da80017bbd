package echohttp

import (
	"net/url"
	"testing"
)

func TestAForwardQuestionWithATypoIsRefused(t *testing.T) {
	t.Parallel()
	for query, ok := range map[string]bool{
		"":                                    true,
		"role=admin":                          true,
		"role=admin&role=moderator":           true,
		"permission=reports:read":             true,
		"role=admin&permission=reports:read":  true,
		"roles=admin":                         false,
		"role=":                               false,
		"role=Admin":                          false,
		"permission=":                         false,
		"permission=reports":                  false,
		"permission=a:b&permission=c:d":       false,
		"role=admin&next=https://example.com": false,
		"access_token=x":                      false,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := forwardRequirement(values); (err == nil) != ok {
			t.Errorf("?%s: error %v, want it accepted: %t", query, err, ok)
		}
	}
}
