package domain_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

func TestSecretNeverPrints(t *testing.T) {
	const value = "hunter2-hunter2"
	secret := domain.NewSecret(value)
	type holder struct {
		Name   string
		Secret domain.Secret
		Ref    *domain.Secret
	}
	type hidden struct{ secret domain.Secret }
	shapes := map[string]any{
		"value": secret, "pointer": &secret, "struct": holder{"n", secret, &secret}, "pointer to struct": &holder{"n", secret, &secret},
		"unexported": hidden{secret}, "pointer to unexported": &hidden{secret}, "slice": []domain.Secret{secret}, "map": map[string]domain.Secret{"k": secret}, "key": map[domain.Secret]int{secret: 1}, "any": []any{secret},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "a", shape)
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "a", shape)
			printed := []string{log.String(), fmt.Errorf("wrapped: %v", shape).Error(), fmt.Sprint(shape), fmt.Sprintln(shape)}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%10.3s"} {
				printed = append(printed, fmt.Sprintf(verb, shape))
			}
			if encoded, err := json.Marshal(shape); err == nil {
				printed = append(printed, string(encoded))
			}
			if encoded, err := xml.Marshal(shape); err == nil {
				printed = append(printed, string(encoded))
			}
			var stream bytes.Buffer
			if err := gob.NewEncoder(&stream).Encode(shape); err == nil {
				printed = append(printed, stream.String())
			}
			for _, text := range printed {
				if strings.Contains(text, value) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", value)) {
					t.Errorf("it prints: %s", text)
				}
			}
		})
	}
}

func TestSecretIsWhatItWasGiven(t *testing.T) {
	secret := domain.NewSecret("a")
	if secret.Reveal() != "a" || secret.Empty() || !(domain.Secret{}).Empty() {
		t.Error("the value is lost")
	}
	if !secret.Equal(domain.NewSecret("a")) || secret.Equal(domain.NewSecret("b")) || secret.Equal(domain.NewSecret("aa")) || secret.Equal(domain.Secret{}) {
		t.Error("equality is wrong")
	}
}

func TestErrorsAreFoundByCodeAndTellTheirCause(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("wrapped: %w", domain.Internal(cause))
	if !errors.Is(err, cause) || !errors.Is(err, domain.Internal(nil)) || errors.Is(err, domain.NotFound("")) {
		t.Error("errors.Is does not see through")
	}
	if domain.AsError(cause).Kind != domain.KindInternal || domain.AsError(err).Code != domain.CodeInternal {
		t.Error("what nobody classified must be internal")
	}
	if !domain.HasCode(err, domain.CodeInternal) || domain.HasCode(cause, domain.CodeInternal) || domain.HasCode(nil, domain.CodeInternal) {
		t.Error("codes are mixed up")
	}
	if domain.InvalidFields() != nil {
		t.Error("no broken rule is no error")
	}
	var refusal *domain.Refusal
	if !errors.As(domain.Refuse(err), &refusal) || !errors.Is(refusal, cause) {
		t.Error("a refusal hides what it wraps")
	}
}

func TestEventsAreHandedOverOnce(t *testing.T) {
	var events domain.Events
	events.Record(domain.Event{Reason: "1"})
	events.Record(domain.Event{Reason: "2"})
	if first, second := events.Drain(), events.Drain(); len(first) != 2 || first[0].Reason != "1" || len(second) != 0 {
		t.Errorf("drained %v, then %v", first, second)
	}
}

func TestOriginTravelsInTheContext(t *testing.T) {
	origin := domain.Origin{Address: "192.0.2.1", UserAgent: "a", RequestID: "r"}
	if got := domain.OriginFrom(domain.WithOrigin(t.Context(), origin)); got != origin {
		t.Errorf("got %v", got)
	}
	if got := domain.OriginFrom(t.Context()); got != (domain.Origin{}) {
		t.Errorf("got %v", got)
	}
}
