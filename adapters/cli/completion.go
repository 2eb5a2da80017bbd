package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Completion prints a script for a shell.
type Completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help is shown below the summary.
func (*Completion) Help() string {
	return `For this shell, now:

    source <(sallyport completion bash)         # zsh: the same, with zsh
    sallyport completion fish | source

For every shell to come, put the line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.`
}

// Run prints the script of the whole command line that it is part of.
func (cmd *Completion) Run(console *Console, call *kong.Context) error {
	return writeCompletion(console.Out, cmd.Shell, call.Model.Node)
}

func writeCompletion(out io.Writer, shell string, model *kong.Node) error {
	var script string
	switch shell {
	case "fish":
		script = fishCompletion(model)
	case "zsh":
		script = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" + bashCompletion(model)
	default:
		script = bashCompletion(model)
	}
	_, err := io.WriteString(out, script)
	return err
}

// walk visits a command and all below it, each with its path, such as
// "users import"; the program's own path is empty.
func walk(node *kong.Node, path string, visit func(node *kong.Node, path string)) {
	visit(node, path)
	for _, child := range node.Children {
		if !child.Hidden && child.Type == kong.CommandNode {
			walk(child, strings.TrimSpace(path+" "+child.Name), visit)
		}
	}
}

func childNames(node *kong.Node) (names []string) {
	for _, child := range node.Children {
		if !child.Hidden && child.Type == kong.CommandNode {
			names = append(names, child.Name)
		}
	}
	return names
}

func flagNames(node *kong.Node) (names []string) {
	for _, flag := range node.Flags {
		if !flag.Hidden {
			names = append(names, "--"+flag.Name)
		}
	}
	return names
}

// bashCompletion is for zsh too, where $path and $words are taken. Where nothing fits, files are offered.
func bashCompletion(model *kong.Node) string {
	var paths []string
	var words, flags strings.Builder
	walk(model, "", func(node *kong.Node, path string) {
		if path != "" {
			paths = append(paths, fmt.Sprintf("%q", path))
			if names := flagNames(node); len(names) > 0 {
				fmt.Fprintf(&flags, "    %q) flags=\"$flags %s\" ;;\n", path, strings.Join(names, " "))
			}
		}
		if names := childNames(node); len(names) > 0 {
			fmt.Fprintf(&words, "    %q) choices=%q ;;\n", path, strings.Join(names, " "))
		}
	})
	return fmt.Sprintf(`_%[1]s() {
    local cur="${COMP_WORDS[COMP_CWORD]}" chain="" choices="" flags=%[4]q word
    for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
        word="${chain:+$chain }$word"
        case "$word" in
        %[2]s) chain="$word" ;;
        esac
    done
    case "$chain" in
%[3]s    esac
    case "$chain" in
%[5]s    esac
    case "$cur" in
    -*) choices="$flags" ;;
    esac
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
}
complete -o default -F _%[1]s %[1]s
`, model.Name, strings.Join(paths, "|"), words.String(), strings.Join(flagNames(model), " "), flags.String())
}

func fishCompletion(model *kong.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, `function __%[1]s_at --description 'the commands so far are these, and no others'
    set -l path
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or set -a path $word
    end
    test "$path" = "$argv"
end
function __%[1]s_under --description 'the commands so far begin with these'
    set -l path
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or set -a path $word
    end
    string match -q -- "$argv *" "$path "
end
`, model.Name)
	walk(model, "", func(node *kong.Node, path string) {
		for _, child := range node.Children {
			if !child.Hidden && child.Type == kong.CommandNode {
				fmt.Fprintf(&b, "complete -c %s -f -n '__%s_at %s' -a %s -d %s\n", model.Name, model.Name, path, child.Name, fishQuote(child.Help))
			}
		}
		for _, flag := range node.Flags {
			if flag.Hidden {
				continue
			}
			fmt.Fprintf(&b, "complete -c %s", model.Name)
			if path != "" {
				fmt.Fprintf(&b, " -n '__%s_under %s'", model.Name, path)
			}
			fmt.Fprintf(&b, " -l %s", flag.Name)
			if !flag.IsBool() {
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuote(firstSentence(flag.Help)))
		}
	})
	return b.String()
}

func firstSentence(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(first, ".")
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
