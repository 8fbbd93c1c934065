// Command server is Keystone's own program with the additions of this module.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	extension "example.com/keystone-extension"

	"github.com/keystone-auth/keystone/bootstrap"
	"github.com/keystone-auth/keystone/domain"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(bootstrap.Main(ctx, os.Args[1:], extension.Options(extension.Config{
		MailEndpoint: os.Getenv("EXAMPLE_MAIL_ENDPOINT"),
		TerminalKey:  domain.NewSecret(os.Getenv("EXAMPLE_TERMINAL_KEY")),
		Announce:     func(name string) { fmt.Fprintln(os.Stderr, "welcome,", name) },
	})...))
}
