package ceiling

import (
	"context"
	"net/http"

	"github.com/alexedwards/argon2id"
	"github.com/labstack/echo/v4"
)

// Slots is how many hashes run at once: one for each CPU of the small machine
// that the goals were set on.
const Slots = 2

// Password is what the hasher verifies.
const Password = "correct horse battery staple"

// Hasher verifies passwords with the parameters that are Keystone's defaults:
// 19 MiB, 2 passes, 1 lane.
type Hasher struct {
	encoded string
	slots   chan struct{}
}

// NewHasher makes one.
func NewHasher() (*Hasher, error) {
	encoded, err := argon2id.CreateHash(Password, &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	return &Hasher{encoded: encoded, slots: make(chan struct{}, Slots)}, err
}

// Verify waits for a slot and verifies the password.
func (h *Hasher) Verify() (bool, error) {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	return argon2id.ComparePasswordAndHash(Password, h.encoded)
}

func hasher(_ context.Context, e *echo.Echo, orders Orders) error {
	h, err := NewHasher()
	if err != nil {
		return err
	}
	answer := orders.Answers["login"]
	e.POST("/hasher", func(c echo.Context) error {
		match, err := h.Verify()
		if err != nil || !match {
			return c.NoContent(http.StatusInternalServerError)
		}
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, answer.Body)
	})
	return nil
}
