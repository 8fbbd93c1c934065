package rest

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a grant requires is in the document, though this package knows no grant.
func TestOpenAPIShowsWhatGrantsRequire(t *testing.T) {
	s, _ := serve(t, obliging(), configured())
	raw, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	type form struct {
		Properties map[string]any
		Required   []string
	}
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Schema form }
			}
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	got := document.Paths[tokenPath]["post"].RequestBody.Content[mediaForm].Schema
	want := []string{"client_id", "client_secret", "grant_type", "password", "scope", "ticket", "ticket_type", "username"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got.Properties))); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"grant_type"}, got.Required); diff != "" {
		t.Errorf("required (-want +got):\n%s", diff)
	}
}
