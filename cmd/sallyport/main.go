// Command sallyport is the stock service. To make one of your own, copy this
// file and add your modules to the call: bootstrap.Main(standard.Modules(), mine.Module).
package main

import (
	"os"

	"github.com/sallyport-auth/sallyport/bootstrap"
	"github.com/sallyport-auth/sallyport/bootstrap/standard"
)

func main() { os.Exit(bootstrap.Main(standard.Modules())) }
