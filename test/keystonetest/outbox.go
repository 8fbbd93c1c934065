package keystonetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// delivery bounds the wait for what a job sends.
const delivery = 10 * time.Second

// Outbox keeps mails and SMS that Keystone sent.
type Outbox struct {
	mu    sync.Mutex
	mails []caught[outbound.Mail]
	texts []caught[outbound.Text]
}

type caught[T any] struct {
	message T
	taken   bool
}

type mailer struct{ *Outbox }

func (m mailer) Send(_ context.Context, mail outbound.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, caught[outbound.Mail]{message: mail})
	return nil
}

type texter struct{ *Outbox }

func (x texter) Send(_ context.Context, text outbound.Text) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.texts = append(x.texts, caught[outbound.Text]{message: text})
	return nil
}

// Mails gives every mail so far, oldest first, those that were taken too.
func (o *Outbox) Mails() []outbound.Mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return all(o.mails)
}

// Texts gives every SMS so far, oldest first, those that were taken too.
func (o *Outbox) Texts() []outbound.Text {
	o.mu.Lock()
	defer o.mu.Unlock()
	return all(o.texts)
}

// Mail takes the oldest mail of a template to an address that was not taken
// before, and waits for it where there is none yet.
func (o *Outbox) Mail(t testing.TB, template outbound.MailTemplate, to string) outbound.Mail {
	t.Helper()
	return wait(t, string(template)+" to "+to, func() (outbound.Mail, bool) {
		return take(o, &o.mails, func(m outbound.Mail) bool {
			return m.Template == template && strings.EqualFold(string(m.To), to)
		})
	})
}

// MailedToken takes a mail and gives its token.
func (o *Outbox) MailedToken(t testing.TB, template outbound.MailTemplate, to string) string {
	t.Helper()
	return o.Mail(t, template, to).Token.Reveal()
}

// Code takes the oldest SMS to a number that was not taken before, waiting for
// it, and gives its code.
func (o *Outbox) Code(t testing.TB, phone string) string {
	t.Helper()
	text := wait(t, "a code to "+phone, func() (outbound.Text, bool) {
		return take(o, &o.texts, func(x outbound.Text) bool { return string(x.To) == phone })
	})
	return text.Code.Reveal()
}

func all[T any](from []caught[T]) []T {
	messages := make([]T, len(from))
	for i, c := range from {
		messages[i] = c.message
	}
	return messages
}

func take[T any](o *Outbox, from *[]caught[T], is func(T) bool) (message T, found bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(*from, func(c caught[T]) bool { return !c.taken && is(c.message) })
	if i < 0 {
		return message, false
	}
	(*from)[i].taken = true
	return (*from)[i].message, true
}

func wait[T any](t testing.TB, what string, look func() (T, bool)) T {
	t.Helper()
	for deadline := time.Now().Add(delivery); ; time.Sleep(5 * time.Millisecond) {
		found, is := look()
		if is {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("keystonetest: nothing was sent: %s", what)
		}
	}
}
