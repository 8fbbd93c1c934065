package ceiling

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/rueidis"
)

// cachedKey holds a value of the size of a principal.
const (
	cachedKey   = "keystone:bench:cached"
	cachedValue = `{"active":true,"username":"alice","roles":["user"],"scopes":["read:profile","write:profile"]}`
	cachedFor   = time.Hour
)

func cached(ctx context.Context, e *echo.Echo, orders Orders) error {
	options, err := rueidis.ParseURL(orders.Redis)
	if err != nil {
		return err
	}
	client, err := rueidis.NewClient(options)
	if err != nil {
		return err
	}
	if err := client.Do(ctx, client.B().Set().Key(cachedKey).Value(cachedValue).Ex(cachedFor).Build()).Error(); err != nil {
		return err
	}
	for name, answer := range orders.Answers {
		e.Any("/cached/"+name, func(c echo.Context) error {
			got := client.DoCache(c.Request().Context(), client.B().Get().Key(cachedKey).Cache(), cachedFor)
			if err := got.Error(); err != nil {
				return err
			}
			return c.Blob(http.StatusOK, answer.ContentType, answer.Body)
		})
	}
	return nil
}
