package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/keystone-auth/keystone/test/load/ceiling"
	"github.com/keystone-auth/keystone/test/load/report"
	"github.com/keystone-auth/keystone/test/load/rig"
)

// options are what the command line says.
type options struct {
	only        []string
	concurrency []int
	rounds      int
	lasting     time.Duration
	warmup      time.Duration
	users       int
	tokens      int // of each user
	growth      bool
	shared      bool
	quick       bool
	program     string // a Keystone that is there already; empty: one is built
	commit      string
	jsonFile    string
	svgFile     string
	document    string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == ceiling.Role {
		return ceiling.Serve(ctx, os.Stdin)
	}
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return bench(ctx, o)
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	only := flags.String("only", "", "`names` of scenarios, comma-separated: "+strings.Join(names(), ", "))
	concurrency := flags.String("c", "16,64", "how many clients ask at once, comma-separated")
	seconds := flags.Float64("seconds", 5, "length of a round")
	flags.IntVar(&o.rounds, "rounds", 3, "rounds of each side")
	flags.IntVar(&o.users, "users", 10_000, "users in the database")
	flags.IntVar(&o.tokens, "tokens", chainLength, "refresh tokens of each user")
	flags.BoolVar(&o.growth, "growth", false, "instead of the scenarios compare a store of 1000 users with one of -users and -tokens: a million and 10 take about 10 GB and a quarter of an hour")
	flags.BoolVar(&o.shared, "shared", false, "use the servers of KEYSTONE_TEST_POSTGRES_URL and KEYSTONE_TEST_REDIS_URL instead of private ones")
	flags.StringVar(&o.jsonFile, "json", "", "write the report to this `file`")
	flags.StringVar(&o.svgFile, "svg", "", "draw the ratios to this `file`")
	flags.StringVar(&o.document, "doc", "", "rewrite the tables of this `document`, and the picture beside it")
	flags.StringVar(&o.program, "program", "", "measure this `file` instead of building one; say with -commit what it is")
	flags.StringVar(&o.commit, "commit", "", "the `name` of what is measured")
	flags.BoolVar(&o.quick, "quick", false, "a moment of everything: does it work?")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.quick {
		*seconds, o.rounds, o.users, *concurrency = 0.2, 1, 200, "8"
	}
	o.lasting = time.Duration(*seconds * float64(time.Second))
	o.warmup = o.lasting / 2
	for field := range strings.SplitSeq(*concurrency, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-c takes numbers from 1, not %q", field)
		}
		o.concurrency = append(o.concurrency, n)
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return o, fmt.Errorf("no scenario is called %q", name)
		}
	}
	if o.commit == "" {
		o.commit = rig.Commit()
	}
	if o.rounds < 1 || o.lasting <= 0 || o.users < slices.Max(o.concurrency) {
		return o, errors.New("at least one round of some length, and a user for each client")
	}
	return o, nil
}

func names() []string {
	all := slices.Clone(singles)
	for _, s := range scenarios {
		all = append(all, s.name)
	}
	return all
}

// wants tells whether a scenario was asked for.
func (o options) wants(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

// concurrencies are those of a scenario.
func (o options) concurrencies(s scenario) []int {
	if s.concurrency != nil {
		return s.concurrency
	}
	return o.concurrency
}

func bench(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "keystone-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h := &harness{options: o, dir: dir, progress: newProgress(o.steps()), report: &report.Report{
		At: time.Now().UTC().Truncate(time.Second), Commit: o.commit, Rounds: o.rounds, Seconds: o.lasting.Seconds(),
	}}
	defer h.progress.finish()
	if h.program == "" {
		h.progress.say("building Keystone")
		if h.program, err = rig.Build(dir); err != nil {
			return err
		}
	}
	h.progress.say("starting PostgreSQL and Redis")
	if h.stores, err = rig.OpenStores(ctx, o.shared); err != nil {
		return err
	}
	defer h.stores.Close()
	h.report.Machine = rig.Describe(ctx, h.stores)
	measure := h.suite
	if o.growth {
		measure = h.growth
	}
	if err := measure(ctx); err != nil {
		return err
	}
	h.progress.finish()
	return h.tell()
}

// steps is how many rounds the progress display counts to.
func (o options) steps() (n int) {
	if o.growth {
		return len(grows) * o.rounds * 2
	}
	for _, s := range scenarios {
		if o.wants(s.name) {
			n += len(o.concurrencies(s)) * o.rounds * 2
		}
	}
	return n
}

// tell gives the report wherever it was asked for.
func (h *harness) tell() error {
	if err := h.report.Table(os.Stdout); err != nil {
		return err
	}
	if h.jsonFile != "" {
		if err := h.report.WriteJSON(h.jsonFile); err != nil {
			return err
		}
	}
	if h.svgFile != "" {
		if err := h.report.WriteSVG(h.svgFile); err != nil {
			return err
		}
	}
	if !h.report.Valid() {
		return errors.New("there were errors: this run does not count")
	}
	if h.document == "" {
		return nil
	}
	if err := h.report.WriteDocument(h.document); err != nil {
		return err
	}
	if len(h.report.Rows) == 0 { // growth: the document keeps its ratios, and so its picture
		return nil
	}
	return h.report.WriteSVG(strings.TrimSuffix(h.document, ".md") + ".svg")
}
