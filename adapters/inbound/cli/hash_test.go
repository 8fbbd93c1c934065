package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestHashCalibrate(t *testing.T) {
	for args, want := range map[string]HashCost{
		"hash calibrate": {Time: 250 * time.Millisecond, MemoryKiB: 65536, Parallelism: 1},
		"hash calibrate --time 1s --memory 19456 --parallelism 4": {Time: time.Second, MemoryKiB: 19456, Parallelism: 4},
	} {
		var asked HashCost
		var out, told bytes.Buffer
		c := Commands{ConfigFile: new(string), IsConfigProblem: func(error) bool { return false }, HashCalibrate: func(_ context.Context, limit HashCost) (HashCost, error) {
			asked = limit
			return HashCost{Time: 199400 * time.Microsecond, MemoryKiB: limit.MemoryKiB, Iterations: 3, Parallelism: limit.Parallelism}, nil
		}}
		code := Run(t.Context(), c, strings.Fields(args), nil, &out, &told)
		if code != 0 || asked != want {
			t.Errorf("%s: code %d, asked for %+v", args, code, asked)
		}
		if !strings.HasPrefix(out.String(), "KEYSTONE_ARGON2_MEMORY_KIB=") || !strings.Contains(out.String(), "\nKEYSTONE_ARGON2_ITERATIONS=3\n") || strings.Count(out.String(), "\n") != 3 {
			t.Errorf("%s: %q", args, out.String())
		}
		if told.String() != "a hash takes 199ms here while nothing else runs\n" {
			t.Errorf("%s: told %q", args, told.String())
		}
	}
	for weak, found := range map[string]HashCost{"memory": {MemoryKiB: 19455, Iterations: 3}, "iterations": {MemoryKiB: 65536, Iterations: 1}} {
		var out, told bytes.Buffer
		c := Commands{ConfigFile: new(string), IsConfigProblem: func(error) bool { return false }, HashCalibrate: func(context.Context, HashCost) (HashCost, error) { return found, nil }}
		if code := Run(t.Context(), c, []string{"hash", "calibrate"}, nil, &out, &told); code != 0 || !strings.Contains(told.String(), "\nproduction refuses less than 19456 KiB and 2 iterations") {
			t.Errorf("too little of %s: code %d, told %q", weak, code, told.String())
		}
	}
	var out, told bytes.Buffer
	c := Commands{ConfigFile: new(string), IsConfigProblem: func(error) bool { return false }, HashCalibrate: func(context.Context, HashCost) (HashCost, error) { return HashCost{}, errors.New("too slow") }}
	if code := Run(t.Context(), c, []string{"hash", "calibrate"}, nil, &out, &told); code != 1 || out.Len() > 0 {
		t.Errorf("code %d, %q", code, out.String())
	}
}
