package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// maxLine bounds a line of an import, in bytes: that of a request.
const maxLine = 1 << 20

func export(c Commands) *cobra.Command {
	var output string
	var hashes bool
	command := &cobra.Command{
		Use: "export", Args: cobra.NoArgs,
		Short: "Write users, roles, scopes and clients as NDJSON",
		Long: "Write users, roles, scopes and clients, one JSON object a line, to a file that must not exist yet (mode 0600) or to standard output.\n" +
			"Hashes of passwords and client secrets are left out, so that nobody can log in from it, unless --hashes is given with a file to write.",
	}
	command.Flags().StringVar(&output, "output", "", "file to write; - is standard output (the default, and not for --hashes)")
	command.Flags().BoolVar(&hashes, "hashes", false, "with the hashes of passwords and client secrets: keep the file as safe as the database")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case hashes && (output == "" || output == "-"):
			return errors.New("hashes are secret: --hashes needs --output with a file")
		case output == "" || output == "-":
			signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error to tell of, not the end of the process
			_, err := exportTo(cmd.Context(), c, cmd.OutOrStdout(), hashes)
			return err
		}
		file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("the output file: %w", err)
		}
		count, err := exportTo(cmd.Context(), c, file, hashes)
		if err == nil {
			err = file.Sync()
		}
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return errors.Join(err, os.Remove(output)) // half an export is none
		}
		return say(cmd, "exported: %d", count)
	}
	return command
}

func exportTo(ctx context.Context, c Commands, to io.Writer, hashes bool) (count int, err error) {
	out := bufio.NewWriterSize(to, 64<<10)
	write := func(line []byte, err error) error {
		if err != nil {
			return err
		}
		_, err = out.Write(append(line, '\n'))
		return err
	}
	if err := write(json.Marshal(headerLine{Type: lineHeader, Version: schemaVersion})); err != nil {
		return 0, err
	}
	err = c.Export(ctx, hashes, func(entry inbound.Entry) error { count++; return write(encode(entry)) })
	if err == nil {
		err = out.Flush()
	}
	return count, err
}

func imports(c Commands) *cobra.Command {
	var rehearse bool
	command := &cobra.Command{
		Use: "import FILE", Args: cobra.ExactArgs(1),
		Short: "Make users, roles, scopes and clients what an export says",
		Long: "Make users, roles, scopes and clients what a file says, - being standard input. Each line is taken whole or refused, and what is\n" +
			"refused leaves the others alone; importing a file twice changes nothing the second time. The exit code is 1 where a line was refused.",
	}
	command.Flags().BoolVar(&rehearse, "dry-run", false, "only tell what would be done, line by line")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		from := cmd.InOrStdin()
		if args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("the import file: %w", err)
			}
			defer file.Close() //nolint:errcheck // nothing was written
			from = file
		}
		return c.Import(cmd.Context(), rehearse, func(importer inbound.Importer) error {
			return (&importing{cmd: cmd, importer: importer, verbose: rehearse}).run(from)
		})
	}
	return command
}

// importing is one run of an import.
type importing struct {
	cmd      *cobra.Command
	importer inbound.Importer
	verbose  bool

	created, updated, unchanged, refused int
}

// run takes a file and tells what came of it, also of one that it could not
// take to the end: the lines before that are taken.
func (i *importing) run(from io.Reader) error {
	lines := bufio.NewReaderSize(from, maxLine)
	header, tooLong, err := next(lines)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty")
	case err != nil:
		return fmt.Errorf("line 1: %w", err)
	case tooLong:
		header = nil
	}
	if err := checkHeader(header); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	failure := i.rest(lines)
	if failure == nil && !i.verbose {
		failure = i.warn()
	}
	err = say(i.cmd, "created %d, updated %d, unchanged %d, refused %d", i.created, i.updated, i.unchanged, i.refused)
	if failure = errors.Join(failure, err); failure == nil && i.refused > 0 {
		return fmt.Errorf("%d lines were refused", i.refused)
	}
	return failure
}

// warn tells where nobody could administer the installation.
func (i *importing) warn() error {
	administered, err := i.importer.Administered(i.cmd.Context())
	if err == nil && !administered {
		_, err = fmt.Fprintln(i.cmd.ErrOrStderr(), "warning: no active superuser has a password; keystone admin create makes one")
	}
	return err
}

// rest takes what follows the header.
func (i *importing) rest(lines *bufio.Reader) error {
	for n := 2; ; n++ {
		line, tooLong, err := next(lines)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("line %d: %w", n, err)
		case tooLong:
			err = i.refuse(n, "invalid", fmt.Sprintf("is longer than %d bytes", maxLine))
		case len(line) > 0:
			err = i.line(n, line)
		}
		if err != nil {
			return err
		}
	}
}

// next reads a line, without its end. One that does not fit the reader's buffer
// is skipped. After the last comes io.EOF.
func next(lines *bufio.Reader) (line []byte, tooLong bool, err error) {
	line, err = lines.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		tooLong = true
		_, err = lines.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && (tooLong || len(line) > 0) {
		err = nil // the last has no end
	}
	return bytes.TrimRight(line, "\r\n"), tooLong, err
}

// line takes one line. It fails only where going on is of no use: the store is
// away, or the run was given up.
func (i *importing) line(n int, line []byte) error {
	entry, err := decode(line)
	if err != nil {
		return i.refuse(n, "invalid", err.Error())
	}
	change, err := i.importer.Import(i.cmd.Context(), entry)
	if err != nil {
		switch domain.AsError(err).Kind {
		case domain.KindInvalid:
			return i.refuse(n, "invalid", explain(err))
		case domain.KindConflict:
			return i.refuse(n, "conflict", domain.AsError(err).Message)
		}
		return fmt.Errorf("line %d: %w", n, err)
	}
	told := "unchanged"
	switch {
	case change.Created:
		i.created++
		told = "create"
	case len(change.Fields) > 0:
		i.updated++
		told = "update"
	default:
		i.unchanged++
	}
	if !i.verbose {
		return nil
	}
	what := ""
	if len(change.Fields) > 0 {
		what = ": " + strings.Join(change.Fields, ", ")
	}
	return say(i.cmd, "line %d: %s %s%s", n, told, entry.Title(), what)
}

func (i *importing) refuse(n int, kind, why string) error {
	i.refused++
	_, err := fmt.Fprintf(i.cmd.ErrOrStderr(), "line %d: %s: %s\n", n, kind, why)
	return err
}
