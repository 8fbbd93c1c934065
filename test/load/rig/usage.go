package rig

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ, which is 100 on every
// platform that Go runs on.
const tick = 10 * time.Millisecond

// CPU is what a process and all it ever started have used; zero where there is
// no /proc.
func CPU(root int) time.Duration {
	processes := processes()
	var ticks int64
	for pid, p := range processes {
		if within(processes, pid, root) {
			ticks += p.ticks
		}
	}
	return time.Duration(ticks) * tick
}

// process is one line of the table: its CPU time and that of the children it
// has waited for.
type process struct {
	parent int
	ticks  int64
}

func processes() map[int]process {
	all := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if p, ok := parseStat(raw); ok && err == nil {
			all[pid] = p
		}
	}
	return all
}

// parseStat reads /proc/PID/stat (proc(5)): after the name in parentheses, which
// may hold anything, field 3 is the state, 4 the parent, 14 to 17 CPU times.
func parseStat(raw []byte) (process, bool) {
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return process{}, false
	}
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) < 15 {
		return process{}, false
	}
	var p process
	var err error
	if p.parent, err = strconv.Atoi(fields[1]); err != nil {
		return process{}, false
	}
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return process{}, false
		}
		p.ticks += ticks
	}
	return p, true
}

func within(all map[int]process, pid, root int) bool {
	for range len(all) {
		if pid == root {
			return true
		}
		p, known := all[pid]
		if !known {
			return false
		}
		pid = p.parent
	}
	return false
}

// Memory is what a process holds now and held at most, in bytes.
func Memory(pid int) (now, peak int64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	return kilobytes(raw, "VmRSS:"), kilobytes(raw, "VmHWM:"), nil
}

func kilobytes(status []byte, name string) int64 {
	for line := range bytes.Lines(status) {
		fields := strings.Fields(string(line))
		if len(fields) >= 2 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// ForgetPeak lets the peak of a process begin anew, where the kernel lets us.
func ForgetPeak(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o200) // then it is the peak since the start
}
