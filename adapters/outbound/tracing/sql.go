package tracing

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
)

// OpenSQL opens a pool whose statements are traced; system is that of
// OpenTelemetry's conventions: postgresql or sqlite.
func (t *Tracer) OpenSQL(system string) func(driver.Connector) *sql.DB {
	return func(connector driver.Connector) *sql.DB {
		return otelsql.OpenDB(connector,
			otelsql.WithTracerProvider(t.provider), otelsql.WithMeterProvider(noop.NewMeterProvider()),
			otelsql.WithAttributes(attribute.String("db.system.name", system)),
			otelsql.WithSpanNameFormatter(func(_ context.Context, method otelsql.Method, query string) string {
				if name := statement(query).String(); name != "" {
					return name
				}
				return string(method)
			}),
			otelsql.WithAttributesGetter(func(_ context.Context, _ otelsql.Method, query string, _ []driver.NamedValue) []attribute.KeyValue {
				return statement(query).attributes()
			}),
			otelsql.WithSpanOptions(otelsql.SpanOptions{
				DisableQuery: true, // its text holds the arguments: see statement
				RecordError:  func(error) bool { return false },
				SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
					return trace.SpanContextFromContext(ctx).IsValid()
				},
				OmitConnResetSession: true, OmitConnPrepare: true, OmitRows: true, OmitConnectorConnect: true,
			}))
	}
}

// described is what is told of a statement.
type described struct{ operation, table string }

func (d described) String() string { return strings.TrimSpace(d.operation + " " + d.table) }

func (d described) attributes() []attribute.KeyValue {
	var about []attribute.KeyValue
	if d.operation != "" {
		about = append(about, attribute.String("db.operation.name", d.operation))
	}
	if d.table != "" {
		about = append(about, attribute.String("db.collection.name", d.table))
	}
	return about
}

// tableAfter is the word that a table's name follows, by operation.
var tableAfter = map[string]string{"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM", "WITH": ""}

// statement gives the operation and the first table of a statement. Bun writes
// arguments into the text, so literals are passed over, and subqueries with
// them; a name is told only where it can be one.
func statement(query string) described {
	words := strings.Fields(outermost(query))
	if len(words) == 0 {
		return described{}
	}
	operation := strings.ToUpper(words[0])
	before, known := tableAfter[operation]
	if !known {
		return described{}
	}
	d := described{operation: operation}
	for i, word := range words[:len(words)-1] {
		if before != "" && strings.EqualFold(word, before) {
			if name := strings.Trim(words[i+1], `"`); isName(name) {
				d.table = name
				break
			}
		}
	}
	return d
}

// outermost leaves out what is between single quotes or brackets. A quote inside
// a literal is written twice, which makes two literals of one.
func outermost(query string) string {
	var rest strings.Builder
	depth, quoted := 0, false
	for _, c := range query {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
			rest.WriteByte(' ')
		case depth == 0:
			rest.WriteRune(c)
		}
	}
	return rest.String()
}

func isName(text string) bool {
	return text != "" && len(text) <= 63 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_0123456789") == ""
}
