// The keystone program; see `keystone --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/keystone-auth/keystone/bootstrap"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := bootstrap.Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
