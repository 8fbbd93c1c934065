package ceiling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Role is this program's first argument when it is to be the ceilings.
const Role = "ceiling"

// Orders say what to serve.
type Orders struct {
	Address         string
	Answers         map[string]Answer // by scenario
	Postgres, Redis string            // URLs
	Chains          int               // of refresh tokens
}

// Answer is what Keystone was seen to answer.
type Answer struct {
	ContentType string
	Body        []byte
}

// Serve reads orders and serves until ctx ends.
func Serve(ctx context.Context, in io.Reader) error {
	var orders Orders
	if err := json.NewDecoder(in).Decode(&orders); err != nil {
		return fmt.Errorf("the orders: %w", err)
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	for name, answer := range orders.Answers {
		e.Any("/bare/"+name, func(c echo.Context) error { return c.Blob(http.StatusOK, answer.ContentType, answer.Body) })
	}
	for _, add := range []func(context.Context, *echo.Echo, Orders) error{cached, statement, signer, hasher} {
		if err := add(ctx, e, orders); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, func() { _ = e.Close() })() // nobody waits for an answer then
	if err := e.Start(orders.Address); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
