package limits

import (
	"context"
	"fmt"
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

// Addresses share places in what is kept of them, and never their keys.
func TestEachAddressHasItsOwnKey(t *testing.T) {
	g := NewGuard(nil, nil, plainMaster{})
	for range 2 {
		for i := range 1000 {
			ctx := domain.WithOrigin(t.Context(), domain.Origin{Address: fmt.Sprintf("192.0.%d.%d", i/250, i%250)})
			for range 2 { // anew, and kept
				got, err := g.siteKey(ctx)
				if want, _ := g.hide(site(ctx)); err != nil || got != want {
					t.Fatalf("%s: %q (%v), want %q", site(ctx), got, err, want)
				}
			}
		}
	}
	if a, err := g.siteKey(context.Background()); err != nil || a == "" {
		t.Errorf("without an address: %q (%v)", a, err)
	}
}
