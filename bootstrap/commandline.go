package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/sallyport-auth/sallyport/adapters/cli"
	"github.com/sallyport-auth/sallyport/domain"
)

// commandLine is the whole grammar: every setting works on every command.
type commandLine struct {
	Configuration `embed:""`
	cli.Commands  `embed:""`

	selected *kong.Context
}

// errHelped says that help was asked for, and given.
var errHelped = errors.New("help was printed")

// helped is thrown by kong's exit, which must not return.
type helped struct{}

const description = `Sallyport: authentication and authorization for the APIs beside it.

    sallyport serve --log-format console
    sallyport users create you@example.com --role admin

Every setting below is a flag, an environment variable and a default.`

// parse reads args and env, and checks every setting. The error is a
// *kong.ParseError, a *ConfigurationError, or errHelped.
func parse(args []string, env environment, out, errs io.Writer) (line *commandLine, err error) {
	line = &commandLine{}
	parser, err := kong.New(line,
		kong.Name("sallyport"), kong.Description(description),
		kong.Writers(out, errs), kong.Exit(func(int) { panic(helped{}) }),
		kong.Resolvers(env),
		kong.TypeMapper(reflect.TypeFor[domain.Secret](), kong.MapperFunc(decodeSecret)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 110, NoExpandSubcommands: false}),
		kong.ValueFormatter(explain),
	)
	if err != nil {
		return nil, fmt.Errorf("build the command line: %w", err)
	}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(helped); !ok {
				panic(p)
			}
			line, err = nil, errHelped
		}
	}()
	if line.selected, err = parser.Parse(args); err != nil {
		var setting *ConfigurationError
		if errors.As(err, &setting) {
			return nil, setting
		}
		if wrong := wrongFlag(parser.Model, err); wrong != nil {
			return nil, wrong
		}
		return nil, &cli.UsageError{Text: hint(err)}
	}
	if err := env.unknown(variables(parser.Model)); err != nil {
		return nil, err
	}
	if command := line.selected.Command(); command == "version" || command == "completion <shell>" {
		return line, nil // what the binary is does not depend on settings
	}
	if err := line.validate(); err != nil {
		return nil, err
	}
	_, err = line.given()
	return line, err
}

func (line *commandLine) run(ctx context.Context, console *cli.Console, service cli.Service) error {
	line.selected.BindTo(ctx, (*context.Context)(nil))
	line.selected.BindTo(service, (*cli.Service)(nil))
	return line.selected.Run(console, build())
}

// hint adds where to read on.
func hint(err error) string {
	where := "sallyport --help"
	var call *kong.ParseError
	if errors.As(err, &call) && call.Context != nil {
		if node := call.Context.Selected(); node != nil {
			where = node.FullPath() + " --help"
		}
	}
	return fmt.Sprintf("%s (see %s)", err, where)
}

// wrongFlag returns what is wrong with a setting that came as a flag, in the
// words that its variable would get: without the value, which may be a secret.
// nil when err is about something else.
func wrongFlag(model *kong.Application, err error) *ConfigurationError {
	name, _, ok := strings.Cut(strings.TrimPrefix(err.Error(), "--"), ": ")
	if !ok {
		return nil
	}
	for _, flag := range settings(model) {
		if flag.Name == name {
			return &ConfigurationError{"--" + name, kindOf(flag.Target.Type())}
		}
	}
	return nil
}

// settings returns the flags that variables set too.
func settings(model *kong.Application) []*kong.Flag {
	var flags []*kong.Flag
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && variable(flag) != "" {
			flags = append(flags, flag)
		}
		return next(nil)
	})
	return flags
}

// variables returns the names of all variables.
func variables(model *kong.Application) []string {
	var names []string
	for _, flag := range settings(model) {
		names = append(names, variable(flag))
	}
	return names
}

// explain is the help of a flag: what it does, its variable and its default.
func explain(value *kong.Value) string {
	if value.Flag == nil || variable(value.Flag) == "" {
		return value.Help
	}
	byDefault := value.Tag.Get("computed")
	switch {
	case byDefault != "":
	case value.Default != "":
		byDefault = value.Default
	case value.IsBool():
		byDefault = "false"
	default:
		byDefault = "none"
	}
	return fmt.Sprintf("%s [%s; default: %s]", strings.TrimSpace(value.Help), variable(value.Flag), byDefault)
}

func decodeSecret(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("text", &text); err != nil {
		return err
	}
	target.Set(reflect.ValueOf(domain.NewSecret(text)))
	return nil
}
