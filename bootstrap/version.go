package bootstrap

import (
	"runtime"
	"runtime/debug"

	"github.com/sallyport-auth/sallyport/adapters/cli"
)

// Version and Commit say what the binary was built from; the linker sets them
// (see the Makefile).
var (
	Version = ""
	Commit  = ""
)

// build returns Version and Commit, or what the Go toolchain recorded where
// the linker was told nothing.
func build() cli.Build {
	b := cli.Build{Version: Version, Commit: Commit, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		if b.Version == "" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value
			}
		}
	}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}
