package domain_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
)

func TestPageOf(t *testing.T) {
	for name, tc := range map[string]struct {
		found []int
		limit int
		want  domain.Listing[int]
	}{
		"nothing":           {nil, 2, domain.Listing[int]{}},
		"fewer":             {[]int{1}, 2, domain.Listing[int]{Items: []int{1}}},
		"as many, no more":  {[]int{1, 2}, 2, domain.Listing[int]{Items: []int{1, 2}}},
		"one more":          {[]int{1, 2, 3}, 2, domain.Listing[int]{Items: []int{1, 2}, Next: "2"}},
		"more than one are": {[]int{1, 2, 3}, 1, domain.Listing[int]{Items: []int{1}, Next: "1"}},
	} {
		if diff := cmp.Diff(tc.want, domain.PageOf(tc.found, tc.limit, strconv.Itoa)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !domain.HasCode(domain.InvalidCursor(), domain.CodeInvalidInput) {
		t.Error("a bad cursor is not invalid input")
	}
}
