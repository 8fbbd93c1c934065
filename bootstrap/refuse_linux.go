package bootstrap

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// What lets a handshake that is under way end, on the way here and back.
const (
	handshake = 50 * time.Millisecond
	lookAgain = 5 * time.Millisecond
)

// noNewcomers drops segments with SYN and without ACK, and lets all others pass:
// a socket's filter sees a segment from its TCP header on, whose byte 13 holds
// the flags (RFC 9293, section 3.1).
var noNewcomers = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0x02, Jt: 0, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},
}

// refuseNewcomers keeps the kernel from completing further handshakes and
// returns once the server has taken all that were completed. A listener that is
// just closed resets those, with the requests that clients have sent on them, and
// a balancer must not send a POST again. Who is not let in asks once more and is
// refused then, with nothing sent. Where the kernel knows no filters it says so.
func refuseNewcomers(ctx context.Context, listener net.Listener, clock outbound.Clock) error {
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return errors.New("not a TCP listener")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(noNewcomers)), Filter: &noNewcomers[0]})
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	for pause := handshake; ; pause = lookAgain {
		if err := clock.Sleep(ctx, pause); err != nil {
			return err
		}
		var waiting uint32
		err := raw.Control(func(fd uintptr) {
			var info *unix.TCPInfo
			if info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); failed == nil {
				waiting = info.Unacked // of a listener: the connections that were not accepted yet
			}
		})
		if err = errors.Join(err, failed); err != nil || waiting == 0 {
			return err
		}
	}
}
