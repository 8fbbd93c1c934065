package jwt_test

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/domain/token"
)

func BenchmarkSign(b *testing.B) {
	for _, alg := range token.Algorithms() {
		b.Run(string(alg), func(b *testing.B) {
			_, key := generate(b, alg)
			claims := userClaims()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Sign(context.Background(), key, claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range token.Algorithms() {
		b.Run(string(alg), func(b *testing.B) {
			_, key := generate(b, alg)
			raw, find := sign(b, key, userClaims()), ring(key)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Verify(raw, find); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
