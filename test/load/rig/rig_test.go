package rig

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	p, ok := parseStat([]byte("42 (a ) name) S 7 42 42 0 -1 4194304 1 2 3 4 100 20 3 5 20 0 1 0 12345 0 0"))
	if !ok || p.parent != 7 || p.ticks != 128 {
		t.Errorf("got %+v, %v", p, ok)
	}
	for _, wrong := range []string{"", "42 (a", "42 (a) S 7", "42 (a) S x 42 42 0 -1 4194304 1 2 3 4 100 20 3 5 20", "42 (a) S 7 42 42 0 -1 4194304 1 2 3 4 x 20 3 5 20"} {
		if p, ok := parseStat([]byte(wrong)); ok {
			t.Errorf("%q is read as %+v", wrong, p)
		}
	}
}

func TestTreesAreFollowed(t *testing.T) {
	all := map[int]process{1: {parent: 0}, 2: {parent: 1}, 3: {parent: 2}, 4: {parent: 1}, 8: {parent: 9}, 9: {parent: 8}}
	for pid, want := range map[int]bool{1: false, 2: true, 3: true, 4: false, 5: false, 8: false} {
		if got := within(all, pid, 2); got != want {
			t.Errorf("%d within 2: %v, want %v", pid, got, want)
		}
	}
}

func TestCountCommands(t *testing.T) {
	info := "# Commandstats\r\ncmdstat_get:calls=12,usec=3,usec_per_call=0.25\r\ncmdstat_info:calls=100,usec=1\r\ncmdstat_hget:calls=9,usec=1\r\ncmdstat_client|setinfo:calls=2,usec=1\r\nother:calls=5\r\n"
	if got := countCommands(info); got != 14 {
		t.Errorf("got %d, want 14", got)
	}
	if got := line(info, "cmdstat_get:"); got != "calls=12,usec=3,usec_per_call=0.25" {
		t.Errorf("got %q", got)
	}
}

// TestUsageOfThisProcess burns CPU here and in a child, and sees both.
func TestUsageOfThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	before := CPU(os.Getpid())
	if err := exec.Command("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done").Run(); err != nil {
		t.Fatal(err)
	}
	for began := own(); own()-began < 50*time.Millisecond; {
	}
	if used := CPU(os.Getpid()) - before; used < 40*time.Millisecond {
		t.Errorf("used %s, want the loop's 50 ms and the child's", used)
	}
	now, peak, err := Memory(os.Getpid())
	if err != nil || now <= 0 || peak < now {
		t.Errorf("memory %d, peak %d, %v", now, peak, err)
	}
}
