package rig

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/keystone-auth/keystone/test/load/report"
)

// Describe tells what this machine is.
func Describe(ctx context.Context, s *Stores) report.Machine {
	m := report.Machine{Cores: runtime.NumCPU(), Go: strings.TrimPrefix(runtime.Version(), "go"), System: runtime.GOOS + "/" + runtime.GOARCH, CPU: "unknown"}
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(line(string(raw), "model name"), ":")
		m.CPU = strings.TrimSpace(after)
	}
	if raw, err := os.ReadFile("/proc/meminfo"); err == nil {
		m.Memory = fmt.Sprintf("%.0f GiB", float64(kilobytes(raw, "MemTotal:"))/(1<<30))
	}
	if raw, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		version, _, _ := strings.Cut(string(bytes.TrimSpace(raw)), "-") // what a distributor calls it tells nobody more
		m.System += " " + version
	}
	m.Postgres, m.Redis = s.Versions(ctx)
	return m
}
