package contract_test

import (
	"context"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/keystone-auth/keystone/adapters/outbound/strength"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

type judgeFunc func(context.Context, domain.Secret, []string) (user.Strength, error)

func (f judgeFunc) Judge(ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
	return f(ctx, password, words)
}

func judges(judge func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunPasswordJudge(t, func(*testing.T) outbound.PasswordJudge {
			next := strength.New()
			return judgeFunc(func(ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
				return judge(next, ctx, password, words)
			})
		})
	}
}

func verdicts(change func(password string, s *user.Strength)) func(*testing.T) {
	return judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
		s, err := next.Judge(ctx, password, words)
		if err == nil {
			change(password.Reveal(), &s)
		}
		return s, err
	})
}

var wrongJudges = adapterSuite{
	right: verdicts(func(string, *user.Strength) {}),
	wrong: []wrongAdapter{
		{"scores from 1", verdicts(func(_ string, s *user.Strength) { s.Score++ }), "scores stay on the scale"},
		{"knows no common ones", verdicts(func(_ string, s *user.Strength) { s.Common = false }), "what everybody takes"},
		{"takes all for common", verdicts(func(_ string, s *user.Strength) { s.Common = true }), "what nobody guesses"},
		{"is never content", verdicts(func(_ string, s *user.Strength) { s.Score = min(s.Score, user.MaxScore-1) }), "what nobody guesses"},
		{"passes over words", judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, _ []string) (user.Strength, error) {
			return next.Judge(ctx, password, nil)
		}), "words of the account weaken it"},
		{"says nothing", verdicts(func(_ string, s *user.Strength) { s.Feedback = nil }), "told what to do"},
		{"sorts the words", judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
			slices.Sort(words)
			return next.Judge(ctx, password, words)
		}), "the words are the caller's own"},
		{"refuses long ones", judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
			if utf8.RuneCountInString(password.Reveal()) > 100_000 {
				return user.Strength{}, domain.Invalid(domain.CodeInvalidInput, "too long")
			}
			return next.Judge(ctx, password, words)
		}), "a megabyte"},
		{"does not hear of an end", judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
			return next.Judge(context.WithoutCancel(ctx), password, words)
		}), "an ended context"},
		{"tells the password", judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
			s, err := next.Judge(ctx, password, words)
			if err != nil {
				err = domain.E(domain.KindUnavailable, domain.CodeBusy, password.Reveal())
			}
			return s, err
		}), "an ended context"},
		{"judges one at a time", func(t *testing.T) {
			one := &alone{}
			judges(func(next outbound.PasswordJudge, ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
				if err := one.enter(); err != nil {
					return user.Strength{}, err
				}
				return next.Judge(ctx, password, words)
			})(t)
		}, "20 at once"},
	},
}
