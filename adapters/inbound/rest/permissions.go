package rest

import (
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

const maxChecks = 100

// checkBody asks for one thing, or for several in checks, never both.
type checkBody struct {
	Resource string      `json:"resource,omitempty"`
	Action   string      `json:"action,omitempty"`
	Checks   []checkItem `json:"checks,omitempty"`
	UserID   *string     `json:"user_id,omitempty"`
}

// Schema documents both forms.
func (checkBody) Schema(registry huma.Registry) *huma.Schema {
	return eitherOf(registry, reflect.TypeFor[oneCheck](), reflect.TypeFor[manyChecks]())
}

// oneCheck and manyChecks are the two forms of a checkBody.
type oneCheck struct {
	Resource string  `json:"resource"`
	Action   string  `json:"action"`
	UserID   *string `json:"user_id,omitempty" format:"uuid" doc:"Another user; needs read:users"`
}

type manyChecks struct {
	Checks []checkItem `json:"checks" maxItems:"100" minItems:"1"`
	UserID *string     `json:"user_id,omitempty" format:"uuid" doc:"Another user; needs read:users"`
}

type checkItem struct {
	Resource string `json:"resource"`
	Action   string `json:"action"`
}

type checkResult struct {
	Resource string `json:"resource"`
	Action   string `json:"action"`
	Allowed  bool   `json:"allowed"`
}

// checkAnswer documents both answers: one result, or results in order.
type checkAnswer struct{}

// Schema documents it.
func (checkAnswer) Schema(registry huma.Registry) *huma.Schema {
	return eitherOf(registry, reflect.TypeFor[checkResult](), reflect.TypeFor[checkResults]())
}

func eitherOf(registry huma.Registry, types ...reflect.Type) *huma.Schema {
	either := &huma.Schema{}
	for _, t := range types {
		either.OneOf = append(either.OneOf, schema(registry, t))
	}
	return either
}

type checkResults struct {
	Results []checkResult `json:"results"`
}

func (s *Server) checkPermissions(c echo.Context, x *exchange) error {
	var body checkBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	checks, userID, err := body.parse()
	if err != nil {
		return err
	}
	allowed, err := s.use.Permissions.Allowed(c.Request().Context(), x.caller, userID, checks)
	if err != nil {
		return err
	}
	if len(allowed) != len(checks) {
		return domain.Internal(fmt.Errorf("rest: %d answers to %d checks", len(allowed), len(checks)))
	}
	results := make([]checkResult, len(checks))
	for i, check := range checks {
		results[i] = checkResult{Resource: check.Resource, Action: check.Action, Allowed: allowed[i]}
	}
	if body.Checks == nil {
		return write(c.Response(), http.StatusOK, mediaJSON, &results[0])
	}
	return write(c.Response(), http.StatusOK, mediaJSON, checkResults{Results: results})
}

func (b checkBody) parse() ([]inbound.Check, *domain.ID, error) {
	var fields []domain.Field
	items, prefix := []checkItem(nil), func(int) string { return "" }
	switch single := b.Resource != "" || b.Action != ""; {
	case single && b.Checks != nil:
		fields = append(fields, domain.Field{Name: "checks", Code: "exclusive", Message: "must not be given together with resource and action"})
	case b.Checks == nil:
		items = []checkItem{{Resource: b.Resource, Action: b.Action}}
	case len(b.Checks) == 0 || len(b.Checks) > maxChecks:
		fields = append(fields, domain.Field{Name: "checks", Code: "count", Message: fmt.Sprintf("must hold 1 to %d checks", maxChecks)})
	default:
		items, prefix = b.Checks, func(i int) string { return fmt.Sprintf("checks.%d.", i) }
	}
	checks := make([]inbound.Check, len(items))
	for i, item := range items {
		if item.Resource == "" {
			fields = append(fields, domain.Field{Name: prefix(i) + "resource", Code: "required", Message: "must not be empty"})
		}
		if item.Action == "" {
			fields = append(fields, domain.Field{Name: prefix(i) + "action", Code: "required", Message: "must not be empty"})
		}
		checks[i] = inbound.Check{Resource: item.Resource, Action: item.Action}
	}
	var userID *domain.ID
	if b.UserID != nil {
		id, err := domain.ParseID(*b.UserID)
		if err != nil {
			fields = append(fields, domain.Field{Name: "user_id", Code: "format", Message: "must be a UUID"})
		}
		userID = &id
	}
	return checks, userID, domain.InvalidFields(fields...)
}
