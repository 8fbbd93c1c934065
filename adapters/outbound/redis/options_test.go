package redis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read is what a test looks at of the library's options.
type read struct {
	Addresses               []string
	User, Password, Master  string
	SentinelUser, SentinelP string
	DB                      int
	TLS, Single             bool
}

func TestParse(t *testing.T) {
	for url, want := range map[string]read{
		"redis://localhost":                        {Addresses: []string{"localhost:6379"}, Single: true},
		" redis://127.0.0.1:7000/ \n":              {Addresses: []string{"127.0.0.1:7000"}, Single: true},
		"redis://:p%40ss@h/3":                      {Addresses: []string{"h:6379"}, Password: "p@ss", DB: 3, Single: true},
		"rediss://app:pw@[::1]:7000":               {Addresses: []string{"[::1]:7000"}, User: "app", Password: "pw", TLS: true, Single: true},
		"rediss://[::1]":                           {Addresses: []string{"[::1]:6379"}, TLS: true, Single: true},
		"redis+cluster://u:p@a,b:7001,[::1]:7002":  {Addresses: []string{"a:6379", "b:7001", "[::1]:7002"}, User: "u", Password: "p"},
		"redis+sentinel://a,b:1?master=m":          {Addresses: []string{"a:26379", "b:1"}, Master: "m"},
		"rediss+sentinel://u:p@a:1,b:2/4?master=m": {Addresses: []string{"a:1", "b:2"}, User: "u", Password: "p", Master: "m", DB: 4, TLS: true},
		"redis+sentinel://a/?master=m&sentinel_username=s&sentinel_password=q": {Addresses: []string{"a:26379"}, Master: "m", SentinelUser: "s", SentinelP: "q"},
	} {
		o, err := parse(url)
		if err != nil {
			t.Errorf("parse(%s) = %v", url, err)
			continue
		}
		got := read{
			Addresses: o.InitAddress, User: o.Username, Password: o.Password, Master: o.Sentinel.MasterSet,
			SentinelUser: o.Sentinel.Username, SentinelP: o.Sentinel.Password, DB: o.SelectDB, TLS: o.TLSConfig != nil, Single: o.ForceSingleClient,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parse(%s)\n%s", url, diff)
		}
		if (o.Sentinel.TLSConfig != nil) != (want.TLS && want.Master != "") {
			t.Errorf("parse(%s): TLS to the Sentinels is %v", url, o.Sentinel.TLSConfig != nil)
		}
		if o.Dialer.Timeout != dialTimeout || o.Dialer.KeepAlive != keepAlive || o.ConnWriteTimeout != writeTimeout || !o.DisableCache || o.RingScaleEachConn != ringScale {
			t.Errorf("parse(%s) leaves the library's settings", url)
		}
	}
}

func TestParseRefusesWithoutEchoing(t *testing.T) {
	for _, url := range []string{
		"", "hunter2", "localhost:6379", "http://:hunter2@h", "postgres://:hunter2@h", "redis+://:hunter2@h", "redis+x://:hunter2@h", "redis+cluster+x://:hunter2@h",
		"redis://", "redis://:hunter2@", "redis://:hunter2@:6379", "redis://:hunter2@h:port", "redis://:hunter2@h:99:99", "redis://:hunter2@h/x", "redis://:hunter2@h/-1",
		"redis://:hunter2@h/1/2", "redis://:hunter2@h\x7f", "redis://:hunter2%zz@h", "redis://:hunter2@a,b", "redis://:hunter2@h?db=1", "redis+cluster://:hunter2@a/1",
		"redis+cluster://:hunter2@a,", "redis+sentinel://:hunter2@a", "redis+sentinel://:hunter2@a?master=", "redis+sentinel://:hunter2@a?master=m&x=1",
		"redis://:hunter2@a?tls_ca_file=x", "rediss://:hunter2@a?tls_ca_file=/nowhere/hunter2", "rediss://:hunter2@a?tls_cert_file=/nowhere/hunter2", "rediss://:hunter2@a?master=m",
	} {
		if _, err := parse(url); err == nil {
			t.Errorf("parse(%s) succeeded", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error echoes the URL: %v", err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("redis+sentinel://u:hunter2@a:1,b:2/4?master=m")
	f.Add("redis://[::1%25lo]:1,:@@/#?")
	f.Fuzz(func(t *testing.T, url string) {
		option, err := parse(url)
		if (err == nil) != (len(option.InitAddress) > 0) {
			t.Errorf("parse(%q) = %v, %v", url, option.InitAddress, err)
		}
	})
}
