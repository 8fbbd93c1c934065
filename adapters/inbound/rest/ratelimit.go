package rest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// setRateLimit names the limit that was reached, in the fields of
// draft-ietf-httpapi-ratelimit-headers: its quota and window, and that nothing
// is left of it for as long as Retry-After says.
func setRateLimit(h http.Header, e *domain.Error) {
	if e.Code != domain.CodeRateLimited || e.Limit.Name == "" {
		return
	}
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", e.Limit.Name, e.Limit.Count, int64(e.Limit.Window/time.Second)))
	h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%s", e.Limit.Name, h.Get("Retry-After")))
}
