package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/ports/inbound"
)

type settingsAnswer struct {
	Values     map[string]any `json:"values" doc:"By name, the variable in lower case without KEYSTONE_; whole numbers as numbers"`
	Overridden []string       `json:"overridden" doc:"Set at run time"`
	Version    int64          `json:"version"`
}

// shown gives settings as programs expect them: a whole number as a number,
// anything else in the words of its variable.
func shown(values map[string]string) map[string]any {
	out := make(map[string]any, len(values))
	for name, text := range values {
		out[name] = text
		if number, err := strconv.Atoi(text); err == nil && strconv.Itoa(number) == text {
			out[name] = number
		}
	}
	return out
}

// settingValue is what a setting is set to, in the words of its variable:
// nil where null, a list joined by commas.
type settingValue struct{ text *string }

// UnmarshalJSONFrom takes a text, a number, or a list of texts.
func (v *settingValue) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var value string
	switch d.PeekKind() {
	case 'n':
		v.text = nil
		return d.SkipValue()
	case '0':
		number, err := d.ReadValue()
		if err != nil {
			return err
		}
		value = string(number)
	case '[':
		var parts []string
		if err := json.UnmarshalDecode(d, &parts); err != nil {
			return err
		}
		value = strings.Join(parts, ",")
	default:
		if err := json.UnmarshalDecode(d, &value); err != nil {
			return err
		}
	}
	v.text = &value
	return nil
}

// Schema documents it.
func (settingValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "As the variable would hold it; null sets back to what the process was started with",
		OneOf: []*huma.Schema{
			{Type: huma.TypeString, Nullable: true}, {Type: huma.TypeNumber},
			{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
		},
	}
}

func (s *Server) settings(c echo.Context, x *exchange) error {
	found, err := s.use.Settings.Settings(c.Request().Context(), x.caller)
	if err != nil {
		return err
	}
	return writeSettings(c, found)
}

func writeSettings(c echo.Context, found inbound.SettingsInForce) error {
	c.Response().Header().Set("ETag", entityTag(found.Version))
	return write(c.Response(), http.StatusOK, mediaJSON,
		settingsAnswer{Values: shown(found.Values), Overridden: append([]string{}, found.Overridden...), Version: found.Version})
}

func (s *Server) changeSettings(c echo.Context, x *exchange) error {
	var body map[string]settingValue
	if err := readJSON(c, &body, mediaJSON, mediaMergePatch); err != nil {
		return err
	}
	ctx := c.Request().Context()
	version, err := expectedVersion(c.Request().Header["If-Match"], func() (int64, error) {
		found, err := s.use.Settings.Settings(ctx, x.caller)
		return found.Version, err
	})
	if err != nil {
		return err
	}
	changes := make(map[string]*string, len(body))
	for name, value := range body {
		changes[shortened(name)] = value.text // no setting's name is as long
	}
	after, err := s.use.Settings.Change(ctx, x.caller, changes, version)
	if err != nil {
		return err
	}
	return writeSettings(c, after)
}
