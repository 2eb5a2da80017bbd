package echohttp

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"
)

// operations returns the document's operations by "METHOD /path".
func operations(t *testing.T) map[string]map[string]any {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(document.yaml(), &doc); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	for path, item := range doc.Paths {
		for method, operation := range item {
			if method != "parameters" {
				found[strings.ToUpper(method)+" "+path] = operation.(map[string]any)
			}
		}
	}
	return found
}

func TestDocumentIsTheSameInYAMLAndJSON(t *testing.T) {
	t.Parallel()
	var fromYAML, fromJSON any
	if err := yaml.Unmarshal(document.yaml(), &fromYAML); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(plain, &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document.json(), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(fromJSON, fromYAML) {
		t.Error("the JSON says something else than the YAML")
	}
	if !strings.HasPrefix(string(document.json()), `{"openapi":"3.1.`) {
		t.Errorf("the JSON begins with %.40s, want the YAML's order", document.json())
	}
}

func TestJSONBodiesTakeNoUnknownMembers(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct {
			Schemas map[string]map[string]any `yaml:"schemas"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(document.yaml(), &doc); err != nil {
		t.Fatal(err)
	}
	bodies := 0
	for name, schema := range doc.Components.Schemas {
		if !strings.HasSuffix(name, "Request") {
			continue
		}
		bodies++
		if schema["additionalProperties"] != false {
			t.Errorf("%s: additionalProperties is %v, want false", name, schema["additionalProperties"])
		}
	}
	if bodies == 0 {
		t.Error("no schema is named …Request")
	}
}

func TestOperationsWithABodySayWhatBadOnesGet(t *testing.T) {
	t.Parallel()
	for name, operation := range operations(t) {
		responses := operation["responses"].(map[string]any)
		want := []string{}
		if _, ok := operation["requestBody"]; ok {
			want = []string{"413", "415"}
		}
		if operation["x-permission"] != nil {
			want = append(want, "401", "403", "429", "503")
		}
		for _, status := range want {
			if responses[status] == nil {
				t.Errorf("%s: lacks %s", name, status)
			}
		}
	}
}

func TestRoutesAreTheDocumentsOperations(t *testing.T) {
	t.Parallel()
	documented := operations(t)
	routed := map[string]bool{}
	pages := []string{"/verify-email", "/reset-password"} // for people
	for _, route := range New(Config{Docs: true}, UseCases{Mail: &MailUseCases{}}, &Guards{}, zap.NewNop()).Routes() {
		if strings.HasPrefix(route.Path, "/docs/") || strings.HasPrefix(route.Path, "/pages/") || slices.Contains(pages, route.Path) {
			continue
		}
		if strings.Contains(route.Name, "notAllowed") || route.Method == http.MethodHead {
			continue // answered with 405, or with the head of what GET answers
		}
		path := strings.NewReplacer(":id", "{id}", ":name", "{name}").Replace(route.Path)
		name := route.Method + " " + path
		routed[name] = true
		if documented[name] == nil {
			t.Errorf("%s is served, but not documented", name)
		}
	}
	for name := range documented {
		if !routed[name] {
			t.Errorf("%s is documented, but not served", name)
		}
	}
}
