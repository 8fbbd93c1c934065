package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// field is one parameter of a form or query in the document.
type field struct {
	name        string
	description string
	required    bool
	values      []string // empty: any
}

func (s *Server) tokenForm() []field {
	grants := s.use.Tokens.GrantTypes()
	form := append([]field{
		{name: "grant_type", required: true, values: grants},
		{name: "scope", description: "Space-separated; absent asks for all that is held"},
	}, s.clientForm()...)
	for _, grant := range grants {
		for _, name := range s.use.Tokens.Parameters(grant) {
			form = append(form, field{name: name, description: "For the grant " + grant})
		}
	}
	return form
}

func (s *Server) presentedTokenForm() []field {
	return append([]field{
		{name: "token", required: true},
		{name: "token_type_hint", description: "Ignored: every kind of token is looked for"},
	}, s.clientForm()...)
}

// clientForm lists how a client names and proves itself in a form.
func (s *Server) clientForm() []field {
	form := []field{{name: "client_id", description: "Beside its proof, or alone for public clients; not needed beside Basic"}}
	for _, method := range s.use.ClientAuth.ClientAuthentications() {
		if method.Parameter != "" {
			form = append(form, field{name: method.Parameter, description: "For the method " + string(method.Method)})
		}
		if method.Beside != "" {
			form = append(form, field{name: method.Beside, description: "Beside " + method.Parameter, values: []string{method.Kind}})
		}
	}
	return form
}

// The security schemes of the document.
const (
	schemeBearer = "bearer"
	schemeClient = "client"
)

// describe makes the OpenAPI document of the route table; its schemas are those
// of the very types that the handlers read and write.
func (s *Server) describe() ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	document := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Keystone", Version: s.config.Version},
		Servers: []*huma.Server{{URL: s.config.Issuer}},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
			schemeBearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
			schemeClient: {Type: "http", Scheme: "basic", Description: "client_id and client_secret, or both in the form"},
		}},
	}
	for _, e := range s.endpoints {
		if !e.unlisted {
			document.AddOperation(e.describe(registry))
		}
	}
	for _, object := range registry.Map() {
		for _, property := range object.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false // empty lists are [] here, never null
			}
		}
	}
	return json.Marshal(document)
}

func (e endpoint) describe(registry huma.Registry) *huma.Operation {
	op := &huma.Operation{
		OperationID: e.id, Method: e.method, Path: templated(e.path), Summary: e.summary, Tags: []string{e.tag},
		RequestBody: e.request(registry), Security: e.security(),
		Responses: map[string]*huma.Response{"default": e.failure(registry)},
	}
	success := &huma.Response{Description: http.StatusText(e.status)}
	if e.answer != nil {
		media := mediaJSON
		if e.media != "" {
			media = e.media
		}
		success.Content = content(media, schema(registry, e.answer))
	}
	op.Responses[strconv.Itoa(e.status)] = success
	if e.alsoAs != 0 {
		op.Responses[strconv.Itoa(e.alsoAs)] = &huma.Response{Description: http.StatusText(e.alsoAs), Content: success.Content}
	}
	if e.ifNoneMatch {
		op.Responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{Description: "The document of the ETag still stands"}
	}
	op.Parameters = e.parameters()
	return op
}

// pathParameter is a part of a path as the router names it.
var pathParameter = regexp.MustCompile(`:([a-z_]+)`)

// templated writes a path as OpenAPI does.
func templated(path string) string { return pathParameter.ReplaceAllString(path, "{$1}") }

// parameters lists those of path, query and header.
func (e endpoint) parameters() []*huma.Param {
	var all []*huma.Param
	for _, match := range pathParameter.FindAllStringSubmatch(e.path, -1) {
		all = append(all, &huma.Param{Name: match[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, f := range e.query {
		all = append(all, &huma.Param{Name: f.name, In: "query", Description: f.description, Required: f.required, Schema: f.schema()})
	}
	if e.ifMatch {
		all = append(all, &huma.Param{Name: "If-Match", In: "header", Description: "The ETag that must still stand", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if e.ifNoneMatch {
		all = append(all, &huma.Param{Name: "If-None-Match", In: "header", Description: "The ETag of the document that is held", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	return all
}

func (f field) schema() *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString, Description: f.description}
	for _, v := range f.values {
		schema.Enum = append(schema.Enum, v)
	}
	return schema
}

func (e endpoint) request(registry huma.Registry) *huma.RequestBody {
	switch {
	case e.form != nil:
		form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
		for _, f := range e.form {
			form.Properties[f.name] = f.schema()
			if f.required {
				form.Required = append(form.Required, f.name)
			}
		}
		return &huma.RequestBody{Required: true, Content: content(mediaForm, form)}
	case e.body != nil:
		body := &huma.RequestBody{Required: !e.bodyOptional, Content: content(mediaJSON, schema(registry, e.body))}
		if e.method == http.MethodPatch {
			body.Content[mediaMergePatch] = body.Content[mediaJSON]
		}
		return body
	}
	return nil
}

func (e endpoint) security() []map[string][]string {
	switch e.access {
	case bearer:
		scopes := []string{}
		if e.scope != "" {
			scopes = append(scopes, string(e.scope))
		}
		return []map[string][]string{{schemeBearer: scopes}}
	case client:
		return []map[string][]string{{schemeClient: {}}, {}}
	}
	return []map[string][]string{}
}

func (e endpoint) failure(registry huma.Registry) *huma.Response {
	if e.protocol == oauthProtocol {
		return &huma.Response{Description: "RFC 6749 error", Content: content(mediaJSON, schema(registry, reflect.TypeFor[oauthError]()))}
	}
	return &huma.Response{Description: "RFC 9457 problem", Content: content("application/problem+json", schema(registry, reflect.TypeFor[problem]()))}
}

func schema(registry huma.Registry, t reflect.Type) *huma.Schema {
	return registry.Schema(t, true, t.Name())
}

func content(media string, s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: s}}
}
