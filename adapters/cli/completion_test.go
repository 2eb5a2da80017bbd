package cli

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func completionOf(t *testing.T, shell string) string {
	t.Helper()
	var grammar struct {
		Commands `embed:""`
		Addr     string `help:"Where it's listening. More is said."`
	}
	parser, err := kong.New(&grammar, kong.Name("sallyport"))
	if err != nil {
		t.Fatal(err)
	}
	var script bytes.Buffer
	if err := writeCompletion(&script, shell, parser.Model.Node); err != nil {
		t.Fatal(err)
	}
	return script.String()
}

func TestBashCompletesCommandsAndFlags(t *testing.T) {
	t.Parallel()
	script := completionOf(t, "bash")
	for line, want := range map[string]string{
		"sallyport us":                         "users",
		"sallyport users im":                   "import",
		"sallyport users import --dr":          "--dry-run",
		"sallyport users import --dry-run --a": "--addr",
		"sallyport --addr :80 keys ro":         "rotate",
		"sallyport completion ":                "",
		"sallyport users nonsense":             "",
		"sallyport keys ":                      "rotate list revoke rewrap",
		"sallyport migrate status --":          "--help --addr --json",
	} {
		words := strings.Split(line, " ")
		bash := exec.Command("bash", "-c", script+`COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sallyport; echo "${COMPREPLY[*]}"`, "bash")
		bash.Args = append(bash.Args, words...)
		got, err := bash.CombinedOutput()
		if text := strings.TrimSpace(string(got)); err != nil || text != want {
			t.Errorf("%q: got %q, %v, want %q", line, text, err, want)
		}
	}
}

func TestFishIsToldOfEachCommandAndFlag(t *testing.T) {
	t.Parallel()
	lines := strings.Split(completionOf(t, "fish"), "\n")
	for _, want := range []string{
		"complete -c sallyport -f -n '__sallyport_at ' -a users -d 'Make, show and change users.'",
		"complete -c sallyport -n '__sallyport_under users import' -l report -r -d 'Write all refused lines to a file, as JSON Lines of line and reason'",
		`complete -c sallyport -l addr -r -d 'Where it\'s listening'`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %q", want)
		}
	}
}
